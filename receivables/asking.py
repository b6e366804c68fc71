"""Who is asked for an answer inside a debtor's house: its rules, its departments, its people, who stands in for whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import QuerySet

from receivables.models import AnswerPolicy, AnswerRouting, Department, Substitute
from receivables.models.ladder import DEFAULT_DAYS, ESCALATE_AFTER
from receivables.states import State
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor

ANSWERS = "receivables.confirm"
"""The permission of those who can be asked to answer."""

CHECKS = "receivables.check_confirm"


def policy_of(organisation_id: int) -> AnswerPolicy:
    """What the organisation set; the platform's own rules where it set nothing."""
    found = AnswerPolicy.objects.filter(organisation_id=organisation_id).first()
    return found or AnswerPolicy(
        organisation_id=organisation_id, reminder_days=list(DEFAULT_DAYS), escalate_after=ESCALATE_AFTER
    )


def colleagues(organisation_id: int, at: datetime, *permissions: str) -> list[Membership]:
    """The people of an organisation who may do one of these things now, by name."""
    rows = Membership.objects.live(at).filter(organisation_id=organisation_id, person__is_active=True)
    found = rows.select_related("person", "organisation").order_by("person__display_name", "pk")
    return [one for one in found if any(actor_of(one, "").may(permission) for permission in permissions)]


def people(organisation_id: int, at: datetime) -> dict[int, str]:
    """Those who can be asked to answer: makers, by id, with their names."""
    return {one.person_id: one.person.display_name for one in colleagues(organisation_id, at, ANSWERS)}


def departments(organisation_id: int) -> list[Department]:
    """The departments that a claim can be passed to, by name."""
    return list(Department.objects.filter(organisation_id=organisation_id, closed_at__isnull=True).order_by("name"))


def substitutes(organisation_id: int, on: date) -> dict[int, list[int]]:
    """Who stands in on a day, by the person stood in for."""
    found: dict[int, list[int]] = {}
    for one in Substitute.objects.filter(organisation_id=organisation_id).on(on).order_by("pk"):
        found.setdefault(one.person_id, []).append(one.substitute_id)
    return found


def stands_in_for(actor: Actor, on: date) -> list[int]:
    """For whom the actor stands in on a day."""
    rows = Substitute.objects.visible_to(actor).on(on).filter(substitute_id=actor.person_id or 0)
    return list(rows.values_list("person_id", flat=True))


def asked_people(organisation_id: int, receivable_ids: Sequence[int], at: datetime) -> dict[int, list[int]]:
    """
    Of claims that were passed on: the person asked and whoever stands in for her on that day.

    Nobody is named where none of them may answer any more: then everyone with the duty is told.
    """
    routed = AnswerRouting.objects.filter(organisation_id=organisation_id, receivable_id__in=list(receivable_ids))
    asked = dict(routed.values_list("receivable_id", "person_id"))
    if not asked:
        return {}
    known = people(organisation_id, at)
    standing_in = substitutes(organisation_id, clock.business_date(at))
    return {
        pk: [one for one in dict.fromkeys([person, *standing_in.get(person, [])]) if one in known]
        for pk, person in asked.items()
    }


def passed_to(actor: Actor, on: date) -> QuerySet[AnswerRouting]:
    """What was passed to this person, or to somebody she stands in for, and still waits."""
    mine = [actor.person_id or 0, *stands_in_for(actor, on)]
    rows = AnswerRouting.objects.visible_to(actor).filter(person_id__in=mine)
    return rows.filter(receivable__state=State.PENDING_CONFIRM)
