"""Registering an organisation: two pages, a link by mail, then the wait for staff."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from yingshou.drafts.actions import DraftTooLarge
from yingshou.drafts.forms import typed
from yingshou.identity import begun, labels, selectors
from yingshou.identity.actions import registration
from yingshou.identity.actions.registration import AdministratorDraft, OrganisationDraft, Upload
from yingshou.identity.errors import AlreadyRegistered
from yingshou.identity.forms import RegistrationEndForm, RegistrationForm
from yingshou.identity.models import OrganisationKind, OrganisationSize, Person, Region
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.clock import SHANGHAI, business_date
from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import parse_uscc, uscc_warnings
from yingshou.tenancy.guards import AppRequest, page

_PERSON_FIELDS = ("username", "display_name", "email", "phone")


@page(public=True, methods=["GET", "POST"])
def register(request: AppRequest) -> HttpResponse:
    """First page: the organisation and its administrator. What was typed waits in the session, encrypted, without password or file."""
    regions = selectors.region_choices(business_date(request.at))
    if request.method == "POST":
        _keep(request)
        form = RegistrationForm(request.POST, regions=regions)
        if form.is_valid():
            if registration.uscc_taken(form.cleaned_data["uscc"]):
                form.add_error("uscc", AlreadyRegistered.message)
            else:
                return redirect("identity:register_check")
        return render(request, "identity/register.html", {"form": form}, status=422)
    held = begun.kept(request.session)
    form = RegistrationForm(regions=regions)
    if held.restored is not None:
        form.initial = typed(form.fields, held.restored)
    return render(request, "identity/register.html", {"form": form, "begun": held})


@page(public=True, methods=["POST"])
def keep_registration(request: AppRequest) -> HttpResponse:
    """Keep the first page as it is; asked by its script after each change."""
    if not _keep(request):
        return JsonResponse({"words": DraftTooLarge().message_text}, status=DraftTooLarge.status)
    return JsonResponse({"words": _("Saved %(time)s") % {"time": f"{request.at.astimezone(SHANGHAI):%H:%M}"}})


@page(public=True, methods=["POST"])
def discard_registration(request: AppRequest) -> HttpResponse:
    """Forget what was typed."""
    begun.forget(request.session)
    messages.info(request, _("The draft is discarded."))
    return redirect("identity:register")


@page(public=True, methods=["GET", "POST"])
@idempotent
def register_check(request: AppRequest) -> HttpResponse:
    """Last page: check the answers, add licence and password, hand in. The answers are checked once more with what is known now."""
    first = RegistrationForm(
        begun.kept(request.session).restored, regions=selectors.region_choices(business_date(request.at))
    )
    if not first.is_valid():
        return redirect("identity:register")
    draft = first.cleaned_data
    person = Person(**{name: draft[name] for name in ("username", "display_name", "email")})
    form = RegistrationEndForm(request.POST or None, request.FILES or None, person=person)
    if request.method == "POST" and form.is_valid():
        licence = form.cleaned_data["licence"]
        try:
            with transaction.atomic():
                _row, person = registration.register(
                    organisation=OrganisationDraft(
                        **{name: value for name, value in draft.items() if name not in _PERSON_FIELDS}
                    ),
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
            begun.forget(request.session)
            send_confirmation(request, person)
            return redirect("identity:register_done")
    context = {"form": form, "rows": _answers(first), "draft": draft}
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


def _keep(request: AppRequest) -> bool:
    return begun.keep(request.session, {name: request.POST.getlist(name) for name in request.POST}, at=request.at)


def _answers(form: RegistrationForm) -> list[dict[str, Any]]:
    draft = form.cleaned_data
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
