"""
Dates of the business: natural days, months that end when the month ends, and working days from a table. Make-up workdays
(调休) make some Saturdays workdays, so whether a day is one is never derived from the weekday: a year without data is an error.
Source: rule book X5, section 17.
"""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Invalid

_DATA = Path(__file__).parent / "data" / "workdays.json"


class NoCalendarData(Invalid):
    """The table of working days does not reach this day."""

    code = "CAL-001"
    message = _("The calendar of working days has no data for %(day)s.")
    cure = _("Ask the platform operator to enter the official holiday notice of that year.")


def due_date(base: date, days: int) -> date:
    """The day so many natural days after the base; the base itself is not counted (2026-01-31 and 60: 2026-04-01)."""
    return base + timedelta(days=days)


def add_months(day: date, months: int) -> date:
    """The same day of a later month (or earlier, if negative), or its last day where that month is shorter."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


class Calendar:
    """Working days by table: every day of every year that it knows."""

    def __init__(self, days: Mapping[date, bool]) -> None:
        """
        Keep the table.

        :param days: True for a working day; a day that is missing is unknown, never assumed
        """
        self._days = dict(days)

    def is_workday(self, day: date) -> bool:
        """
        Whether people work on the day.

        :raises NoCalendarData: if the table does not hold the day
        """
        try:
            return self._days[day]
        except KeyError:
            raise NoCalendarData(day=day) from None

    def add_workdays(self, day: date, count: int) -> date:
        """
        The count-th working day after the day (before it, if negative); with 0, the day itself or the next working day.

        :raises NoCalendarData: if the way leaves the table
        """
        if count == 0:
            while not self.is_workday(day):
                day += timedelta(days=1)
            return day
        step = timedelta(days=1 if count > 0 else -1)
        left = abs(count)
        while left:
            day += step
            left -= self.is_workday(day)
        return day

    def workdays_between(self, start: date, end: date) -> int:
        """
        Working days after the start, up to and including the end; negative if the end is earlier.

        :raises NoCalendarData: if a day of the span is unknown
        """
        if end < start:
            return -self.workdays_between(end, start)
        return sum(self.is_workday(start + timedelta(days=days)) for days in range(1, (end - start).days + 1))


@dataclass(frozen=True)
class OfficialYear:
    """One year of the shipped table: the notice it comes from and the days that differ from the week."""

    year: int
    source: str
    published: date
    confirmed: bool
    holidays: Mapping[date, str]
    makeup_workdays: frozenset[date]

    def days(self) -> dict[date, bool]:
        """Every day of the year; the notice names only what differs from an ordinary week."""
        first = date(self.year, 1, 1)
        length = (date(self.year + 1, 1, 1) - first).days
        return {day: self._works(day) for day in (first + timedelta(days=at) for at in range(length))}

    def _works(self, day: date) -> bool:
        if day in self.holidays:
            return False
        return day in self.makeup_workdays or day.weekday() < 5


@cache
def official_years() -> tuple[OfficialYear, ...]:
    """The years that ship with the platform, from the notices of the State Council."""
    return tuple(_year(entry) for entry in json.loads(_DATA.read_text(encoding="utf-8"))["years"])


def official_days() -> dict[date, bool]:
    """Every day of the shipped years: what fills the platform's table at first, which staff then keep up to date."""
    days: dict[date, bool] = {}
    for year in official_years():
        days.update(year.days())
    return days


def _year(entry: Mapping[str, object]) -> OfficialYear:
    year = entry["year"]
    holidays: dict[date, str] = {}
    periods, makeup = entry["holidays"], entry["makeup_workdays"]
    assert isinstance(year, int), "workdays.json: year"
    assert isinstance(periods, list), "workdays.json: holidays"
    assert isinstance(makeup, list), "workdays.json: makeup_workdays"
    for period in periods:
        day, last = date.fromisoformat(period["from"]), date.fromisoformat(period["to"])
        while day <= last:
            holidays[day] = period["name"]
            day += timedelta(days=1)
    return OfficialYear(
        year=year,
        source=str(entry["source"]),
        published=date.fromisoformat(str(entry["published"])),
        confirmed=entry["confirmed"] is True,
        holidays=holidays,
        makeup_workdays=frozenset(date.fromisoformat(day) for day in makeup),
    )
