"""Access grants: the rows that open one object to another organisation because something happened between them."""

from django.db import models


class AccessGrant(models.Model):
    """
    Opens one object to one organisation from a moment on, until the event's end closes it (`access.py`).

    Reached through SQL functions only; which organisations an object is open to is nobody's business but the policy's.
    """

    object_type = models.TextField()
    object_id = models.BigIntegerField()
    organisation_id = models.BigIntegerField()
    reason_type = models.TextField()
    reason_id = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id", "organisation_id", "reason_type", "reason_id"],
                name="one_grant_per_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
                name="grant_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id} to {self.organisation_id}"
