"""Agreed changes: the list, proposing other terms, one proposal with its answer, taking it back."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from receivables import actions, changing, presenters, sheets
from receivables.actions.change_proposals import EFFECT, PROPOSE_EFFECT, REFUSE_EFFECT
from receivables.actions.changes import Reply, check_wish
from receivables.changing import ChangeList
from receivables.forms.changes import ChangeForm, RefuseChangeForm, ReplyForm
from receivables.models import ChangeRequest
from receivables.rules.changes import terms_of
from yingshou.approvals.models import Approval
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to

# What the page that compares old and new writes itself.
NOT_CARRIED = frozenset({"csrfmiddlewaretoken", "idempotency_key", "checked", "again"})


@page("receivables.view")
def listing(request: AppRequest) -> HttpResponse:
    """Proposed changes of this organisation, as either side."""
    list_ = ChangeList.for_request(changing.listed(request.actor), request)
    return render(request, "receivables/changes.html", {"list": list_})


@page("receivables.change", methods=["GET", "POST"])
@idempotent
def propose(request: AppRequest, public_no: str) -> HttpResponse:
    """Overwrite the terms, look at old and new side by side, submit for checking."""
    row = get_object_or_404(sheets.rows(request.actor), public_no=public_no)
    is_creditor = row.creditor_id == request.actor.organisation_id
    belongs_to(request, reverse("receivables:claims" if is_creditor else "receivables:debts"))
    asked = changing.proposal(row, request.actor)
    if asked.why_not:
        return render(request, "receivables/change_form.html", {"asked": asked}, status=200)
    is_post = request.method == "POST"
    form = ChangeForm(request.POST if is_post else None, row=row, is_held=asked.held_amount > 0)
    if is_post and form.is_valid() and not request.POST.get("again"):
        try:
            if request.POST.get("checked"):
                return _result(actions.ask_to_propose(form.wish, by=request.actor, at=request.at))
            check_wish(form.wish, by=request.actor)
        except DomainError as error:
            place = error.place if error.place in form.fields else None
            form.add_error(place, f"{error.message_text} {error.cure_text}".strip())
        else:
            context = {
                "asked": asked,
                "form": form,
                "carried": [(name, value) for name, value in request.POST.items() if name not in NOT_CARRIED],
                "sides": changing.sides(terms_of(row), form.wish.terms),
                "reason": presenters.reason_words(form.wish.reason_code),
                "comment": form.wish.comment,
                "effects": [PROPOSE_EFFECT, EFFECT],
            }
            return render(request, "receivables/change_check.html", context)
    context = {"asked": asked, "form": form, "effect": PROPOSE_EFFECT}
    return render(request, "receivables/change_form.html", context, status=422 if form.errors else 200)


@page("receivables.view")
def detail(request: AppRequest, change_request_id: int) -> HttpResponse:
    """One proposal: old beside new, why, until when, what each side can do."""
    return _detail(request, change_request_id)


@page("receivables.change", methods=["POST"], step_up=True)
@idempotent
def accept(request: AppRequest, change_request_id: int) -> HttpResponse:
    """Agree; the own checker decides."""
    return _answer(request, change_request_id, "accept", ReplyForm(request.POST))


@page("receivables.change", methods=["POST"])
@idempotent
def refuse(request: AppRequest, change_request_id: int) -> HttpResponse:
    """Refuse with a reason; the own checker decides."""
    return _answer(request, change_request_id, "refuse", RefuseChangeForm(request.POST))


@page("receivables.change", methods=["POST"])
@idempotent
def withdraw(request: AppRequest, change_request_id: int) -> HttpResponse:
    """Take one's own proposal back."""
    actions.withdraw_change(change_request_id, by=request.actor, at=request.at)
    messages.success(request, _("The proposal is withdrawn; everything stays as it was confirmed."))
    return redirect("receivables:change", change_request_id)


def _answer(request: AppRequest, change_request_id: int, event: str, form: ReplyForm) -> HttpResponse:
    get_object_or_404(ChangeRequest.objects.visible_to(request.actor), pk=change_request_id)
    if form.is_valid():
        code, comment = form.cleaned_data.get("reason") or ("", "")
        reply = Reply(change_request_id, form.cleaned_data["version"], code, comment)
        try:
            return _result(actions.ask_to_answer(event, reply, by=request.actor, at=request.at))
        except DomainError as error:
            if error.status == 403:
                raise
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
    return _detail(request, change_request_id, form)


def _detail(request: AppRequest, change_request_id: int, answered: ReplyForm | None = None) -> HttpResponse:
    one = get_object_or_404(changing.listed(request.actor), pk=change_request_id)
    belongs_to(request, reverse("receivables:changes"))
    sheet = changing.sheet(one, request.actor, request.at)
    refusal = answered if isinstance(answered, RefuseChangeForm) else None
    context = {
        "sheet": sheet,
        "answered": answered,
        "refusal": refusal or RefuseChangeForm(initial={"version": sheet.row.version}),
        "effect": EFFECT,
        "refuse_effect": REFUSE_EFFECT,
    }
    return render(request, "receivables/change.html", context, status=422 if answered and answered.errors else 200)


def _result(approval: Approval) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('receivables:asked', args=[approval.pk])}?{urlencode({'from': 'change'})}")
