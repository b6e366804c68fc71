"""Entering one receivable or one payable, correcting it, and checking it before it is submitted."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from receivables import entering, filling, presenters, sheets
from receivables.drafts import CLAIM, KINDS, PAYABLE
from receivables.entering import ClaimEntry
from receivables.models import Kind, Receivable
from receivables.states import State
from yingshou.drafts import actions as drafts
from yingshou.drafts.actions import Form
from yingshou.drafts.keeping import DraftRequest, drafted
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page


@page("receivables.enter", methods=["GET", "POST"])
@drafted(CLAIM, variant="kind")
@idempotent
def new_claim(request: DraftRequest) -> HttpResponse:
    """Enter one receivable; the kind of claim is in the address, so that its fields come without JavaScript."""
    return _enter(request, side="creditor")


@page("receivables.publish", methods=["GET", "POST"])
@drafted(PAYABLE, variant="kind")
@idempotent
def new_payable(request: DraftRequest) -> HttpResponse:
    """Enter one payable that will be published."""
    return _enter(request, side="debtor")


@page("receivables.enter", methods=["POST"])
@drafted(CLAIM, variant="kind")
def read_einvoice(request: DraftRequest) -> HttpResponse:
    """Fill the form in from an e-invoice; the page opens again with what it says, and nothing typed is lost."""
    begun = request.begun
    form = Form(CLAIM, begun.key, begun.subject, begun.variant)
    typed = {name: request.POST.getlist(name) for name in request.POST}
    try:
        notes = filling.fill(form, typed, request.FILES.get("einvoice"), by=request.actor, at=request.at)
    except DomainError as error:
        messages.error(request, f"{error.message_text} {error.cure_text}".strip())
    else:
        messages.success(request, _("The form was filled in from the e-invoice; check it."))
        for note in notes:
            messages.warning(request, f"{note.message_text} {note.cure_text}".strip())
    address = KINDS[CLAIM].address(begun.subject, begun.variant)
    return redirect(f"{address}&draft={begun.key}")


def _enter(request: DraftRequest, *, side: str) -> HttpResponse:
    wanted = request.GET.get("kind", Kind.S1)
    kind = wanted if wanted in Kind.values else str(Kind.S1)
    entry = ClaimEntry.new(kind, side, request.POST if request.method == "POST" else None, request.begun)
    if request.method == "POST" and entry.is_valid():
        try:
            row = entry.keep(by=request.actor, at=request.at)
        except DomainError as error:
            entry.refuse(error)
        else:
            drafts.forget(request.begun.key, by=request.actor)
            messages.success(
                request, _("Draft %(number)s is kept. Nobody else sees it yet.") % {"number": row.public_no}
            )
            return redirect("receivables:check", row.public_no)
    context = {"entry": entry, "begun": request.begun, "kinds": sheets.kinds(), "row": None}
    return render(request, "receivables/entry.html", context, status=422 if entry.has_errors else 200)


@page("receivables.enter", methods=["GET", "POST"])
@drafted(CLAIM, subject="public_no")
@idempotent
def edit(request: DraftRequest, public_no: str) -> HttpResponse:
    """Correct a draft, or what the debtor returned."""
    return _edit(request, get_object_or_404(entering.own_claims(request.actor), public_no=public_no))


@page("receivables.publish", methods=["GET", "POST"])
@drafted(PAYABLE, subject="public_no")
@idempotent
def edit_payable(request: DraftRequest, public_no: str) -> HttpResponse:
    """Correct a payable that is not published yet."""
    return _edit(request, get_object_or_404(entering.own_payables(request.actor), public_no=public_no))


def _edit(request: DraftRequest, row: Receivable) -> HttpResponse:
    entry = ClaimEntry.of(row, request.POST if request.method == "POST" else None, request.begun, by=request.actor)
    if request.method == "POST" and entry.is_valid():
        try:
            row = entry.keep(by=request.actor, at=request.at)
        except DomainError as error:
            entry.refuse(error)
        else:
            drafts.forget(request.begun.key, by=request.actor)
            messages.success(request, _("%(number)s is corrected.") % {"number": row.public_no})
            return redirect("receivables:check", row.public_no)
    context = {"entry": entry, "begun": request.begun, "row": presenters.with_reason(row)}
    return render(request, "receivables/entry.html", context, status=422 if entry.has_errors else 200)


@page("receivables.view")
def check(request: AppRequest, public_no: str) -> HttpResponse:
    """Check the answers: everything on one page, the amount in figures and words, what the rules say, the button."""
    row = get_object_or_404(
        entering.own_claims(request.actor) | entering.own_payables(request.actor), public_no=public_no
    )
    sheet = sheets.sheet(row, request.actor, request.at)
    context = {
        "sheet": sheet,
        "why_not": entering.why_not(sheet, request.actor),
        "findings": entering.findings_of(row, by=request.actor, at=request.at),
        "act": entering.act_of(row),
        "can_go_direct": entering.can_go_direct(row),
        "is_returned": row.state == State.RETURNED,
        "edit_url": sheet.edit_url,
    }
    return render(request, "receivables/check.html", context)
