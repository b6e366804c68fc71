"""Items that look alike: the list, one comparison, the decision."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from receivables import duplicates
from receivables.actions import alike
from receivables.duplicates import FlagList
from receivables.forms.alike import DismissForm
from receivables.models import LikenessFlag
from yingshou.jobs.idempotency import idempotent
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to


@page("receivables.view")
def listing(request: AppRequest) -> HttpResponse:
    """What looks as if it were entered twice."""
    list_ = FlagList.for_request(duplicates.flags(request.actor), request)
    return render(request, "receivables/duplicates.html", {"list": list_})


@page("receivables.view")
def detail(request: AppRequest, flag_id: int) -> HttpResponse:
    """The items side by side, why they are shown, what can be done."""
    return _detail(request, flag_id, DismissForm())


@page("receivables.compare", methods=["POST"])
@idempotent
def dismiss(request: AppRequest, flag_id: int) -> HttpResponse:
    """They are two items; the reason is kept."""
    form = DismissForm(request.POST)
    if form.is_valid():
        alike.dismiss(flag_id, comment=form.cleaned_data["comment"], by=request.actor, at=request.at)
        messages.success(request, _("Decided: these are different items. The reason stays with them."))
        return redirect("receivables:duplicate", flag_id)
    return _detail(request, flag_id, form)


@page("receivables.compare", methods=["POST"])
@idempotent
def merge(request: AppRequest, flag_id: int) -> HttpResponse:
    """They are one item; the later one is taken back."""
    alike.merge(flag_id, by=request.actor, at=request.at)
    messages.success(request, _("Merged: the later item is taken back, its papers are with the earlier one."))
    return redirect("receivables:duplicate", flag_id)


def _detail(request: AppRequest, flag_id: int, form: DismissForm) -> HttpResponse:
    one = get_object_or_404(LikenessFlag.objects.visible_to(request.actor), pk=flag_id)
    belongs_to(request, reverse("receivables:duplicates"))
    context = {"sheet": duplicates.sheet(one, request.actor), "form": form}
    return render(request, "receivables/duplicate.html", context, status=422 if form.errors else 200)
