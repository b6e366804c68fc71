"""
Two who decide at the same instant (G5): one wins, the other is told why, and the books show one decision.

Every scenario runs once as the product is and once without its protection; the latter must go wrong, or the former
would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.db import connection, transaction

from receivables import actions
from receivables.actions import Decision, Proposal
from receivables.models import ConfirmationAct, Receivable, ReceivableEntry
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.races.crew import DONE, Call, Crew, control_tables, crew, open_control, unprotected
from yingshou.approvals import actions as approvals
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.lifecycle import Outcome
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "report"])

ROUNDS, CALLERS = 12, 4
DEEP_ROUNDS, DEEP_CALLERS = 300, 8
# How often the control must go wrong to be worth its name.
ENOUGH = 0.9


@dataclass(frozen=True)
class World:
    """A supplier, a buyer, their jobs and the buyer's people."""

    creditor: Organisation
    debtor: Organisation
    maker: Actor
    other_maker: Actor
    checkers: tuple[Actor, ...]


def world(callers: int) -> World:
    """Everybody who takes part."""
    debtor = make.debtor()
    checkers = tuple(identity.actor_for(debtor, Duty.CHECKER, Duty.SIGNER) for _ in range(callers))
    return World(make.creditor(), debtor, make.maker(debtor), make.maker(debtor), checkers)


@dataclass(frozen=True)
class Scenario:
    """
    What is done at once.

    :param prepare: makes one round's object, and returns its calls and the question whether the books are right
    :param words: what the control's callers decide, in turn
    """

    prepare: Callable[[World, int], tuple[list[Call], Callable[[list[str]], None]]]
    words: tuple[str, ...]


def _said(outcomes: list[Outcome]) -> str:
    (one,) = outcomes
    return DONE if one.ok else (one.error.code if one.error else "?")


def _pending(of: World) -> Receivable:
    return make.pending(of.creditor, of.debtor)


def _decide(row: Receivable, verb: str, of: World) -> Call:
    """A decision of a job: no approval stands between the callers and the receivable."""

    def call() -> str:
        side = of.creditor if verb == "withdraw" else of.debtor
        by = make.job(side)
        with acting_as(by):
            if verb == "confirm":
                return _said(actions.confirm([Decision(row.pk)], by=by, at=AT))
            if verb == "refuse":
                return _said(actions.refuse([Decision(row.pk, reason_code="NOT_OUR_CONTRACT")], by=by, at=AT))
            return _said(actions.withdraw([row.pk], by=by, at=AT))

    return call


def _books(row: Receivable, of: World) -> Callable[[list[str]], None]:
    """One caller won; acts, entries and events agree with the state."""

    def check(answers: list[str]) -> None:
        assert answers.count(DONE) == 1, answers
        with acting_as(make.job(of.debtor)), transaction.atomic():
            now = Receivable.objects.filter(pk=row.pk).first()
            acts = ConfirmationAct.objects.filter(receivable_id=row.pk).count()
            entries = ReceivableEntry.objects.filter(receivable_id=row.pk, type="CONFIRM").count()
        if now is not None:
            confirmed = now.state == "CONFIRMED"
            assert (acts, entries) == (0 if now.state == "WITHDRAWN" else 1, int(confirmed))
            assert now.version == row.version + 1
        else:
            assert (acts, entries) == (0, 0), "withdrawn, and gone from the debtor's eyes"

    return check


def _of_verbs(*verbs: str) -> Callable[[World, int], tuple[list[Call], Callable[[list[str]], None]]]:
    def prepare(of: World, callers: int) -> tuple[list[Call], Callable[[list[str]], None]]:
        row = _pending(of)
        return [_decide(row, verbs[turn % len(verbs)], of) for turn in range(callers)], _books(row, of)

    return prepare


def _submitted(of: World) -> tuple[Receivable, Approval]:
    row = _pending(of)
    with acting_as(of.maker), transaction.atomic():
        approval = actions.propose("confirm", [Proposal(row.pk, row.version)], by=of.maker, at=AT)
        # The race is about the second person; signing has tests of its own.
        Approval.objects.filter(pk=approval.pk).update(needs_signature=False)
    return row, approval


def _judge(approval: Approval, checker: Actor, verb: str) -> Call:
    def call() -> str:
        with acting_as(checker):
            if verb == "reject":
                approvals.reject(approval.pk, reason="不符", by=checker, at=AT)
                return DONE
            return _said(approvals.approve(approval.pk, by=checker, at=AT))

    return call


def _of_judgements(*verbs: str) -> Callable[[World, int], tuple[list[Call], Callable[[list[str]], None]]]:
    def prepare(of: World, callers: int) -> tuple[list[Call], Callable[[list[str]], None]]:
        row, approval = _submitted(of)
        calls = [_judge(approval, of.checkers[turn], verbs[turn % len(verbs)]) for turn in range(callers)]

        def check(answers: list[str]) -> None:
            assert answers.count(DONE) == 1, answers
            with acting_as(of.maker), transaction.atomic():
                now = Approval.objects.get(pk=approval.pk)
                state = Receivable.objects.get(pk=row.pk).state
                live = ApprovalLine.objects.filter(approval_id=approval.pk, is_live=True).count()
            assert (now.state, state) in {("APPROVED", "CONFIRMED"), ("REJECTED", "PENDING_CONFIRM")}
            assert (now.version, live) == (2, 0)

        return calls, check

    return prepare


def _of_makers(of: World, callers: int) -> tuple[list[Call], Callable[[list[str]], None]]:
    row = _pending(of)

    def ask(by: Actor) -> Call:
        def call() -> str:
            with acting_as(by):
                actions.propose("confirm", [Proposal(row.pk, row.version)], by=by, at=AT)
            return DONE

        return call

    def check(answers: list[str]) -> None:
        assert answers.count(DONE) == 1, answers
        with acting_as(of.maker), transaction.atomic():
            assert ApprovalLine.objects.filter(object_id=row.pk, is_live=True).count() == 1
            assert ApprovalLine.objects.filter(object_id=row.pk).count() == 1

    return [ask((of.maker, of.other_maker)[turn % 2]) for turn in range(callers)], check


SCENARIOS = {
    "double confirm": Scenario(_of_verbs("confirm"), ("confirm",)),
    "confirm or withdraw": Scenario(_of_verbs("confirm", "withdraw"), ("confirm", "withdraw")),
    "confirm or refuse": Scenario(_of_verbs("confirm", "refuse"), ("confirm", "refuse")),
    "double approve": Scenario(_of_judgements("approve"), ("approve",)),
    "approve or reject": Scenario(_of_judgements("approve", "reject"), ("approve", "reject")),
    "double submission": Scenario(_of_makers, ("submit",)),
}


@pytest.fixture
def callers() -> Iterator[Crew]:
    """The usual number of callers."""
    with crew(CALLERS) as made:
        yield made


def _check_protected(name: str, rounds: int, size: int, who: Crew) -> None:
    of = world(size)
    for _round in range(rounds):
        calls, check = SCENARIOS[name].prepare(of, size)
        check(who.together(calls))


def _went_wrong(name: str, rounds: int, size: int, who: Crew) -> int:
    """Rounds in which the unprotected control let more than one decision through."""
    words, wrong = SCENARIOS[name].words, 0
    for number in range(rounds):
        open_control(number)
        calls = [unprotected(number, words[turn % len(words)], frozenset({"OPEN"})) for turn in range(size)]
        wrong += who.together(calls).count(DONE) > 1
    with acting_as(Actor.system("race")), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select count(*) from (select id from race_control_act group by id having count(*) > 1) twice")
        assert cursor.fetchone() == (wrong,)
    return wrong


@pytest.mark.parametrize("name", SCENARIOS)
def test_one_wins(name: str, callers: Crew) -> None:
    _check_protected(name, ROUNDS, CALLERS, callers)


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_protection_more_than_one_wins(name: str, callers: Crew) -> None:
    with control_tables():
        assert _went_wrong(name, ROUNDS, CALLERS, callers) >= ENOUGH * ROUNDS


@pytest.mark.deep
@pytest.mark.parametrize("name", SCENARIOS)
def test_one_wins_three_hundred_times(name: str) -> None:
    with crew(DEEP_CALLERS) as who:
        _check_protected(name, DEEP_ROUNDS, DEEP_CALLERS, who)
        with control_tables():
            assert _went_wrong(name, DEEP_ROUNDS, DEEP_CALLERS, who) >= ENOUGH * DEEP_ROUNDS
