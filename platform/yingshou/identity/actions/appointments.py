"""Giving and taking duties, with the second person that binding ones need: another administrator, else the platform's staff."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.identity.actions import requests
from yingshou.identity.actions.duties import (
    BINDING,
    CHANGE_DUTIES,
    WEIGHTY,
    apply_duties,
    check_duties,
    keep_an_administrator,
    locked_membership,
    other_administrators,
    own_organisation,
)
from yingshou.identity.errors import NotYours, OwnDuties
from yingshou.identity.models import DutyRequest, Membership, OrganisationInvite, Person
from yingshou.kernel.errors import StaleVersion
from yingshou.tenancy.actor import Actor, Duty

MEMBERSHIP, INVITE = "identity.membership", "identity.invite"
_INVITE_VERSION = 1


@transaction.atomic
def set_duties(
    *, membership_id: int, duties: Sequence[Duty], version: int, by: Actor, at: datetime
) -> Approval | DutyRequest | Membership:
    """
    Change what a person may do for the actor's organisation.

    Where a second administrator exists, granting a duty with weight waits for her or him (an approval is returned). An administrator
    alone makes makers and readers at once; a duty that binds waits for two of the platform's staff (a request is returned). Taking
    duties away takes effect at once.

    :raises OwnDuties: if the actor changes the own membership
    :raises LastAdministrator: if nobody would be left to manage people
    :raises StaleVersion: if the membership changed since it was read
    :raises AlreadyAsked: if duties of this person wait for the platform's staff
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
    granted, wanted = frozenset(duties) - membership.duty_set, sorted(str(duty) for duty in duties)
    if granted & WEIGHTY and other_administrators(organisation.pk, by):
        payload = {"before": membership.duties, "after": wanted}
        document = {"purpose": CHANGE_DUTIES, "membership": membership.pk, "version": membership.version, **payload}
        line = LineDraft(
            object_type=MEMBERSHIP,
            object_id=membership.pk,
            object_version=membership.version,
            label=membership.person.display_name,
            payload=payload,
            document=document,
        )
        return approvals.submit(CHANGE_DUTIES, [line], by=by, at=at)
    if granted & BINDING:
        return requests.ask(duties=wanted, membership=membership, by=by, at=at)
    return apply_duties(membership=membership, duties=wanted, by=by, at=at)


def second_person_for(invite: OrganisationInvite, duties: Sequence[Duty], *, by: Actor, at: datetime) -> None:
    """
    Ask the second person for those duties of a new invitation that its sender cannot give alone; the link works meanwhile without them.

    :raises ChangeAlreadyOpen: never for a new invitation
    """
    alone = not other_administrators(invite.organisation_id, by)
    held = sorted(str(duty) for duty in frozenset(duties) & (BINDING if alone else WEIGHTY))
    if not held:
        return
    if alone:
        requests.ask(duties=held, invite=invite, by=by, at=at)
        return
    payload = {"before": invite.duties, "after": sorted({*invite.duties, *held})}
    line = LineDraft(
        object_type=INVITE,
        object_id=invite.pk,
        object_version=_INVITE_VERSION,
        label=invite.display_name,
        payload=payload,
        document={"purpose": CHANGE_DUTIES, "invite": invite.pk, **payload},
    )
    approvals.submit(CHANGE_DUTIES, [line], by=by, at=at)


def at_once(organisation_id: int, duties: Sequence[Duty], by: Actor) -> list[str]:
    """The duties that an invitation carries from the beginning."""
    weight = WEIGHTY if other_administrators(organisation_id, by) else BINDING
    return sorted(str(duty) for duty in frozenset(duties) - weight)


def carry_out(line: ApprovalLine, *, by: Actor, at: datetime) -> None:
    """
    Write what one administrator proposed and another agreed to.

    :raises NotYours: if the person or the invitation is not of the approving administrator's organisation
    :raises StaleVersion: if the membership changed since it was proposed
    :raises OwnDuties: if the duties are the approving administrator's own
    """
    organisation, after = own_organisation(by), list(line.payload["after"])
    if line.object_type == INVITE:
        invite = OrganisationInvite.objects.filter(pk=line.object_id, organisation=organisation).first()
        if invite is None:
            raise NotYours
        if Person.objects.filter(pk=by.person_id or 0, email=invite.email).exists():
            raise OwnDuties
        requests.grant_to_invited(invite.pk, after, by=by, at=at)
        return
    membership = locked_membership(line.object_id, organisation.pk)
    if membership.person_id == by.person_id:
        raise OwnDuties
    apply_duties(membership=membership, duties=after, by=by, at=at, version=line.object_version)
