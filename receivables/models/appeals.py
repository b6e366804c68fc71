"""An organisation that does not agree with a rule's finding asks a person of the platform to look (N15)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from receivables.states import AppealState
from yingshou.tenancy.actor import Actor

APPEAL_TYPE = "receivables.appeal"


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Scopes of appeals."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's organisation; all of them for the platform's staff, who answer."""
        if actor.is_staff_organisation:
            return self.all()
        return self.filter(organisation_id=actor.organisation_id or 0)


class Appeal(models.Model):
    """What is challenged, why, by when it is answered, and the outcome. While it is open nothing changes for anybody else."""

    organisation_id = models.BigIntegerField()
    organisation_name = models.CharField(max_length=200)
    rule = models.CharField(max_length=16)
    flag_id = models.BigIntegerField(null=True, blank=True)
    invoice_number = models.CharField(max_length=20, blank=True, default="")
    fingerprint = models.BinaryField(max_length=32, null=True, blank=True)
    data = models.CharField(max_length=500)
    reason = models.CharField(max_length=1000)
    state = models.CharField(max_length=10, choices=AppealState.choices, default=AppealState.OPEN)
    version = models.IntegerField(default=1)
    outcome = models.CharField(max_length=1000, blank=True, default="")
    raised_at = models.DateTimeField()
    raised_by = models.BigIntegerField(null=True)
    due_on = models.DateField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.BigIntegerField(null=True, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "state", "-id"], name="appeal_of_organisation")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "flag_id"],
                condition=Q(state=AppealState.OPEN, flag_id__isnull=False),
                name="appeal_one_open",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="appeal_has_reason"),
            models.CheckConstraint(
                condition=Q(state=AppealState.OPEN) | Q(closed_at__isnull=False), name="appeal_closed_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[AppealState.LIFTED, AppealState.UPHELD]) | ~Q(outcome=""),
                name="appeal_outcome_in_words",
            ),
        ]

    def __str__(self) -> str:
        return f"appeal {self.pk}"

    def audience(self) -> list[int]:
        """The organisation that appealed."""
        return [self.organisation_id]
