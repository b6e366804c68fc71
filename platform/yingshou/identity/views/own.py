"""What every signed-in person has: the organisation's page, the switch, the profile, sessions, the bank accounts."""

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from yingshou.audit.selectors import timeline
from yingshou.identity import labels, selectors
from yingshou.identity.actions import accounts, people, registration
from yingshou.identity.adapter import keep_preferences
from yingshou.identity.errors import NotYours
from yingshou.identity.forms import BankAccountForm, CorrectionForm, ProfileForm
from yingshou.identity.middleware import MEMBERSHIP_KEY
from yingshou.identity.models import BankAccount, Organisation, OrganisationDetails, Person
from yingshou.identity.states import ORGANISATION
from yingshou.identity.support_pages import LOOKED_OBJECT
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.clock import business_date
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.guards import AppRequest, page


@page(signed_in=True)
def organisation(request: AppRequest) -> HttpResponse:
    """The own organisation: where its registration stands and whose turn it is, what it declared, its story."""
    if request.actor.organisation_id is None:
        return render(request, "identity/no_organisation.html")
    row = Organisation.objects.select_related("region").get(pk=request.actor.scope_id)
    context = {
        "organisation": row,
        "details": OrganisationDetails.objects.filter(pk=row.pk).first(),
        "capabilities": labels.capability_labels(row.capabilities),
        "may_correct": ORGANISATION.allows(row.state, "resubmit") and request.actor.may("identity.edit_organisation"),
        "may_see_accounts": request.actor.may("identity.read_accounts") and not request.actor.reads_only,
        "story": timeline("identity.organisation", row.pk, actor=request.actor),
        "looks": timeline(LOOKED_OBJECT, row.pk, actor=request.actor),
    }
    return render(request, "identity/organisation.html", context)


@page("identity.edit_organisation", methods=["GET", "POST"])
@idempotent
def correct(request: AppRequest) -> HttpResponse:
    """Correct a rejected registration and hand it in again."""
    row = get_object_or_404(Organisation, pk=request.actor.scope_id)
    details = get_object_or_404(OrganisationDetails, pk=row.pk)
    ORGANISATION.check(row.state, "resubmit")
    regions = selectors.region_choices(business_date(request.at))
    form = CorrectionForm(request.POST or None, request.FILES or None, regions=regions, initial=_declared(row, details))
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        licence = values.pop("licence")
        uploads = [registration.Upload(licence.name, licence.file)] if licence else []
        try:
            registration.correct(
                organisation_id=row.pk,
                draft=registration.OrganisationDraft(uscc=row.uscc, **values),
                licence=uploads,
                by=request.actor,
                at=request.at,
            )
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            messages.success(request, _("Handed in again; the platform's staff look at it next."))
            return redirect("identity:organisation")
    context = {"form": form, "organisation": row, "details": details}
    return render(request, "identity/correct.html", context, status=422 if form.is_bound else 200)


@page(signed_in=True, methods=["POST"])
def switch(request: AppRequest) -> HttpResponse:
    """Act for another organisation from now on; only memberships of the person herself can be chosen."""
    wanted = request.POST.get("membership", "")
    own = {str(membership.pk): membership for membership in request.memberships}  # type: ignore[attr-defined]  # set by ActorMiddleware
    if wanted not in own:
        raise NotYours
    request.session[MEMBERSHIP_KEY] = own[wanted].pk
    messages.info(request, _("You now act for %(organisation)s.") % {"organisation": own[wanted].organisation})
    # The page one came from may not exist for the other organisation; home always does.
    return redirect(settings.LOGIN_REDIRECT_URL)


@page(signed_in=True, methods=["GET", "POST"])
@idempotent
def profile(request: AppRequest) -> HttpResponse:
    """A person's own details, language and text size."""
    person = Person.objects.get(pk=request.actor.person_id or 0)
    initial = {
        "display_name": person.display_name,
        "language": person.language or settings.LANGUAGE_CODE,
        "text_size": person.text_size or "medium",
    }
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        person = people.change_profile(**form.cleaned_data, by=request.actor, at=request.at)
        messages.success(request, _("Your details are saved."))
        response = redirect("identity:profile")
        keep_preferences(response, person)
        return response
    context = {
        "form": form,
        "person": person,
        "duties": labels.duty_labels(request.actor.duties),
        "memberships": request.memberships,  # type: ignore[attr-defined]  # set by ActorMiddleware
    }
    return render(request, "identity/profile.html", context, status=422 if form.is_bound else 200)


@page(signed_in=True, methods=["POST"])
def end_session(request: AppRequest, session_id: int) -> HttpResponse:
    """Sign a device of the person out; it is a stranger on its next request. The device in use goes to the sign-in page."""
    session = UserSession.objects.filter(pk=session_id, user_id=request.actor.person_id).first()
    if session is None:
        raise NotYours
    is_this_device = session.session_key == request.session.session_key
    session.end()
    if is_this_device:
        # A new, empty session takes the place of the one that was deleted, so that there is something to save.
        logout(request)
        messages.info(request, _("You are signed out on this device."))
        return redirect("account_login")
    messages.success(request, _("That device is signed out."))
    return redirect("usersessions_list")


@page("identity.read_accounts")
def list_accounts(request: AppRequest) -> HttpResponse:
    """The organisation's bank accounts, numbers masked."""
    rows = BankAccount.objects.visible_to(request.actor).exclude(number_hmac="").order_by("-active", "bank_name", "pk")
    context = {
        "accounts": rows,
        "may_add": request.actor.may("identity.propose_account"),
        "may_reveal": request.actor.may("identity.reveal_account"),
    }
    return render(request, "identity/accounts.html", context)


@page("identity.propose_account", methods=["GET", "POST"], step_up=True)
@idempotent
def add_account(request: AppRequest) -> HttpResponse:
    """Enter a bank account; a second person checks it."""
    form = BankAccountForm(request.POST or None, initial={"account_name": _legal_name(request)})
    if request.method == "POST" and form.is_valid():
        try:
            accounts.propose_account(**form.cleaned_data, by=request.actor, at=request.at)
        except DomainError as error:
            form.add_error(None, f"{error.message_text} {error.cure_text}")
        else:
            messages.info(request, _("Submitted for checking; the account can be used once a colleague agrees."))
            return redirect("identity:accounts")
    return render(request, "identity/add_account.html", {"form": form}, status=422 if form.is_bound else 200)


@page("identity.reveal_account", methods=["POST"])
def reveal_account(request: AppRequest, account_id: int) -> HttpResponse:
    """Fragment: the whole account number; the showing is on record."""
    number = accounts.reveal_account(account_id=account_id, by=request.actor, at=request.at)
    return render(request, "identity/account_number.html", {"number": number})


@page(signed_in=True)
def find(request: AppRequest) -> HttpResponse:
    """Fragment: organisations of the directory that fit what was typed, as options of a list."""
    found = selectors.find_organisations(request.GET.get("q", ""), limit=12)
    return render(request, "identity/find.html", {"organisations": found})


def _legal_name(request: AppRequest) -> str:
    return Organisation.objects.values_list("name", flat=True).get(pk=request.actor.scope_id)


def _declared(row: Organisation, details: OrganisationDetails) -> dict[str, object]:
    return {
        "name": row.name,
        "short_name": row.short_name,
        "name_en": row.name_en,
        "kind": row.kind,
        "capabilities": row.capabilities,
        "region": row.region_id,
        "size": row.size,
        "industry": row.industry,
        "legal_representative": details.legal_representative,
        "address": details.address,
        "licence_expires_on": details.licence_expires_on,
    }
