"""The inbox of the checker, one submission with its lines, and the organisation's policies."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yingshou.approvals import actions, lists, selectors
from yingshou.approvals.forms import PolicyForm, RejectForm
from yingshou.approvals.handlers import HANDLERS
from yingshou.approvals.models import Approval
from yingshou.audit.selectors import timeline
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import exports


@page("approvals.read")
def inbox(request: AppRequest) -> HttpResponse:
    """What waits for checking, oldest first; what I submitted; what was decided."""
    name, kind, rows = lists.chosen(request.actor, request.GET.get(lists.PLACE, ""))
    list_ = kind.for_request(rows, request, export_url=reverse("approvals:export"))
    return render(request, "approvals/inbox.html", {"list": list_, "tabs": lists.tabs(request.actor, name)})


@page("approvals.read", methods=["POST"])
def export(request: AppRequest) -> HttpResponseBase:
    """One of the lists as a file."""
    posted = QueryDict(request.POST.get("query", "").lstrip("?"))
    _name, kind, rows = lists.chosen(request.actor, posted.get(lists.PLACE, ""))
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    return exports.respond(kind.from_post(rows, request), form, at=request.at, record=lists.record_export)


@page("approvals.read")
def detail(request: AppRequest, approval_id: int) -> HttpResponse:
    """One submission: what is asked, line by line, its policy, its story, and what this person can do."""
    approval = get_object_or_404(Approval.objects.visible_to(request.actor), pk=approval_id)
    return _detail(request, approval, RejectForm())


@page("approvals.decide", methods=["POST"], step_up=True)
@idempotent
def approve(request: AppRequest, approval_id: int) -> HttpResponse:
    """Approve without a signature; where the policy asks for one, the signing page does it."""
    outcomes = actions.approve(approval_id, by=request.actor, at=request.at)
    done = sum(outcome.ok for outcome in outcomes)
    messages.success(
        request, ngettext("%(done)s line carried out.", "%(done)s lines carried out.", done) % {"done": done}
    )
    if done < len(outcomes):
        messages.warning(
            request, _("%(count)s not carried out; the reasons stand below.") % {"count": len(outcomes) - done}
        )
    return redirect("approvals:detail", approval_id)


@page("approvals.decide", methods=["POST"])
@idempotent
def reject(request: AppRequest, approval_id: int) -> HttpResponse:
    """Reject with a reason."""
    form = RejectForm(request.POST)
    if form.is_valid():
        actions.reject(approval_id, reason=form.cleaned_data["reason"], by=request.actor, at=request.at)
        messages.success(request, _("Rejected; the maker sees your reason."))
        return redirect("approvals:detail", approval_id)
    approval = get_object_or_404(Approval.objects.visible_to(request.actor), pk=approval_id)
    return _detail(request, approval, form, status=422)


@page("approvals.withdraw", methods=["POST"])
@idempotent
def withdraw(request: AppRequest, approval_id: int) -> HttpResponse:
    """Take one's own submission back."""
    actions.withdraw(approval_id, by=request.actor, at=request.at)
    messages.success(request, _("Taken back. You can change it and submit again."))
    return redirect("approvals:detail", approval_id)


@page("approvals.policy", methods=["GET", "POST"], step_up=True)
@idempotent
def policy(request: AppRequest, action: str) -> HttpResponse:
    """When an action needs a second person and a signature."""
    handler = selectors.own_handler(action, request.actor)
    current = selectors.policy(request.actor.organisation_id or 0, action)
    form = PolicyForm(request.POST) if request.method == "POST" else PolicyForm.showing(current)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_policy(action, by=request.actor, at=request.at, rule=form.rule())
        except DomainError as error:
            form.add_error(None, error.message_text)
        else:
            messages.success(request, _("Policy for “%(title)s” saved.") % {"title": handler.title})
            return redirect("approvals:policies")
    return render(request, "approvals/policy.html", {"form": form, "handler": handler, "action": action})


@page("approvals.policy")
def policies(request: AppRequest) -> HttpResponse:
    """Every action and its policy."""
    return render(request, "approvals/policies.html", {"rows": selectors.policies(request.actor)})


def _detail(request: AppRequest, approval: Approval, form: RejectForm, status: int = 200) -> HttpResponse:
    handler = HANDLERS.get(approval.action)
    own = approval.maker_id == request.actor.person_id
    may_decide = approval.is_open and request.actor.may(handler.checker_permission)
    context = {
        "approval": approval,
        "handler": handler,
        "lines": selectors.lines(approval, handler, request.GET.get("after")),
        "form": form,
        "may_decide": may_decide and not (own and approval.needs_second_person),
        "decides_own": may_decide and own and approval.needs_second_person,
        "may_withdraw": own and approval.state == "SUBMITTED" and request.actor.may("approvals.withdraw"),
        "story": timeline("approvals.approval", approval.pk, actor=request.actor),
    }
    return render(request, "approvals/detail.html", context, status=status)
