"""
Whether this machine's clock and the database's agree: events carry the instant of the act and the moment they were recorded.

Every transaction's first statement, which writes the actor, also brings the database's clock; that costs no statement. A difference over
two seconds alarms, and acts that bind are refused until the clocks agree. The sample city's moved clock does not count: what is
compared is the machine's own clock, which the city never moves.
"""

import logging
import time
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _
from prometheus_client import Gauge

from yingshou.kernel.errors import DomainError

LARGEST = timedelta(seconds=2)
# An alarm is repeated while it lasts, but not with every transaction.
_ALARM_EVERY_SECONDS = 60.0
_METRIC_EVERY_SECONDS = 1.0

logger = logging.getLogger(__name__)
SECONDS = Gauge(
    "yingshou_clock_difference_seconds",
    "By how much the database's clock is ahead of this process's (negative: behind).",
    multiprocess_mode="livemostrecent",
)


class ClocksDiffer(DomainError):
    """The clocks of the machine and of the database differ by more than two seconds; nothing binding is done meanwhile."""

    code = "CLK-001"
    message = _(
        "The platform's clocks differ by %(seconds)s seconds, so nothing that binds can be done at this moment."
    )
    cure = _("Nothing was changed. The platform's staff are alarmed; try again in some minutes.")
    status = 503


class _Last:
    """What this process measured last; all its threads have the one clock."""

    difference = timedelta(0)
    alarmed_at = -_ALARM_EVERY_SECONDS
    shown_at = -_METRIC_EVERY_SECONDS


def between(before: datetime, database: datetime, after: datetime) -> timedelta:
    """
    By how much the database's clock is certainly ahead; negative where it is behind.

    It was read at some moment between `before` and `after` of our own clock: a slow answer is no difference.
    """
    if database < before:
        return database - before
    return max(database - after, timedelta(0))


def note(before: datetime, database: datetime, after: datetime) -> timedelta:
    """Keep a measurement: for binding acts, for the metric, and as an alarm in the log where it is too large."""
    _Last.difference = difference = between(before, database, after)
    now, seconds = time.monotonic(), round(difference.total_seconds(), 3)
    if now - _Last.shown_at >= _METRIC_EVERY_SECONDS:
        _Last.shown_at = now
        SECONDS.set(seconds)
    if too_large(difference) and now - _Last.alarmed_at >= _ALARM_EVERY_SECONDS:
        _Last.alarmed_at = now
        logger.error(
            "clocks_differ", extra={"seconds": seconds, "largest": LARGEST.total_seconds(), "code": ClocksDiffer.code}
        )
    return difference


def too_large(difference: timedelta) -> bool:
    """Whether binding acts have to wait."""
    return abs(difference) > LARGEST


def require_agreement() -> None:
    """
    Stand before an act that binds; inside its transaction, whose first statement has just measured.

    :raises ClocksDiffer: if the clocks differ by more than two seconds
    """
    if too_large(_Last.difference):
        raise ClocksDiffer(seconds=round(_Last.difference.total_seconds()))
