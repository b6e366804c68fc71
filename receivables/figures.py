"""The four numbers and the picture of a creditor's and a debtor's home page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from receivables.answering import MEDIAN_DAYS, Pace
from yingshou.home.figures import Figure, FigureProvider, Picture, PictureProvider
from yingshou.kernel.clock import business_date
from yingshou.kernel.money import from_minor
from yingshou.tenancy.actor import Actor
from yingshou.ui.charts import BarChart, Series
from yingshou.ui.counts import shown
from yingshou.ui.templatetags.ui import duration_words, money_text

WEEKS = 8
# Sums read at most so many rows of each state: a home page answers at once whatever the size of the book.
CAP = 20_000

DEBTOR = """
select u.amount, u.count,
       (select percentile_cont(0.5) within group (order by confirmed_at - confirm_requested_at) from (
           select confirmed_at, confirm_requested_at from receivables_receivable where debtor_id = %(own)s
           and state = 'CONFIRMED' and confirm_requested_at is not null and confirmed_at >= %(month)s limit %(cap)s + 1) m),
       (select percentile_cont(0.5) within group (order by confirmed_at - confirm_requested_at) from (
           select confirmed_at, confirm_requested_at from receivables_receivable where debtor_id = %(own)s
           and state = 'CONFIRMED' and confirm_requested_at is not null and confirmed_at >= %(earlier)s
           and confirmed_at < %(month)s limit %(cap)s + 1) e),
       w.count, w.oldest, d.count, d.amount
from (select coalesce(sum(b.confirmed_amount - b.adjusted_amount - b.paid_amount), 0) as amount, count(*) as count from (
           select id from receivables_receivable where debtor_id = %(own)s and state = 'CONFIRMED' limit %(cap)s + 1) r
           join receivables_receivablebalance b on b.receivable_id = r.id) u,
     (select count(*) as count, min(confirm_requested_at) as oldest from (select confirm_requested_at
          from receivables_receivable where debtor_id = %(own)s and state = 'PENDING_CONFIRM' limit %(cap)s + 1) p) w,
     (select count(*) as count, coalesce(sum(disputed_amount), 0) as amount from receivables_dispute
          where debtor_id = %(own)s and state = 'OPEN') d
"""

CREDITOR = """
select c.free, c.count, w.amount, w.count, w.oldest, s.amount, s.count, d.count, d.amount
from (select coalesce(sum(greatest(0, b.confirmed_amount - b.adjusted_amount - b.paid_amount - b.encumbered_amount
          - b.reserved_amount - b.retained_amount - b.disputed_amount)), 0) as free, count(*) as count from (
          select id from receivables_receivable where creditor_id = %(own)s and state = 'CONFIRMED' limit %(cap)s + 1) r
          join receivables_receivablebalance b on b.receivable_id = r.id) c,
     (select coalesce(sum(face_amount), 0) as amount, count(*) as count, min(confirm_requested_at) as oldest from (
          select face_amount, confirm_requested_at from receivables_receivable where creditor_id = %(own)s
          and state = 'PENDING_CONFIRM' limit %(cap)s + 1) p) w,
     (select coalesce(sum(face_amount), 0) as amount, count(*) as count from (
          select face_amount from receivables_receivable where creditor_id = %(own)s and state = 'CONFIRMED'
          and due_date between %(today)s and %(week)s limit %(cap)s + 1) i) s,
     (select count(*) as count, coalesce(sum(disputed_amount), 0) as amount from receivables_dispute
          where creditor_id = %(own)s and state = 'OPEN') d
"""


def _yuan(minor: object, count: int = 0) -> str:
    """An amount; marked as a lower bound where more rows exist than a home page reads."""
    bound = "≥ " if count > CAP else ""
    return f"{bound}{money_text(from_minor(int(str(minor))))}"


def _number(count: int) -> str:
    """A count, or "20,000+" where more rows exist than a home page reads."""
    return shown(count, limit=CAP)


def debtors(actor: Actor, at: datetime) -> Sequence[Figure]:
    """What a debtor lives by: what it owes, how fast it answers, what waits, what is disputed."""
    with connection.cursor() as cursor:
        spans = {"month": at - timedelta(days=MEDIAN_DAYS), "earlier": at - timedelta(days=2 * MEDIAN_DAYS)}
        cursor.execute(DEBTOR, {"own": actor.organisation_id, "cap": CAP, **spans})
        unpaid, unpaid_count, median, before, waiting, oldest, disputes, disputed = cursor.fetchone()
    ask = reverse("receivables:confirmations")
    pace = Pace(median, before, by_rule=False) if median is not None else None
    longest = (
        gettext("the oldest for %(time)s") % {"time": duration_words(at - oldest)}
        if oldest
        else gettext("nobody waits for you")
    )
    return [
        Figure(
            _("Unpaid payables, confirmed"),
            _yuan(unpaid, unpaid_count),
            _("to be paid when due"),
            url=f"{reverse('receivables:debts')}?state=confirmed",
        ),
        Figure(
            _("Time to confirm, last 30 days (median)"),
            duration_words(median) if median is not None else "–",
            (pace.trend if pace is not None else "") or _("from the request to the signature"),
            tone="amber" if pace is not None and before is not None and median - before > timedelta(days=1) else "",
            url=reverse("receivables:ladder") if actor.may("receivables.see_ladder") else "",
        ),
        Figure(
            _("Waiting for your answer"),
            ngettext("%(n)s item", "%(n)s items", waiting) % {"n": _number(waiting)},
            longest,
            tone="amber" if oldest and (at - oldest).days >= 5 else "",
            url=ask,
        ),
        Figure(
            _("In dispute"),
            _yuan(disputed),
            ngettext("%(n)s dispute", "%(n)s disputes", disputes) % {"n": disputes},
            tone="red" if disputes else "green",
            url=reverse("receivables:disputes"),
        ),
    ]


def creditors(actor: Actor, at: datetime) -> Sequence[Figure]:
    """What a creditor lives by: what it can finance, what waits, what comes in, what is disputed."""
    today = business_date(at)
    with connection.cursor() as cursor:
        cursor.execute(
            CREDITOR, {"own": actor.organisation_id, "cap": CAP, "today": today, "week": today + timedelta(days=7)}
        )
        free, confirmed, asked, waiting, oldest, due, due_count, disputes, disputed = cursor.fetchone()
    claims = reverse("receivables:claims")
    longest = (
        gettext("the oldest for %(time)s") % {"time": duration_words(at - oldest)}
        if oldest
        else gettext("nothing waits")
    )
    return [
        Figure(
            _("Confirmed and free to finance"),
            _yuan(free, confirmed),
            ngettext("in %(n)s receivable", "in %(n)s receivables", confirmed) % {"n": _number(confirmed)},
            tone="green" if free else "",
            url=f"{claims}?state=confirmed",
        ),
        Figure(
            _("Waiting for confirmation"),
            _yuan(asked, waiting),
            longest,
            tone="amber" if oldest and (at - oldest).days >= 5 else "",
            url=f"{claims}?state=waiting",
        ),
        Figure(
            _("Due within 7 days"),
            _yuan(due, due_count),
            _("by the confirmed due dates"),
            url=f"{claims}?state=confirmed&order=due",
        ),
        Figure(
            _("In dispute"),
            _yuan(disputed),
            ngettext("%(n)s dispute", "%(n)s disputes", disputes) % {"n": disputes},
            tone="red" if disputes else "green",
            url=reverse("receivables:disputes"),
        ),
    ]


WEEKLY = """
select (due_date - %(monday)s) / 7 as week, coalesce(sum(b.confirmed_amount - b.adjusted_amount - b.paid_amount
           - b.encumbered_amount), 0), coalesce(sum(b.encumbered_amount), 0), count(*)
from (select id, due_date from receivables_receivable where {party} = %(own)s and state = 'CONFIRMED'
      and due_date >= %(monday)s and due_date < %(end)s limit %(cap)s + 1) r
join receivables_receivablebalance b on b.receivable_id = r.id group by 1
"""
TEN_THOUSAND_YUAN = Decimal(10_000)


@dataclass(frozen=True)
class _Weeks:
    """What falls due week by week, in units of 10,000 yuan; `is_cut` where there are more rows than were read."""

    labels: list[str]
    own: list[Decimal]
    held: list[Decimal]
    is_cut: bool


def _weeks(actor: Actor, at: datetime, party: str) -> _Weeks:
    today = business_date(at)
    monday = today - timedelta(days=today.weekday())
    with connection.cursor() as cursor:
        cursor.execute(
            WEEKLY.replace("{party}", party),
            {"own": actor.organisation_id, "cap": CAP, "monday": monday, "end": monday + timedelta(weeks=WEEKS)},
        )
        rows = cursor.fetchall()
    found = {int(week): (from_minor(int(own)), from_minor(int(held))) for week, own, held, _count in rows}
    labels = [
        gettext("Week %(n)s") % {"n": (monday + timedelta(weeks=week)).isocalendar().week} for week in range(WEEKS)
    ]
    own, held = zip(*(found.get(week, (Decimal(0), Decimal(0))) for week in range(WEEKS)), strict=True)
    return _Weeks(
        labels=labels,
        own=[one / TEN_THOUSAND_YUAN for one in own],
        held=[one / TEN_THOUSAND_YUAN for one in held],
        is_cut=sum(count for *_sums, count in rows) > CAP,
    )


def _picture(title: str, weeks: _Weeks, words: tuple[str, str]) -> Picture | None:
    if not any(weeks.own) and not any(weeks.held):
        return None
    sums = [one + two for one, two in zip(weeks.own, weeks.held, strict=True)]
    highest = weeks.labels[sums.index(max(sums))]
    chart = BarChart(
        title=title,
        description=gettext("The highest is %(week)s.") % {"week": highest},
        labels=weeks.labels,
        series=[Series(words[0], weeks.own), Series(words[1], weeks.held)],
        unit=gettext("10,000 yuan"),
    )
    note = gettext("Drawn from %(n)s receivables; there are more.") % {"n": f"{CAP:,}"} if weeks.is_cut else ""
    return Picture(chart=chart, note=note)


def debtors_picture(actor: Actor, at: datetime) -> Picture | None:
    """What a debtor has to pay in the next eight weeks."""
    words = (gettext("To the suppliers"), gettext("Held by funders: pay where you were told"))
    return _picture(gettext("Payables of the next 8 weeks"), _weeks(actor, at, "debtor_id"), words)


def creditors_picture(actor: Actor, at: datetime) -> Picture | None:
    """What comes in for a creditor in the next eight weeks."""
    words = (gettext("To us"), gettext("Held by funders"))
    return _picture(gettext("Coming in over the next 8 weeks"), _weeks(actor, at, "creditor_id"), words)


FIGURES = {
    "receivables.debtor": FigureProvider(debtors, "receivables.read_debts", 10),
    "receivables.creditor": FigureProvider(creditors, "receivables.read_claims", 20),
}
PICTURES = {
    "receivables.debtor": PictureProvider(debtors_picture, "receivables.read_debts", 10),
    "receivables.creditor": PictureProvider(creditors_picture, "receivables.read_claims", 20),
}
