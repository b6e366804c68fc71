"""
Binding duties where an organisation has a single administrator: two of the platform's staff are the second person (domain 16, N11).

A lone administrator appoints makers and readers alone. A checker, a signer or a second administrator could, with the administrator's
help, bind the organisation without anybody else: such duties are asked for here, and count once two members of staff agreed.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.identity.actions.duties import (
    apply_duties,
    locked_membership,
    own_organisation,
    record_change,
)
from yingshou.identity.errors import NotYours
from yingshou.identity.models import DutyRequest, Membership, OrganisationInvite
from yingshou.kernel.errors import Conflict, NotAllowed
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor

GRANT_DUTIES = "identity.grant_duties"
REQUEST = "identity.duty_request"
_REQUEST_VERSION = 1


class AlreadyAsked(Conflict):
    """Duties for this person wait for the platform's staff already."""

    code = "ORG-017"
    message = _("Duties of this person already wait for the platform's staff.")
    cure = _("Wait for their decision, or take the first request back.")


class OwnRequest(NotAllowed):
    """Who asked for the duties would decide about them, or they are the decider's own."""

    code = "ORG-018"
    message = _("You asked for these duties, or they are your own; two other people decide.")
    cure = _("Let two colleagues propose and agree.")


def ask(
    *,
    duties: Sequence[str],
    by: Actor,
    at: datetime,
    membership: Membership | None = None,
    invite: OrganisationInvite | None = None,
) -> DutyRequest:
    """
    Ask the platform's staff for duties that a lone administrator cannot grant; in the caller's transaction.

    :param duties: all duties the person shall have
    :param membership: the person's, locked; or
    :param invite: the invitation by which the person comes
    :raises AlreadyAsked: if a request for the same person waits
    """
    organisation = own_organisation(by)
    if DutyRequest.objects.open().filter(membership=membership, invite=invite).exists():
        raise AlreadyAsked
    row = DutyRequest.objects.create(
        organisation=organisation,
        membership=membership,
        invite=invite,
        duties=sorted(duties),
        membership_version=membership.version if membership else 0,
        asked_by_id=by.person_id or 0,
        asked_by_label=by.label,
        asked_at=at,
    )
    _tell("duties_asked", row, by=by, at=at)
    return row


@transaction.atomic
def take_back(*, request_id: int, by: Actor, at: datetime) -> None:
    """
    Take a request back before staff decided.

    :raises NotYours: if it is not an open request of the actor's organisation
    """
    organisation = own_organisation(by)
    row = (
        DutyRequest.objects.open()
        .filter(pk=request_id, organisation=organisation)
        .select_for_update(no_key=True, of=("self",))
        .first()
    )
    if row is None:
        raise NotYours
    _close(row, at=at, outcome="", reason="")
    _tell("duties_taken_back", row, by=by, at=at)


@transaction.atomic
def propose(*, request_id: int, grant: bool, reason: str, by: Actor, at: datetime) -> Approval:
    """
    First of two members of staff: propose to grant or to refuse what a lone administrator asked for.

    :param reason: what was checked, or why it is refused; shown to the organisation
    :raises NotYours: if there is no such open request
    :raises OwnRequest: if the actor asked for it, or it is about the actor
    :raises DutyMissing: if the actor is not the platform's staff
    """
    row = DutyRequest.objects.open().select_related("organisation").filter(pk=request_id).first()
    if row is None or not by.is_staff_organisation:
        raise NotYours
    _refuse_own(row, by)
    said = normalise(reason)
    payload = {"grant": grant, "reason": said, "duties": row.duties, "person": row.person_name}
    line = LineDraft(
        object_type=REQUEST,
        object_id=row.pk,
        object_version=_REQUEST_VERSION,
        label=f"{row.organisation.name} · {row.person_name}",
        payload=payload,
        document={"purpose": GRANT_DUTIES, "uscc": row.organisation.uscc, **payload},
    )
    return approvals.submit(GRANT_DUTIES, [line], by=by, at=at, remark=said)


def carry_out(line: ApprovalLine, *, by: Actor, at: datetime) -> None:
    """
    Second of two: grant or refuse.

    :raises NotYours: if the request was taken back meanwhile
    :raises OwnRequest: if the actor asked for it, or it is about the actor
    :raises StaleVersion: if the person's duties changed since it was asked
    """
    row = DutyRequest.objects.open().filter(pk=line.object_id).select_for_update(no_key=True, of=("self",)).first()
    if row is None:
        raise NotYours
    _refuse_own(row, by)
    reason = str(line.payload["reason"])
    if line.payload["grant"]:
        _grant(row, by=by, at=at)
    _close(row, at=at, outcome="granted" if line.payload["grant"] else "refused", reason=reason)
    _tell("duties_granted" if line.payload["grant"] else "duties_refused", row, by=by, at=at, reason=reason)


def grant_to_invited(invite_id: int, duties: Sequence[str], *, by: Actor, at: datetime) -> None:
    """
    Let an invitation carry duties that a second person agreed to; who has come already gets them at once.

    :raises NotYours: if the invitation was withdrawn
    """
    invite = OrganisationInvite.objects.select_for_update(no_key=True).filter(pk=invite_id, revoked_at=None).first()
    if invite is None:
        raise NotYours
    if invite.accepted_by_id is None:
        OrganisationInvite.objects.filter(pk=invite.pk).update(duties=sorted({*invite.duties, *duties}))
        return
    found = Membership.objects.get(person_id=invite.accepted_by_id, organisation_id=invite.organisation_id)
    membership = locked_membership(found.pk, invite.organisation_id)
    apply_duties(membership=membership, duties=sorted({*membership.duties, *duties}), by=by, at=at)


def _grant(row: DutyRequest, *, by: Actor, at: datetime) -> None:
    if row.invite_id is not None:
        grant_to_invited(row.invite_id, row.duties, by=by, at=at)
        return
    membership = locked_membership(row.membership_id or 0, row.organisation_id)
    apply_duties(membership=membership, duties=row.duties, by=by, at=at, version=row.membership_version)


def _refuse_own(row: DutyRequest, by: Actor) -> None:
    about = row.membership.person_id if row.membership is not None else None
    if row.invite is not None:
        about = row.invite.accepted_by_id
    if by.person_id in (row.asked_by_id, about):
        raise OwnRequest


def _close(row: DutyRequest, *, at: datetime, outcome: str, reason: str) -> None:
    DutyRequest.objects.filter(pk=row.pk).update(decided_at=at, outcome=outcome, reason=reason)


def _tell(verb: str, row: DutyRequest, *, by: Actor, at: datetime, reason: str = "") -> None:
    body = {"name": row.person_name, "duties": row.duties, "reason": reason}
    record_change(f"identity.organisation.{verb}", row.organisation_id, by=by, at=at, body=body)
