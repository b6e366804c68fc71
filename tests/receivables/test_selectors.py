"""Lists, the five answers, counts and search, as the restricted role."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from receivables import actions, selectors
from receivables.ledger import Fact
from receivables.models import EntryType
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db


def test_lists_hold_the_own_side_only() -> None:
    creditor, debtor, stranger = make.creditor(), make.debtor(), make.creditor()
    draft, sent = make.drafted(creditor, debtor), make.pending(creditor, debtor)
    make.pending(stranger, debtor)
    by = make.job(creditor)
    with acting_as(by):
        assert {row.pk for row in selectors.claims(by)} == {draft.pk, sent.pk}
        assert selectors.counts(by, side="creditor")["DRAFT"] == 1
        assert selectors.creditor_summary(creditor.pk)["DRAFT"].count == 1
    by = make.job(debtor)
    with acting_as(by):
        assert len(selectors.payables(by)) == 2
        assert len(selectors.waiting(by)) == 2
        assert selectors.counts(by, side="debtor")["DRAFT"] == 0
        summary = selectors.waiting_summary(debtor.pk)
        assert summary["NOT_IN_BOOK"].count == 2
        assert summary["NOT_IN_BOOK"].amount == Decimal("226000.00")
        assert summary["NOT_IN_BOOK"].counterparts == 2


def test_the_five_answers_of_a_paid_receivable(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    creditor, debtor = make.creditor(), make.debtor()
    row = make.confirmed(creditor, debtor)
    by = make.maker(creditor)
    with acting_as(by):
        actions.post_facts([Fact(row.pk, EntryType.PAYMENT, Decimal("13000.00"), date(2026, 11, 20))], by=by, at=AT)
        with django_assert_max_num_queries(10):
            answers = selectors.five_answers(row, by, AT)

    assert answers.truth.confirmed_amount == Decimal("113000.00")
    assert answers.freedom.free_amount == Decimal("100000.00")
    assert answers.payment.open_amount == Decimal("100000.00")
    assert [fact.type for fact in answers.payment.facts] == ["PAYMENT"]
    assert answers.promise.debtor == debtor
    assert not answers.promise.is_overdue
    assert [step.event for step in answers.available] == ["settle", "write_off"]


def test_buttons_follow_side_and_duty() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    row = make.pending(creditor, debtor)

    assert [step.event for step in selectors.available(row, make.maker(debtor))] == [
        "confirm",
        "confirm_part",
        "return",
        "refuse",
    ]
    assert [step.event for step in selectors.available(row, make.maker(creditor))] == ["withdraw"]
    assert selectors.available(row, make.checker(debtor)) == []
    assert selectors.available(row, make.maker(make.debtor())) == []


def test_search_finds_by_every_handle_and_only_the_own() -> None:
    creditor, debtor = make.creditor(), make.debtor(name="漳州海峡工程机械有限公司")
    paper = make.invoice()
    row = make.pending(creditor, debtor, invoices=(paper,), contract_no="XM-2026-077")
    by = make.maker(creditor)
    with acting_as(by):
        for text in (row.public_no, paper.number, "XM-2026", "海峡"):
            assert [hit.pk for hit in selectors.search(by, text)] == [row.pk], text
        assert [hit.pk for hit in selectors.search(by, "", amount=Decimal("113000.00"))] == [row.pk]
        assert [hit.pk for hit in selectors.search(by, "", day=row.due_date)] == [row.pk]
        assert selectors.search(by, "天津") == []
    by = make.maker(make.creditor())
    with acting_as(by):
        for text in (row.public_no, paper.number, "XM-2026", "海峡"):
            assert selectors.search(by, text) == []


def test_counterpart_filter_reaches_registered_and_unregistered_debtors() -> None:
    creditor, debtor = make.creditor(), make.debtor(name="泉州远航石材有限公司")
    known, unknown = make.pending(creditor, debtor), make.pending(creditor)
    by = make.maker(creditor)
    with acting_as(by):
        rows = selectors.claims(by)
        assert [row.pk for row in selectors.of_counterpart(rows, "远航", side="creditor")] == [known.pk]
        assert [row.pk for row in selectors.of_counterpart(rows, "采购", side="creditor")] == [unknown.pk]


def test_median_answer_time() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    for days in (1, 3, 9):
        row = make.pending(creditor, debtor)
        with acting_as(make.job(debtor)) as by:
            actions.confirm([actions.Decision(row.pk)], by=by, at=AT + timedelta(days=days))
    with acting_as(make.job(debtor)):
        assert selectors.median_answer(debtor.pk, at=AT + timedelta(days=10)) == timedelta(days=3)
