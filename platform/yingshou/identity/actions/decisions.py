"""What two members of staff decide about an organisation: verify, reject, suspend, restore (domain 16)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval
from yingshou.audit import lifecycle
from yingshou.audit.lifecycle import Outcome
from yingshou.identity.models import Organisation, OrganisationDetails
from yingshou.identity.states import ORGANISATION
from yingshou.jobs import domain_events
from yingshou.kernel.errors import NotVisible
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor

DECIDE = "identity.decide_organisation"
VERIFIED = "identity.organisation.verified"


@transaction.atomic
def propose_decision(
    *, organisation_id: int, event: str, by: Actor, at: datetime, reason_code: str = "", reason: str = ""
) -> Approval:
    """
    First of two members of staff: propose to verify or reject a registration, or to suspend or restore an organisation.

    :param event: `verify`, `reject`, `suspend` or `restore`
    :raises NotVisible: if there is no such organisation
    :raises IllegalTransition: if the organisation is not in a state for it
    :raises ReasonMissing: if the event says no and no reason was chosen
    :raises DutyMissing: if the actor is not the platform's staff
    """
    row = Organisation.objects.visible_to(by).filter(pk=organisation_id).first()
    if row is None:
        raise NotVisible
    step = ORGANISATION.check(row.state, event)
    if step.reason and not reason_code:
        raise lifecycle.ReasonMissing(place="reason_code")
    payload = {"event": event, "reason_code": reason_code, "reason": normalise(reason)}
    line = LineDraft(
        object_type="identity.organisation",
        object_id=row.pk,
        object_version=row.version,
        label=row.name,
        payload=payload,
        document={"purpose": DECIDE, "uscc": row.uscc, "name": row.name, "version": row.version, **payload},
    )
    return approvals.submit(DECIDE, [line], by=by, at=at, remark=payload["reason"])


def decide(*, organisation_id: int, version: int, payload: Mapping[str, Any], by: Actor, at: datetime) -> Outcome:
    """
    Second of two: carry out what the first proposed, in the approval's transaction.

    :raises NotVisible: if the organisation is gone
    """
    rows = Organisation.objects.locked([organisation_id])
    if not rows:
        raise NotVisible
    event, code, text = str(payload["event"]), str(payload["reason_code"]), str(payload["reason"])
    outcomes = lifecycle.advance(
        ORGANISATION,
        rows,
        event,
        by=by,
        at=at,
        reason_code=code,
        reason=text,
        facts={"verified_at": at} if event == "verify" else {},
        expected_versions={organisation_id: version},
    )
    if outcomes.done_rows:
        OrganisationDetails.objects.filter(pk=organisation_id).update(rejection_code=code, rejection_text=text)
    if outcomes.done_rows and event == "verify":
        # What waited for an organisation that was not registered yet can now reach it (F010).
        key = {"organisation": organisation_id, "version": outcomes.done_rows[0].version}
        domain_events.publish(VERIFIED, key=key, organisation_id=organisation_id, by=by, at=at)
    return outcomes.lines[0]
