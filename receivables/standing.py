"""What a funder is told before it looks at papers (N02): free, partly encumbered, looks like another item; never who."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from receivables.duplicates import reason_words
from receivables.models import ReceivableBalance


class Freedom(StrEnum):
    """How much of a claim can still be taken."""

    NOT_POSTED = "NOT_POSTED"
    FREE = "FREE"
    PARTLY_ENCUMBERED = "PARTLY_ENCUMBERED"
    ENCUMBERED = "ENCUMBERED"


@dataclass(frozen=True)
class Standing:
    """
    The whole answer about one claim: no name, number, amount or id of anybody else is in it.

    :ivar score: percent to which it looks like another item; None where it looks like none
    :ivar why: what agrees and what differs, in words
    """

    receivable_id: int
    freedom: Freedom
    score: int | None = None
    rule: str = ""
    why: str = ""


def standing(receivable_ids: Sequence[int]) -> dict[int, Standing]:
    """
    How claims stand, for parties and for those who were granted access to them; others are not in the answer.

    Two statements, however many are asked.
    """
    balances = ReceivableBalance.objects.in_bulk(list(receivable_ids))
    with connection.cursor() as cursor:
        cursor.execute("select id, score, rule, reasons::text from receivables_looks_like(%s)", [sorted(balances)])
        alike = {pk: (score, rule, reasons) for pk, score, rule, reasons in cursor.fetchall()}
    answers = {}
    for pk, balance in balances.items():
        score, rule, reasons = alike.get(pk, (None, "", "[]"))
        answers[pk] = Standing(pk, _freedom(balance), score, rule, reason_words(json.loads(reasons)))
    return answers


def _freedom(balance: ReceivableBalance) -> Freedom:
    if balance.posted_at is None:
        return Freedom.NOT_POSTED
    if not balance.encumbered_amount + balance.reserved_amount:
        return Freedom.FREE
    return Freedom.PARTLY_ENCUMBERED if balance.available_amount > 0 else Freedom.ENCUMBERED
