"""
Fingerprints of invoices (N02, exact part): is an invoice free, partly used or used on the whole platform?

The table holds keyed hashes only and is reached only through SQL functions; nobody, not even with the database in hand and
without the key, learns whose invoice it is, and nobody is told who else uses it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.db import connection

from yingshou.kernel.identifiers import invoice_key
from yingshou.kernel.money import to_minor

_BLOCK = 64


class Answer(StrEnum):
    """All that anybody learns about an invoice."""

    FREE = "FREE"
    PARTLY_USED = "PARTLY_USED"
    USED = "USED"


@dataclass(frozen=True)
class Use:
    """A part of an invoice, by its digest."""

    digest: bytes
    used_amount: Decimal
    gross_amount: Decimal


def digest(code: str, number: str, seller_uscc: str) -> bytes:
    """The fingerprint of an invoice: HMAC-SHA-256 of its duplicate key."""
    return hmac.new(settings.YINGSHOU_HMAC_KEY, invoice_key(code, number, seller_uscc).encode(), sha256).digest()


def owner_digest(seller_uscc: str) -> bytes:
    """Tells whether two uses come from one seller, not who that is."""
    return hmac.new(settings.YINGSHOU_HMAC_KEY, f"seller:{seller_uscc}".encode(), sha256).digest()


@lru_cache(maxsize=4)
def _pads(key: bytes) -> tuple[bytes, bytes]:
    block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def pads() -> Mapping[str, bytes]:
    """The two padded keys with which SQL computes the same digests for a whole chunk (`receivables_hmac`)."""
    inner, outer = _pads(settings.YINGSHOU_HMAC_KEY)
    return {"inner_pad": inner, "outer_pad": outer}


def take(uses: Sequence[Use], *, seller_uscc: str) -> dict[bytes, Answer]:
    """
    Use parts of invoices, all or nothing per invoice, in the caller's transaction.

    USED means that it was not taken: too little is left, or another seller has it.
    """
    if not uses:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select digest, answer from receivables_fingerprint_take(%s::bytea[], %s::bigint[], %s::bigint[], %s)",
            [
                [use.digest for use in uses],
                [to_minor(use.used_amount) for use in uses],
                [to_minor(use.gross_amount) for use in uses],
                owner_digest(seller_uscc),
            ],
        )
        return {bytes(one): Answer(answer) for one, answer in cursor.fetchall()}


def free(uses: Sequence[tuple[bytes, Decimal]], *, seller_uscc: str) -> int:
    """Give parts of invoices back when a receivable is taken back."""
    if not uses:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "select receivables_fingerprint_free(%s::bytea[], %s::bigint[], %s)",
            [
                [bytes(one) for one, _amount in uses],
                [to_minor(amount) for _one, amount in uses],
                owner_digest(seller_uscc),
            ],
        )
        return int(cursor.fetchone()[0])


def ask(digests: Sequence[bytes]) -> dict[bytes, Answer]:
    """How far invoices are used, without using them."""
    if not digests:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select digest, answer from receivables_fingerprint_ask(%s::bytea[])", [[bytes(one) for one in digests]]
        )
        return {bytes(one): Answer(answer) for one, answer in cursor.fetchall()}


def reduce(one: bytes, amount: Decimal, *, seller_uscc: str) -> bool:
    """Make a blue invoice smaller by a red-letter one; False where more than the rest is in use."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select receivables_fingerprint_reduce(%s, %s, %s)", [one, to_minor(amount), owner_digest(seller_uscc)]
        )
        return bool(cursor.fetchone()[0])
