"""The platform staff's pages: registrations that wait, and the decision of two."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yingshou.approvals.models import Approval
from yingshou.audit.selectors import timeline
from yingshou.identity import labels, selectors
from yingshou.identity.actions import decisions, requests, support
from yingshou.identity.forms import DecisionForm
from yingshou.identity.models import Organisation, OrganisationDetails
from yingshou.identity.states import ORGANISATION
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import uscc_warnings
from yingshou.tenancy.guards import AppRequest, page

EVENTS = {
    "verify": gettext_lazy("Verify: the organisation is who it says it is"),
    "reject": gettext_lazy("Reject: send back with a reason"),
    "suspend": gettext_lazy("Suspend: its people can no longer act"),
    "restore": gettext_lazy("Lift the suspension"),
}


@page("identity.read_registrations")
def registrations(request: AppRequest) -> HttpResponse:
    """Registrations that wait, oldest first, and what a colleague proposed already."""
    waiting = selectors.organisations_to_verify(request.actor)
    proposed = _proposals([row.pk for row in waiting])
    rows = [{"organisation": row, "proposal": proposed.get(row.pk)} for row in waiting]
    asked = selectors.open_duty_requests()
    open_proposals = _proposals([row.pk for row in asked], action=requests.GRANT_DUTIES)
    context = {
        "rows": rows,
        "asked": [{"row": row, "proposal": open_proposals.get(row.pk)} for row in asked],
        "may_propose": request.actor.may("identity.review_organisation"),
    }
    return render(request, "identity/registrations.html", context)


@page("identity.review_organisation", methods=["POST"], step_up=True)
@idempotent
def propose_duties(request: AppRequest, request_id: int) -> HttpResponse:
    """First of two: propose to grant or refuse the duties that a lone administrator asked for."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say what you checked, or why it is refused; the organisation reads it."))
        return redirect("identity:registrations")
    requests.propose(
        request_id=request_id,
        grant=request.POST.get("decision") == "grant",
        reason=reason[:200],
        by=request.actor,
        at=request.at,
    )
    messages.success(request, _("Proposed; a second member of staff decides."))
    return redirect("identity:registrations")


@page("identity.read_registrations")
def review(request: AppRequest, organisation_id: int) -> HttpResponse:
    """One organisation as staff see it: what it declared, what is odd, what was decided."""
    row = get_object_or_404(Organisation.objects.visible_to(request.actor).select_related("region"), pk=organisation_id)
    return _review(request, row, None)


@page("identity.review_organisation", methods=["POST"], step_up=True)
@idempotent
def propose(request: AppRequest, organisation_id: int) -> HttpResponse:
    """First of two: propose a decision."""
    row = get_object_or_404(Organisation.objects.visible_to(request.actor), pk=organisation_id)
    form = DecisionForm(request.POST, events=_events(row))
    if form.is_valid():
        code, text = form.cleaned_data["reason"] or ("", "")
        try:
            decisions.propose_decision(
                organisation_id=row.pk,
                event=form.cleaned_data["event"],
                reason_code=code,
                reason=text,
                by=request.actor,
                at=request.at,
            )
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            messages.success(request, _("Proposed; a second member of staff decides."))
            return redirect("identity:registrations")
    return _review(request, row, form)


@page("identity.use_support")
def support_views(request: AppRequest) -> HttpResponse:
    """The live support views: one's own, to open; for those who grant them all, to end."""
    grants_all = request.actor.may("identity.grant_support") or request.actor.may("identity.approve_support")
    rows = selectors.support_views(request.actor, request.at, everybodys=grants_all)
    return render(
        request, "identity/support_views.html", {"rows": rows, "may_grant": request.actor.may("identity.grant_support")}
    )


@page("identity.use_support", methods=["POST"])
@idempotent
def end_support(request: AppRequest, grant_id: int) -> HttpResponse:
    """End a support view before its time."""
    support.end_support(grant_id=grant_id, by=request.actor, at=request.at)
    messages.success(request, _("The support view is over."))
    return redirect("identity:support_views")


def _review(request: AppRequest, row: Organisation, form: DecisionForm | None) -> HttpResponse:
    events = _events(row)
    proposal = _proposals([row.pk]).get(row.pk)
    context = {
        "organisation": row,
        "details": OrganisationDetails.objects.filter(pk=row.pk).first(),
        "capabilities": labels.capability_labels(row.capabilities),
        "warnings": uscc_warnings(row.uscc),
        "proposal": proposal,
        "form": form or DecisionForm(events=events),
        "may_propose": bool(events) and proposal is None and request.actor.may("identity.review_organisation"),
        "story": timeline("identity.organisation", row.pk, actor=request.actor),
    }
    return render(request, "identity/review.html", context, status=422 if form is not None else 200)


def _events(row: Organisation) -> list[tuple[str, Any]]:
    return [(step.event, EVENTS[step.event]) for step in ORGANISATION.available(row.state, who="staff")]


def _proposals(ids: list[int], action: str = decisions.DECIDE) -> dict[int, Approval]:
    approvals = Approval.objects.open().filter(action=action, lines__object_id__in=ids, lines__is_live=True)
    found = approvals.prefetch_related("lines")
    return {line.object_id: approval for approval in found for line in approval.lines.all()}
