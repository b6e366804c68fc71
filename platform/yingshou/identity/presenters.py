"""How events about organisations and their people read, and who is shown in the frame."""

from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line
from yingshou.identity import labels
from yingshou.identity.models import DutyRequest, Organisation
from yingshou.identity.states import OrganisationState, RejectionReason
from yingshou.tenancy.actor import Actor
from yingshou.ui.frame import FrameIdentity, FrameMembership

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

HEADLINES: dict[str, "StrOrPromise"] = {
    "register": gettext_lazy("Registered; waiting for verification"),
    "verify": gettext_lazy("Verified by the platform"),
    "reject": gettext_lazy("Registration rejected"),
    "resubmit": gettext_lazy("Corrected and handed in again"),
    "suspend": gettext_lazy("Suspended"),
    "restore": gettext_lazy("Suspension lifted"),
    "invited": gettext_lazy("Person invited"),
    "invite_withdrawn": gettext_lazy("Invitation withdrawn"),
    "joined": gettext_lazy("Person joined"),
    "duties_changed": gettext_lazy("Duties changed"),
    "duties_asked": gettext_lazy("Binding duties asked for; two of the platform's staff decide"),
    "duties_taken_back": gettext_lazy("Request for duties taken back"),
    "duties_granted": gettext_lazy("Binding duties granted by two of the platform's staff"),
    "duties_refused": gettext_lazy("Binding duties refused by two of the platform's staff"),
    "member_ended": gettext_lazy("Person's work for the organisation ended"),
    "member_returned": gettext_lazy("Person works for the organisation again"),
    "factor_required": gettext_lazy("Second factor required of everyone who checks, signs or administers"),
    "factor_optional": gettext_lazy("Second factor left to each person"),
    "profile_changed": gettext_lazy("Personal details changed"),
    "account_added": gettext_lazy("Bank account added"),
    "support_granted": gettext_lazy("Support view opened for platform staff"),
    "support_ended": gettext_lazy("Support view ended before its time"),
    "changed": gettext_lazy("Reference data changed"),
    "job_retried": gettext_lazy("Failed job tried again"),
}
_HARM = frozenset({"reject", "suspend", "member_ended", "duties_refused"})


def organisation_line(event: AuditEvent) -> Line:
    """A line of an organisation's timeline."""
    verb = event.kind.rsplit(".", 1)[-1]
    return Line(
        headline=HEADLINES[verb],
        detail=_detail(verb, event.body),
        at=event.at,
        who=event.actor_label,
        tone="harm" if verb in _HARM else "done",
    )


def looked_line(event: AuditEvent) -> Line:
    """A line of the list of those who looked."""
    granted_by = _(" and ").join(event.body["granted_by"])
    return Line(
        headline=gettext_lazy("Platform staff looked at a page of yours"),
        detail=_("Page %(address)s. Reason: %(reason)s. Granted by %(names)s.")
        % {"address": event.body["address"], "reason": event.body["reason"], "names": granted_by},
        at=event.at,
        who=event.actor_label,
        url=event.body["address"],
    )


def _detail(verb: str, body: dict[str, Any]) -> str:
    if verb == "duties_changed":
        before, after = (", ".join(str(one) for one in labels.duty_labels(body[key])) for key in ("before", "after"))
        return _("%(name)s: %(before)s → %(after)s") % {
            "name": body["name"],
            "before": before or _("no duty"),
            "after": after or _("no duty"),
        }
    if verb in ("reject", "suspend", "restore"):
        code = body.get("reason_code", "")
        sentence = str(RejectionReason(code).label) if code in RejectionReason.values else code
        return " · ".join(part for part in (sentence, body.get("reason", "")) if part)
    if verb.startswith("duties_"):
        wanted = ", ".join(str(one) for one in labels.duty_labels(body["duties"]))
        return " · ".join(part for part in (f"{body['name']}: {wanted}", body["reason"]) if part)
    return str(body.get("name", ""))


def registrations_waiting(actor: Actor) -> QuerySet[Organisation]:
    """Organisations whose registration, or whose request for binding duties, waits for staff; for the count in the navigation."""
    asking = DutyRequest.objects.filter(decided_at=None).values("organisation_id")
    waits = Q(state=OrganisationState.PENDING_VERIFICATION) | Q(pk__in=asking)
    return Organisation.objects.visible_to(actor).filter(waits)


def frame_identity(request: HttpRequest) -> FrameIdentity | None:
    """Who acts for which organisation, for the top bar."""
    known: Any = request
    actor = getattr(known, "actor", None)
    if actor is None or not actor.is_signed_in:
        return None
    if getattr(known, "support_view", None) is not None:
        organisation = known.support_view.organisation
        return FrameIdentity(
            organisation_name=str(organisation),
            person_name=actor.label,
            capability_labels=labels.capability_labels(organisation.capabilities),
            duty_labels=(_("Support view"),),
            memberships=(),
        )
    current = known.membership
    memberships = tuple(
        FrameMembership(
            id=membership.pk,
            organisation_name=str(membership.organisation),
            capability_labels=labels.capability_labels(membership.organisation.capabilities),
            is_current=current is not None and membership.pk == current.pk,
        )
        for membership in known.memberships
    )
    return FrameIdentity(
        organisation_name=str(current.organisation) if current is not None else "",
        person_name=actor.label,
        capability_labels=labels.capability_labels(actor.capabilities),
        duty_labels=labels.duty_labels(actor.duties),
        memberships=memberships,
    )
