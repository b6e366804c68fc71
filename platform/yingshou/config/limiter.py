"""Counts calls by the table of `yingshou.config.limits` and refuses the one too many."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from yingshou.config.limits import LIMITS, WINDOW_SECONDS, Kind, counted_as
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.addresses import client_address

# After Redis did not answer it is left alone for so long: nobody waits for it on every request.
_REST_SECONDS = 5.0


class TooManyCalls(DomainError):
    """The minute's calls of this class are used up."""

    code = "LIM-001"
    message = _("That was too often in a short time. Nothing was done.")
    cure = _("Try again in %(seconds)s seconds.")
    status = 429


class LimitMiddleware:
    """Stands where the person is known and before any view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._away_until = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        """Let pass up to the limit; the next call is told when to come again."""
        factor: float = settings.LIMIT_FACTOR
        if not factor:
            return None
        match = request.resolver_match
        kind = counted_as(match.view_name if match else "", request.method)
        limit = LIMITS[kind]
        if not limit.a_minute:
            return None
        now = time.time()
        person_id = None if limit.is_by_address else request.actor.person_id
        who = f"person:{person_id}" if person_id else f"address:{client_address(request)}"
        count = self._count(kind, who, int(now) // WINDOW_SECONDS)
        if count <= math.ceil(limit.a_minute * factor):
            return None
        return _refused(request, WINDOW_SECONDS - int(now) % WINDOW_SECONDS)

    def _count(self, kind: Kind, who: str, window: int) -> int:
        # Neither addresses nor persons are read back from a counter.
        key = hashlib.sha256(f"{settings.SECRET_KEY}:{kind}:{who}".encode()).hexdigest()
        if time.monotonic() >= self._away_until:
            try:
                return _in_redis(f"limit:{key}:{window}")
            except (RedisError, OSError):
                self._away_until = time.monotonic() + _REST_SECONDS
        return _in_database(key, window) if LIMITS[kind].fails_closed else 0


@lru_cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def _in_redis(key: str) -> int:
    pipe = _client(settings.REDIS_URL).pipeline(transaction=False)
    pipe.incr(key)
    pipe.expire(key, 2 * WINDOW_SECONDS)
    return int(pipe.execute()[0])


def _in_database(key: str, window: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("delete from identity_limitcount where minute < %s", [window - 1])
        cursor.execute(
            "insert into identity_limitcount (key, minute, count) values (%s, %s, 1) "
            "on conflict (key, minute) do update set count = identity_limitcount.count + 1 returning count",
            [key, window],
        )
        return int(cursor.fetchone()[0])


def _refused(request: Any, seconds: int) -> HttpResponseBase:
    refusal = TooManyCalls(seconds=seconds)
    status = HTTPStatus.TOO_MANY_REQUESTS
    response: HttpResponseBase
    if "json" in request.headers.get("Accept", ""):
        response = JsonResponse(refusal.as_dict(), status=status)
    else:
        response = render(request, "error.html", {"error": refusal, "status": status.value}, status=status)
    response.headers["Retry-After"] = str(seconds)
    return response
