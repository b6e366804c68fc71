"""The debtor's pages: what waits for its answer, one item beside its own book, and its payables."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from receivables import acts, asking, comparing, filters, selectors, sheets
from receivables.acts import DEBTORS_ACTS, PUBLISHERS_ACTS
from receivables.exporting import record_export
from receivables.filters import ConfirmList, DebtList
from receivables.models import Receivable
from receivables.views import steps
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.clock import business_date
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import exports
from yingshou.ui.counts import capped_counts, shown


@page("receivables.view")
def confirmations(request: AppRequest) -> HttpResponse:
    """What waits for an answer, the longest waiting first, each beside our own book."""
    step = _step(request.GET)
    export_url = reverse("receivables:confirmations_export")
    list_ = ConfirmList.for_request(_rows(request, step), request, export_url=export_url)
    counts = capped_counts(
        {
            "open": selectors.unanswered_rows(request.actor),
            "mine": _rows(request, "mine"),
            "checking": filters.with_checker(request.actor),
        }
    )
    context = {
        "list": list_,
        "tabs": sheets.confirmation_tabs(counts, step),
        "waiting_count": shown(counts["open"]),
        "acts": DEBTORS_ACTS,
        "is_checking": step == "checking",
        "may_confirm": request.actor.may("receivables.confirm"),
    }
    return render(request, "receivables/confirmations.html", context)


@page("receivables.view", methods=["POST"])
def export(request: AppRequest) -> HttpResponseBase:
    """The confirmation list as a file."""
    list_ = ConfirmList.from_post(_rows(request, _posted_step(request)), request)
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    return exports.respond(list_, form, at=request.at, record=record_export)


@page("receivables.confirm", methods=["GET", "POST"], step_up=True)
@idempotent
def act(request: AppRequest, name: str) -> HttpResponse:
    """Confirm, confirm in part, return or refuse: one or up to ten thousand."""
    wanted = DEBTORS_ACTS.get(name)
    if wanted is None:
        raise Http404
    back = reverse("receivables:confirmations")
    if request.method != "POST":
        return redirect(back)
    posted = _posted_step(request)
    list_ = ConfirmList.from_post(_rows(request, posted if posted == "mine" else ""), request)
    return steps.run(request, wanted, list_, filters.debts(request.actor), back=back)


@page("receivables.view")
def answer(request: AppRequest, public_no: str) -> HttpResponse:
    """One claim beside our own book, with everything that can be answered."""
    row = get_object_or_404(
        sheets.rows(request.actor).select_related("book_match").filter(debtor_id=request.actor.organisation_id),
        public_no=public_no,
    )
    forms = {name: one.form(rows=acts.with_book([row]), auto_id=f"{name}_%s") for name, one in DEBTORS_ACTS.items()}
    context = {"sheet": comparing.comparison(row, request.actor, request.at), "forms": forms, "acts": DEBTORS_ACTS}
    return render(request, "receivables/answer.html", context)


@page("receivables.view")
def debts(request: AppRequest) -> HttpResponse:
    """What this organisation owes."""
    list_ = DebtList.for_request(filters.debts(request.actor), request, export_url=reverse("receivables:debts_export"))
    return render(
        request, "receivables/debts.html", {"list": list_, "may_publish": request.actor.may("receivables.publish")}
    )


@page("receivables.view", methods=["POST"])
def debts_export(request: AppRequest) -> HttpResponseBase:
    """The payables as a file."""
    list_ = DebtList.from_post(filters.debts(request.actor), request)
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    return exports.respond(list_, form, at=request.at, record=record_export)


@page("receivables.publish", methods=["GET", "POST"], step_up=True)
@idempotent
def publish(request: AppRequest, name: str) -> HttpResponse:
    """Publish drafts of payables, or undo them."""
    wanted = PUBLISHERS_ACTS.get(name)
    if wanted is None:
        raise Http404
    back = reverse("receivables:debts")
    if request.method != "POST":
        return redirect(back)
    rows = filters.debts(request.actor)
    return steps.run(request, wanted, DebtList.from_post(rows, request), rows, back=back)


def _step(query: QueryDict) -> str:
    """Which part of the list an address means: all, what was passed to this person, what our own checker has on the table."""
    step = query.get("step", "")
    return step if step in ("mine", "checking") else ""


def _posted_step(request: AppRequest) -> str:
    return _step(QueryDict(request.POST.get("query", "").lstrip("?")))


def _rows(request: AppRequest, step: str) -> QuerySet[Receivable]:
    if step == "checking":
        return filters.with_checker(request.actor)
    rows = filters.to_answer(request.actor)
    if step == "mine":
        passed = asking.passed_to(request.actor, business_date(request.at))
        rows = rows.filter(pk__in=passed.values("receivable_id"))
    return rows
