"""
Simple interest between two dates under a named day count, and whether a payer's month counts as timely. Both are exact until
the last step. Source: rule book 2.6, 9.3, 10.1.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Invalid
from yingshou.kernel.money import CENT, from_minor, to_minor


class DayCount(StrEnum):
    """How days are counted and how many make a year."""

    ACT_360 = "ACT/360"
    ACT_360_BOTH = "ACT/360 both days in"
    ACT_365 = "ACT/365"
    ACT_365_BOTH = "ACT/365 both days in"


class EndBeforeStart(Invalid):
    """Interest runs forward."""

    code = "DEAL-003"
    message = _("The end %(end)s lies before the start %(start)s.")
    cure = _("Correct one of the two dates.")


class NothingOwed(Invalid):
    """A month in which nothing was owed is neither timely nor late."""

    code = "PAY-010"
    message = _("The total owed is zero: there is nothing to judge.")
    cure = _("Leave the month out for this debtor.")


class OverdueAboveTotal(Invalid):
    """The overdue part cannot be negative or exceed the whole."""

    code = "PAY-011"
    message = _("The overdue amount %(overdue)s is not between zero and the total %(total)s.")
    cure = _("Correct the ageing table: the total is the sum of its columns.")


def days_between(start: date, end: date, convention: DayCount = DayCount.ACT_360) -> int:
    """
    Days that bear interest: the first day in and the last out, unless the convention takes both in.

    :raises EndBeforeStart: if the end lies before the start
    """
    if end < start:
        raise EndBeforeStart(start=start, end=end)
    both = convention in {DayCount.ACT_360_BOTH, DayCount.ACT_365_BOTH}
    return (end - start).days + (1 if both else 0)


def interest(
    principal: Decimal, rate: Decimal, start: date, end: date, convention: DayCount = DayCount.ACT_360
) -> Decimal:
    """
    Simple interest in yuan, rounded half up to the cent once, at the end.

    :param rate: a fraction a year (0.065 is 6.5 %)
    :raises EndBeforeStart: if the end lies before the start
    :raises NotExact: if the principal has parts of a fen
    """
    year = 365 if convention in {DayCount.ACT_365, DayCount.ACT_365_BOTH} else 360
    exact = to_minor(principal) * Fraction(rate) * days_between(start, end, convention) / year
    sign = -1 if exact < 0 else 1
    return from_minor(sign * int(abs(exact) + Fraction(1, 2)))


def is_timely(total: Decimal, overdue: Decimal) -> bool:
    """
    Whether less than 20 % of what is owed is overdue; exactly 20 % is late. Multiplies, never divides.

    :raises NothingOwed: if the total is zero
    :raises OverdueAboveTotal: if the overdue amount is negative or above the total
    """
    if total == 0:
        raise NothingOwed
    if not 0 <= overdue <= total:
        raise OverdueAboveTotal(total=total.quantize(CENT), overdue=overdue.quantize(CENT))
    return overdue * 5 < total
