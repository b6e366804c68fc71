"""Appeals: the list, challenging a finding, the letter, the platform's answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from receivables import appealing
from receivables.actions import appeals
from receivables.appealing import AppealList
from receivables.forms.appeals import AppealForm, DecisionForm, InvoiceAppealForm
from receivables.models import Appeal, LikenessFlag
from receivables.rules.flags import FLAG_RULES, INVOICE_USED
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to


@page("receivables.view")
def listing(request: AppRequest) -> HttpResponse:
    """What was challenged and how it stands."""
    list_ = AppealList.for_request(appealing.appeals(request.actor), request)
    return render(request, "receivables/appeals.html", {"list": list_, "may": request.actor.may("receivables.appeal")})


@page("receivables.appeal", methods=["GET", "POST"])
@idempotent
def invoice(request: AppRequest) -> HttpResponse:
    """Challenge that an invoice is in use."""
    form = InvoiceAppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            one = appeals.challenge_invoice(
                said["code"].strip(), said["number"], reason=said["reason"], by=request.actor, at=request.at
            )
        except DomainError as error:
            form.add_error("number", f"{error.message_text} {error.cure_text}".strip())
        else:
            return _sent(request, one)
    return _form(request, form, FLAG_RULES[INVOICE_USED].code, reverse("receivables:appeals"))


@page("receivables.appeal", methods=["GET", "POST"])
@idempotent
def flag(request: AppRequest, flag_id: int) -> HttpResponse:
    """Challenge what a rule found."""
    found = get_object_or_404(LikenessFlag.objects.visible_to(request.actor), pk=flag_id)
    form = AppealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            one = appeals.challenge_flag(found.pk, reason=form.cleaned_data["reason"], by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
        else:
            return _sent(request, one)
    return _form(request, form, found.rule, reverse("receivables:duplicate", args=[found.pk]))


@page("receivables.view")
def detail(request: AppRequest, appeal_id: int) -> HttpResponse:
    """The appeal and its outcome, as a letter that prints."""
    return _detail(request, appeal_id, DecisionForm())


@page("receivables.decide_appeal", methods=["POST"])
@idempotent
def decide(request: AppRequest, appeal_id: int) -> HttpResponse:
    """The platform answers."""
    form = DecisionForm(request.POST)
    if form.is_valid():
        appeals.decide(
            appeal_id,
            lift=form.cleaned_data["decision"] == "lift",
            outcome=form.cleaned_data["outcome"],
            by=request.actor,
            at=request.at,
        )
        messages.success(request, _("Answered; the organisation reads it now."))
        return redirect("receivables:appeal", appeal_id)
    return _detail(request, appeal_id, form)


@page("receivables.appeal", methods=["POST"])
@idempotent
def withdraw(request: AppRequest, appeal_id: int) -> HttpResponse:
    """Take one's own appeal back."""
    appeals.take_back(appeal_id, by=request.actor, at=request.at)
    messages.success(request, _("The appeal is withdrawn."))
    return redirect("receivables:appeal", appeal_id)


def _sent(request: AppRequest, one: Appeal) -> HttpResponse:
    messages.success(request, _("The appeal is with the platform; you read here what it answers."))
    return redirect("receivables:appeal", one.pk)


def _form(request: AppRequest, form: AppealForm, rule: str, back: str) -> HttpResponse:
    belongs_to(request, reverse("receivables:duplicates"))
    context = {"form": form, "rule": FLAG_RULES[rule], "back": back, "workdays": appeals.WORKDAYS}
    return render(request, "receivables/appeal_form.html", context, status=422 if form.errors else 200)


def _detail(request: AppRequest, appeal_id: int, form: DecisionForm) -> HttpResponse:
    one = get_object_or_404(Appeal.objects.visible_to(request.actor), pk=appeal_id)
    belongs_to(request, reverse("receivables:duplicates"))
    context = {"sheet": appealing.sheet(one, request.actor, request.at), "form": form}
    return render(request, "receivables/appeal.html", context, status=422 if form.errors else 200)
