"""The second factor: setting it up, proving it at sign-in and before acts that bind, signing in with a passkey alone."""

import json
import time
from http import HTTPStatus
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from yingshou.identity import crypto, factors, proofs, signin
from yingshou.identity.actions import factors as actions
from yingshou.identity.forms import AppForm, CodeProofForm, PasskeyForm
from yingshou.identity.limits_page import too_many
from yingshou.identity.mfa_adapter import SECRET
from yingshou.jobs.idempotency import idempotent
from yingshou.tenancy.guards import READING, AppRequest, page
from yingshou.tenancy.step_up import Proof

_SECRET_KEY = "new_app_secret"  # noqa: S105 (the name of a note in the session)


@page(signed_in=True)
def security(request: AppRequest) -> HttpResponse:
    """What the person can prove herself with, and whether she must."""
    context = {
        "factors": factors.of(request.actor.person_id or 0),
        "is_required": proofs.owes_factor(_membership(request)),
    }
    return render(request, "identity/security.html", context)


@page(signed_in=True, methods=["GET", "POST"], step_up=Proof.ALWAYS)
def add_app(request: AppRequest) -> HttpResponse:
    """Set an authenticator app up: scan the picture or type the secret, then the code that the app shows."""
    person: Any = request.user
    kept = request.session.get(_SECRET_KEY, "")
    secret = crypto.decrypt(kept, field=SECRET) if kept and request.method not in READING else factors.new_secret()
    form = AppForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            attempt = _count(request)
        except signin.TooManyTries as refusal:
            return too_many(request, refusal.retry_after)
        step = factors.step_of(secret, form.cleaned_data["code"], time.time())
        if step is not None:
            signin.succeeded(attempt)
            actions.add_app(person_id=person.pk, secret=secret, step=step, by=request.actor, at=request.at)
            del request.session[_SECRET_KEY]
            return _added(request, _("Your authenticator app is set up."))
        form.add_error("code", _("This is not the code that the app shows now. Is the phone's clock right?"))
    # Only encrypted: sessions are stored.
    request.session[_SECRET_KEY] = crypto.encrypt(secret, field=SECRET)
    grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    context = {"form": form, "picture": factors.picture(person, secret), "secret": grouped}
    return render(request, "identity/add_app.html", context, status=422 if form.is_bound else 200)


@page(signed_in=True, methods=["GET", "POST"], step_up=Proof.ALWAYS)
def add_passkey(request: AppRequest) -> HttpResponse:
    """Make a passkey on this device or on a security key."""
    person: Any = request.user
    form = PasskeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        credential = form.cleaned_data["credential"]
        if credential and factors.new_passkey(credential):
            actions.add_passkey(
                person_id=person.pk,
                name=form.cleaned_data["name"] or _("Passkey"),
                credential=credential,
                by=request.actor,
                at=request.at,
            )
            return _added(request, _("The passkey is added."))
        form.add_error(None, _("The device did not confirm the passkey. Try again."))
    context = {"form": form, "options": json.dumps(factors.begin_passkey(person))}
    return render(request, "identity/add_passkey.html", context, status=422 if form.is_bound else 200)


@page(signed_in=True, methods=["POST"], step_up=Proof.ALWAYS)
@idempotent
def remove_factor(request: AppRequest, factor_id: int) -> HttpResponse:
    """Remove one factor."""
    person_id = request.actor.person_id or 0
    actions.remove(
        person_id=person_id,
        factor_id=factor_id,
        is_required=any(proofs.owes_factor(one) for one in request.memberships),  # type: ignore[attr-defined]  # set by ActorMiddleware
        by=request.actor,
        at=request.at,
    )
    if not factors.has_any(person_id):
        request.session.pop(proofs.FACTOR_KEY, None)
    messages.success(request, _("Removed; it can no longer be used to sign in."))
    return redirect("identity:security")


@page(signed_in=True, methods=["POST"], step_up=Proof.ALWAYS)
def recovery_codes(request: AppRequest) -> HttpResponse:
    """Make new recovery codes and show them, this once."""
    codes = actions.new_codes(person_id=request.actor.person_id or 0, by=request.actor, at=request.at)
    return render(request, "identity/recovery_codes.html", {"codes": [f"{code[:4]} {code[4:]}" for code in codes]})


@page(signed_in=True, methods=["GET", "POST"])
def prove(request: AppRequest) -> HttpResponse:
    """Prove the second factor, then go on to the page one came from."""
    following = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()}):
        following = "/"
    key = proofs.due(request, Proof.ALWAYS)
    if not key:
        return HttpResponseRedirect(following)
    answer = proofs.page(request, key, kept=[], is_sent=request.method == "POST", following=following)
    return answer if answer is not None else HttpResponseRedirect(following)


@page(public=True, methods=["GET", "POST"])
def second_factor(request: AppRequest) -> HttpResponse:
    """Between the password and the session: a code or a passkey of the person whose password was right."""
    stage = None if request.actor.is_signed_in else LoginStageController.enter(request, AuthenticateStage.key)
    if stage is None:
        return redirect("account_login")
    person = stage.login.user
    form = CodeProofForm(request.POST if request.method == "POST" else None, prefix=proofs.PREFIX)
    if request.method == "POST" and form.is_valid():
        try:
            right = proofs.check_factor(request, person, form)
        except signin.TooManyTries as refusal:
            return too_many(request, refusal.retry_after)
        if right:
            # The session gets a new name where it becomes the person's.
            request.session[proofs.FACTOR_KEY] = int(time.time())
            response: HttpResponse = stage.exit()
            return response
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"form": form, "is_sign_in": True} | proofs.passkey_context(person)
    return render(request, "identity/prove.html", context, status=status)


@page(public=True, methods=["GET", "POST"])
def passkey_sign_in(request: AppRequest) -> HttpResponse:
    """Sign in with a passkey alone: it holds both, the device and what unlocks it. GET gives the script its challenge."""
    if request.method != "POST":
        return JsonResponse(factors.begin_use_of_passkey(None))
    form = PasskeyForm(request.POST)
    credential = form.cleaned_data["credential"] if form.is_valid() else None
    found = factors.use_passkey(None, credential) if credential else None
    if found is None:
        messages.error(request, _("This passkey is not known here. Sign in with name and password."))
        return redirect("account_login")
    request.session[proofs.FACTOR_KEY] = int(time.time())
    login = Login(user=found.user, redirect_url=_following(request) or None)
    response: HttpResponse = perform_passwordless_login(request, found, login)
    return response


@page("identity.sign_in_policy", methods=["POST"], step_up=True)
@idempotent
def second_factor_policy(request: AppRequest) -> HttpResponse:
    """Require a second factor of everyone who checks, signs or administers, or leave it to each."""
    required = request.POST.get("required") == "yes"
    actions.require_second_factor(required=required, by=request.actor, at=request.at)
    messages.success(
        request,
        _("From their next page on, everyone who checks, signs or administers needs a second factor.")
        if required
        else _("The second factor is left to each person."),
    )
    return redirect("identity:people")


def _membership(request: Any) -> Any:
    return request.membership


def _following(request: AppRequest) -> str:
    wanted = request.POST.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}) else ""


def _count(request: AppRequest) -> signin.Attempt:
    return signin.reserve_code(
        person_id=request.actor.person_id or 0,
        address=get_adapter().get_client_ip(request),
        device=request.COOKIES.get(signin.device_cookie_name(), ""),
        at=request.at,
    )


def _added(request: AppRequest, sentence: str) -> HttpResponse:
    """A factor that was just proven counts as proven; whoever has no recovery codes is led to them."""
    proofs.remember(request, proofs.FACTOR_KEY)
    messages.success(request, sentence)
    return redirect("identity:security")
