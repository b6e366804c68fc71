"""
Organisations that exist before anybody can verify them: the platform's operator itself, and the sample city.

Everybody else registers and is verified by two members of the operator's staff (`registration`, `decisions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from yingshou.audit import lifecycle
from yingshou.identity.actions.registration import OrganisationDraft, fill
from yingshou.identity.models import Membership, Organisation, OrganisationDetails, Person
from yingshou.identity.states import ORGANISATION, OrganisationState
from yingshou.tenancy.actor import Actor, ActorKind, Duty, acting_as

JOB = "identity.founding"


@dataclass(frozen=True)
class Founder:
    """A person who belongs to an organisation from its first day; the password is given as its hash."""

    username: str
    display_name: str
    email: str
    phone: str
    duties: Sequence[Duty]
    password_hash: str = field(repr=False)
    is_staff: bool = False


@transaction.atomic
def found(draft: OrganisationDraft, founders: Sequence[Founder], *, by: Actor, at: datetime) -> Organisation:
    """
    Create a verified organisation with its people; where the code exists already, add what is missing and change nothing.

    :raises AssertionError: if anybody but the platform itself asks
    """
    assert by.kind is ActorKind.SYSTEM, "founding is the platform's own act, done from the command line"
    with acting_as(Actor.system(JOB)):
        row = Organisation.objects.by_uscc(draft.uscc)
        if row is None:
            row = Organisation(uscc=draft.uscc, state=OrganisationState.PENDING_VERIFICATION, registered_at=at)
            fill(row, draft)
            row.save(force_insert=True)
            _begin(row, draft, at=at)
    with acting_as(Actor.system(JOB, organisation_id=row.pk)):
        for founder in founders:
            _join(row, founder, at=at)
    return row


def _begin(row: Organisation, draft: OrganisationDraft, *, at: datetime) -> None:
    worker = Actor.system(JOB, organisation_id=row.pk)
    with acting_as(worker):
        OrganisationDetails.objects.create(
            organisation=row,
            legal_representative=draft.legal_representative,
            address=draft.address,
            size_declared_at=at,
        )
        lifecycle.created([row], by=worker, at=at, event="register")
        lifecycle.advance(ORGANISATION, [row], "verify", by=worker, at=at, facts={"verified_at": at}).only()


def _join(row: Organisation, founder: Founder, *, at: datetime) -> None:
    person = Person.objects.filter(username=founder.username).first()
    if person is None:
        person = Person(
            username=founder.username,
            email=founder.email,
            display_name=founder.display_name,
            password=founder.password_hash,
            is_staff=founder.is_staff,
            date_joined=at,
        )
        person.set_phone(founder.phone)
        person.save(force_insert=True)
        EmailAddress.objects.create(user=person, email=founder.email, verified=True, primary=True)
    Membership.objects.get_or_create(
        person=person,
        organisation=row,
        defaults={"duties": sorted(str(duty) for duty in founder.duties), "since": at},
    )
