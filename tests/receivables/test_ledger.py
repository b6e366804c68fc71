"""The encumbrance ledger: worked numbers, cuts, random orders of events, parallel callers."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import IntegrityError, ProgrammingError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receivables import ledger
from receivables.ledger import Ask, Fact, NotFree, NotPosted, Posted
from receivables.models import Bucket, EntryType, Holding, Receivable, ReceivableBalance, ReceivableEntry
from receivables.rules.terms import confirmation_clock, late_interest
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.audit.models import AuditEvent
from yingshou.kernel.money import to_minor
from yingshou.tenancy.access import grant_access
from yingshou.tenancy.actor import Actor, acting_as

DAY = date(2026, 11, 20)
# The receivable, a job of its creditor, and the ids of a bank and a factoring company.
World = tuple[Receivable, Actor, int, int]
# What happens, its amount or place, and which of two.
Step = tuple[str, Any, int]
COLUMNS = {
    Bucket.CONFIRMED: "confirmed_amount",
    Bucket.ADJUSTED: "adjusted_amount",
    Bucket.PAID: "paid_amount",
    Bucket.ENCUMBERED: "encumbered_amount",
    Bucket.RESERVED: "reserved_amount",
    Bucket.RETAINED: "retained_amount",
    Bucket.OVERPAID: "overpaid_amount",
}


def yuan(text: str) -> Decimal:
    return Decimal(text)


def balance_of(pk: int) -> ReceivableBalance:
    return ReceivableBalance.objects.get(pk=pk)


def assert_books_agree(pk: int) -> None:
    """The balance is the sum of its entries, and what is held is the sum of the holdings."""
    balance = balance_of(pk)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in ReceivableEntry.objects.filter(receivable_id=pk):
        sums[entry.bucket] += entry.direction * entry.amount
    for bucket, column in COLUMNS.items():
        assert getattr(balance, column) == sums[bucket], bucket
    assert balance.free_amount >= 0


def post(pk: int, kind: EntryType, amount: str, by: Actor, *, reverses: int | None = None) -> Posted:
    return ledger.post_facts([Fact(pk, kind, yuan(amount), DAY, reverses=reverses)], by=by, at=AT)[0]


@pytest.fixture
def world() -> World:
    creditor, debtor = make.creditor(), make.debtor()
    bank, factor = make.creditor(), make.creditor()
    row = make.confirmed(creditor, debtor)
    return row, make.job(creditor), bank.pk, factor.pk


@pytest.mark.django_db
def test_worked_numbers_of_the_rule_book(world: World) -> None:
    row, by, bank, _factor = world
    with acting_as(by):
        post(row.pk, EntryType.RETENTION_HOLD, "5650.00", by)
        post(row.pk, EntryType.CREDIT_NOTE, "3350.00", by)
        post(row.pk, EntryType.PAYMENT, "20000.00", by)
        assert balance_of(row.pk).free_amount == yuan("84000.00")

        ask = Ask(row.pk, bank, yuan("84000.00"), financed_amount=yuan("67200.00"))
        ledger.only(ledger.encumber([ask], reference_type="test.deal", by=by, at=AT), ask.claim_amount)

        balance = balance_of(row.pk)
        assert (balance.encumbered_amount, balance.free_amount) == (yuan("84000.00"), yuan("0.00"))
        assert_books_agree(row.pk)
    with acting_as(make.job(bank)):
        held = Holding.objects.get()
        assert (held.claim_amount, held.financed_amount) == (yuan("84000.00"), yuan("67200.00"))


@pytest.mark.django_db
def test_nothing_is_held_beyond_what_is_free(world: World) -> None:
    row, by, bank, factor = world
    with acting_as(by):
        first = [Ask(row.pk, bank, yuan("100000.00"))]
        ledger.only(ledger.reserve(first, reference_type="test.offer", by=by, at=AT), yuan("100000.00"))
        second = Ask(row.pk, factor, yuan("13000.01"))
        with pytest.raises(NotFree) as caught:
            ledger.only(ledger.reserve([second], reference_type="test.offer", by=by, at=AT), second.claim_amount)

        assert "13,000.00" in caught.value.message_text
        assert_books_agree(row.pk)


@pytest.mark.django_db
def test_a_payment_cuts_reservations_then_the_latest_encumbrance_and_alerts_the_holder(world: World) -> None:
    row, by, bank, factor = world
    with acting_as(by):
        for holder, amount in ((bank, "40000.00"), (factor, "30000.00")):
            ask = Ask(row.pk, holder, yuan(amount))
            ledger.only(ledger.encumber([ask], reference_type="test.deal", by=by, at=AT), yuan(amount))
        ask = Ask(row.pk, bank, yuan("20000.00"))
        ledger.only(ledger.reserve([ask], reference_type="test.offer", by=by, at=AT), yuan("20000.00"))

        posted = post(row.pk, EntryType.PAYMENT, "63000.00", by)

        assert [(cut.holder_id, cut.amount) for cut in posted.cuts] == [
            (bank, yuan("20000.00")),
            (factor, yuan("20000.00")),
        ]
        balance = balance_of(row.pk)
        assert (balance.reserved_amount, balance.encumbered_amount) == (yuan("0.00"), yuan("50000.00"))
        assert balance.open_cut_amount == yuan("40000.00")
        cuts = ReceivableEntry.objects.filter(receivable_id=row.pk, type="CUT")
        assert {cut.fact_id for cut in cuts} == {posted.entry_id}
        assert_books_agree(row.pk)
        blocked = ledger.reserve([Ask(row.pk, bank, yuan("0.01"))], reference_type="t", by=by, at=AT)
        assert not blocked[0].ok
    with acting_as(make.job(factor)):
        assert AuditEvent.objects.filter(kind="receivables.holding.cut").count() == 1
        (cut_holding,) = Holding.objects.all()
        assert ledger.close_cuts([cut_holding.pk]) == 1
    with acting_as(by):
        assert balance_of(row.pk).open_cut_amount == yuan("20000.00")


@pytest.mark.django_db
def test_what_is_paid_beyond_the_claim_is_overpaid(world: World) -> None:
    row, by, _bank, _factor = world
    with acting_as(by):
        post(row.pk, EntryType.PAYMENT, "113000.50", by)
        balance = balance_of(row.pk)
        assert (balance.paid_amount, balance.overpaid_amount) == (yuan("113000.00"), yuan("0.50"))

        post(row.pk, EntryType.CREDIT_NOTE, "1000.00", by)

        balance = balance_of(row.pk)
        assert (balance.adjusted_amount, balance.paid_amount) == (yuan("1000.00"), yuan("112000.00"))
        assert balance.overpaid_amount == yuan("1000.50")
        assert_books_agree(row.pk)


@pytest.mark.django_db
def test_a_reversal_takes_a_fact_back_once(world: World) -> None:
    row, by, _bank, _factor = world
    with acting_as(by):
        paid = post(row.pk, EntryType.PAYMENT, "13000.00", by)
        post(row.pk, EntryType.REVERSAL, "13000.00", by, reverses=paid.entry_id)
        assert balance_of(row.pk).free_amount == yuan("113000.00")
        with pytest.raises(NotPosted), transaction.atomic():
            post(row.pk, EntryType.REVERSAL, "13000.00", by, reverses=paid.entry_id)
        assert_books_agree(row.pk)


@pytest.mark.django_db
def test_an_encumbrance_takes_the_place_of_its_reservation(world: World) -> None:
    row, by, bank, _factor = world
    with acting_as(by):
        ask = Ask(row.pk, bank, yuan("113000.00"))
        reservation = ledger.only(ledger.reserve([ask], reference_type="t", by=by, at=AT), ask.claim_amount)
        firm = Ask(row.pk, bank, yuan("90000.00"), replaces=reservation)
        ledger.only(ledger.encumber([firm], reference_type="t", by=by, at=AT), firm.claim_amount)
        balance = balance_of(row.pk)
        assert (balance.reserved_amount, balance.encumbered_amount) == (yuan("0.00"), yuan("90000.00"))
        assert_books_agree(row.pk)


@pytest.mark.django_db
def test_an_encumbrance_ends_by_its_holder_alone(world: World) -> None:
    row, by, bank, _factor = world
    with acting_as(by):
        ask = Ask(row.pk, bank, yuan("50000.00"))
        holding = ledger.only(ledger.encumber([ask], reference_type="t", by=by, at=AT), ask.claim_amount)
    with acting_as(make.maker(make.creditor())) as stranger:
        assert ledger.release([holding], by=stranger, at=AT) == 0
    with acting_as(make.job(bank)) as holder:
        assert ledger.release([holding], by=holder, at=AT, parts=[yuan("20000.00")]) == 1
    with acting_as(by):
        assert balance_of(row.pk).encumbered_amount == yuan("30000.00")
        assert_books_agree(row.pk)


@pytest.mark.django_db
def test_reservations_expire_unless_a_notice_is_open(world: World) -> None:
    row, by, bank, factor = world
    until = AT + timedelta(days=10)
    with acting_as(by):
        asks = [Ask(row.pk, holder, yuan("10000.00"), expires_at=until) for holder in (bank, factor)]
        kept, gone = (
            ledger.only(ledger.reserve([ask], reference_type="t", by=by, at=AT), ask.claim_amount) for ask in asks
        )
    with acting_as(make.job(bank)):
        assert ledger.pause_expiry([kept], paused=True) == 1
    system = Actor.system("receivables.expire_reservations")
    with acting_as(system):
        assert ledger.expire_reservations(by=system, at=until - timedelta(seconds=1)) == 0
        assert ledger.expire_reservations(by=system, at=until) == 1
        assert ledger.expire_reservations(by=system, at=until) == 0
    with acting_as(by):
        assert balance_of(row.pk).reserved_amount == yuan("10000.00")
        assert_books_agree(row.pk)
    with acting_as(make.job(factor)):
        assert not Holding.objects.get(pk=gone).is_live


@pytest.mark.django_db
def test_holdings_are_seen_by_their_holder_alone_and_amounts_by_the_parties(world: World) -> None:
    row, by, bank, factor = world
    with acting_as(by):
        ask = Ask(row.pk, bank, yuan("1.00"))
        ledger.only(ledger.reserve([ask], reference_type="t", by=by, at=AT), ask.claim_amount)
        assert Holding.objects.count() == 0
        assert balance_of(row.pk).reserved_amount == yuan("1.00")
    with acting_as(make.job(factor)):
        assert Holding.objects.count() == 0
        assert ReceivableBalance.objects.count() == 0
        assert ReceivableEntry.objects.count() == 0
    with acting_as(make.job(bank)):
        assert Holding.objects.count() == 1


@pytest.mark.django_db
def test_a_funder_holds_only_what_was_opened_to_it(world: World) -> None:
    row, by, _bank, _factor = world
    house = make.creditor()
    funder = make.maker(house)
    ask = Ask(row.pk, house.pk, yuan("1.00"))
    with acting_as(funder):
        assert ledger.reserve([ask], reference_type="t", by=funder, at=AT)[0].ok is False
    with acting_as(by):
        grant_access(
            object_type="receivables.receivable",
            object_id=row.pk,
            organisation_id=house.pk,
            reason_type="t",
            reason_id=1,
            at=AT - timedelta(days=365),
        )
    with acting_as(funder):
        assert ledger.reserve([ask], reference_type="t", by=funder, at=AT)[0].ok is True
        assert ReceivableBalance.objects.count() == 1


@pytest.mark.django_db
def test_the_application_cannot_write_balances_or_change_entries(world: World) -> None:
    row, by, _bank, _factor = world
    with acting_as(by):
        for statement in (
            "update receivables_receivablebalance set confirmed_amount = 1",
            "delete from receivables_receivableentry",
            "update receivables_confirmationact set comment = 'x'",
            "insert into receivables_holding (receivable_id) values (1)",
            "select * from invoice_fingerprint",
        ):
            with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        assert row.pk


@pytest.mark.django_db
def test_facts_wait_for_confirmation() -> None:
    row = make.pending(creditor := make.creditor(), make.debtor())
    with acting_as(make.job(creditor)) as by, pytest.raises(NotPosted):
        post(row.pk, EntryType.PAYMENT, "1.00", by)


# --- random orders of events (invariant I1) -----------------------------------------------------------------------------

amounts = st.integers(min_value=1, max_value=6_000_000).map(lambda minor: Decimal(minor) / 100)
steps = st.one_of(
    st.tuples(st.sampled_from(["reserve", "encumber"]), amounts, st.integers(0, 1)),
    st.tuples(st.sampled_from(["release", "close"]), st.integers(0, 5), st.integers(0, 1)),
    st.tuples(
        st.sampled_from(
            ["PAYMENT", "CREDIT_NOTE", "RETURN", "NETTING", "DISCOUNT", "RETENTION_HOLD", "RETENTION_RELEASE", "PRICE"]
        ),
        amounts,
        st.integers(0, 1),
    ),
    st.tuples(st.just("REVERSAL"), st.integers(0, 5), st.integers(0, 1)),
)


@pytest.mark.django_db
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(story=st.lists(steps, min_size=1, max_size=14))
def test_no_order_of_events_makes_the_balance_negative_or_wrong(world: World, story: list[Step]) -> None:
    row, by, *holders = world
    with acting_as(by), transaction.atomic():
        held: list[int] = []
        facts: list[int] = []
        for what, value, turn in story:
            _take_step(row.pk, what, value, turn, holders=holders, held=held, facts=facts, by=by)
            assert_books_agree(row.pk)
        transaction.set_rollback(True)


def _take_step(
    pk: int, what: str, value: Any, turn: int, *, holders: Sequence[int], held: list[int], facts: list[int], by: Actor
) -> None:
    if what in ("reserve", "encumber"):
        ask = Ask(pk, holders[turn], value)
        free = balance_of(pk).available_amount
        (answer,) = getattr(ledger, what)([ask], reference_type="t", by=by, at=AT)
        assert answer.ok == (value <= free)
        if answer.holding_id is not None:
            held.append(answer.holding_id)
    elif what == "release":
        ledger.release(held[value : value + 1], by=by, at=AT) if held[value:] else None
    elif what == "close":
        ledger.close_cuts(held)
    elif what == "REVERSAL":
        if facts[value:]:
            ledger.post_facts([Fact(pk, EntryType.REVERSAL, Decimal(1), DAY, reverses=facts.pop(value))], by=by, at=AT)
    else:
        amount = -value if what == "PRICE" and turn else value
        posted = ledger.post_facts([Fact(pk, EntryType(what), amount, DAY)], by=by, at=AT)[0]
        if what in ("PAYMENT", "CREDIT_NOTE") and posted.entry_id is not None:
            facts.append(posted.entry_id)


# --- parallel callers (G5) ----------------------------------------------------------------------------------------------

CALLERS = 200
CONNECTIONS = 16


def _in_parallel(call: Callable[[int], bool]) -> list[bool]:
    def run(turn: int) -> bool:
        try:
            return call(turn)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(run, range(CALLERS)))


@pytest.mark.django_db(transaction=True)
def test_two_hundred_parallel_reservations_never_exceed_the_balance() -> None:
    creditor, debtor, bank = make.creditor(), make.debtor(), make.creditor()
    row = make.confirmed(creditor, debtor)
    by = make.job(creditor)

    def reserve(_turn: int) -> bool:
        with acting_as(by):
            ask = Ask(row.pk, bank.pk, yuan("1000.00"))
            return ledger.reserve([ask], reference_type="test.offer", by=by, at=AT)[0].ok

    answers = _in_parallel(reserve)

    with acting_as(by), transaction.atomic():
        assert answers.count(True) == 113
        assert balance_of(row.pk).reserved_amount == yuan("113000.00")
        assert_books_agree(row.pk)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_unprotected_control_exceeds_it() -> None:
    """Canary: read, compare in Python, write. Without the condition in the UPDATE and the CHECK the same race oversells."""
    total, part = to_minor(yuan("113000.00")), to_minor(yuan("1000.00"))
    by = make.job(make.creditor())
    with connections["owner"].cursor() as cursor:
        cursor.execute("create table unprotected_control (held bigint not null)")
        cursor.execute("insert into unprotected_control values (0)")
        cursor.execute("grant select, update on unprotected_control to yingshou_app")
    try:
        answers = _in_parallel(lambda _turn: _reserve_without_protection(by, total=total, part=part))
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("drop table unprotected_control")

    assert answers.count(True) * part > total


def _reserve_without_protection(by: Actor, *, total: int, part: int) -> bool:
    with acting_as(by), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select held from unprotected_control")
        (held,) = cursor.fetchone()
        if held + part > total:
            return False
        cursor.execute("update unprotected_control set held = %s", [held + part])
        return True


@pytest.mark.django_db(transaction=True)
def test_lists_in_opposite_order_do_not_deadlock() -> None:
    creditor, debtor, bank = make.creditor(), make.debtor(), make.creditor()
    rows = [make.confirmed(creditor, debtor).pk for _turn in range(6)]
    by = make.job(creditor)

    def reserve(turn: int) -> bool:
        ids = rows if turn % 2 else list(reversed(rows))
        with acting_as(by):
            asks = [Ask(pk, bank.pk, yuan("1.00")) for pk in ids]
            return all(one.ok for one in ledger.reserve(asks, reference_type="t", by=by, at=AT))

    assert all(_in_parallel(reserve))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_check_holds_against_the_owner_too() -> None:
    row = make.confirmed(make.creditor(), make.debtor())

    with connections["owner"].cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute(
            "update receivables_receivablebalance set reserved_amount = 999999999999 where receivable_id = %s", [row.pk]
        )


# --- dates and interest -------------------------------------------------------------------------------------------------


def test_thirty_natural_days_from_the_request() -> None:
    clock = confirmation_clock(sme_at_signing=True, debtor=None, at=AT.replace(month=3, day=2))

    assert clock.deadline == date(2026, 4, 1)
    assert not clock.by_law


@pytest.mark.parametrize(
    ("rate", "basis", "expected"),
    [(None, 365, "22500.00"), ("0.04", 365, "4931.51"), ("0.04", 360, "5000.00")],
)
def test_late_interest_of_the_rule_book(rate: str | None, basis: int, expected: str) -> None:
    interest = late_interest(
        principal=yuan("1000000.00"),
        due_date=date(2026, 1, 1),
        until=date(2026, 2, 15),
        agreed_rate=None if rate is None else yuan(rate),
        day_count=basis,
    )

    assert interest.days == 45
    assert interest.amount == yuan(expected)
