"""Races on real connections (G5): two answers give one, an answer and a withdrawal give one, an invoice is used once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections, transaction

from receivables import actions
from receivables.actions import Decision
from receivables.actions.invoices import InvoiceUsed
from receivables.models import ConfirmationAct, Receivable, ReceivableEntry
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.audit.lifecycle import Outcome
from yingshou.audit.models import AuditEvent
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db(transaction=True)

CALLERS = 8
ROUNDS = 5


def at_once(*calls: Callable[[], bool]) -> list[bool]:
    """Run calls at the same moment, each on a connection of its own."""
    start = Barrier(len(calls))

    def run(call: Callable[[], bool]) -> bool:
        start.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def answered(verb: str, organisation: int, argument: Decision | int) -> Callable[[], bool]:
    def call() -> bool:
        by = make.job(organisation)
        with acting_as(by):
            outcomes: list[Outcome] = getattr(actions, verb)([argument], by=by, at=AT)
            return outcomes[0].ok

    return call


@pytest.mark.parametrize("_turn", range(ROUNDS))
def test_parallel_confirmations_give_one(_turn: int) -> None:
    creditor, debtor = make.creditor(), make.debtor()
    row = make.pending(creditor, debtor)

    answers = at_once(*[answered("confirm", debtor.pk, Decision(row.pk))] * CALLERS)

    assert answers.count(True) == 1
    with acting_as(make.job(debtor)), transaction.atomic():
        assert ConfirmationAct.objects.filter(receivable_id=row.pk).count() == 1
        assert AuditEvent.objects.filter(kind="receivables.receivable.confirm", object_id=row.pk).count() == 1
        assert ReceivableEntry.objects.filter(receivable_id=row.pk, type="CONFIRM").count() == 1


@pytest.mark.parametrize("_turn", range(ROUNDS))
@pytest.mark.parametrize("other", ["refuse", "return_", "withdraw"])
def test_a_confirmation_and_its_rival_give_one(_turn: int, other: str) -> None:
    creditor, debtor = make.creditor(), make.debtor()
    row = make.pending(creditor, debtor)
    rival = (
        answered("withdraw", creditor.pk, row.pk)
        if other == "withdraw"
        else answered(other, debtor.pk, Decision(row.pk, reason_code="DUPLICATE"))
    )

    answers = at_once(answered("confirm", debtor.pk, Decision(row.pk)), rival)

    assert answers.count(True) == 1
    with acting_as(make.job(creditor)), transaction.atomic():
        confirmed = Receivable.objects.get(pk=row.pk).state == "CONFIRMED"
        assert confirmed == answers[0]
        assert ReceivableEntry.objects.filter(receivable_id=row.pk).exists() == confirmed


@pytest.mark.parametrize("_turn", range(ROUNDS))
def test_one_invoice_enters_once_whoever_brings_it(_turn: int) -> None:
    creditors, debtor = [make.creditor() for _seller in range(CALLERS)], make.debtor()
    paper = make.invoice()

    def enter(creditor: Organisation) -> Callable[[], bool]:
        def call() -> bool:
            by = make.job(creditor)
            try:
                with acting_as(by):
                    actions.create_draft(make.draft(debtor, invoices=(paper,)), by=by, at=AT)
            except InvoiceUsed:
                return False
            return True

        return call

    assert at_once(*[enter(one) for one in creditors]).count(True) == 1


def test_the_same_entry_twice_at_once_is_one() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    line = make.draft(debtor)

    def enter() -> bool:
        by = make.job(creditor)
        try:
            with acting_as(by):
                actions.create_draft(line, by=by, at=AT)
        except DomainError:
            return False
        return True

    assert at_once(*[enter] * CALLERS).count(True) == 1
