"""What holds for every change of duties, and the one place that writes them (domain 16)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from yingshou.audit.events import EventDraft, record
from yingshou.identity.errors import (
    DutyNotForThisOrganisation,
    LastAdministrator,
    NotAnAdministrator,
    NotYours,
)
from yingshou.identity.middleware import STAFF_DUTIES
from yingshou.identity.models import Membership, Organisation
from yingshou.kernel.errors import StaleVersion
from yingshou.tenancy.actor import Actor, Capability, Duty

CHANGE_DUTIES = "identity.change_duties"
# Duties that bind the organisation or decide who does; the others only look.
WEIGHTY = frozenset({Duty.MAKER, Duty.CHECKER, Duty.SIGNER, Duty.ADMINISTRATOR}) | STAFF_DUTIES
# What a lone administrator cannot give: with a maker beside, one of these binds the organisation.
BINDING = WEIGHTY - {Duty.MAKER}


def apply_duties(
    *, membership: Membership, duties: Sequence[str], by: Actor, at: datetime, version: int | None = None
) -> Membership:
    """
    Write new duties of a locked membership; they count from the person's next request on.

    :param version: the version that somebody agreed to change; None where it was judged before
    :raises StaleVersion: if the membership changed since
    """
    if version is not None and membership.version != version:
        raise StaleVersion(place=membership.person.display_name)
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


def other_administrators(organisation_id: int, by: Actor) -> bool:
    """Whether somebody else can be the second person."""
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
