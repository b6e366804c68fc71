"""Inviting people, deactivation, and a person's own profile (domain 16)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.urls import reverse

from yingshou.audit.events import record_access
from yingshou.identity import places
from yingshou.identity.actions import appointments
from yingshou.identity.actions.duties import (
    check_duties,
    keep_an_administrator,
    locked_membership,
    own_organisation,
    record_change,
)
from yingshou.identity.actions.registration import AdministratorDraft, create_person
from yingshou.identity.errors import InviteClosed, NotYours, OwnDuties, StaffActsForCustomer
from yingshou.identity.mail import send_invite
from yingshou.identity.models import Membership, Organisation, OrganisationInvite, Person
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

INVITE_AGE = timedelta(days=7)


@transaction.atomic
def invite(
    *, email: str, display_name: str, duties: Sequence[Duty], language: str, by: Actor, at: datetime
) -> OrganisationInvite:
    """
    Invite a person by a link that works once and for seven days. The link leaves by mail only; we keep its hash.

    Duties that need a second person are not on it until that one agreed; the person can come before, with the others.

    :raises NotAnAdministrator: if the actor does not administer an organisation
    :raises OwnDuties: if the address is the actor's own
    :raises DutyNotForThisOrganisation: if a duty does not exist there
    """
    organisation = own_organisation(by)
    check_duties(organisation, duties)
    if Person.objects.filter(pk=by.person_id or 0, email=email.strip().lower()).exists():
        raise OwnDuties
    token = secrets.token_urlsafe(32)
    row = OrganisationInvite.objects.create(
        organisation=organisation,
        email=email.strip().lower(),
        display_name=normalise(display_name),
        duties=appointments.at_once(organisation.pk, duties, by),
        token_hash=_token_hash(token),
        invited_by_id=by.person_id or 0,
        created_at=at,
        expires_at=at + INVITE_AGE,
    )
    record_change(
        "identity.organisation.invited",
        organisation.pk,
        by=by,
        at=at,
        body={"name": row.display_name, "duties": row.duties},
    )
    appointments.second_person_for(row, duties, by=by, at=at)
    path = reverse("identity:accept_invite", args=[token])
    transaction.on_commit(lambda: send_invite(row, organisation, path=path, language=language))
    return row


@transaction.atomic
def revoke_invite(*, invite_id: int, by: Actor, at: datetime) -> None:
    """
    Withdraw an invitation that was not used.

    :raises NotYours: if it is not an open invitation of the actor's organisation
    """
    organisation = own_organisation(by)
    changed = OrganisationInvite.objects.filter(
        pk=invite_id, organisation=organisation, accepted_at=None, revoked_at=None
    ).update(revoked_at=at)
    if not changed:
        raise NotYours
    record_change("identity.organisation.invite_withdrawn", organisation.pk, by=by, at=at)


def open_invite(token: str, *, at: datetime) -> OrganisationInvite:
    """
    The invitation behind a link.

    :raises InviteClosed: if it was used, withdrawn, is too old or never existed
    """
    row = OrganisationInvite.objects.filter(token_hash=_token_hash(token)).first()
    if row is None or not row.is_open(at):
        raise InviteClosed
    return row


@transaction.atomic
def accept_invite(*, token: str, draft: AdministratorDraft | None, by: Actor, at: datetime) -> Membership:
    """
    Join an organisation by invitation: with a new account, or, signed in, with the account one has.

    :param draft: the new person; None to join as the actor
    :raises InviteClosed: if the link does not work any more
    :raises StaffActsForCustomer: if platform staff would act for a customer, or the other way round
    :raises OwnDuties: if the person who invited would change the own duties by it
    """
    row = OrganisationInvite.objects.select_for_update().filter(token_hash=_token_hash(token)).first()
    if row is None or not row.is_open(at):
        raise InviteClosed
    with acting_as(
        Actor.system("identity.invite", organisation_id=row.organisation_id, request_id=by.request_id)
    ) as worker:
        if draft is None:
            person = Person.objects.get(pk=by.person_id or 0)
            if person.email != row.email:
                raise InviteClosed
        else:
            person = create_person(draft, at=at, confirmed=draft.email.strip().lower() == row.email)
        if person.pk == row.invited_by_id:
            raise OwnDuties
        _refuse_staff_mix(person, row.organisation)
        membership, created = Membership.objects.get_or_create(
            person=person, organisation_id=row.organisation_id, defaults={"duties": row.duties, "since": at}
        )
        if not created:
            Membership.objects.filter(pk=membership.pk).update(duties=row.duties, active=True, until=None)
        OrganisationInvite.objects.filter(pk=row.pk).update(accepted_at=at, accepted_by=person)
        body = {"name": person.display_name, "duties": row.duties}
        record_change("identity.organisation.joined", row.organisation_id, by=worker, at=at, body=body)
    return membership


@transaction.atomic
def set_active(*, membership_id: int, active: bool, by: Actor, at: datetime) -> Membership:
    """
    End a person's work for the actor's organisation, or take it up again; effective on the person's next request.

    :raises OwnDuties: if the actor would end the own membership
    :raises LastAdministrator: if nobody would be left to manage people
    """
    organisation = own_organisation(by)
    membership = locked_membership(membership_id, organisation.pk)
    if membership.person_id == by.person_id:
        raise OwnDuties
    if not active:
        keep_an_administrator(membership)
    until = None if active else at
    Membership.objects.filter(pk=membership.pk).update(active=active, until=until, version=membership.version + 1)
    kind = "identity.organisation.member_returned" if active else "identity.organisation.member_ended"
    record_change(kind, organisation.pk, by=by, at=at, body={"name": membership.person.display_name})
    membership.active = active
    return membership


@transaction.atomic
def change_profile(*, display_name: str, phone: str, language: str, text_size: str, by: Actor, at: datetime) -> Person:
    """Change the actor's own name, phone, language and text size. An empty phone keeps the one on file."""
    person = Person.objects.select_for_update(no_key=True).get(pk=by.person_id or 0)
    person.display_name = normalise(display_name)
    person.language = language
    person.text_size = text_size
    if phone:
        person.set_phone(phone)
    person.save(update_fields=["display_name", "language", "text_size", "phone_cipher", "phone_hmac", "phone_last4"])
    if by.organisation_id:
        record_change(
            "identity.organisation.profile_changed",
            by.organisation_id,
            by=by,
            at=at,
            body={"name": person.display_name},
        )
    return person


def _refuse_staff_mix(person: Person, organisation: Organisation) -> None:
    others = (
        Membership.objects.filter(person=person, active=True)
        .exclude(organisation=organisation)
        .select_related("organisation")
    )
    joins_operator = Capability.PLATFORM_OPERATOR in organisation.capability_set
    for other in others:
        if (Capability.PLATFORM_OPERATOR in other.organisation.capability_set) != joins_operator:
            raise StaffActsForCustomer


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def lock_out_stranger(*, person_id: int, by: Actor, at: datetime) -> None:
    """End every session of a person and make the password worthless: somebody else knows it. The person sets a new one by mail."""
    person = Person.objects.select_for_update(no_key=True).get(pk=person_id)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    for session in UserSession.objects.filter(user_id=person_id):
        session.end()
    places.forget(person_id)
    record_access(kind="identity.not_me", by=by, at=at, object_type="identity.person", object_id=person_id)
