"""
The encumbrance ledger (N01): what of a claim is confirmed, gone, held and free.

One ledger for all modules and all funders, which is what makes double financing impossible. Balances move through SQL
functions only (`migrations/_ledger.py`): a conditional UPDATE under a CHECK, locks in the order of receivable ids, an
append-only entry for every movement. What is reserved and encumbered is the part of the claim; the money advanced stands
beside it and is never subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from receivables.models import EntryType, HoldingKind
from yingshou.audit.events import EventDraft, record
from yingshou.kernel import clock
from yingshou.kernel.errors import Conflict, Invalid
from yingshou.kernel.money import from_minor, to_minor
from yingshou.tenancy.actor import Actor

HOLDING_TYPE = "receivables.holding"
FACTS = frozenset(
    {
        EntryType.PAYMENT,
        EntryType.CREDIT_NOTE,
        EntryType.RETURN,
        EntryType.PRICE,
        EntryType.NETTING,
        EntryType.DISCOUNT,
        EntryType.CANCEL,
        EntryType.WRITE_OFF,
        EntryType.RETENTION_HOLD,
        EntryType.RETENTION_RELEASE,
        EntryType.REVERSAL,
    }
)


class NotFree(Conflict):
    """Less of the claim is free than was asked for."""

    code = "RCV-020"
    message = _("Only %(free)s of this receivable is free; %(wanted)s was asked for.")
    cure = _("Ask for at most the free amount, or wait until a reservation ends.")


class CutOpen(Conflict):
    """A fact about the debt took away part of what a holder had, and the holder has not dealt with it."""

    code = "RCV-021"
    message = _(
        "A payment or adjustment has cut into what is already held; nothing new can be reserved until that is settled."
    )
    cure = _("The holder has to look at the cut first.")


class NotPosted(Conflict):
    """The claim is not in the ledger: neither confirmed nor open without confirmation."""

    code = "RCV-022"
    message = _("This receivable is neither confirmed nor open without confirmation, so nothing can be posted to it.")
    cure = _("Wait for the debtor's confirmation.")


class HoldingGone(Conflict):
    """The reservation or encumbrance has ended, or it is somebody else's."""

    code = "RCV-023"
    message = _("This reservation or encumbrance has ended already.")
    cure = _("Open the receivable again and look at its balance.")


class FactAmountInvalid(Invalid):
    """A fact needs an amount above zero; only a price adjustment may be negative."""

    code = "RCV-001"
    message = _("%(amount)s is not a valid amount.")
    cure = _("Enter an amount above zero with at most two decimals.")


@dataclass(frozen=True)
class Ask:
    """
    A part of a claim that somebody wants to hold.

    :param claim_amount: the part of the claim, yuan
    :param financed_amount: the money advanced on it, yuan; kept beside it
    :param replaces: a reservation of the same holder that this encumbrance takes the place of
    """

    receivable_id: int
    holder_id: int
    claim_amount: Decimal
    financed_amount: Decimal = Decimal("0.00")
    expires_at: datetime | None = None
    replaces: int | None = None
    reference_id: int | None = None


@dataclass(frozen=True)
class Held:
    """What became of an ask: the holding, or how much was free instead."""

    receivable_id: int
    holding_id: int | None
    free_amount: Decimal

    @property
    def ok(self) -> bool:
        """Whether the part is now held."""
        return self.holding_id is not None


@dataclass(frozen=True)
class Fact:
    """
    Something that happened to the debt.

    :param amount: yuan, above zero; a PRICE adjustment downwards is negative
    :param reverses: the entry a REVERSAL takes back
    """

    receivable_id: int
    type: EntryType
    amount: Decimal
    value_date: date
    reverses: int | None = None
    reference_type: str = ""
    reference_id: int | None = None


@dataclass(frozen=True)
class Posted:
    """A fact in the ledger: its entry, and what it cut from whom."""

    receivable_id: int
    entry_id: int
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True)
class Cut:
    """A part of a holding that a fact took away."""

    holding_id: int
    holder_id: int
    amount: Decimal


def open_balances(receivable_ids: Sequence[int]) -> int:
    """Give new receivables their balance row; how many were made."""
    return int(_call("select receivables_open_balances(%s)", [list(receivable_ids)])[0][0])


@transaction.atomic
def post_confirmed(receivable_ids: Sequence[int], *, by: Actor, at: datetime, source: str = "") -> None:
    """
    Enter claims that were just confirmed, or opened without confirmation; prepaid and retained parts go at once.

    :raises AssertionError: if one of them is in another state or already in the ledger
    """
    posted = _call(
        "select receivables_post_claim(%s, %s, %s, %s, %s)",
        [list(receivable_ids), at, clock.business_date(at), by.person_id, source],
    )[0][0]
    assert posted == len(set(receivable_ids)), f"{posted} of {len(receivable_ids)} claims were posted"


def reserve(asks: Sequence[Ask], *, reference_type: str, by: Actor, at: datetime) -> list[Held]:
    """Reserve parts of claims; one answer per ask, in the order of receivable ids. Nothing is reserved beyond what is free."""
    return _hold(HoldingKind.RESERVATION, asks, reference_type=reference_type, by=by, at=at)


def encumber(asks: Sequence[Ask], *, reference_type: str, by: Actor, at: datetime) -> list[Held]:
    """Encumber parts of claims, in place of reservations where `replaces` names them; one answer per ask."""
    return _hold(HoldingKind.ENCUMBRANCE, asks, reference_type=reference_type, by=by, at=at)


def only(held: Sequence[Held], wanted: Decimal) -> int:
    """
    The holding of a list of one.

    :raises NotFree: if less was free
    """
    (one,) = held
    if one.holding_id is None:
        raise NotFree(free=one.free_amount, wanted=wanted)
    return one.holding_id


def release(
    holding_ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    parts: Sequence[Decimal | None] | None = None,
    why: str = "",
) -> int:
    """
    Let go of reservations or encumbrances, wholly or in part; how many were still held.

    An encumbrance ends by its holder's word; a reservation also by the creditor's.
    """
    amounts = [None] * len(holding_ids) if parts is None else [None if p is None else to_minor(p) for p in parts]
    return len(_let_go(list(holding_ids), amounts, by=by, at=at, why=why, only_due=False))


def unreserve(holding_ids: Sequence[int], *, by: Actor, at: datetime, why: str = "") -> int:
    """Give reservations back; how many were still held."""
    return release(holding_ids, by=by, at=at, why=why)


@transaction.atomic
def expire_reservations(*, by: Actor, at: datetime, limit: int = 1000) -> int:
    """End reservations whose time is over and tell their holders. A job; how many ended."""
    due = _call("select receivables_due_reservations(%s, %s)", [at, limit])[0][0]
    if not due:
        return 0
    ended = _let_go(due, [None] * len(due), by=by, at=at, why="expired", only_due=True)
    record(
        [
            EventDraft(
                kind="receivables.holding.expired",
                object_type=HOLDING_TYPE,
                object_id=holding_id,
                object_version=None,
                audience=[holder_id],
                by=by,
                at=at,
                body={"receivable_id": receivable_id, "amount": str(from_minor(amount))},
            )
            for receivable_id, holding_id, holder_id, amount, _reserved in ended
        ]
    )
    return len(ended)


def pause_expiry(holding_ids: Sequence[int], *, paused: bool) -> int:
    """Stop or restart the clock of reservations while a notice or a registration of their deal is open."""
    return int(_call("select receivables_pause_expiry(%s, %s)", [list(holding_ids), paused])[0][0])


def close_cuts(holding_ids: Sequence[int]) -> int:
    """The holder has dealt with the cuts of its holdings; the receivables can be financed again."""
    return int(_call("select receivables_close_cuts(%s)", [list(holding_ids)])[0][0])


def apply_change(change_request_id: int, *, by: Actor, at: datetime) -> str:
    """
    Move the confirmed amount to that of a change that was just accepted; a new due date alone makes no entry.

    Answers DONE, or HELD or BELOW where what is held, or already gone, forbids it.
    """
    return str(
        _call(
            "select receivables_apply_change(%s, %s, %s, %s)",
            [change_request_id, at, clock.business_date(at), by.person_id],
        )[0][0]
    )


def set_disputed(receivable_ids: Sequence[int], amounts: Sequence[Decimal]) -> int:
    """Set the amounts in dispute, which no new reservation may touch."""
    return int(
        _call(
            "select receivables_set_disputed(%s, %s::bigint[])",
            [list(receivable_ids), [to_minor(amount) for amount in amounts]],
        )[0][0]
    )


@transaction.atomic
def post_facts(facts: Sequence[Fact], *, by: Actor, at: datetime, source: str = "") -> list[Posted]:
    """
    Post payments, credit notes, set-offs, write-offs, retentions and reversals.

    A fact is never refused for lack of balance: it uses up what is free, then reservations, then encumbrances (latest
    first), each by an entry CUT that names the fact and alerts the holder; what goes beyond the claim is overpaid.

    :raises FactAmountInvalid: if an amount is zero, or negative where it may not be
    :raises NotPosted: if a receivable is not in the ledger
    """
    for fact in facts:
        assert fact.type in FACTS, f"{fact.type} is not a fact about a debt"
        if fact.amount == 0 or (fact.amount < 0 and fact.type != EntryType.PRICE):
            raise FactAmountInvalid(amount=fact.amount)
    rows = _call(
        "select place, receivable_id, fact_id, holding_id, holder_id, cut from receivables_post_facts("
        "%s, %s, %s::bigint[], %s::bigint[], %s::date[], %s, %s::bigint[], %s, %s, %s)",
        [
            [fact.receivable_id for fact in facts],
            [str(fact.type) for fact in facts],
            [to_minor(fact.amount) for fact in facts],
            [fact.reverses for fact in facts],
            [fact.value_date for fact in facts],
            [fact.reference_type for fact in facts],
            [fact.reference_id for fact in facts],
            source,
            at,
            by.person_id,
        ],
    )
    posted = _posted(facts, rows)
    _tell_holders(posted, by=by, at=at)
    return posted


def _posted(facts: Sequence[Fact], rows: Sequence[tuple[Any, ...]]) -> list[Posted]:
    cuts: dict[int, list[Cut]] = {}
    entries: dict[int, int] = {}
    for place, _receivable_id, fact_id, holding_id, holder_id, cut in rows:
        if holding_id is None:
            entries[place] = fact_id
        else:
            cuts.setdefault(place, []).append(Cut(holding_id, holder_id, from_minor(cut)))
    answer = []
    for place, fact in enumerate(facts, start=1):
        if place not in entries:
            raise NotPosted
        answer.append(Posted(fact.receivable_id, entries[place], tuple(cuts.get(place, ()))))
    return answer


def _tell_holders(posted: Sequence[Posted], *, by: Actor, at: datetime) -> None:
    record(
        [
            EventDraft(
                kind="receivables.holding.cut",
                object_type=HOLDING_TYPE,
                object_id=cut.holding_id,
                object_version=None,
                audience=[cut.holder_id],
                by=by,
                at=at,
                body={"receivable_id": one.receivable_id, "entry_id": one.entry_id, "amount": str(cut.amount)},
            )
            for one in posted
            for cut in one.cuts
        ]
    )


@transaction.atomic
def _hold(kind: HoldingKind, asks: Sequence[Ask], *, reference_type: str, by: Actor, at: datetime) -> list[Held]:
    for ask in asks:
        if ask.claim_amount <= 0:
            raise FactAmountInvalid(amount=ask.claim_amount)
    rows = _call(
        "select receivable_id, holding_id, free_amount from receivables_hold("
        "%s, %s, %s::bigint[], %s, %s::bigint[], %s::bigint[], %s::timestamptz[], %s, %s::bigint[], %s, %s, %s)",
        [
            str(kind),
            [ask.receivable_id for ask in asks],
            [to_minor(ask.claim_amount) for ask in asks],
            [ask.holder_id for ask in asks],
            [to_minor(ask.financed_amount) for ask in asks],
            [ask.replaces for ask in asks],
            [ask.expires_at for ask in asks],
            reference_type,
            [ask.reference_id for ask in asks],
            at,
            clock.business_date(at),
            by.person_id,
        ],
    )
    return [Held(receivable_id, holding_id, from_minor(free)) for receivable_id, holding_id, free in rows]


def _let_go(
    holding_ids: Sequence[int], parts: Sequence[int | None], *, by: Actor, at: datetime, why: str, only_due: bool
) -> list[tuple[Any, ...]]:
    return _call(
        "select receivable_id, holding_id, holder_id, amount, reserved from receivables_let_go("
        "%s, %s::bigint[], %s, %s, %s, %s, %s)",
        [list(holding_ids), list(parts), at, clock.business_date(at), by.person_id, why, only_due],
    )


def _call(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
