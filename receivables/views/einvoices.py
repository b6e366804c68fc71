"""Dropping e-invoices, and saying once what no invoice says."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from receivables import einvoicing
from receivables.forms.einvoices import FactsEntry
from receivables.imports.einvoices import NAME
from yingshou.documents import actions as documents
from yingshou.documents.models import ImportBatch
from yingshou.documents.states import State
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page


@page("receivables.enter", methods=["GET", "POST"])
@idempotent
def upload(request: AppRequest) -> HttpResponse:
    """Drop e-invoices: one file, many, or a ZIP; they are read and checked, nothing is taken over yet."""
    error: DomainError | None = None
    if request.method == "POST":
        try:
            batch = einvoicing.receive(request.FILES.getlist("files"), by=request.actor, at=request.at)
        except DomainError as refused:
            error = refused
        else:
            return redirect("documents:batch", batch.pk)
    return render(request, "receivables/einvoices.html", {"error": error}, status=422 if error else 200)


@page("receivables.enter", methods=["GET", "POST"])
@idempotent
def facts(request: AppRequest, batch_id: int) -> HttpResponse:
    """What was recognised, buyer by buyer, and what is asked about it."""
    batch = get_object_or_404(ImportBatch.objects.visible_to(request.actor), pk=batch_id)
    if batch.kind != NAME or batch.state != State.QUESTION or not batch.question:
        return redirect("documents:batch", batch.pk)
    entry = FactsEntry(batch.question, request.POST if request.method == "POST" else None)
    if request.method == "POST" and entry.is_valid:
        documents.answer(batch.pk, entry.answers(), by=request.actor, at=request.at)
        return redirect("documents:batch", batch.pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "receivables/einvoice_facts.html", {"batch": batch, "entry": entry}, status=status)
