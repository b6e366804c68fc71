"""Interest under each day count, and what counts as a timely payer."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yingshou.kernel.vectors import VECTORS
from yingshou.kernel.interest import (
    DayCount,
    EndBeforeStart,
    NothingOwed,
    OverdueAboveTotal,
    days_between,
    interest,
    is_timely,
)

CONVENTIONS = {
    "ACT/360 first day in last day out": DayCount.ACT_360,
    "ACT/360": DayCount.ACT_360,
    "ACT/360 both days in": DayCount.ACT_360_BOTH,
    "ACT/365": DayCount.ACT_365,
}


@pytest.mark.parametrize("vector", VECTORS["interest"], ids=lambda vector: vector["conv"])
def test_interest(vector: dict[str, str]) -> None:
    amount = interest(
        Decimal(vector["principal"]),
        Decimal(vector["rate"]),
        date.fromisoformat(vector["start"]),
        date.fromisoformat(vector["end"]),
        CONVENTIONS[vector["conv"]],
    )

    assert str(amount) == vector["interest"]


@pytest.mark.parametrize(
    ("principal", "rate", "days", "convention", "amount"),
    [
        ("1000000.00", "0.04", 45, DayCount.ACT_365, "4931.51"),
        ("1000000.00", "0.04", 45, DayCount.ACT_360, "5000.00"),
        ("5000000.00", "0.0115", 184, DayCount.ACT_360, "29388.89"),
        ("5000000.00", "0.0095", 92, DayCount.ACT_360, "12138.89"),
        ("0.01", "0.065", 0, DayCount.ACT_360, "0.00"),
    ],
)
def test_worked_numbers_of_the_rule_book(
    principal: str, rate: str, days: int, convention: DayCount, amount: str
) -> None:
    end = date.fromordinal(date(2026, 3, 2).toordinal() + days)

    assert str(interest(Decimal(principal), Decimal(rate), date(2026, 3, 2), end, convention)) == amount


@given(st.integers(-(10**15), 10**15), st.decimals(-1, 1, places=6), st.integers(0, 3650), st.sampled_from(DayCount))
def test_interest_is_rounded_once(minor: int, rate: Decimal, days: int, convention: DayCount) -> None:
    start = date(2020, 1, 1)
    end = date.fromordinal(start.toordinal() + days)
    counted = days + (1 if convention.value.endswith("both days in") else 0)
    exact = Fraction(minor, 100) * Fraction(rate) * counted / int(convention.value[4:7])

    amount = interest(Decimal(minor).scaleb(-2), rate, start, end, convention)

    assert days_between(start, end, convention) == counted
    assert abs(Fraction(amount) - exact) <= Fraction(1, 200)


def test_interest_runs_forward() -> None:
    with pytest.raises(EndBeforeStart) as caught:
        interest(Decimal(1), Decimal("0.01"), date(2026, 3, 2), date(2026, 3, 1))

    assert caught.value.code == "DEAL-003"


@pytest.mark.parametrize("vector", VECTORS["ageing_rule"])
def test_ageing(vector: dict[str, str]) -> None:
    total, overdue = Decimal(vector["total"]), Decimal(vector["overdue"])

    if vector["expect"] == "REJECT_ZERO_TOTAL":
        with pytest.raises(NothingOwed):
            is_timely(total, overdue)
    else:
        assert is_timely(total, overdue) is (vector["expect"] == "TIMELY")


@pytest.mark.parametrize("overdue", ["-0.01", "100.01"])
def test_ageing_refuses_an_overdue_part_outside_the_whole(overdue: str) -> None:
    with pytest.raises(OverdueAboveTotal):
        is_timely(Decimal("100.00"), Decimal(overdue))
