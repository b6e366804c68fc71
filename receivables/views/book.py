"""The debtor's own payables book."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from receivables.exporting import record_export
from receivables.filters import BookList
from receivables.models import PayableLine
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui import exports


@page("receivables.publish")
def listing(request: AppRequest) -> HttpResponse:
    """The book, line by line; nobody else reads it."""
    rows = PayableLine.objects.visible_to(request.actor).filter(is_alive=True)
    list_ = BookList.for_request(rows, request, export_url=reverse("receivables:book_export"))
    return render(request, "receivables/book.html", {"list": list_})


@page("receivables.publish", methods=["POST"])
def export(request: AppRequest) -> HttpResponseBase:
    """The book as a file."""
    rows = PayableLine.objects.visible_to(request.actor).filter(is_alive=True)
    form = exports.Format.XLSX if request.POST.get("format") == "xlsx" else exports.Format.CSV
    return exports.respond(BookList.from_post(rows, request), form, at=request.at, record=record_export)
