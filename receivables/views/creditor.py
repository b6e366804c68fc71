"""The creditor's pages: the list of receivables and what can be done to many of them."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from receivables import filters
from receivables.acts import CREDITORS_ACTS
from receivables.exporting import record_export
from receivables.filters import ClaimList
from receivables.views import steps
from yingshou.jobs.idempotency import idempotent
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import exports


@page("receivables.view")
def claims(request: AppRequest) -> HttpResponse:
    """Receivables of this organisation."""
    list_ = ClaimList.for_request(
        filters.claims(request.actor), request, export_url=reverse("receivables:claims_export")
    )
    may = {"enter": request.actor.may("receivables.enter"), "submit": request.actor.may("receivables.submit")}
    return render(request, "receivables/claims.html", {"list": list_, "may": may})


@page("receivables.view", methods=["POST"])
def export(request: AppRequest) -> HttpResponseBase:
    """The list as a file."""
    list_ = ClaimList.from_post(filters.claims(request.actor), request)
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    return exports.respond(list_, form, at=request.at, record=record_export)


@page("receivables.submit", methods=["GET", "POST"])
@idempotent
def act(request: AppRequest, name: str) -> HttpResponse:
    """One step over one or many receivables."""
    wanted = CREDITORS_ACTS.get(name)
    if wanted is None:
        raise Http404
    back = reverse("receivables:claims")
    if request.method != "POST":
        return redirect(back)
    rows = filters.claims(request.actor)
    return steps.run(request, wanted, ClaimList.from_post(rows, request), rows, back=back)
