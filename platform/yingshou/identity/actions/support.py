"""Support views: one member of staff opens one organisation's pages to another, with a reason, for two hours at most (domain 16)."""

from datetime import datetime, timedelta

from django.contrib.auth.models import Permission
from django.db import transaction

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.identity.actions.duties import record_change
from yingshou.identity.errors import NotYours
from yingshou.identity.grants import SUPPORT_VIEW
from yingshou.identity.models import Membership, Organisation, OrganisationGrant
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor

GRANT_SUPPORT = "identity.grant_support"
SUPPORT_LASTS = timedelta(hours=2)


@transaction.atomic
def propose_support(*, organisation_id: int, person_id: int, reason: str, by: Actor, at: datetime) -> Approval:
    """
    Propose that a colleague may look at one customer's pages for two hours.

    :raises NotYours: if the person is not of the platform's staff
    :raises DutyMissing: if the actor may not grant support views
    """
    organisation = Organisation.objects.visible_to(by).filter(pk=organisation_id).first()
    colleague = Membership.objects.live(at).filter(organisation_id=by.scope_id, person_id=person_id).first()
    if organisation is None or colleague is None:
        raise NotYours
    payload = {"organisation_id": organisation.pk, "person_id": person_id, "reason": normalise(reason)}
    line = LineDraft(
        object_type="identity.support",
        object_id=person_id,
        object_version=1,
        label=f"{organisation.name} → {colleague.person.display_name}",
        payload=payload,
        document={"purpose": GRANT_SUPPORT, **payload},
    )
    return approvals.submit(GRANT_SUPPORT, [line], by=by, at=at, remark=normalise(reason))


def carry_out(line: ApprovalLine, *, maker_id: int, by: Actor, at: datetime) -> None:
    """
    Open the view from now on for two hours; the customer's own timeline shows it.

    :raises NotYours: if the organisation is gone
    """
    wanted = line.payload
    if not Organisation.objects.filter(pk=wanted["organisation_id"]).exists():
        raise NotYours
    OrganisationGrant.objects.update_or_create(
        user_id=wanted["person_id"],
        content_object_id=wanted["organisation_id"],
        permission=Permission.objects.get(codename=SUPPORT_VIEW, content_type__app_label="identity"),
        defaults={
            "reason": wanted["reason"],
            "granted_by_id": maker_id,
            "starts_at": at,
            "ends_at": at + SUPPORT_LASTS,
        },
    )
    body = {"name": wanted["reason"]}
    record_change("identity.organisation.support_granted", wanted["organisation_id"], by=by, at=at, body=body)
