"""
The confirmation ladder (N06, D03): reminders on the debtor's days, a second contact, then "no answer"; never "confirmed".

The job of the clock asks for one job per debtor; that one works as the debtor's, so that row-level security holds. What was
reached while no worker ran is caught up with one reminder, and no step is ever taken twice: the row that remembers it is locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from receivables import asking
from receivables.actions.invoices import show_papers
from receivables.actions.messages import tell
from receivables.actions.sending import match_book, start_ladder
from receivables.models import OBJECT_TYPE, AnswerProgress, Receivable
from receivables.rules.terms import CONFIRM_DAYS, confirmation_clock
from receivables.states import State
from yingshou.audit.events import EventDraft, record
from yingshou.identity.models import Organisation
from yingshou.jobs.queue import enqueue_many
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor

JOB = "receivables.remind_debtor"
# Rows that one statement writes back.
CHUNK = 1_000


@transaction.atomic
def ask_for_debtors(*, by: Actor, at: datetime) -> int:
    """Ask for one job per debtor with something unanswered, once a day; how many debtors."""
    with connection.cursor() as cursor:
        cursor.execute("select receivables_debtors_waiting()")
        debtors = [int(row[0]) for row in cursor.fetchall()]
    day = clock.business_date(at).isoformat()
    for debtor in debtors:
        enqueue_many(JOB, keys=[{"debtor": debtor, "day": day}], organisation_id=debtor, by=by, at=at)
    return len(debtors)


@transaction.atomic
def remind_debtor(*, by: Actor, at: datetime) -> int:
    """
    Remind the debtor of what reached a step of the ladder, tell its second contact, mark what is past its deadline.

    How many claims were reminded of. A second run the same day, or one at the same time, finds nothing left to do.
    """
    today = clock.business_date(at)
    own = by.organisation_id or 0
    waiting = Receivable.objects.waiting_for(own).filter(confirm_requested_at__isnull=False)
    # Claims from before the debtor registered, or written by a load, have no ladder yet.
    missing = list(waiting.filter(progress__isnull=True).values_list("pk", flat=True))
    if missing:
        start_ladder(missing)
    reminded = _climb(own, today, by=by, at=at)
    late = list(waiting.filter(no_answer_at__isnull=True, confirm_deadline__lt=today).order_by("id"))
    _mark_unanswered(late, by=by, at=at)
    return reminded


def _climb(own: int, today: date, *, by: Actor, at: datetime) -> int:
    reached = AnswerProgress.objects.filter(Q(next_on__lte=today) | Q(escalate_on__lte=today), debtor_id=own)
    # What was answered or withdrawn leaves the ladder.
    reached.exclude(receivable__state=State.PENDING_CONFIRM).update(next_on=None, escalate_on=None)
    rows = list(reached.select_related("receivable").order_by("pk").select_for_update(of=("self",), no_key=True))
    if not rows:
        return 0
    policy = asking.policy_of(own)
    steps = {one.pk: _step(one, policy.reminder_days, today, at) for one in rows}
    escalated = [one for one in rows if one.escalate_on is not None and one.escalate_on <= today]
    for one in escalated:
        one.escalate_on, one.escalated_at = None, at
    fields = ["last_step", "reminded_count", "reminded_at", "next_on", "escalate_on", "escalated_at"]
    AnswerProgress.objects.bulk_update(rows, fields, batch_size=CHUNK)
    due = [one.receivable for one in rows if steps[one.pk]]
    persons = asking.asked_people(own, [row.pk for row in due], at)
    tell("reminder", due, to="debtor", by=by, at=at, persons=persons)
    _note("reminder", due, {pk: {"step": step} for pk, step in steps.items()}, by=by, at=at)
    second = [policy.second_contact_id] if policy.second_contact_id else []
    claims = [one.receivable for one in escalated]
    tell("escalation", claims, to="debtor", by=by, at=at, persons={row.pk: second for row in claims})
    _note("escalated", claims, {row.pk: {"days": policy.escalate_after} for row in claims}, by=by, at=at)
    return len(due)


def _step(one: AnswerProgress, days: Sequence[int], today: date, at: datetime) -> int:
    """Move a row to the last step that today reached; 0 where none is new."""
    start = clock.business_date(one.requested_at)
    over = (today - start).days
    step = max((day for day in days if one.last_step < day <= over), default=0)
    if step:
        one.last_step = step
        one.reminded_count += 1
        one.reminded_at = at
    later = [day for day in days if day > max(one.last_step, over)]
    one.next_on = start + timedelta(days=min(later)) if later else None
    return step


def _mark_unanswered(rows: Sequence[Receivable], *, by: Actor, at: datetime) -> None:
    Receivable.objects.filter(pk__in=[row.pk for row in rows], no_answer_at__isnull=True).update(no_answer_at=at)
    _note("no_answer", rows, {row.pk: {"days": CONFIRM_DAYS} for row in rows}, by=by, at=at)


def _note(
    event: str, rows: Sequence[Receivable], bodies: Mapping[int, Mapping[str, Any]], *, by: Actor, at: datetime
) -> None:
    record(
        [
            EventDraft(
                kind=f"{OBJECT_TYPE}.{event}",
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                object_version=None,
                audience=row.audience(),
                by=by,
                at=at,
                body={"public_no": row.public_no, **bodies[row.pk]},
            )
            for row in rows
        ]
    )


@transaction.atomic
def link_debtor(*, by: Actor, at: datetime) -> int:
    """
    Bring claims that waited for this organisation before it registered to it; its time to answer starts now (D04).

    How many claims there were; a second run finds none.
    """
    with connection.cursor() as cursor:
        cursor.execute("select receivables_link_debtor(%s)", [by.organisation_id])
        ids = list(cursor.fetchone()[0])
    rows = list(Receivable.objects.filter(pk__in=ids, debtor_id=by.organisation_id).order_by("id"))
    debtor = Organisation.objects.get(pk=by.organisation_id or 0)
    for row in rows:
        found = confirmation_clock(sme_at_signing=row.sme_at_signing, debtor=debtor, at=at)
        Receivable.objects.filter(pk=row.pk, state=State.PENDING_CONFIRM).update(
            confirm_requested_at=found.requested_at, confirm_deadline=found.deadline, confirm_by_law=found.by_law
        )
    show_papers(rows)
    match_book([row.pk for row in rows], at=at)
    start_ladder([row.pk for row in rows])
    asked = [row for row in rows if row.state == State.PENDING_CONFIRM]
    if asked:
        tell("requested", asked, to="debtor", by=by, at=at)
    return len(rows)
