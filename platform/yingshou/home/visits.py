"""
The visit counter of the day (F002): distinct anonymous sessions per day in Shanghai, without following anybody.

A session is a random value in a cookie that ends with the day. It goes into a HyperLogLog of that day in Redis, from which no
value can be read back; programs that name themselves as such, and platform staff, are left out. A job keeps the day's number.
"""

from __future__ import annotations

import logging
import re
import secrets
from datetime import date, datetime, timedelta
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpResponseBase

from yingshou.home.models import DailyVisits
from yingshou.kernel.clock import business_date, start_of
from yingshou.tenancy.guards import AppRequest

logger = logging.getLogger(__name__)

COOKIE = "yingshou_visit"
# Long enough for a job that comes late, short enough that nothing lies about.
KEPT = timedelta(days=3)
_VALUE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PROGRAM = re.compile(
    r"bot|crawl|spider|slurp|scan|monitor|probe|curl|wget|python|java/|go-http|okhttp|headless|phantom|preview|fetch|"
    r"baiduspider|sogou|360spider|bytespider|yisou",
    re.IGNORECASE,
)


@lru_cache(maxsize=4)
def _server(url: str) -> redis.Redis:
    # A counter must never hold up a page.
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def _key(day: date) -> str:
    return f"visits:{day.isoformat()}"


def is_program(agent: str) -> bool:
    """Whether a user agent names a program, or nothing at all, rather than a browser of a person."""
    return not agent or _PROGRAM.search(agent) is not None


def count(request: AppRequest, response: HttpResponseBase) -> None:
    """
    Count the session that asked for a public page, once a day, and give it the day's cookie.

    Without Redis nothing is counted and the page is shown all the same.
    """
    if request.method != "GET" or request.actor.is_staff_organisation:
        return
    if is_program(request.headers.get("User-Agent", "")):
        return
    day = business_date(request.at)
    known = request.COOKIES.get(COOKIE, "")
    value = known if _VALUE.fullmatch(known) else secrets.token_hex(16)
    try:
        pipe = _server(settings.REDIS_URL).pipeline(transaction=False)
        pipe.pfadd(_key(day), value)
        pipe.expire(_key(day), KEPT)
        pipe.execute()
    except redis.RedisError:
        logger.warning("visit_not_counted")
        return
    if value != known:
        ends = start_of(day + timedelta(days=1))
        response.set_cookie(
            COOKIE,
            value,
            max_age=max(int((ends - request.at).total_seconds()), 1),
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )


def counted(day: date) -> int | None:
    """The day's number as Redis has it; None where it does not answer."""
    try:
        return int(_server(settings.REDIS_URL).pfcount(_key(day)))
    except redis.RedisError:
        return None


def shown(at: datetime) -> int | None:
    """
    Today's number for a page: what Redis has, or what was kept where Redis lost it, whichever is more.

    :returns: None where neither knows
    """
    day = business_date(at)
    kept = DailyVisits.objects.filter(pk=day).values_list("count", flat=True).first()
    numbers = [number for number in (counted(day), kept) if number is not None]
    return max(numbers, default=None)
