"""
Proofs of identity within a session: when the second factor and the password were last proven, and the page that asks for them again.

An act that binds asks for a second factor proven within `STEP_UP_SECONDS`. The page that asks stands in for the act's own: it carries what
was typed there in hidden fields, is sent to the very same address, and the act goes on from it as if nobody had asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from yingshou.audit.events import record_access
from yingshou.identity import factors, signin
from yingshou.identity.errors import ProofNeeded
from yingshou.identity.forms import CodeProofForm, PasswordProofForm
from yingshou.identity.limits_page import too_many
from yingshou.identity.models import Membership, Person
from yingshou.tenancy.actor import ActorKind, Capability, Duty
from yingshou.tenancy.addresses import client_address
from yingshou.tenancy.guards import READING
from yingshou.tenancy.step_up import Proof

FACTOR_KEY = "factor_proven_at"
PASSWORD_KEY = "password_proven_at"  # noqa: S105 (the name of a note in the session)
# Names begin so that they cannot be those of an act's own fields.
PREFIX = "proof"
# What is never carried along: it belongs to the page that is sent, not to the act.
_OWN_FIELDS = frozenset({"csrfmiddlewaretoken"})
WEIGHTY = frozenset({Duty.CHECKER, Duty.SIGNER, Duty.ADMINISTRATOR})


def owes_factor(membership: Membership | None) -> bool:
    """Whether whoever acts through this membership must have a second factor: platform staff always, others by their organisation's word."""
    if membership is None:
        return False
    organisation = membership.organisation
    if Capability.PLATFORM_OPERATOR in organisation.capability_set:
        return True
    return organisation.requires_second_factor and bool(membership.duty_set & WEIGHTY)


def is_fresh(session: Any, key: str) -> bool:
    """Whether it was proven in this session, lately. Real time, not the business clock."""
    proven = session.get(key, 0)
    return isinstance(proven, int) and 0 <= time.time() - proven < settings.STEP_UP_SECONDS


def remember(request: HttpRequest, key: str) -> None:
    """Note the proof in the session and give the session a new name, so that one that was copied before is worth nothing."""
    request.session[key] = int(time.time())
    former = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=former).update(session_key=request.session.session_key)


def due(request: Any, proof: Proof) -> str:
    """Which form has to be filled in before an act: that of a code, that of the password, or none."""
    if request.actor.kind is not ActorKind.PERSON or is_fresh(request.session, FACTOR_KEY):
        return ""
    if factors.has_any(request.actor.person_id):
        return FACTOR_KEY
    if proof is Proof.ALWAYS and not is_fresh(request.session, PASSWORD_KEY):
        return PASSWORD_KEY
    return ""


def ask(request: Any, proof: Proof) -> HttpResponse | None:
    """The page that asks for a proof in place of an act; None where none is due or the request brought it along."""
    key = due(request, proof)
    if not key:
        return None
    if request.method in READING:
        return HttpResponseRedirect(f"{reverse('identity:prove')}?{urlencode({'next': request.get_full_path()})}")
    is_brought = any(name.startswith(f"{PREFIX}-") for name in request.POST)
    if not is_brought and (_is_of_a_script(request) or request.FILES):
        refusal = ProofNeeded(minutes=settings.STEP_UP_SECONDS // 60)
        if "json" in request.headers.get("Accept", ""):
            return JsonResponse(refusal.as_dict(), status=refusal.status)
        raise refusal
    answer = page(request, key, kept=list(_kept(request)), is_sent=is_brought)
    if answer is None:
        _take_out(request)
    return answer


def page(
    request: Any, key: str, *, kept: list[tuple[str, str]], is_sent: bool, following: str = ""
) -> HttpResponse | None:
    """
    The page with the form; None once the form that was sent proves it.

    :param key: what has to be proven
    :param kept: what the act's own form said, to be sent along
    :param is_sent: whether the form itself was sent
    :param following: where it goes on afterwards, where that is not this very address
    """
    person = request.user
    kind = CodeProofForm if key == FACTOR_KEY else PasswordProofForm
    form: CodeProofForm | PasswordProofForm = kind(request.POST if is_sent else None, prefix=PREFIX)
    if is_sent and form.is_valid():
        try:
            right = (
                _check_password(request, person, form)
                if isinstance(form, PasswordProofForm)
                else check_factor(request, person, form)
            )
        except signin.TooManyTries as refusal:
            return too_many(request, refusal.retry_after)
        if right:
            remember(request, key)
            return None
    context = {
        "form": form,
        "kept": kept,
        "following": following,
        "minutes": settings.STEP_UP_SECONDS // 60,
        "is_password": key == PASSWORD_KEY,
    } | passkey_context(person if key == FACTOR_KEY else None)
    # Nothing was done yet: the answer to a form that is not complete.
    status = HTTPStatus.OK if request.method in READING else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "identity/prove.html", context, status=status)


def passkey_context(person: Person | None) -> dict[str, str]:
    """What the script of a page needs to ask for a passkey of the person; empty where there is none."""
    if person is None or not factors.has_passkey(person.pk):
        return {"passkey_options": ""}
    return {"passkey_options": json.dumps(factors.begin_use_of_passkey(person))}


def check_factor(request: Any, person: Person, form: CodeProofForm) -> bool:
    """
    Test the code or the passkey that was sent, and say at the form if it is wrong.

    :raises TooManyTries: if too many codes were tried
    """
    credential = form.cleaned_data["credential"]
    if credential is not None:
        right = factors.use_passkey(person, credential) is not None
    else:
        attempt = signin.reserve_code(
            person_id=person.pk,
            address=client_address(request) or "",
            device=request.COOKIES.get(signin.device_cookie_name(), ""),
            at=request.at,
        )
        right = factors.use_code(person.pk, form.cleaned_data["code"], time.time()) is not None
        if right:
            signin.succeeded(attempt)
    if not right:
        form.add_error("code", _("This code is wrong, was used before or is too old. Wait for the next one."))
        _note_failure(request, person)
    return right


def _check_password(request: Any, person: Person, form: PasswordProofForm) -> bool:
    attempt = signin.reserve(
        login=person.username,
        address=client_address(request) or "",
        device=request.COOKIES.get(signin.device_cookie_name(), ""),
        at=request.at,
    )
    right = person.check_password(form.cleaned_data["password"])
    if right:
        signin.succeeded(attempt)
    else:
        form.add_error("password", _("The password is not right."))
        _note_failure(request, person)
    return right


def _note_failure(request: Any, person: Person) -> None:
    with transaction.atomic():
        record_access(
            kind="identity.proof_failed",
            by=request.actor,
            at=request.at,
            object_type="identity.person",
            object_id=person.pk,
        )


def _is_of_a_script(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers or "text/html" not in request.headers.get("Accept", "text/html")


def _kept(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name not in _OWN_FIELDS and not name.startswith(f"{PREFIX}-"):
            yield from ((name, str(value)) for value in values)


def _take_out(request: Any) -> None:
    """The act sees its own fields only."""
    own = request.POST.copy()
    for name in [name for name in own if name.startswith(f"{PREFIX}-")]:
        del own[name]
    own._mutable = False
    request.POST = own
