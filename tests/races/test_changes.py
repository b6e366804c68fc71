"""
Agreed changes on real connections (G5): two answers give one, an answer and a withdrawal give one, and a change and a
reservation of the same money give one, whichever comes first.

What would happen without protection is shown beside it by the control of `crew`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from receivables import actions, ledger
from receivables.actions.changes import Reply, Wish
from receivables.ledger import Ask
from receivables.models import ChangeRequest, Receivable, ReceivableBalance, ReceivableEntry
from receivables.rules.changes import terms_of
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.races.crew import DONE, Call, Crew, control_tables, crew, open_control, unprotected
from yingshou.audit.lifecycle import Outcome
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Capability, acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "report"])

ROUNDS, CALLERS = 12, 4
ENOUGH = 0.9
LOWER = Decimal("50000.00")


@pytest.fixture
def callers() -> Iterator[Crew]:
    """The usual number of callers."""
    with crew(CALLERS) as made:
        yield made


@pytest.fixture
def parties() -> tuple[Organisation, Organisation]:
    """A supplier and its buyer."""
    return make.creditor(), make.debtor()


def _said(outcomes: list[Outcome]) -> str:
    (one,) = outcomes
    return DONE if one.ok else (one.error.code if one.error else "?")


def answer(verb: str, one: ChangeRequest, row: Receivable) -> Call:
    """An answer of the debtor's job."""
    by = make.job(one.debtor_id)
    reply = Reply(one.pk, row.version, "NOT_AGREED" if verb == "refuse" else "")

    def call() -> str:
        with acting_as(by):
            return _said(getattr(actions, f"{verb}_change")([reply], by=by, at=AT))

    return call


def withdrawal(one: ChangeRequest) -> Call:
    """The proposer takes it back."""
    by = make.maker(Organisation(pk=one.creditor_id))

    def call() -> str:
        with acting_as(by):
            actions.withdraw_change(one.pk, by=by, at=AT)
        return DONE

    return call


def proposals(row: Receivable, by_whom: int) -> Call:
    """A proposal of one of the parties."""
    by = make.job(by_whom)
    wish = Wish(row.pk, row.version, replace(terms_of(row), contract_no="HT-R"), "TERMS_AGREED")

    def call() -> str:
        with acting_as(by):
            return _said(actions.propose_change([wish], by=by, at=AT))

    return call


def reservation(row: Receivable, funder: Organisation) -> Call:
    """A funder's reservation of nearly all of it."""
    by = make.job(row.creditor_id)
    ask = Ask(row.pk, funder.pk, Decimal("100000.00"))

    def call() -> str:
        with acting_as(by):
            ledger.only(ledger.reserve([ask], reference_type="race", by=by, at=AT), ask.claim_amount)
        return DONE

    return call


def facts(row: Receivable) -> dict[str, Any]:
    """What the books say."""
    with acting_as(make.job(row.creditor_id)), transaction.atomic():
        now = Receivable.objects.get(pk=row.pk)
        balance = ReceivableBalance.objects.get(pk=row.pk)
        return {
            "version": now.version - row.version,
            "amount": now.confirmed_amount,
            "ledger": balance.confirmed_amount,
            "reserved": balance.reserved_amount,
            "moves": ReceivableEntry.objects.filter(receivable_id=row.pk, type="PRICE").count(),
            "open": ChangeRequest.objects.open().filter(receivable=row).count(),
            "agreed": AuditEvent.objects.filter(kind="receivables.receivable.accept_change", object_id=row.pk).count(),
        }


def _answers(one: ChangeRequest, row: Receivable) -> list[Call]:
    return [answer("accept", one, row)] * CALLERS


def _answer_or_refuse(one: ChangeRequest, row: Receivable) -> list[Call]:
    return [answer(("accept", "refuse")[turn % 2], one, row) for turn in range(CALLERS)]


def _answer_or_withdraw(one: ChangeRequest, row: Receivable) -> list[Call]:
    return [answer("accept", one, row), withdrawal(one), answer("accept", one, row), withdrawal(one)]


@pytest.mark.parametrize("calls", [_answers, _answer_or_refuse, _answer_or_withdraw])
def test_one_answer_wins(
    callers: Crew, parties: tuple[Organisation, Organisation], calls: Callable[[ChangeRequest, Receivable], list[Call]]
) -> None:
    for _round in range(ROUNDS):
        row = make.confirmed(*parties)
        one = make.proposed(row, make.job(parties[0]), amount=LOWER, due_date=date(2027, 3, 31))

        said = callers.together(calls(one, row))

        found = facts(row)
        won = found["version"]
        assert said.count(DONE) == 1, said
        assert found["open"] == 0
        assert (found["agreed"], found["moves"]) == (won, won)
        assert found["amount"] == found["ledger"] == (LOWER if won else row.confirmed_amount)


def test_one_proposal_wins(callers: Crew, parties: tuple[Organisation, Organisation]) -> None:
    for _round in range(ROUNDS):
        row = make.confirmed(*parties)

        said = callers.together([proposals(row, parties[turn % 2].pk) for turn in range(CALLERS)])

        assert (said.count(DONE), said.count("RCV-072"), facts(row)["open"]) == (1, CALLERS - 1, 1), said


def test_a_change_and_a_reservation_never_meet_in_the_same_money(
    callers: Crew, parties: tuple[Organisation, Organisation]
) -> None:
    funder = identity.organisation(Capability.BANK)
    for turn in range(ROUNDS):
        row = make.confirmed(*parties)
        one = make.proposed(row, make.job(parties[0]), amount=LOWER)
        calls = [answer("accept", one, row), reservation(row, funder)]

        said = callers.together(calls if turn % 2 else calls[::-1])

        found = facts(row)
        assert said.count(DONE) == 1, said
        assert found["amount"] == found["ledger"]
        assert (found["version"], found["reserved"]) in {(1, Decimal("0.00")), (0, Decimal("100000.00"))}


@pytest.mark.parametrize("words", [("accept",), ("accept", "refuse"), ("accept", "reserve")])
def test_without_protection_more_than_one_wins(callers: Crew, words: tuple[str, ...]) -> None:
    wrong = 0
    with control_tables():
        for number in range(ROUNDS):
            open_control(number)
            calls = [unprotected(number, words[turn % len(words)], frozenset({"OPEN"})) for turn in range(CALLERS)]
            wrong += callers.together(calls).count(DONE) > 1
    assert wrong >= ENOUGH * ROUNDS
