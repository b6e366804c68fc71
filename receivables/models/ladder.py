"""
The confirmation ladder (N06): what an organisation set for it, who stands in for whom, where each open claim waits.

What the supplier may read (the place, the reminders, the next day) stands in `AnswerProgress`; whom the debtor asked inside its
house stands in `AnswerRouting`, which the supplier cannot read.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from receivables.models.receivable import Receivable
from yingshou.tenancy.actor import Actor

DEFAULT_DAYS = (1, 3, 7, 15, 25, 30)
"""The days after the request on which a debtor is reminded, unless it set others (D03)."""

ESCALATE_AFTER = 15
"""After so many days without an answer a second contact is told."""


def default_days() -> list[int]:
    """The days of the platform, as a column's default."""
    return list(DEFAULT_DAYS)


_M = TypeVar("_M", bound=models.Model)


class OwnQuerySet(models.QuerySet[_M]):
    """Rows of one organisation."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's organisation."""
        return self.filter(organisation_id=actor.scope_id)


class AnswerPolicy(models.Model):
    """How an organisation is reminded of what it has to answer; without a row the platform's own rules hold."""

    organisation_id = models.BigIntegerField(unique=True)
    reminder_days = ArrayField(models.IntegerField(), default=default_days)
    escalate_after = models.IntegerField(default=ESCALATE_AFTER)
    second_contact_id = models.BigIntegerField(null=True, blank=True)
    department = models.CharField(max_length=60, blank=True, default="")
    shares_median = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    changed_by_id = models.BigIntegerField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "answer policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(escalate_after__gte=1) & Q(escalate_after__lte=30), name="answer_policy_escalates"
            ),
            # Nobody switches the ladder off: the last day always reminds.
            models.CheckConstraint(
                condition=Q(reminder_days__contains=[30]) & Q(reminder_days__len__lte=10),
                name="answer_policy_reminds_at_last",
            ),
        ]

    def __str__(self) -> str:
        return f"policy of {self.organisation_id}"


class Department(models.Model):
    """A part of an organisation that a claim can be passed to; its contact is asked and reminded. Its name the supplier reads."""

    organisation_id = models.BigIntegerField()
    name = models.CharField(max_length=60)
    contact_id = models.BigIntegerField()
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "name"], condition=Q(closed_at__isnull=True), name="department_named_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SubstituteQuerySet(models.QuerySet["Substitute"]):
    """Reads of substitutes."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's organisation."""
        return self.filter(organisation_id=actor.scope_id)

    def on(self, day: date) -> Self:
        """Those that stand in on a day."""
        return self.filter(ended_at__isnull=True, from_date__lte=day, until_date__gte=day)


class Substitute(models.Model):
    """Who stands in for whom, from one day to another; to-dos and reminders of the one go to both."""

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    substitute_id = models.BigIntegerField()
    from_date = models.DateField()
    until_date = models.DateField()
    named_at = models.DateTimeField()
    named_by_id = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by_id = models.BigIntegerField(null=True, blank=True)

    objects = SubstituteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "until_date"], name="substitute_by_day")]
        constraints = [
            models.CheckConstraint(condition=~Q(person_id=F("substitute_id")), name="substitute_is_another"),
            models.CheckConstraint(condition=Q(until_date__gte=F("from_date")), name="substitute_days_in_order"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by_id__isnull=True) | Q(ended_at__isnull=False),
                name="substitute_ended_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.substitute_id} for {self.person_id}"


class AnswerProgress(models.Model):
    """
    Where a claim waits and how often its debtor was reminded; read by both parties, moved by the debtor's side.

    `last_step` is the last day of the ladder that was reached; a step is taken once because the row is locked while it moves.
    """

    receivable = models.OneToOneField(Receivable, models.PROTECT, primary_key=True, related_name="progress")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField()
    requested_at = models.DateTimeField()
    department = models.CharField(max_length=60, blank=True, default="")
    department_since = models.DateTimeField()
    last_step = models.IntegerField(default=0)
    reminded_count = models.IntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)
    next_on = models.DateField(null=True, blank=True)
    escalate_on = models.DateField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[AnswerProgress]] = models.Manager()

    class Meta:
        verbose_name_plural = "answer progress"
        indexes = [
            models.Index(fields=["debtor_id", "next_on"], condition=Q(next_on__isnull=False), name="progress_next"),
            models.Index(
                fields=["debtor_id", "escalate_on"], condition=Q(escalate_on__isnull=False), name="progress_escalates"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reminded_count=0, reminded_at__isnull=True)
                | Q(reminded_count__gt=0, reminded_at__isnull=False),
                name="progress_reminded_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"progress of {self.receivable_id}"


class AnswerRouting(models.Model):
    """Whom the debtor asked inside its own house to answer a claim; the latest passing on, with its reason."""

    receivable = models.OneToOneField(Receivable, models.PROTECT, primary_key=True, related_name="routing")
    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    department_id = models.BigIntegerField(null=True, blank=True)
    reason_code = models.CharField(max_length=20)
    comment = models.CharField(max_length=500, blank=True, default="")
    routed_at = models.DateTimeField()
    routed_by_id = models.BigIntegerField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "person_id"], name="routing_by_person")]
        constraints = [models.CheckConstraint(condition=~Q(reason_code=""), name="routing_has_reason")]

    def __str__(self) -> str:
        return f"{self.receivable_id} to {self.person_id}"
