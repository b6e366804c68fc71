"""Due dates, months and working days, with the notices of the State Council as data."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.yingshou.kernel.vectors import VECTORS
from yingshou.kernel.calendar import Calendar, NoCalendarData, add_months, due_date, official_days, official_years

CALENDAR = Calendar(official_days())


@pytest.mark.parametrize(("base", "days", "due"), VECTORS["due_dates"])
def test_due_dates(base: str, days: int, due: str) -> None:
    assert due_date(date.fromisoformat(base), days) == date.fromisoformat(due)


@pytest.mark.parametrize(("start", "months", "end"), VECTORS["registration_terms"])
def test_registration_terms(start: str, months: int, end: str) -> None:
    assert add_months(date.fromisoformat(start), months) == date.fromisoformat(end)


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
def test_months_there_and_back_differ_only_at_the_end_of_a_month(day: date, months: int) -> None:
    there = add_months(day, months)

    assert (there.year * 12 + there.month) - (day.year * 12 + day.month) == months
    assert there.day == day.day or (there + timedelta(days=1)).day == 1
    assert day.day > 28 or add_months(there, -months) == day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 2, 14), True),  # Saturday, made up
        (date(2026, 2, 28), True),  # Saturday, made up
        (date(2026, 2, 16), False),  # Monday, Spring Festival
        (date(2026, 2, 24), True),
        (date(2026, 2, 7), False),  # ordinary Saturday
        (date(2026, 1, 4), True),  # Sunday, made up
        (date(2025, 10, 8), False),
        (date(2025, 10, 11), True),  # Saturday, made up
    ],
)
def test_make_up_workdays_and_holidays(day: date, works: bool) -> None:
    assert CALENDAR.is_workday(day) is works


def test_every_shipped_year_is_whole_and_names_its_source() -> None:
    for year in official_years():
        days = year.days()
        assert set(days) == {date(year.year, 1, 1) + timedelta(days=at) for at in range(365)}
        assert year.source
        assert year.published < date(year.year, 1, 1)
        assert year.confirmed
        # A make-up workday makes up for a day off: it lies on a weekend and on no holiday.
        assert all(day.weekday() >= 5 and day not in year.holidays for day in year.makeup_workdays)
    # 2025 has 248 working days, as the notice of that year leaves 28 holidays, weekends included.
    assert sum(works for day, works in official_days().items() if day.year == 2025) == 248


def test_working_days_are_counted_over_a_long_holiday() -> None:
    assert CALENDAR.add_workdays(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert CALENDAR.add_workdays(date(2026, 2, 13), 2) == date(2026, 2, 24)
    assert CALENDAR.add_workdays(date(2026, 2, 24), -2) == date(2026, 2, 13)
    assert CALENDAR.add_workdays(date(2026, 2, 16), 0) == date(2026, 2, 24)
    assert CALENDAR.add_workdays(date(2026, 2, 24), 0) == date(2026, 2, 24)


def test_a_day_without_data_is_refused_and_never_guessed() -> None:
    with pytest.raises(NoCalendarData) as caught:
        CALENDAR.add_workdays(date(2026, 12, 31), 1)

    assert caught.value.params == {"day": date(2027, 1, 1)}
    with pytest.raises(NoCalendarData):
        Calendar({}).is_workday(date(2026, 3, 2))


@given(st.dates(date(2025, 3, 1), date(2026, 9, 30)), st.integers(1, 40))
def test_adding_and_counting_working_days_agree(day: date, count: int) -> None:
    later = CALENDAR.add_workdays(day, count)

    assert CALENDAR.is_workday(later)
    assert CALENDAR.workdays_between(day, later) == count
    assert CALENDAR.workdays_between(later, day) == -count
