"""Job rows and idempotency keys."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from yingshou.tenancy.actor import Actor


class JobState(models.TextChoices):
    """Where a job stands. A running job whose worker died is queued again by the sweeper."""

    QUEUED = "QUEUED", _("waiting")
    RUNNING = "RUNNING", _("running")
    DONE = "DONE", _("done")
    FAILED = "FAILED", _("failed")


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs, scoped."""

    def visible_to(self, actor: Actor) -> "JobQuerySet":
        """The jobs of the actor's organisation."""
        return self.filter(organisation_id=actor.scope_id)


class Job(models.Model):
    """
    One piece of work to be done once, whatever dies meanwhile.

    `(name, key_hash)` is unique: asking twice is asking once. `lease_until` and the backend that works on it say whether
    a RUNNING job still has a living worker.
    """

    name = models.TextField()
    key = models.JSONField()
    key_hash = models.TextField()
    organisation_id = models.BigIntegerField(null=True)
    # The organisation whose act asked for it: the debtor's act may ask for work on behalf of the creditor.
    asked_by_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    request_id = models.TextField(blank=True, default="")
    state = models.TextField(choices=JobState.choices, default=JobState.QUEUED)
    asked_at = models.DateTimeField()
    run_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    backend_pid = models.IntegerField(null=True)
    backend_start = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    note = models.TextField(blank=True, default="")
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "key_hash"], name="one_job_per_key"),
            models.CheckConstraint(
                condition=models.Q(state__in=["QUEUED", "RUNNING"]) | models.Q(finished_at__isnull=False),
                name="finished_job_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["run_at", "id"], condition=models.Q(state__in=["QUEUED", "RUNNING"]), name="jobs_open"
            ),
            models.Index(fields=["organisation_id", "-id"], name="jobs_by_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {JobState.DONE, JobState.FAILED}

    @property
    def percent(self) -> int:
        """Progress from 0 to 100; 0 while the total is unknown."""
        if not self.total:
            return 100 if self.state == JobState.DONE else 0
        return min(100, int(self.done * 100 / self.total))


class IdempotencyKey(models.Model):
    """
    The answer to a form or message that was already handled (X8). Inserted first, in the transaction of the work.

    The same key with the same body gets the same answer; with another body it is refused as MSG-004.
    """

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    key = models.CharField(max_length=255)
    route = models.TextField()
    body_hash = models.TextField()
    location = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "person_id", "key"], name="one_answer_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
