"""
Where a claim waits for its answer, who is asked inside the debtor's house, who stands in, and how fast the debtor answers.

A supplier reads the place and the reminders, never a person of the debtor; the debtor reads both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils.translation import gettext, ngettext

from receivables import presenters
from receivables.asking import people, substitutes
from receivables.models import AnswerProgress, AnswerRouting, Receivable
from receivables.states import State
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor
from yingshou.ui.templatetags.ui import day, duration_words, minute

MEDIAN_DAYS = 30
"""The span over which the median time to confirm is taken, and the one before it for the trend."""


@dataclass(frozen=True)
class Pace:
    """
    How fast a debtor confirms.

    :ivar by_rule: whether a supplier sees it because the law's thirty days run, not because the debtor shares it
    """

    median: timedelta
    before: timedelta | None
    by_rule: bool

    @property
    def trend(self) -> str:
        """Faster or slower than in the span before; "" where there is nothing to compare with."""
        if self.before is None:
            return ""
        gap = self.before - self.median
        if abs(gap) < timedelta(minutes=1):
            return gettext("as fast as in the 30 days before")
        words = gettext("%(time)s faster than in the 30 days before") if gap > timedelta() else ""
        words = words or gettext("%(time)s slower than in the 30 days before")
        return words % {"time": duration_words(abs(gap))}


def pace_of(debtor_id: int, at: datetime) -> Pace | None:
    """How fast an organisation confirms, as far as the actor's organisation may know; None where it may not or there is none."""
    spans = [(at - timedelta(days=MEDIAN_DAYS), at + timedelta(seconds=1))]
    spans.append((at - timedelta(days=2 * MEDIAN_DAYS), spans[0][0]))
    medians: list[timedelta | None] = []
    by_rule = False
    with connection.cursor() as cursor:
        for since, until in spans:
            cursor.execute("select * from receivables_answer_time(%s, %s, %s)", [debtor_id, since, until])
            row = cursor.fetchone()
            medians.append(row[0] if row else None)
            by_rule = by_rule or bool(row and row[2])
    if medians[0] is None:
        return None
    return Pace(median=medians[0], before=medians[1], by_rule=by_rule)


@dataclass(frozen=True)
class Stand:
    """
    Where one claim waits, said to one of its parties.

    :ivar asked: whom the debtor asked inside its house, for the debtor's own eyes; "" for the supplier
    """

    place: str
    since: datetime
    reminded: str
    next_on: date | None
    escalated_at: datetime | None
    deadline: Sequence[str]
    pace: Pace | None = None
    asked: str = ""
    reason: str = ""
    is_missed: bool = False

    def words(self, at: datetime) -> str:
        """All in one line: "accounts payable, 4 days, reminded twice, next on 2026-11-27"."""
        parts = [self.place, duration_words(at - self.since), self.reminded]
        if self.next_on is not None:
            parts.append(gettext("next reminder on %(day)s") % {"day": day(self.next_on)})
        return gettext(", ").join(parts)


def reminded_words(progress: AnswerProgress | None) -> str:
    """How often the debtor was reminded."""
    count = progress.reminded_count if progress is not None else 0
    if not count:
        return gettext("not reminded yet")
    return ngettext("reminded once", "reminded %(n)d times", count) % {"n": count}


def place_words(progress: AnswerProgress | None) -> str:
    """The department at which it waits, as the supplier may read it."""
    return (progress.department if progress is not None else "") or gettext("accounts payable")


def stand_of(row: Receivable, actor: Actor, at: datetime) -> Stand | None:
    """Where a claim waits; None unless its debtor was asked and has not answered."""
    if row.state != State.PENDING_CONFIRM or row.confirm_requested_at is None:
        return None
    progress = AnswerProgress.objects.filter(pk=row.pk).first()
    is_debtor = row.debtor_id == actor.organisation_id
    asked, reason = _asked(row, actor, at) if is_debtor else ("", "")
    return Stand(
        place=place_words(progress),
        since=progress.department_since if progress is not None else row.confirm_requested_at,
        reminded=reminded_words(progress),
        next_on=progress.next_on if progress is not None else None,
        escalated_at=progress.escalated_at if progress is not None else None,
        deadline=presenters.deadline_words(row, at),
        pace=pace_of(row.debtor_id or 0, at) if not is_debtor else None,
        asked=asked,
        reason=reason,
        is_missed=row.no_answer_at is not None,
    )


def _asked(row: Receivable, actor: Actor, at: datetime) -> tuple[str, str]:
    """Who was asked inside the house and who stands in for her; and why it was passed on."""
    routing = AnswerRouting.objects.visible_to(actor).filter(pk=row.pk).first()
    if routing is None:
        return "", ""
    names = people(actor.scope_id, at)
    standing_in = substitutes(actor.scope_id, clock.business_date(at)).get(routing.person_id, [])
    said = [names.get(routing.person_id, gettext("somebody who has left"))]
    said += [gettext("%(name)s stands in") % {"name": names[one]} for one in standing_in if one in names]
    why = " · ".join(one for one in (presenters.reason_words(routing.reason_code), routing.comment) if one)
    return gettext(", ").join(said), f"{why} ({minute(routing.routed_at)})"


def stands_by_row(rows: Sequence[Receivable]) -> Mapping[int, str]:
    """For a supplier's list: the place and the reminders of each claim on the page that waits; one statement."""
    waiting = [row.pk for row in rows if row.state == State.PENDING_CONFIRM and row.debtor_id]
    found = AnswerProgress.objects.in_bulk(waiting) if waiting else {}
    return {
        pk: gettext(", ").join([gettext("at %(place)s") % {"place": place_words(one)}, reminded_words(one)])
        for pk, one in found.items()
    }
