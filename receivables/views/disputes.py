"""Disputes: the list, opening one, answering, resolving and withdrawing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from receivables import actions, presenters, sheets
from receivables.disputing import DisputeList, disputes
from receivables.exporting import record_export
from receivables.forms.answers import DisputeForm, WordsForm
from receivables.models import Dispute
from receivables.sections import section_of
from receivables.states import DisputeState
from yingshou.audit.selectors import timeline
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import exports
from yingshou.ui.sections import belongs_to


@page("receivables.view")
def listing(request: AppRequest) -> HttpResponse:
    """Disputes of this organisation, as either party."""
    list_ = DisputeList.for_request(disputes(request.actor), request, export_url=reverse("receivables:disputes_export"))
    return render(request, "receivables/disputes.html", {"list": list_})


@page("receivables.view", methods=["POST"])
def export(request: AppRequest) -> HttpResponseBase:
    """The list as a file."""
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    list_ = DisputeList.from_post(disputes(request.actor), request)
    return exports.respond(list_, form, at=request.at, record=record_export)


@page("receivables.dispute", methods=["GET", "POST"])
@idempotent
def open_dispute(request: AppRequest, public_no: str) -> HttpResponse:
    """Open a dispute about a part of a live claim."""
    row = get_object_or_404(sheets.rows(request.actor), public_no=public_no)
    form = DisputeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        code, comment = form.cleaned_data["reason"]
        try:
            actions.dispute(
                row.pk,
                amount=form.cleaned_data["amount"],
                reason_code=code,
                comment=comment,
                by=request.actor,
                at=request.at,
            )
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
        else:
            messages.success(request, _("The dispute is open. Its amount cannot be newly financed."))
            return redirect("receivables:detail", row.public_no)
    sheet = sheets.sheet(row, request.actor, request.at)
    belongs_to(request, section_of(row, request.actor.organisation_id))
    status = 422 if form.errors else 200
    return render(request, "receivables/open_dispute.html", {"sheet": sheet, "form": form}, status=status)


@page("receivables.view")
def detail(request: AppRequest, dispute_id: int) -> HttpResponse:
    """One dispute: what is disputed and why, what was answered, what each side can do."""
    return _detail(request, dispute_id, WordsForm(auto_id="answer_%s"), WordsForm(auto_id="resolve_%s"))


@page("receivables.dispute", methods=["POST"])
@idempotent
def answer(request: AppRequest, dispute_id: int) -> HttpResponse:
    """Answer; the dispute stays open."""
    form = WordsForm(request.POST, auto_id="answer_%s")
    if form.is_valid():
        actions.answer(dispute_id, text=form.cleaned_data["text"], by=request.actor, at=request.at)
        messages.success(request, _("Answered; the other side reads it now."))
        return redirect("receivables:dispute", dispute_id)
    return _detail(request, dispute_id, form, WordsForm(auto_id="resolve_%s"))


@page("receivables.dispute", methods=["POST"])
@idempotent
def resolve(request: AppRequest, dispute_id: int) -> HttpResponse:
    """State how the dispute was resolved; the block ends."""
    form = WordsForm(request.POST, auto_id="resolve_%s")
    if form.is_valid():
        actions.resolve(dispute_id, text=form.cleaned_data["text"], by=request.actor, at=request.at)
        messages.success(request, _("Resolved. The amount can be financed again."))
        return redirect("receivables:dispute", dispute_id)
    return _detail(request, dispute_id, WordsForm(auto_id="answer_%s"), form)


@page("receivables.dispute", methods=["POST"])
@idempotent
def withdraw(request: AppRequest, dispute_id: int) -> HttpResponse:
    """Withdraw one's own dispute; the block ends."""
    actions.withdraw_dispute(dispute_id, by=request.actor, at=request.at)
    messages.success(request, _("The dispute is withdrawn. The amount can be financed again."))
    return redirect("receivables:dispute", dispute_id)


def _detail(request: AppRequest, dispute_id: int, answers: WordsForm, resolves: WordsForm) -> HttpResponse:
    rows = Dispute.objects.visible_to(request.actor).select_related("receivable__creditor", "receivable__debtor")
    one = get_object_or_404(rows, pk=dispute_id)
    is_open = one.state == DisputeState.OPEN
    may = request.actor.may("receivables.dispute") and is_open
    is_mine = one.opened_by_id == request.actor.organisation_id
    context = {
        "dispute": one,
        "reason": presenters.reason_words(one.reason_code),
        "cure": presenters.reason_cure(one.reason_code),
        "answers": answers,
        "resolves": resolves,
        "may_answer": may and not is_mine,
        "may_withdraw": may and is_mine,
        "is_open": is_open,
        "story": timeline("receivables.dispute", one.pk, actor=request.actor),
    }
    return render(
        request, "receivables/dispute.html", context, status=422 if answers.errors or resolves.errors else 200
    )
