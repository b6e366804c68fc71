"""Support views: two members of staff open one organisation's pages to a third, with a reason, for two hours at most (domain 16)."""

from datetime import datetime, timedelta

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from yingshou.approvals import actions as approvals
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.identity.actions.duties import record_change
from yingshou.identity.errors import NotYours
from yingshou.identity.grants import SUPPORT_VIEW
from yingshou.identity.models import Membership, Organisation, OrganisationGrant
from yingshou.identity.support_pages import OBJECTS
from yingshou.kernel.errors import Invalid, NotAllowed
from yingshou.kernel.names import normalise
from yingshou.tenancy.actor import Actor

GRANT_SUPPORT = "identity.grant_support"
SUPPORT_LASTS = timedelta(hours=2)


class ThirdPerson(NotAllowed):
    """Who would look is one of the two who grant it."""

    code = "ORG-015"
    message = _("A support view is granted by two colleagues to a third; nobody opens one for herself or himself.")
    cure = _("Let two other colleagues propose and agree.")


class NoSuchObject(Invalid):
    """What was typed is no number of such an object."""

    code = "ORG-016"
    message = _("%(number)s is not a valid number.")
    cure = _("Take the number from the customer's request, or leave both fields empty for the whole organisation.")


@transaction.atomic
def propose_support(
    *, organisation_id: int, person_id: int, reason: str, by: Actor, at: datetime, kind: str = "", number: str = ""
) -> Approval:
    """
    Propose that a colleague may look at one customer's pages, or at one object's page, for two hours.

    :param kind: the kind of object the view is limited to, as registered; empty for the whole organisation
    :param number: the object's number
    :raises NotYours: if the person is not of the platform's staff
    :raises ThirdPerson: if the actor proposes a view for herself
    :raises NoSuchObject: if the number cannot be one
    :raises DutyMissing: if the actor may not grant support views
    """
    if person_id == by.person_id:
        raise ThirdPerson
    organisation = Organisation.objects.visible_to(by).filter(pk=organisation_id).first()
    colleague = Membership.objects.live(at).filter(organisation_id=by.scope_id, person_id=person_id).first()
    if organisation is None or colleague is None:
        raise NotYours
    payload = {
        "organisation_id": organisation.pk,
        "person_id": person_id,
        "reason": normalise(reason),
        "address": _address(kind, number),
    }
    line = LineDraft(
        object_type="identity.support",
        object_id=person_id,
        object_version=1,
        label=" ".join((organisation.name, number.strip(), "→", colleague.person.display_name)).replace("  ", " "),
        payload=payload,
        document={"purpose": GRANT_SUPPORT, **payload},
    )
    return approvals.submit(GRANT_SUPPORT, [line], by=by, at=at, remark=normalise(reason))


def carry_out(line: ApprovalLine, *, maker_id: int, by: Actor, at: datetime) -> None:
    """
    Open the view from now on for two hours; the customer's own timeline shows it.

    :raises NotYours: if the organisation is gone
    :raises ThirdPerson: if the second of the two would be the one who looks
    """
    wanted = line.payload
    if by.person_id == wanted["person_id"]:
        raise ThirdPerson
    if not Organisation.objects.filter(pk=wanted["organisation_id"]).exists():
        raise NotYours
    OrganisationGrant.objects.update_or_create(
        user_id=wanted["person_id"],
        content_object_id=wanted["organisation_id"],
        permission=Permission.objects.get(codename=SUPPORT_VIEW, content_type__app_label="identity"),
        address=wanted["address"],
        defaults={
            "reason": wanted["reason"],
            "granted_by_id": maker_id,
            "approved_by_id": by.person_id,
            "starts_at": at,
            "ends_at": at + SUPPORT_LASTS,
        },
    )
    body = {"name": wanted["reason"], "address": wanted["address"], "until": at + SUPPORT_LASTS}
    record_change("identity.organisation.support_granted", wanted["organisation_id"], by=by, at=at, body=body)


@transaction.atomic
def end_support(*, grant_id: int, by: Actor, at: datetime) -> None:
    """
    End a support view before its time; it shows nothing from the next request on.

    :raises NotYours: if it is not live, or neither the actor's own nor one the actor may grant
    """
    row = OrganisationGrant.objects.live(at).select_for_update(no_key=True).filter(pk=grant_id).first()
    if row is None or not by.is_staff_organisation:
        raise NotYours
    if row.user_id != by.person_id and not (by.may("identity.grant_support") or by.may("identity.approve_support")):
        raise NotYours
    # The end lies behind the beginning even when both happen in one instant.
    OrganisationGrant.objects.filter(pk=row.pk).update(ends_at=max(at, row.starts_at + timedelta(microseconds=1)))
    record_change("identity.organisation.support_ended", row.content_object_id, by=by, at=at, body={"name": row.reason})


def _address(kind: str, number: str) -> str:
    if not kind and not number.strip():
        return ""
    known = dict(OBJECTS.items()).get(kind)
    address = known.address(number) if known is not None else None
    if address is None:
        raise NoSuchObject(number=number.strip() or "–", place="number")
    return address
