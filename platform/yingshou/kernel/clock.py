"""
The one place that reads the clock. Everything else receives its instant as `at`, taken once per request or job. The sample
city alone may move its clock; business dates are those of Shanghai, which has no daylight saving.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class _Offset:
    """By how much the clock of the sample city is ahead of the real one; zero everywhere else."""

    value = timedelta(0)


def now() -> datetime:
    """This instant, in UTC, moved by the offset of the sample city."""
    return real_now() + _Offset.value


def real_now() -> datetime:
    """This instant, in UTC, never moved: for what must agree with other machines, such as certificates and leases."""
    return datetime.now(UTC)


def set_offset(offset: timedelta) -> None:
    """Move the clock of this process; only the sample city does so, at start and after `move_clock`."""
    _Offset.value = offset


def offset() -> timedelta:
    """By how much the clock of this process is moved."""
    return _Offset.value


def business_date(at: datetime) -> date:
    """
    The date in Shanghai at an instant.

    :raises ValueError: if the instant has no time zone
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """The first instant of a business date, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
