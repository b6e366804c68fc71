"""
The limiter of sign-in, in the database so that it holds when the cache is gone (G10, G14).

At most ten passwords are tested for one account in an hour, however many addresses try. A device that has signed in to this account before
carries a signed cookie and is counted apart, so that strangers' guesses never lock out the person herself.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase

from yingshou.identity import crypto
from yingshou.identity.models import Person, SignInAttempt

WINDOW = timedelta(hours=1)
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 100
DEVICE_AGE = timedelta(days=180)
_SALT = "yingshou.identity.device"
_LOGIN, _DEVICE, _ADDRESS = "identity.attempt.login", "identity.attempt.device", "identity.attempt.ip"


class TooManyTries(Exception):
    """The account or the address has used up its tries."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True)
class Attempt:
    """A try that was counted and may now be tested."""

    pk: int
    person_id: int | None


def device_cookie_name() -> str:
    """The cookie of known devices; with the prefix that ties it to the host where the session's cookie has it."""
    prefix = "__Host-" if settings.SESSION_COOKIE_NAME.startswith("__Host-") else ""
    return f"{prefix}yingshou_device"


def reserve(*, login: str, address: str, device: str, at: datetime) -> Attempt:
    """
    Count a try before its password is tested.

    :param login: what was typed as name or e-mail
    :param address: the network address it came from
    :param device: the value of the device cookie; empty if there is none
    :raises TooManyTries: if the hour's tries are used up; the password must then not be tested
    """
    typed = login.strip().lower()
    person_id = Person.objects.filter(Q(username=typed) | Q(email=typed)).values_list("pk", flat=True).first()
    # The account, not the spelling: name and e-mail of one person share their tries. Unknown names are counted alike.
    login_hmac = crypto.blind_index(f"person:{person_id}" if person_id else f"login:{typed}", field=_LOGIN)
    return _reserve(login_hmac, person_id=person_id, address=address, device=device, at=at)


def reserve_code(*, person_id: int, address: str, device: str, at: datetime) -> Attempt:
    """
    Count a code of a second factor before it is tested: as many an hour as passwords, and counted apart from them.

    :raises TooManyTries: if the hour's tries are used up; the code must then not be tested
    """
    login_hmac = crypto.blind_index(f"code:{person_id}", field=_LOGIN)
    return _reserve(login_hmac, person_id=person_id, address=address, device=device, at=at)


def _reserve(login_hmac: str, *, person_id: int | None, address: str, device: str, at: datetime) -> Attempt:
    device_hmac = _known_device(device, person_id)
    ip_hmac = crypto.blind_index(address or "unknown", field=_ADDRESS)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Parallel tries on one account wait for one another: each sees the rows of those before it.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [login_hmac])
        failed = SignInAttempt.objects.filter(ok=False, at__gt=at - WINDOW)
        _refuse_beyond(failed.filter(login_hmac=login_hmac, device_hmac=device_hmac), TRIES_PER_ACCOUNT, at)
        if not device_hmac:
            _refuse_beyond(failed.filter(ip_hmac=ip_hmac, device_hmac=""), TRIES_PER_ADDRESS, at)
        attempt = SignInAttempt.objects.create(login_hmac=login_hmac, device_hmac=device_hmac, ip_hmac=ip_hmac, at=at)
    return Attempt(pk=attempt.pk, person_id=person_id)


def succeeded(attempt: Attempt) -> None:
    """The password was right: the try no longer counts against the account."""
    SignInAttempt.objects.filter(pk=attempt.pk).update(ok=True)


def knows_device(request: HttpRequest, person: Person) -> bool:
    """Whether the person has signed in with this browser before."""
    return bool(_known_device(request.COOKIES.get(device_cookie_name(), ""), person.pk))


def remember_device(request: HttpRequest, response: HttpResponseBase, person: Person) -> None:
    """Mark this browser as one the person has signed in with."""
    known = request.COOKIES.get(device_cookie_name(), "")
    if _known_device(known, person.pk):
        return
    response.set_cookie(
        device_cookie_name(),
        signing.dumps({"p": person.pk, "d": secrets.token_urlsafe(16)}, salt=_SALT),
        max_age=DEVICE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_attempts(*, before: datetime) -> int:
    """Delete tries older than the instant; returns how many."""
    return SignInAttempt.objects.filter(at__lt=before).delete()[0]


def _refuse_beyond(tries: QuerySet[SignInAttempt], limit: int, at: datetime) -> None:
    recent = list(tries.order_by("-at").values_list("at", flat=True)[:limit])
    if len(recent) >= limit:
        raise TooManyTries(retry_after=recent[-1] + WINDOW - at)


def _known_device(cookie: str, person_id: int | None) -> str:
    """The blind index of a device that signed in to this very account before; empty for every other."""
    if not cookie or person_id is None:
        return ""
    try:
        content = signing.loads(cookie, salt=_SALT, max_age=DEVICE_AGE)
    except signing.BadSignature:
        return ""
    if content.get("p") != person_id:
        return ""
    return crypto.blind_index(str(content.get("d", "")), field=_DEVICE)
