"""How allauth signs people in here: no open sign-up, our own limiter, known devices, one session's clock."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from yingshou.audit import events
from yingshou.identity import devices, places, signin
from yingshou.identity.limits_page import too_many
from yingshou.identity.middleware import LAST_SEEN_KEY, SIGNED_IN_KEY
from yingshou.identity.models import Person
from yingshou.identity.proofs import PASSWORD_KEY
from yingshou.tenancy.actor import Actor, ActorKind, acting_as
from yingshou.tenancy.addresses import client_address

_YEAR_SECONDS = 365 * 24 * 3600


class AccountAdapter(DefaultAccountAdapter):
    """Organisations register and administrators invite; nobody signs up alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: accounts come from a registration or an invitation."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """
        The address the limiter and the list of sessions keep.

        :raises PermissionDenied: if the connection has none
        """
        address = client_address(request)
        if address is None:
            raise PermissionDenied
        return address

    def pre_authenticate(self, request: Any, **credentials: Any) -> None:
        """Count the try before the password is tested; answers 429 when the tries are used up."""
        login = credentials.get("email") or credentials.get("username") or ""
        try:
            request.sign_in_attempt = signin.reserve(
                login=login,
                address=self.get_client_ip(request),
                device=request.COOKIES.get(signin.device_cookie_name(), ""),
                at=request.at,
            )
        except signin.TooManyTries as refusal:
            raise ImmediateHttpResponse(too_many(request, refusal.retry_after)) from refusal

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """Test the password; a right one takes its try back."""
        person = super().authenticate(request, **credentials)
        if person is not None:
            signin.succeeded(request.sign_in_attempt)
            request.session[PASSWORD_KEY] = int(time.time())
        return person

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """One page asks again, for whatever the person has."""
        return [{"id": "prove", "description": "", "url": reverse("identity:prove")}]

    def post_login(self, request: Any, user: Any, **kwargs: Any) -> HttpResponse:
        """Start the session's two clocks, remember the device, apply the person's language and text size."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        now = int(time.time())
        request.session[SIGNED_IN_KEY] = request.session[LAST_SEEN_KEY] = now
        is_known = signin.knows_device(request, user)
        signin.remember_device(request, response, user)
        keep_preferences(response, user)
        by = Actor(
            kind=ActorKind.PERSON, person_id=user.pk, request_id=request.actor.request_id, label=user.display_name
        )
        with acting_as(by), transaction.atomic():
            events.record_access(
                kind="identity.signed_in", by=by, at=request.at, object_type="identity.person", object_id=user.pk
            )
            device = devices.label_of(request.headers.get("User-Agent", ""))
            places.signed_in(
                user.pk,
                address=self.get_client_ip(request),
                device=device,
                is_known_device=is_known,
                by=by,
                at=request.at,
            )
        return response


def keep_preferences(response: HttpResponse, person: Person) -> None:
    """Put the person's language and text size into the cookies that the frame reads; says nothing where none was chosen."""
    chosen = {settings.LANGUAGE_COOKIE_NAME: person.language, settings.TEXT_SIZE_COOKIE_NAME: person.text_size}
    for name, value in chosen.items():
        if value:
            response.set_cookie(
                name, value, max_age=_YEAR_SECONDS, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
            )
