"""The organisations and people that a ledger names only by a label."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from receivables.loading.ledgers import credit_code
from yingshou.approvals.models import ApprovalPolicy
from yingshou.audit.lifecycle import created
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation, OrganisationDetails, Person
from yingshou.identity.states import OrganisationState
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

JOB = "receivables.load_real_invoices"


@dataclass(frozen=True)
class Party:
    """An organisation with somebody who prepares and somebody who checks and signs."""

    organisation: Organisation
    maker: Actor
    checker: Actor

    @property
    def job(self) -> Actor:
        """What runs for the organisation without a person."""
        return Actor.system(JOB, organisation_id=self.organisation.pk, person_id=self.maker.person_id)


def people(at: datetime) -> tuple[Person, Person]:
    """A maker and a checker who act for every party of the ledgers; they cannot sign in."""
    with acting_as(Actor.system(JOB)), transaction.atomic():
        return _person("ledger-maker", "经办人", at), _person("ledger-checker", "复核人", at)


def _person(username: str, display_name: str, at: datetime) -> Person:
    found = Person.objects.filter(username=username).first()
    if found is not None:
        return found
    return Person.objects.create_user(
        username=username, email=f"{username}@example.com", display_name=display_name, date_joined=at
    )


def party(
    label: str, name: str, capability: Capability, *, staff: tuple[Person, Person], size: int, at: datetime
) -> Party:
    """The organisation of a label, made at its first mention."""
    uscc = credit_code(label)
    with acting_as(Actor.system(JOB)), transaction.atomic():
        row = Organisation.objects.by_uscc(uscc)
    if row is None:
        row = _organisation(uscc=uscc, name=name, label=label, capability=capability, size=size, at=at)
    with acting_as(Actor.system(JOB)), transaction.atomic():
        maker, _new = Membership.objects.get_or_create(
            person=staff[0], organisation=row, defaults={"duties": [str(Duty.MAKER)], "since": at}
        )
        checker, _new = Membership.objects.get_or_create(
            person=staff[1],
            organisation=row,
            defaults={"duties": sorted([str(Duty.CHECKER), str(Duty.SIGNER)]), "since": at},
        )
        return Party(row, actor_of(maker, JOB), actor_of(checker, JOB))


def _organisation(*, uscc: str, name: str, label: str, capability: Capability, size: int, at: datetime) -> Organisation:
    row = Organisation(
        uscc=uscc,
        name=name,
        short_name=label,
        capabilities=[str(capability)],
        size=size,
        state=OrganisationState.VERIFIED,
        registered_at=at,
        verified_at=at,
    )
    row.index_name()
    with acting_as(Actor.system(JOB)), transaction.atomic():
        row.save(force_insert=True)
    own = Actor.system(JOB, organisation_id=row.pk)
    with acting_as(own), transaction.atomic():
        OrganisationDetails.objects.create(organisation=row, legal_representative="法定代表人")
        created([row], by=own, at=at)
    return row


def require_signature(of: Party, action: str) -> None:
    """Set the party's policy: a second person and a signature, always."""
    with acting_as(of.job), transaction.atomic():
        ApprovalPolicy.objects.update_or_create(
            organisation_id=of.organisation.pk,
            action=action,
            defaults={"second_person": "ALWAYS", "signature": "ALWAYS"},
        )
