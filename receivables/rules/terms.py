"""Dates and interest around a receivable (domain 2.6, 17): when an answer is due, on which basis, and what delay costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from yingshou.identity.models import Organisation, OrganisationSize
from yingshou.kernel.clock import business_date
from yingshou.kernel.money import round_half_up

CONFIRM_DAYS = 30
STATUTORY_DAILY_RATE = Decimal("0.0005")
"""Late interest a day where none was agreed: Regulation on payments to small and medium enterprises, article 17."""

SMALL = frozenset({OrganisationSize.MEDIUM, OrganisationSize.SMALL, OrganisationSize.MICRO})


@dataclass(frozen=True)
class Clock:
    """
    The debtor's time to answer.

    :ivar by_law: whether the 30 days are the law's (Order 802, article 16) or only the platform's
    """

    requested_at: datetime
    deadline: date
    by_law: bool

    def in_time(self, at: datetime) -> bool:
        """Whether an answer at this instant is still in time; the last day counts."""
        return business_date(at) <= self.deadline


def confirmation_clock(*, sme_at_signing: bool, debtor: Organisation | None, at: datetime) -> Clock:
    """Thirty natural days from the request; by law where a public body or a large enterprise owes a small or medium one."""
    by_law = sme_at_signing and debtor is not None and (debtor.is_public_body or debtor.size == OrganisationSize.LARGE)
    return Clock(requested_at=at, deadline=business_date(at) + timedelta(days=CONFIRM_DAYS), by_law=by_law)


def is_sme(organisation: Organisation) -> bool:
    """Whether the organisation counts as medium, small or micro."""
    return organisation.size in SMALL


@dataclass(frozen=True)
class LateInterest:
    """Interest for late payment, with the convention it follows."""

    amount: Decimal
    days: int
    convention: str


def late_interest(
    *, principal: Decimal, due_date: date, until: date, agreed_rate: Decimal | None = None, day_count: int = 365
) -> LateInterest:
    """
    Simple interest from the day after the due date; 0.05 % a day where nothing was agreed.

    :param agreed_rate: per year, as a fraction
    :param day_count: 365 or 360 days a year for an agreed rate
    """
    days = max(0, (until - due_date).days)
    if agreed_rate is None:
        return LateInterest(round_half_up(principal * STATUTORY_DAILY_RATE * days), days, "0.05 %/day")
    exact = principal * agreed_rate * days / Decimal(day_count)
    return LateInterest(round_half_up(exact), days, f"ACT/{day_count}")
