"""The page of one receivable, the same for every role, and what came of a submission."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from receivables import acts, duplicates, results, sheets
from receivables.models import Receivable
from receivables.prints import check_code
from receivables.sections import section_of
from yingshou.approvals.models import Approval
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to


@page("receivables.view")
def detail(request: AppRequest, public_no: str) -> HttpResponse:
    """Who owes whom how much, the five answers, the story, papers, and what comes next."""
    row = get_object_or_404(sheets.rows(request.actor), public_no=public_no)
    sheet = sheets.sheet(row, request.actor, request.at)
    belongs_to(request, section_of(row, request.actor.organisation_id))
    return render(
        request,
        "receivables/detail.html",
        {"sheet": sheet, "check_code": check_code(row), "hints": duplicates.hints([row], request.actor)},
    )


@page("receivables.view")
def asked(request: AppRequest, approval_id: int) -> HttpResponse:
    """After a submission: what was asked, what stayed behind and why, what happens next."""
    approval = get_object_or_404(
        Approval.objects.visible_to(request.actor).filter(action__startswith="receivables."), pk=approval_id
    )
    rows = Receivable.objects.visible_to(request.actor)
    wanted = {**acts.CREDITORS_ACTS, **acts.DEBTORS_ACTS, **acts.PUBLISHERS_ACTS}.get(request.GET.get("from", ""))
    result = results.result_of(approval, rows, request.GET.getlist("left"), wanted, at=request.at)
    belongs_to(request, result.back)
    return render(request, "receivables/asked.html", {"result": result})
