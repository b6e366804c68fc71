"""What the front pages keep: visits of a day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class DailyVisits(models.Model):
    """How many visits a day in Shanghai had (F002). A number a day; nothing about who came is kept anywhere."""

    day = models.DateField(primary_key=True)
    count = models.BigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(count__gte=0), name="visits_not_negative")]

    def __str__(self) -> str:
        return f"{self.day} {self.count}"
