"""Registering an organisation: two pages, a link by mail, then the wait for staff."""

from datetime import date
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from yingshou.identity import labels, selectors
from yingshou.identity.actions import registration
from yingshou.identity.actions.registration import AdministratorDraft, OrganisationDraft, Upload
from yingshou.identity.errors import AlreadyRegistered
from yingshou.identity.forms import RegistrationEndForm, RegistrationForm
from yingshou.identity.models import OrganisationKind, OrganisationSize, Person, Region
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.clock import business_date
from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import parse_uscc, uscc_warnings
from yingshou.tenancy.guards import AppRequest, page

DRAFT_KEY = "registration"
_PERSON_FIELDS = ("username", "display_name", "email", "phone")


@page(public=True, methods=["GET", "POST"])
def register(request: AppRequest) -> HttpResponse:
    """First page: the organisation and its administrator. What was typed waits in the session, without password or file."""
    regions = selectors.region_choices(business_date(request.at))
    if request.method == "POST":
        form = RegistrationForm(request.POST, regions=regions)
        if form.is_valid():
            if registration.uscc_taken(form.cleaned_data["uscc"]):
                form.add_error("uscc", AlreadyRegistered.message)
            else:
                request.session[DRAFT_KEY] = _storable(form.cleaned_data)
                return redirect("identity:register_check")
    else:
        form = RegistrationForm(initial=request.session.get(DRAFT_KEY), regions=regions)
    status = 422 if form.is_bound else 200
    return render(request, "identity/register.html", {"form": form}, status=status)


@page(public=True, methods=["GET", "POST"])
@idempotent
def register_check(request: AppRequest) -> HttpResponse:
    """Last page: check the answers, add licence and password, hand in."""
    draft: dict[str, Any] | None = request.session.get(DRAFT_KEY)
    if draft is None:
        return redirect("identity:register")
    person = Person(**{name: draft[name] for name in ("username", "display_name", "email")})
    form = RegistrationEndForm(request.POST or None, request.FILES or None, person=person)
    if request.method == "POST" and form.is_valid():
        licence = form.cleaned_data["licence"]
        try:
            with transaction.atomic():
                _row, person = registration.register(
                    organisation=_organisation_draft(draft),
                    administrator=AdministratorDraft(
                        **{name: draft[name] for name in _PERSON_FIELDS}, password=form.cleaned_data["password1"]
                    ),
                    licence=[Upload(licence.name, licence.file)],
                    by=request.actor,
                    at=request.at,
                )
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            del request.session[DRAFT_KEY]
            send_confirmation(request, person)
            return redirect("identity:register_done")
    context = {"form": form, "rows": _answers(draft), "draft": draft}
    return render(request, "identity/register_check.html", context, status=422 if form.is_bound else 200)


@page(public=True)
def register_done(request: AppRequest) -> HttpResponse:
    """What happens next, by whom, by when."""
    return render(request, "identity/register_done.html")


@page(public=True)
def check_code(request: AppRequest) -> HttpResponse:
    """Fragment: whether a credit code is well formed and free, while it is being typed."""
    typed = request.GET.get("uscc", "")
    context: dict[str, Any] = {}
    if typed.strip():
        try:
            code = parse_uscc(typed)
        except DomainError as error:
            context["error"] = error
        else:
            context = {"taken": registration.uscc_taken(code), "warnings": uscc_warnings(code), "code": code}
    return render(request, "identity/register.html#code_answer", context)


def send_confirmation(request: HttpRequest, person: Person) -> None:
    """Send the link that confirms the address, once the registration is committed."""
    address = EmailAddress.objects.get(user=person, primary=True)
    transaction.on_commit(lambda: address.send_confirmation(request, signup=True))


def _storable(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in cleaned.items()}


def _organisation_draft(draft: dict[str, Any]) -> OrganisationDraft:
    fields = {name: value for name, value in draft.items() if name not in _PERSON_FIELDS}
    ends = fields.get("licence_expires_on")
    fields["licence_expires_on"] = date.fromisoformat(ends) if ends else None
    return OrganisationDraft(**fields)


def _answers(draft: dict[str, Any]) -> list[dict[str, Any]]:
    form = RegistrationForm(regions=[])
    region = Region.objects.filter(code=draft["region"]).first()
    shown = {
        **draft,
        "kind": OrganisationKind(draft["kind"]).label,
        "capabilities": "、".join(str(one) for one in labels.capability_labels(draft["capabilities"])),
        "region": str(region or ""),
        "size": OrganisationSize(draft["size"]).label if draft["size"] else "",
    }
    back = reverse("identity:register")
    return [
        {"label": form.fields[name].label, "value": shown[name] or None, "change_url": f"{back}#id_{name}"}
        for name in form.fields
    ]
