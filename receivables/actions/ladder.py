"""Writes of the confirmation ladder: how an organisation is reminded, who stands in, who answers a claim that is not mine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from receivables import asking
from receivables.actions.answers import reason_problem
from receivables.actions.common import Ledgered, NotTheDebtor, may, see
from receivables.actions.messages import tell
from receivables.models import (
    OBJECT_TYPE,
    AnswerPolicy,
    AnswerProgress,
    AnswerRouting,
    Department,
    Receivable,
    Substitute,
)
from receivables.states import State
from yingshou.approvals.actions import ChangeAlreadyOpen
from yingshou.approvals.models import ApprovalLine
from yingshou.audit.events import EventDraft, record
from yingshou.kernel import clock
from yingshou.kernel.errors import Conflict, Invalid, NotVisible
from yingshou.tenancy.actor import Actor

LONGEST_DAYS = 180
FIRST_DAY, LAST_DAY, MOST_DAYS = 1, 30, 10
POLICY_TYPE = "receivables.answerpolicy"


class DaysUnusable(Invalid):
    """The days of reminders are not days of the ladder."""

    code = "RCV-080"
    message = _("Reminders come on at most 10 days between 1 and 30 after the request, and always on day 30.")
    cure = _("Write the days with commas, such as 1, 3, 7, 15, 25, 30.")


class CannotAnswer(Invalid):
    """The colleague has no duty to prepare answers."""

    code = "RCV-081"
    message = _("This colleague cannot prepare answers: the duty of a maker is missing, or the membership has ended.")
    cure = _("Choose a maker, or ask an administrator of your organisation to grant the duty.")


class SubstituteDays(Invalid):
    """The days of a substitution are wrong."""

    code = "RCV-082"
    message = _("A substitute stands in from today or later, until a day not before that, for at most 180 days.")
    cure = _("Correct the days.")


class SubstituteNamed(Conflict):
    """There is the same substitute for some of these days already."""

    code = "RCV-083"
    message = _("This colleague already stands in for that person on some of these days.")
    cure = _("End the earlier substitution first, or choose other days.")


class DepartmentNamed(Conflict):
    """Two departments of one name."""

    code = "RCV-084"
    message = _("There is a department of this name already.")
    cure = _("Close it first, or choose another name.")


class NotWaiting(Conflict):
    """Only what waits for an answer can be passed on."""

    code = "RCV-085"
    message = _("This receivable no longer waits for your answer, so it cannot be passed on.")
    cure = _("Open it and look at its state.")


@dataclass(frozen=True)
class Reminding:
    """How an organisation wants to be reminded."""

    days: Sequence[int]
    escalate_after: int
    second_contact_id: int | None
    department: str
    shares_median: bool


@transaction.atomic
def set_policy(wish: Reminding, *, by: Actor, at: datetime) -> AnswerPolicy:
    """
    Set the days of reminders, the second contact and what suppliers read; open claims follow it from now on.

    :raises NotAuthorised: if the actor is no administrator of a debtor
    :raises DaysUnusable: if the days are not days of the ladder
    :raises CannotAnswer: if the second contact may neither prepare nor check answers
    """
    may(by, "receivables.set_ladder")
    days = sorted(set(wish.days))
    if not days or days[0] < FIRST_DAY or days[-1] != LAST_DAY or len(days) > MOST_DAYS:
        raise DaysUnusable
    if not FIRST_DAY <= wish.escalate_after < LAST_DAY:
        raise DaysUnusable
    own = by.organisation_id or 0
    known = asking.colleagues(own, at, asking.ANSWERS, asking.CHECKS)
    if wish.second_contact_id is not None and wish.second_contact_id not in {one.person_id for one in known}:
        raise CannotAnswer
    facts: dict[str, Any] = {
        "reminder_days": days,
        "escalate_after": wish.escalate_after,
        "second_contact_id": wish.second_contact_id,
        "department": wish.department.strip(),
        "shares_median": wish.shares_median,
    }
    before = asking.policy_of(own).department
    row, _made = AnswerPolicy.objects.update_or_create(
        organisation_id=own, defaults={**facts, "changed_at": at, "changed_by_id": by.person_id}
    )
    _follow_policy(row, before)
    _note(POLICY_TYPE, row.pk, "change", [own], facts, by=by, at=at)
    return row


def _follow_policy(policy: AnswerPolicy, before: str) -> None:
    """Open claims take the new days: the next step is the first new day after the last one taken."""
    rows = list(
        AnswerProgress.objects.filter(debtor_id=policy.organisation_id, receivable__state=State.PENDING_CONFIRM)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    for one in rows:
        start = clock.business_date(one.requested_at)
        later = [step for step in policy.reminder_days if step > one.last_step]
        one.next_on = start + timedelta(days=min(later)) if later else None
        if one.escalated_at is None:
            one.escalate_on = start + timedelta(days=policy.escalate_after + 1)
        if one.department == before:
            one.department = policy.department
    AnswerProgress.objects.bulk_update(rows, ["next_on", "escalate_on", "department"], batch_size=1_000)


@transaction.atomic
def open_department(name: str, *, contact_id: int, by: Actor, at: datetime) -> Department:
    """
    Name a department that claims can be passed to, with the colleague who is asked.

    :raises NotAuthorised: if the actor is no administrator of a debtor
    :raises CannotAnswer: if the contact cannot prepare answers
    :raises DepartmentNamed: if there is one of this name
    """
    may(by, "receivables.set_ladder")
    own = by.organisation_id or 0
    if contact_id not in asking.people(own, at):
        raise CannotAnswer
    try:
        with transaction.atomic():
            row = Department.objects.create(
                organisation_id=own, name=name.strip(), contact_id=contact_id, created_at=at, created_by_id=by.person_id
            )
    except IntegrityError as error:
        raise DepartmentNamed from error
    _note("receivables.department", row.pk, "open", [own], {"name": row.name, "contact_id": contact_id}, by=by, at=at)
    return row


@transaction.atomic
def close_department(department_id: int, *, by: Actor, at: datetime) -> None:
    """
    Close a department: nothing more is passed to it; what its contact was asked stays with her.

    :raises NotAuthorised: if the actor is no administrator of a debtor
    :raises NotVisible: if there is no such department
    """
    may(by, "receivables.set_ladder")
    rows = Department.objects.filter(organisation_id=by.scope_id, closed_at__isnull=True, pk=department_id)
    if not rows.update(closed_at=at):
        raise NotVisible
    _note("receivables.department", department_id, "close", [by.scope_id], {}, by=by, at=at)


@transaction.atomic
def name_substitute(
    *, person_id: int, substitute_id: int, from_date: date, until_date: date, by: Actor, at: datetime
) -> Substitute:
    """
    Say who stands in for a person who prepares answers: to-dos and reminders go to both on these days.

    :raises NotAuthorised: if the actor names one for a colleague and is no administrator
    :raises CannotAnswer: if one of the two cannot prepare answers
    :raises SubstituteDays: if the days are wrong
    :raises SubstituteNamed: if the same was said for some of these days
    """
    if person_id == by.person_id:
        may(by, "receivables.name_substitute", "receivables.set_ladder")
    else:
        may(by, "receivables.set_ladder")
    own = by.organisation_id or 0
    known = asking.people(own, at)
    if person_id not in known or substitute_id not in known or person_id == substitute_id:
        raise CannotAnswer
    today = clock.business_date(at)
    if from_date < today or until_date < from_date or (until_date - from_date).days > LONGEST_DAYS:
        raise SubstituteDays
    same = Substitute.objects.filter(
        organisation_id=own, person_id=person_id, substitute_id=substitute_id, ended_at__isnull=True
    )
    if same.filter(from_date__lte=until_date, until_date__gte=from_date).exists():
        raise SubstituteNamed
    row = Substitute.objects.create(
        organisation_id=own,
        person_id=person_id,
        substitute_id=substitute_id,
        from_date=from_date,
        until_date=until_date,
        named_at=at,
        named_by_id=by.person_id,
    )
    facts = {
        "person_id": person_id,
        "substitute_id": substitute_id,
        "from": from_date.isoformat(),
        "until": until_date.isoformat(),
    }
    _note("receivables.substitute", row.pk, "name", [own], facts, by=by, at=at)
    return row


@transaction.atomic
def end_substitute(row_id: int, *, by: Actor, at: datetime) -> None:
    """
    End a substitution before its day.

    :raises NotVisible: if there is no such one
    :raises NotAuthorised: if it is a colleague's and the actor is no administrator
    """
    row = Substitute.objects.visible_to(by).select_for_update().filter(pk=row_id, ended_at__isnull=True).first()
    if row is None:
        raise NotVisible
    if by.person_id == row.person_id:
        may(by, "receivables.name_substitute", "receivables.set_ladder")
    else:
        may(by, "receivables.set_ladder")
    Substitute.objects.filter(pk=row.pk).update(ended_at=at, ended_by_id=by.person_id)
    _note("receivables.substitute", row.pk, "end", [by.scope_id], {}, by=by, at=at)


@dataclass(frozen=True)
class PassOn:
    """To whom a claim is passed: a colleague, or a department, whose contact is asked."""

    person_id: int | None = None
    department_id: int | None = None


@transaction.atomic
def pass_on(
    receivable_id: int, to: PassOn, *, reason_code: str, comment: str, by: Actor, at: datetime
) -> AnswerRouting:
    """
    Pass a claim to the colleague or the department that can answer it ("not me: it is procurement"). Its clock goes on.

    :raises NotVisible: if there is no such receivable or department
    :raises NotTheDebtor: if the actor's organisation does not owe it
    :raises NotAuthorised: if the actor does not prepare answers
    :raises NotWaiting: if it does not wait for an answer
    :raises ChangeAlreadyOpen: if an answer is with the checker already
    :raises CannotAnswer: if the colleague cannot prepare answers, or is the one who passes it on
    :raises ReasonUnknown: if the reason does not belong to this step
    """
    may(by, "receivables.confirm")
    row = _waiting(receivable_id, by)
    problem = reason_problem("pass_on", reason_code, comment, row.public_no)
    if problem is not None:
        raise problem
    department = _department(to, by)
    person_id = department.contact_id if department is not None else to.person_id
    known = asking.people(by.scope_id, at)
    if person_id is None or person_id not in known or (person_id == by.person_id and department is None):
        raise CannotAnswer
    facts = {
        "organisation_id": by.scope_id,
        "person_id": person_id,
        "department_id": department.pk if department is not None else None,
        "reason_code": reason_code,
        "comment": comment.strip(),
        "routed_at": at,
        "routed_by_id": by.person_id,
    }
    routing, _made = AnswerRouting.objects.update_or_create(receivable_id=row.pk, defaults=facts)
    if department is not None:
        AnswerProgress.objects.filter(pk=row.pk).update(department=department.name, department_since=at)
    place = department.name if department is not None else ""
    said = {"public_no": row.public_no, "place": place}
    # The supplier reads where it waits now; who was asked and why stays in the debtor's house.
    _note(OBJECT_TYPE, row.pk, "passed_on", [row.creditor_id], said, by=_house(by), at=at)
    inside = {**said, "asked": known[person_id], "reason_code": reason_code, "comment": comment.strip()}
    _note(OBJECT_TYPE, row.pk, "passed_on_inside", [by.scope_id], inside, by=by, at=at)
    asked = asking.asked_people(by.scope_id, [row.pk], at)
    tell("passed_on", [row], to="debtor", by=by, at=at, persons=asked)
    return routing


def _waiting(receivable_id: int, by: Actor) -> Receivable:
    rows = see(by, [receivable_id], Ledgered([receivable_id]))
    if not rows:
        raise NotVisible
    (row,) = rows
    if row.debtor_id != by.organisation_id:
        raise NotTheDebtor(place=row.public_no)
    if row.state != State.PENDING_CONFIRM:
        raise NotWaiting(place=row.public_no)
    if ApprovalLine.objects.filter(object_type=OBJECT_TYPE, object_id=row.pk, is_live=True).exists():
        raise ChangeAlreadyOpen(place=row.public_no, label=row.public_no)
    return row


def _department(to: PassOn, by: Actor) -> Department | None:
    if to.department_id is None:
        return None
    found = Department.objects.filter(organisation_id=by.scope_id, closed_at__isnull=True, pk=to.department_id).first()
    if found is None:
        raise NotVisible
    return found


def _house(by: Actor) -> Actor:
    """The organisation without the person: what the other side's event may say."""
    return Actor(kind=by.kind, organisation_id=by.organisation_id, request_id=by.request_id)


def _note(
    object_type: str, pk: int, event: str, audience: Sequence[int], body: dict[str, Any], *, by: Actor, at: datetime
) -> None:
    record(
        [
            EventDraft(
                kind=f"{object_type}.{event}",
                object_type=object_type,
                object_id=pk,
                object_version=None,
                audience=audience,
                by=by,
                at=at,
                body=body,
            )
        ]
    )
