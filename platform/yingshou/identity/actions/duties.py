"""Who may do what for an organisation: the one place that changes duties (domain 16)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.events import EventDraft, record
from yingshou.identity.errors import (
    DutyNotForThisOrganisation,
    LastAdministrator,
    NotAnAdministrator,
    NotYours,
    OwnDuties,
)
from yingshou.identity.middleware import STAFF_DUTIES
from yingshou.identity.models import Membership, Organisation
from yingshou.kernel.errors import StaleVersion
from yingshou.tenancy.actor import Actor, Capability, Duty

CHANGE_DUTIES = "identity.change_duties"
# Duties that bind the organisation or decide who does; the others only look.
WEIGHTY = frozenset({Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.ADMINISTRATOR}) | STAFF_DUTIES


@transaction.atomic
def set_duties(
    *, membership_id: int, duties: Sequence[Duty], version: int, by: Actor, at: datetime
) -> Approval | Membership:
    """
    Change what a person may do for the actor's organisation.

    Where a second administrator exists, granting a duty that binds the organisation waits for her or him (an approval is returned);
    taking duties away, and organisations with one administrator, take effect at once.

    :raises OwnDuties: if the actor changes the own membership
    :raises LastAdministrator: if nobody would be left to manage people
    :raises StaleVersion: if the membership changed since it was read
    """
    organisation = own_organisation(by)
    membership = locked_membership(membership_id, organisation.pk)
    if membership.person_id == by.person_id:
        raise OwnDuties
    if membership.version != version:
        raise StaleVersion(place=membership.person.display_name)
    check_duties(organisation, duties)
    if Duty.ADMINISTRATOR not in duties:
        keep_an_administrator(membership)
    granted = frozenset(duties) - membership.duty_set
    if granted & WEIGHTY and otheradministrators(organisation.pk, by):
        payload = {"before": membership.duties, "after": sorted(str(duty) for duty in duties)}
        line = LineDraft(
            object_type="identity.membership",
            object_id=membership.pk,
            object_version=membership.version,
            label=membership.person.display_name,
            payload=payload,
            document={"purpose": CHANGE_DUTIES, "membership": membership.pk, "version": membership.version, **payload},
        )
        return approvals.submit(CHANGE_DUTIES, [line], by=by, at=at)
    return apply_duties(membership=membership, duties=[str(duty) for duty in duties], by=by, at=at)


def apply_duties(*, membership: Membership, duties: Sequence[str], by: Actor, at: datetime) -> Membership:
    """Write new duties of a locked membership; they count from the person's next request on."""
    before = list(membership.duties)
    membership.duties = sorted(duties)
    membership.version += 1
    changed = Membership.objects.filter(pk=membership.pk, version=membership.version - 1).update(
        duties=membership.duties, version=membership.version
    )
    if not changed:
        raise StaleVersion(place=membership.person.display_name)
    body = {"name": membership.person.display_name, "before": before, "after": membership.duties}
    record_change("identity.organisation.duties_changed", membership.organisation_id, by=by, at=at, body=body)
    return membership


def carry_out(line: ApprovalLine, *, by: Actor, at: datetime) -> Membership:
    """
    Write what one administrator proposed and another agreed to.

    :raises NotYours: if the membership is not of the approving administrator's organisation
    :raises StaleVersion: if the membership changed since it was proposed
    """
    membership = locked_membership(line.object_id, own_organisation(by).pk)
    if membership.version != line.object_version:
        raise StaleVersion(place=line.label)
    if membership.person_id == by.person_id:
        raise OwnDuties
    return apply_duties(membership=membership, duties=list(line.payload["after"]), by=by, at=at)


def own_organisation(by: Actor) -> Organisation:
    """
    The organisation whose people the actor manages.

    :raises NotAnAdministrator: if there is none
    """
    if by.organisation_id is None or not by.duties & {Duty.ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR}:
        raise NotAnAdministrator
    return Organisation.objects.get(pk=by.organisation_id)


def check_duties(organisation: Organisation, duties: Sequence[Duty]) -> None:
    """
    Make sure that the duties exist in the organisation.

    :raises DutyNotForThisOrganisation: if one is the platform operator's alone
    """
    if Capability.PLATFORM_OPERATOR in organisation.capability_set:
        return
    for duty in duties:
        if duty in STAFF_DUTIES:
            raise DutyNotForThisOrganisation(duty=str(duty), place="duties")


def locked_membership(membership_id: int, organisation_id: int) -> Membership:
    """
    One membership of an organisation, locked, with its person.

    :raises NotYours: if the organisation has no such membership
    """
    membership = (
        Membership.objects.select_for_update(no_key=True, of=("self",))
        .select_related("person")
        .filter(pk=membership_id, organisation_id=organisation_id)
        .first()
    )
    if membership is None:
        raise NotYours
    return membership


def administrators(organisation_id: int) -> list[int]:
    """The people who can manage the organisation's people."""
    rows = Membership.objects.filter(organisation_id=organisation_id, active=True, person__is_active=True)
    managing = [str(Duty.ADMINISTRATOR), str(Duty.SECURITY_ADMINISTRATOR)]
    return list(rows.filter(duties__overlap=managing).values_list("person_id", flat=True))


def otheradministrators(organisation_id: int, by: Actor) -> bool:
    return any(person_id != by.person_id for person_id in administrators(organisation_id))


def keep_an_administrator(membership: Membership) -> None:
    """
    Make sure that somebody is left to manage people without this membership.

    :raises LastAdministrator: if nobody is
    """
    if administrators(membership.organisation_id) == [membership.person_id]:
        raise LastAdministrator


def record_change(
    kind: str, organisation_id: int, *, by: Actor, at: datetime, body: Mapping[str, object] | None = None
) -> None:
    """Write an event on the organisation's own timeline."""
    record(
        [
            EventDraft(
                kind=kind,
                object_type="identity.organisation",
                object_id=organisation_id,
                object_version=None,
                audience=[organisation_id],
                by=by,
                at=at,
                body=body or {},
            )
        ]
    )
