"""Pages for what goes wrong: what happened, why, who can change it, what to do next; never internals."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from yingshou.kernel.errors import DomainError
from yingshou.tenancy.backend.base import is_away

RETRY_SECONDS = "5"


def render_problem(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page of an anticipated error, with its status."""
    return render(request, "error.html", {"error": error, "status": error.status}, status=error.status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the request could not be read."""
    return _plain(request, HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: visible, but not allowed."""
    if isinstance(exception, DomainError):
        return render_problem(request, exception)
    return _plain(request, HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: the same for what does not exist and for what may not be seen."""
    return _plain(request, HTTPStatus.NOT_FOUND)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """429: too many attempts in a short time."""
    return _plain(request, HTTPStatus.TOO_MANY_REQUESTS)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form that is too old or came from elsewhere."""
    return render(request, "error.html", {"status": 403, "is_form_too_old": True}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is away: rendered without request, session, database or translations, any of which may be what failed."""
    if is_away(sys.exception()):
        away = HttpResponse(loader.render_to_string("503.html"), status=503, headers={"Retry-After": RETRY_SECONDS})
        away.is_database_away = True  # type: ignore[attr-defined]  # read by the middleware that asks once more
        return away
    return HttpResponse(loader.render_to_string("500.html"), status=500)


def _plain(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    return render(request, "error.html", {"status": status.value}, status=status.value)
