"""
The second factors of a person: an authenticator app, passkeys, recovery codes; kept in allauth's table, checked here.

A code of an app counts once: the step of time it belongs to is stored with the secret, under a lock, so that a code that was read along is
worth nothing even while it is valid, and even when the cache is lost. A clock may be one step (30 seconds) off.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import segno
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction

from yingshou.identity.models import Person

APP, PASSKEY, CODES = "totp", "webauthn", "recovery_codes"
STEP_SECONDS = 30
_DRIFT = (-1, 0, 1)


@dataclass(frozen=True)
class Factors:
    """
    What a person can prove herself with.

    :param codes_left: unused recovery codes; None where none were ever made
    """

    app: Authenticator | None
    passkeys: Sequence[Authenticator]
    codes_left: int | None

    @property
    def count(self) -> int:
        """How many there are beside the recovery codes, which only stand in for them."""
        return len(self.passkeys) + (self.app is not None)


def of(person_id: int) -> Factors:
    """All factors of a person."""
    rows = list(Authenticator.objects.filter(user_id=person_id).order_by("pk"))
    by_kind: dict[str, list[Any]] = {APP: [], PASSKEY: [], CODES: []}
    for row in rows:
        by_kind[row.type].append(row)
    codes = by_kind[CODES]
    return Factors(
        app=next(iter(by_kind[APP]), None),
        passkeys=by_kind[PASSKEY],
        codes_left=len(RecoveryCodes(codes[0]).get_unused_codes()) if codes else None,
    )


def has_any(person_id: int) -> bool:
    """Whether the person has a second factor at all."""
    return bool(Authenticator.objects.filter(user_id=person_id, type__in=[APP, PASSKEY]).exists())


def has_passkey(person_id: int) -> bool:
    """Whether one of them is a passkey."""
    return bool(Authenticator.objects.filter(user_id=person_id, type=PASSKEY).exists())


def code_at(secret: str, now: float) -> str:
    """The code that an app with this secret shows at a second of the Unix clock."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(now) // STEP_SECONDS)))


def secrets_of_apps(usernames: Sequence[str]) -> dict[str, str]:
    """The secrets of the apps of people by sign-in name. For the sample city, which prints them."""
    rows = Authenticator.objects.filter(user__username__in=usernames, type=APP).select_related("user")
    return {row.user.username: get_adapter().decrypt(row.data["secret"]) for row in rows}


def new_secret() -> str:
    """A secret for an app: 160 random bits in base 32."""
    return str(totp.generate_totp_secret())


def picture(person: Person, secret: str) -> str:
    """The QR code that an app reads, as the address of an image."""
    url = get_adapter().build_totp_url(person, secret)
    return str(segno.make(url, error="m").svg_data_uri(scale=5, border=4, light="#fff"))


def step_of(secret: str, code: str, now: float, after: int = 0) -> int | None:
    """
    The step of time a code belongs to.

    :param after: the last step that was used; only later ones count
    """
    found = None
    for drift in _DRIFT:
        step = int(now) // STEP_SECONDS + drift
        expected = totp.format_hotp_value(totp.hotp_value(secret, step))
        if hmac.compare_digest(expected.encode(), code.encode()) and step > after:
            found = step
    return found


@transaction.atomic
def use_code(person_id: int, typed: str, now: float) -> Authenticator | None:
    """Use a code of the app or a recovery code up; None if it is neither, or was used before. Count the try first."""
    code = "".join(sign for sign in typed if sign.isalnum())
    rows = Authenticator.objects.select_for_update().filter(user_id=person_id, type__in=[APP, CODES])
    for row in rows.order_by("pk"):
        right = _use_step(row, code, now) if row.type == APP else RecoveryCodes(row).validate_code(code)
        if right:
            row.record_usage()
            return row
    return None


def _use_step(row: Authenticator, code: str, now: float) -> bool:
    step = step_of(get_adapter().decrypt(row.data["secret"]), code, now, row.data.get("last_step", 0))
    if step is None:
        return False
    row.data["last_step"] = step
    row.save(update_fields=["data"])
    return True


def begin_passkey(person: Any) -> Any:
    """What the browser needs to make a passkey; its challenge waits in the session."""
    return webauthn.begin_registration(person, passwordless=True)["publicKey"]


def begin_use_of_passkey(person: Any | None) -> Any:
    """What the browser needs to use a passkey; without a person, any that it knows for this site."""
    return webauthn.begin_authentication(person)["publicKey"]


def new_passkey(credential: Any) -> bool:
    """Whether the browser's answer is a passkey made for this session's challenge, with the person verified."""
    try:
        webauthn.parse_registration_response(credential)
        return bool(webauthn.complete_registration(credential).is_user_verified())
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return False


def use_passkey(person: Any | None, credential: Any) -> Authenticator | None:
    """The passkey that signed this session's challenge; None if none of the person's did."""
    try:
        webauthn.parse_authentication_response(credential)
        owner = person if person is not None else webauthn.extract_user_from_response(credential)
        return webauthn.complete_authentication(owner, credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return None
