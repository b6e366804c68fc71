"""The outermost frame of a request: an anonymous actor until sign-in is known, guards enforced, errors made pages."""

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import get_resolver, resolve

from yingshou.kernel import clock
from yingshou.kernel.errors import DomainError, NotVisible
from yingshou.tenancy.actor import Actor, acting_as
from yingshou.tenancy.guards import READING

# What a proxy may hand us as a request id; anything else is replaced, so that logs cannot be forged.
_REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_USUAL = frozenset({"GET", "HEAD", "POST"})


class AnonymousActorMiddleware:
    """Binds an anonymous actor and the moment of the request. Stands before everything that queries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        actor = Actor.anonymous(request_id)
        request.actor = actor  # type: ignore[attr-defined]  # AppRequest
        request.at = clock.now()  # type: ignore[attr-defined]  # AppRequest
        with acting_as(actor):
            return self.get_response(request)


class DatabaseAwayMiddleware:
    """
    A reading that met a connection which a restart of the server had broken is asked once more, on a new one.

    Nothing is written by a reading, so asking twice is safe; whatever writes gets the answer 503 and its reader decides. Stands outside
    everything that queries.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if getattr(response, "is_database_away", False) and request.method in READING:
            connection.close()
            response = self.get_response(request)
        return response


class MethodMiddleware:
    """
    Refuses a method that an address does not take before a session or the database is asked.

    A view of ours takes what its guard names, one of a library GET, HEAD and POST. GET and HEAD go on to the guard unasked: nearly every
    request is one of them, and finding the view twice would cost them all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in READING:
            return self.get_response(request)
        try:
            view = resolve(request.path_info).func
        except Http404:
            return self.get_response(request)
        guard = getattr(view, "guard", None)
        allowed: frozenset[str] = guard.methods if guard is not None else _USUAL
        if request.method in allowed:
            return self.get_response(request)
        return HttpResponseNotAllowed(sorted(allowed))


class GuardMiddleware:
    """Refuses views without a guard and turns anticipated errors into pages that say what, why and what next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object) -> None:
        """
        Let guarded views pass, and the few of libraries that the settings name.

        :raises ImproperlyConfigured: for a view of ours that nobody guarded
        """
        if hasattr(view, "guard"):
            return
        match = request.resolver_match
        name = match.view_name if match else ""
        if any(name == known or name.startswith(known + ":") for known in settings.VIEWS_GUARDED_ELSEWHERE):
            return
        raise ImproperlyConfigured(f"the view {name or view!r} carries no guard")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Anticipated errors become a page with their status; everything else stays a bug and a 500."""
        if isinstance(exception, NotVisible):
            # The very page that an address without an object gets: the two must not differ by a byte.
            not_found: Callable[..., HttpResponseBase] = get_resolver().resolve_error_handler(
                HTTPStatus.NOT_FOUND.value
            )
            return not_found(request, exception=Http404())
        if isinstance(exception, DomainError):
            status = HTTPStatus(exception.status)
            return render(request, "error.html", {"error": exception, "status": status.value}, status=status.value)
        return None
