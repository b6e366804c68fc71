"""
The confirmation ladder (N06, D03): reminders on days 1, 3, 7, 15, 25 and 30, then "no answer"; never "confirmed".

The job of the clock asks for one job per debtor; that one works as the debtor's, so that row-level security holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection, transaction

from receivables.actions.invoices import show_papers
from receivables.actions.messages import tell
from receivables.actions.sending import match_book
from receivables.models import OBJECT_TYPE, Receivable
from receivables.rules.terms import CONFIRM_DAYS, REMINDER_DAYS, confirmation_clock
from receivables.states import State
from yingshou.audit.events import EventDraft, record
from yingshou.identity.models import Organisation
from yingshou.jobs.queue import enqueue_many
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor

JOB = "receivables.remind_debtor"


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
    Remind the debtor of what reached a step of the ladder today, and mark what is past its deadline; how many reminders.

    Idempotent by day: the step is a day count, and the mark is set once.
    """
    today = clock.business_date(at)
    waiting = Receivable.objects.waiting_for(by.organisation_id or 0).filter(confirm_requested_at__isnull=False)
    due = [row for row in waiting.order_by("id") if _days(row, today) in REMINDER_DAYS]
    if due:
        tell("reminder", due, to="debtor", by=by, at=at)
    late = list(waiting.filter(no_answer_at__isnull=True, confirm_deadline__lt=today).order_by("id"))
    _mark_unanswered(late, by=by, at=at)
    return len(due)


def _days(row: Receivable, today: date) -> int:
    assert row.confirm_requested_at is not None, "filtered above"
    return (today - clock.business_date(row.confirm_requested_at)).days


def _mark_unanswered(rows: Sequence[Receivable], *, by: Actor, at: datetime) -> None:
    Receivable.objects.filter(pk__in=[row.pk for row in rows], no_answer_at__isnull=True).update(no_answer_at=at)
    record(
        [
            EventDraft(
                kind=f"{OBJECT_TYPE}.no_answer",
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                object_version=None,
                audience=row.audience(),
                by=by,
                at=at,
                body={"public_no": row.public_no, "days": CONFIRM_DAYS},
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
    if rows:
        tell("requested", rows, to="debtor", by=by, at=at)
    return len(rows)
