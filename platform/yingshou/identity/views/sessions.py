"""Where a person is signed in, and "it was not me"."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from allauth.account.forms import ResetPasswordForm
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from yingshou.identity import devices, places
from yingshou.identity.actions import people
from yingshou.identity.errors import LinkClosed
from yingshou.identity.middleware import LAST_SEEN_KEY
from yingshou.identity.models import Person
from yingshou.tenancy.guards import AppRequest, page

_MOST = 50


@page(signed_in=True, methods=["GET", "POST"])
def list_sessions(request: AppRequest) -> HttpResponse:
    """Every device the person is signed in on; sent, it ends all but this one."""
    rows = UserSession.objects.filter(user_id=request.actor.person_id).order_by("-created_at")
    if request.method == "POST":
        others = rows.exclude(session_key=request.session.session_key)
        for one in others:
            one.end()
        messages.success(request, _("All other devices are signed out."))
        return redirect("usersessions_list")
    shown = [found for row in rows[:_MOST] if (found := _shown(row, request.session.session_key)) is not None]
    shown.sort(key=lambda one: (not one["is_current"], -one["seen_at"].timestamp()))
    return render(request, "usersessions/usersession_list.html", {"sessions": shown})


@page(signed_in=True, methods=["POST"])
def not_me(request: AppRequest) -> HttpResponse:
    """Said on the list of devices: everything ends, this session too, and a new password is asked for by mail."""
    return _lock_out(request, Person.objects.get(pk=request.actor.person_id or 0))


@page(public=True, methods=["GET", "POST"])
def not_me_link(request: AppRequest, token: str) -> HttpResponse:
    """The same, by the link of the mail; it is asked before anything is done, because programs open links too."""
    person = places.person_of(token)
    if person is None:
        raise LinkClosed
    if request.method == "POST":
        return _lock_out(request, person)
    return render(request, "identity/not_me.html")


def _lock_out(request: AppRequest, person: Person) -> HttpResponse:
    people.lock_out_stranger(person_id=person.pk, by=request.actor, at=request.at)
    logout(request)
    form = ResetPasswordForm({"email": person.email})
    if form.is_valid():
        form.save(request)
    messages.success(
        request, _("Every session has ended and the password no longer works. We sent you a mail to set a new one.")
    )
    return redirect("account_login")


def _shown(row: Any, current: str | None) -> dict[str, Any] | None:
    """One line of the list; None where the session itself is gone."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(row.session_key)
    is_current = row.session_key == current
    seen = store.get(LAST_SEEN_KEY)
    if seen is None and not is_current:
        return None
    return {
        "pk": row.pk,
        "device": devices.label_of(row.user_agent),
        "address": devices.masked(row.ip),
        "since": row.created_at,
        "seen_at": datetime.fromtimestamp(seen, UTC) if seen else row.created_at,
        "is_current": is_current,
    }
