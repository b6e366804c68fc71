"""
Who is acting in this request: the person of the session, through the membership in use, read anew on every request.

Reading it anew makes a withdrawn duty or a deactivated person effective on the next request (ASVS 8.3.2). One statement brings person,
memberships and organisations; nothing else of sign-in is read by a page.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from yingshou.identity import grants, sample_clock
from yingshou.identity.models import Membership, Person
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, ActorKind, Capability, Duty, acting_as

MEMBERSHIP_KEY = "membership_id"
SIGNED_IN_KEY = "signed_in_at"
LAST_SEEN_KEY = "last_seen_at"
# The session is written at most once in this many seconds to remember that somebody is there.
_SEEN_STEP_SECONDS = 60
# Pages ask here by themselves; that is no sign of a person.
_UNATTENDED = ("/jobs/", "/healthz", "/readyz", "/metrics")

STAFF_DUTIES = frozenset({Duty.SYSTEM_ADMINISTRATOR, Duty.SECURITY_ADMINISTRATOR, Duty.AUDIT_ADMINISTRATOR})


def actor_of(membership: Membership, request_id: str) -> Actor:
    """
    The actor a membership makes.

    Until its organisation is verified, and while it is suspended, only the administrator's work remains; the platform's three
    administrators exist in the operator's organisation alone.
    """
    organisation = membership.organisation
    duties, capabilities = membership.duty_set, organisation.capability_set
    if Capability.PLATFORM_OPERATOR not in capabilities:
        duties -= STAFF_DUTIES
    if not organisation.is_verified:
        duties &= {Duty.ADMINISTRATOR}
        capabilities = frozenset()
    return Actor(
        kind=ActorKind.PERSON,
        person_id=membership.person_id,
        organisation_id=membership.organisation_id,
        duties=duties,
        capabilities=capabilities,
        request_id=request_id,
        label=membership.person.display_name,
    )


def choose(memberships: list[Membership], wanted: object) -> Membership | None:
    """The membership in use: the one chosen, else the first of a verified organisation, else any."""
    for membership in memberships:
        if membership.pk == wanted:
            return membership
    verified = [membership for membership in memberships if membership.organisation.is_verified]
    return next(iter(verified or memberships), None)


class ActorMiddleware:
    """Sets `request.actor`, `request.memberships`, `request.membership` and `request.grants`, and binds the actor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known: Any = request
        if sample_clock.follow():
            known.at = clock.now()
        known.memberships = []
        known.membership = None
        person = self._person(known)
        if person is not None:
            known.membership = choose(known.memberships, request.session.get(MEMBERSHIP_KEY))
            if known.membership is None:
                known.actor = Actor(
                    kind=ActorKind.PERSON,
                    person_id=person.pk,
                    request_id=known.actor.request_id,
                    label=person.display_name,
                )
            else:
                known.actor = actor_of(known.membership, known.actor.request_id)
            known._cached_user = person
        known.grants = SimpleLazyObject(lambda: grants.of(known.actor, known.at))
        with acting_as(known.actor):
            return self.get_response(request)

    def _person(self, request: Any) -> Person | None:
        raw = request.session.get(SESSION_KEY)
        if raw is None:
            return None
        if ended := _ended(request.session):
            logout(request)
            messages.info(request, ended)
            return None
        person_id = int(raw)
        with acting_as(Actor(kind=ActorKind.PERSON, person_id=person_id, request_id=request.actor.request_id)):
            memberships = _memberships(person_id, request.at)
            person = memberships[0].person if memberships else Person.objects.filter(pk=person_id).first()
        if person is None or not person.is_active or not _session_holds(request.session, person):
            logout(request)
            return None
        request.memberships = memberships
        _seen(request)
        return person


def _memberships(person_id: int, at: datetime) -> list[Membership]:
    live = Membership.objects.live(at).filter(person_id=person_id).select_related("person", "organisation")
    with transaction.atomic():
        return list(live.order_by("organisation_id"))


def _session_holds(session: Any, person: Person) -> bool:
    """Whether the session was opened with the present password and by a backend that is still in use."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    given = session.get(HASH_SESSION_KEY) or ""
    return constant_time_compare(given, person.get_session_auth_hash()) or any(
        constant_time_compare(given, older) for older in person.get_session_auth_fallback_hash()
    )


def _ended(session: Any) -> str:
    """Why the session is over, in a sentence; empty while it is not. Real time, not the business clock."""
    now = int(time.time())
    if now - session.get(SIGNED_IN_KEY, now) >= settings.SESSION_ABSOLUTE_SECONDS:
        return _("You were signed out because a session lasts at most 12 hours. Sign in again to go on.")
    if now - session.get(LAST_SEEN_KEY, now) >= settings.SESSION_IDLE_SECONDS:
        return _("You were signed out after 30 minutes without activity. Sign in again to go on.")
    return ""


def _seen(request: Any) -> None:
    now = int(time.time())
    session = request.session
    if SIGNED_IN_KEY not in session:
        session[SIGNED_IN_KEY] = now
    if request.path.startswith(_UNATTENDED):
        return
    if now - session.get(LAST_SEEN_KEY, 0) >= _SEEN_STEP_SECONDS:
        session[LAST_SEEN_KEY] = now
