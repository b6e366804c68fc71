"""Reminders, departments and substitutes of a debtor, and passing a claim to whoever can answer it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from receivables import actions, answering, asking, sheets
from receivables.forms.ladder import DepartmentForm, PassOnForm, RulesForm, SubstituteForm
from receivables.models import Substitute
from receivables.sections import section_of
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.clock import business_date
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to


@page("receivables.see_ladder")
def overview(request: AppRequest) -> HttpResponse:
    """How the organisation is reminded, who answers where, who stands in for whom, how fast it answers."""
    own, today = request.actor.scope_id, business_date(request.at)
    contacts = {
        one.person_id: one.person.display_name
        for one in asking.colleagues(own, request.at, asking.ANSWERS, asking.CHECKS)
    }
    policy = asking.policy_of(own)
    rows = Substitute.objects.visible_to(request.actor).filter(ended_at__isnull=True, until_date__gte=today)
    context = {
        "policy": policy,
        "place": policy.department or _("accounts payable"),
        "second_contact": contacts.get(policy.second_contact_id or 0, ""),
        "departments": [(one, contacts.get(one.contact_id, "")) for one in asking.departments(own)],
        "substitutes": [
            (one, contacts.get(one.person_id, "–"), contacts.get(one.substitute_id, "–"), one.from_date <= today)
            for one in rows.order_by("from_date", "pk")
        ],
        "pace": answering.pace_of(own, request.at),
        "may_set": request.actor.may("receivables.set_ladder"),
        "may_name": request.actor.may("receivables.name_substitute") or request.actor.may("receivables.set_ladder"),
        "person_id": request.actor.person_id,
    }
    return render(request, "receivables/ladder.html", context)


@page("receivables.set_ladder", methods=["GET", "POST"])
@idempotent
def rules(request: AppRequest) -> HttpResponse:
    """The days of reminders, the second contact, and what suppliers read."""
    own = request.actor.scope_id
    known = asking.colleagues(own, request.at, asking.ANSWERS, asking.CHECKS)
    contacts = {one.person_id: one.person.display_name for one in known}
    form = (
        RulesForm(request.POST, contacts=contacts)
        if request.method == "POST"
        else RulesForm.showing(asking.policy_of(own), contacts)
    )
    title = _("Rules of reminding")
    done = _("Saved. Open claims follow these days from now on.")
    return _form(request, form, title, done, lambda: actions.set_policy(form.wish(), by=request.actor, at=request.at))


@page("receivables.set_ladder", methods=["GET", "POST"])
@idempotent
def department(request: AppRequest) -> HttpResponse:
    """Open a department that claims can be passed to."""
    people = asking.people(request.actor.scope_id, request.at)
    form = DepartmentForm(request.POST if request.method == "POST" else None, people=people)

    def act() -> object:
        said = form.cleaned_data
        return actions.open_department(said["name"], contact_id=said["contact"], by=request.actor, at=request.at)

    return _form(request, form, _("Open a department"), _("Claims can be passed to this department now."), act)


@page("receivables.set_ladder", methods=["POST"])
@idempotent
def close_department(request: AppRequest, department_id: int) -> HttpResponse:
    """Close a department."""
    actions.close_department(department_id, by=request.actor, at=request.at)
    messages.success(request, _("Closed. What was passed there stays with whoever was asked."))
    return redirect("receivables:ladder")


@page("receivables.see_ladder", methods=["GET", "POST"])
@idempotent
def substitute(request: AppRequest) -> HttpResponse:
    """Name who stands in; for oneself, or as an administrator for a colleague."""
    form = SubstituteForm(
        request.POST if request.method == "POST" else None,
        people=asking.people(request.actor.scope_id, request.at),
        own_id=request.actor.person_id,
        only_own=not request.actor.may("receivables.set_ladder"),
        today=business_date(request.at),
    )

    def act() -> object:
        said = form.cleaned_data
        return actions.name_substitute(
            person_id=said["person"],
            substitute_id=said["substitute"],
            from_date=said["from_date"],
            until_date=said["until_date"],
            by=request.actor,
            at=request.at,
        )

    return _form(request, form, _("Name a substitute"), _("To-dos and reminders go to both on these days."), act)


@page("receivables.see_ladder", methods=["POST"])
@idempotent
def end_substitute(request: AppRequest, substitute_id: int) -> HttpResponse:
    """End a substitution before its day."""
    actions.end_substitute(substitute_id, by=request.actor, at=request.at)
    messages.success(request, _("Ended. To-dos and reminders go to the one person again."))
    return redirect("receivables:ladder")


@page("receivables.confirm", methods=["GET", "POST"])
@idempotent
def pass_on(request: AppRequest, public_no: str) -> HttpResponse:
    """Not mine: pass a claim to the colleague or the department that can answer it."""
    own = request.actor.organisation_id
    row = get_object_or_404(sheets.rows(request.actor).filter(debtor_id=own), public_no=public_no)
    form = PassOnForm(
        request.POST if request.method == "POST" else None,
        people=asking.people(request.actor.scope_id, request.at),
        departments=asking.departments(request.actor.scope_id),
        own_id=request.actor.person_id,
    )
    if request.method == "POST" and form.is_valid():
        code, comment = form.cleaned_data["reason"]
        try:
            actions.pass_on(row.pk, form.target, reason_code=code, comment=comment, by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
        else:
            messages.success(request, _("Passed on. The time to answer goes on; the supplier sees where it waits."))
            return redirect("receivables:answer", row.public_no)
    belongs_to(request, section_of(row, own))
    context = {"row": row, "form": form, "stand": answering.stand_of(row, request.actor, request.at)}
    return render(request, "receivables/pass_on.html", context, status=422 if form.errors else 200)


def _form(request: AppRequest, form: Form, title: str, done: str, act: Callable[[], object]) -> HttpResponse:
    """A page with one form that leads back to the overview."""
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}".strip())
        else:
            messages.success(request, done)
            return redirect("receivables:ladder")
    belongs_to(request, reverse("receivables:ladder"))
    context = {"form": form, "title": title}
    return render(request, "receivables/ladder_form.html", context, status=422 if form.errors else 200)
