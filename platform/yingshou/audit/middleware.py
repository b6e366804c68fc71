"""Writes an access event for every denied call of a signed-in person, after the request's own work is over."""

from collections.abc import Callable
from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from yingshou.audit.events import record_access
from yingshou.tenancy.actor import acting_as

DENIED = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class AccessEventMiddleware:
    """Stands inside the middleware that knows the actor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        self._leave_notes(request)
        actor = request.actor  # type: ignore[attr-defined]  # AppRequest
        if response.status_code in DENIED and actor.is_signed_in and request.resolver_match is not None:
            # A transaction of its own: the actor is bound to transactions, and the request's work is over.
            with acting_as(actor), transaction.atomic():
                record_access(
                    kind=f"denied.{response.status_code}",
                    by=actor,
                    at=request.at,  # type: ignore[attr-defined]  # AppRequest
                    # The route, not the path: a path may carry what the caller guessed.
                    body={"view": request.resolver_match.view_name, "method": request.method},
                )
        return response

    def _leave_notes(self, request: HttpRequest) -> None:
        """Write what a reading leaves behind: `request.afterwards`, an actor and what to do as that actor."""
        actor, note = getattr(request, "afterwards", (None, None))
        if actor is not None and note is not None:
            with acting_as(actor), transaction.atomic():
                note()
