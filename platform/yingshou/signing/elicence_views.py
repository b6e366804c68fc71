"""Signing in, signing and linking with the electronic business licence: the code to scan, its states, the links of an organisation."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any, Final

import segno
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from yingshou.approvals.models import Approval
from yingshou.identity.middleware import MEMBERSHIP_KEY
from yingshou.jobs.idempotency import idempotent
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.signing import elicence_actions, elicence_providers
from yingshou.signing.approvals import PURPOSE as APPROVAL
from yingshou.signing.elicence import NobodyLinked, ServiceAway
from yingshou.signing.elicence_actions import Wanted
from yingshou.signing.elicence_models import AnswerState, AskedFor, LicenceHolder, LicenceRequest
from yingshou.signing.errors import RevocationUnknown
from yingshou.signing.keeping import Origin
from yingshou.signing.presenters import reader_language
from yingshou.tenancy.addresses import client_address
from yingshou.tenancy.guards import AppRequest, page
from yingshou.ui.sections import belongs_to

BROWSER_KEY: Final = "elicence_browser"
NEXT_KEY: Final = "elicence_next"
IDENTIFIED_KEY: Final = "elicence_identified"
MAX_CALL: Final = 256 * 1024


@page(public=True, methods=["GET", "POST"])
def sign_in(request: AppRequest) -> HttpResponse:
    """Sign in with the licence: what it is, and the button that makes the code."""
    if request.actor.is_signed_in:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if request.method != "POST":
        wanted = request.GET.get("next", "")
        return render(
            request, "signing/licence_sign_in.html", {"is_set_up": elicence_providers.is_set_up(), "next": wanted}
        )
    wanted = request.POST.get("next", "")
    request.session[NEXT_KEY] = wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""
    return _begin(request, AskedFor.SIGN_IN)


@page("signing.sign", methods=["POST"], step_up=True)
def sign(request: AppRequest, approval_id: int) -> HttpResponse:
    """Sign a submission with the licence."""
    return _begin(request, AskedFor.SIGN, purpose=APPROVAL, object_id=approval_id)


@page(signed_in=True, methods=["POST"])
def link(request: AppRequest) -> HttpResponse:
    """Show the licence, so that an administrator can link it to this account."""
    if request.actor.organisation_id is None:
        raise NotVisible
    return _begin(request, AskedFor.LINK)


@page(public=True, methods=["GET", "POST"])
def wait(request: AppRequest, reference: str) -> HttpResponse:
    """The code to scan and how it stands; a POST asks the service and goes on once the holder confirmed."""
    row = elicence_actions.of_browser(reference, _browser(request), by=request.actor)
    problem: DomainError | None = None
    if request.method == "POST":
        try:
            row = _looked(request, row)
        except (ServiceAway, RevocationUnknown) as error:
            problem = error
        if row.answer == AnswerState.CONFIRMED and row.failure is None:
            try:
                return _moved(request, _use(request, row))
            except DomainError as error:
                elicence_actions.fail(reference, error, by=request.actor)
                row = elicence_actions.of_browser(reference, _browser(request), by=request.actor)
        if problem is None and not request.htmx:  # type: ignore[attr-defined]  # set by django-htmx
            return redirect("signing:licence_wait", reference)
    template = "signing/licence_wait.html#standing" if request.htmx else "signing/licence_wait.html"  # type: ignore[attr-defined]  # as above
    with transaction.atomic():
        return render(request, template, _shown(request, row, problem))


@csrf_exempt
@page(public=True, methods=["POST"])
def call(request: AppRequest, provider: str) -> HttpResponse:
    """The service's own call: a request was answered."""
    if not elicence_providers.is_set_up() or provider not in dict(elicence_providers.PROVIDERS.items()):
        raise NotVisible
    if len(request.body) > MAX_CALL:
        raise NotVisible
    status = elicence_providers.PROVIDERS.get(provider).read_call(request.body, at=request.at)
    try:
        elicence_actions.take(provider, status, by=request.actor, at=request.at)
    except (ServiceAway, RevocationUnknown):
        # Its answer is good only with its lists; the browser, or the minute's job, asks again.
        return JsonResponse({"taken": False}, status=202)
    return JsonResponse({"taken": True})


@page(signed_in=True)
def links(request: AppRequest) -> HttpResponse:
    """Who of the organisation holds its licence; what waits for an administrator; one's own."""
    if request.actor.organisation_id is None:
        raise NotVisible
    rows = LicenceHolder.objects.visible_to(request.actor).select_related("person").order_by("-pk")[:200]
    context = {
        "rows": list(rows),
        "may_decide": request.actor.may("identity.manage_people"),
        "person_id": request.actor.person_id,
        "is_set_up": elicence_providers.is_set_up(),
        "identified": bool(request.session.get(IDENTIFIED_KEY)),
    }
    return render(request, "signing/licence_links.html", context)


@page(signed_in=True, methods=["POST"])
@idempotent
def use_identified(request: AppRequest) -> HttpResponse:
    """Link the licence that was shown before signing in with the password."""
    reference = request.session.get(IDENTIFIED_KEY) or ""
    row = elicence_actions.of_browser(reference, _browser(request), by=request.actor)
    elicence_actions.ask_link(row.reference, by=request.actor, at=request.at)
    request.session.pop(IDENTIFIED_KEY, None)
    messages.success(request, _asked_words())
    return redirect("signing:licence_links")


@page(signed_in=True, methods=["POST"], step_up=True)
@idempotent
def decide(request: AppRequest, holder_id: int) -> HttpResponse:
    """Link, decline or end."""
    event = request.POST.get("decision", "")
    if event not in ("link", "decline", "end"):
        raise NotVisible
    row = elicence_actions.decide_link(holder_id, event, by=request.actor, at=request.at)
    said = {
        "link": _("%(name)s can now sign in, and sign with the duty signer, with the electronic licence."),
        "decline": _("Declined; %(name)s cannot use the electronic licence here."),
        "end": _("Ended; %(name)s can no longer use the electronic licence here."),
    }[event]
    messages.success(request, said % {"name": row.person.display_name})
    return redirect("signing:licence_links")


def _begin(
    request: AppRequest, asked_for: AskedFor, *, purpose: str = "", object_id: int | None = None
) -> HttpResponse:
    origin = Origin(device=request.headers.get("User-Agent", ""), ip=client_address(request))
    request.session.setdefault(BROWSER_KEY, secrets.token_urlsafe(32))
    wanted = Wanted(asked_for, _browser(request), purpose=purpose, object_id=object_id, origin=origin)
    reference = elicence_actions.begin(wanted, by=request.actor, at=request.at)
    # Where the service does not answer, the page says so, and its button tries again.
    with contextlib.suppress(ServiceAway):
        elicence_actions.open_at_service(reference, by=request.actor, at=request.at)
    return redirect("signing:licence_wait", reference)


def _looked(request: AppRequest, row: LicenceRequest) -> LicenceRequest:
    if not row.provider_no:
        elicence_actions.open_at_service(row.reference, by=request.actor, at=request.at)
    return elicence_actions.look(row.reference, by=request.actor, at=request.at)


def _use(request: AppRequest, row: LicenceRequest) -> HttpResponse:
    """What was wanted, now that the holder confirmed."""
    if row.asked_for == AskedFor.SIGN_IN:
        return redirect(settings.LOGIN_REDIRECT_URL) if request.actor.is_signed_in else _signed_in(request, row)
    if row.used_at is not None:
        return redirect(_after(row))
    if row.asked_for == AskedFor.SIGN:
        elicence_actions.sign(row.reference, by=request.actor, at=request.at)
        return redirect(_after(row))
    elicence_actions.ask_link(row.reference, by=request.actor, at=request.at)
    messages.success(request, _asked_words())
    return redirect(_after(row))


def _after(row: LicenceRequest) -> str:
    if row.asked_for == AskedFor.SIGN:
        return reverse("signing:result", args=[row.object_id])
    return reverse("signing:licence_links")


def _signed_in(request: AppRequest, row: LicenceRequest) -> HttpResponse:
    try:
        membership = elicence_actions.sign_in(row.reference, by=request.actor, at=request.at)
    except NobodyLinked:
        request.session[IDENTIFIED_KEY] = row.reference
        raise
    request.session[MEMBERSHIP_KEY] = membership.pk
    wanted = request.session.pop(NEXT_KEY, "") or settings.LOGIN_REDIRECT_URL
    # A second factor, where the person has one, is asked for as after a password.
    answer: HttpResponse = perform_login(request, membership.person, redirect_url=wanted)
    return answer


def _moved(request: AppRequest, answer: HttpResponse) -> HttpResponse:
    """Lead the whole page on, also where only a part of it asked."""
    if request.htmx and answer.status_code in (301, 302, 303):  # type: ignore[attr-defined]  # set by django-htmx
        answer.headers["HX-Redirect"] = answer.headers["Location"]
        answer.status_code = 200
        del answer.headers["Location"]
    return answer


def _shown(request: AppRequest, row: LicenceRequest, problem: DomainError | None) -> dict[str, Any]:
    failure: dict[str, Any] = row.failure or (problem.as_dict() if problem else {})
    language = reader_language()
    left = max(0, int((row.expires_at - request.at).total_seconds()))
    waiting = not row.answer and left > 0
    state = "failed" if row.failure else "waiting" if waiting else row.answer.lower() or "over"
    if row.asked_for != AskedFor.SIGN_IN:
        belongs_to(request, reverse("approvals:inbox" if row.asked_for == AskedFor.SIGN else "signing:licence_links"))
    approval = Approval.objects.visible_to(request.actor).filter(pk=row.object_id).first() if row.object_id else None
    return {
        "row": row,
        "approval": approval,
        "state": state if row.provider_no or state != "waiting" else "away",
        "left": left,
        "picture": segno.make(row.code, error="m").svg_data_uri(scale=5, border=4, light="#fff")
        if row.code and waiting
        else "",
        "code": failure.get("code", ""),
        "message": failure.get(f"message_{language}", ""),
        "cure": failure.get(f"cure_{language}", ""),
        "is_nobody_linked": failure.get("code") == NobodyLinked.code,
        "frame_template": "base.html" if request.actor.is_signed_in else "bare.html",
    }


def _browser(request: AppRequest) -> str:
    return str(request.session.get(BROWSER_KEY) or "")


def _asked_words() -> str:
    return _("Asked for. An administrator of your organisation agrees; until then you sign in with your password.")
