"""Files by content hash; import batches, their rows, and remembered layouts."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact

from yingshou.documents.kinds import ImportKind, import_kinds
from yingshou.documents.states import OPEN, RowState, State
from yingshou.tenancy.actor import Actor


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    """Files by who may read them."""

    def visible_to(self, actor: Actor) -> Self:
        """Own files, those shared with the actor's organisation, and those opened to it by an access grant."""
        organisation_id = actor.organisation_id or 0
        granted = Func(
            Value("documents.storedfile"),
            F("pk"),
            Value(organisation_id),
            function="app_can_see",
            output_field=models.BooleanField(),
        )
        return self.filter(
            Q(organisation_id=organisation_id) | Q(audience__contains=[organisation_id]) | Exact(granted, True)
        )


class StoredFile(models.Model):
    """
    An uploaded original, kept for good under its hash.

    The bytes lie once on disk whoever uploaded them; the row is per organisation, so that nobody learns that another has the
    same file. Rows are never changed, but for the list of organisations it is shared with. The one kind that is not kept for
    good is what came with a form that nobody sent (`sorting.py`).
    """

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.TextField()
    name = models.TextField()
    purpose = models.TextField()
    audience = ArrayField(models.BigIntegerField(), default=list)
    stored_at = models.DateTimeField()

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        # The job that sorts them finds the files of forms here; few are left in it at any time.
        indexes = [models.Index(fields=["id"], condition=Q(purpose="form"), name="file_of_a_form")]
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "sha256", "name"], name="file_once_per_organisation"),
            models.CheckConstraint(condition=Q(size__gt=0), name="file_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    """Batches by owner."""

    def visible_to(self, actor: Actor) -> Self:
        """The batches of the actor's organisation."""
        return self.filter(organisation_id=actor.organisation_id or 0)

    def locked(self, batch_id: int) -> "ImportBatch | None":
        """One batch, locked until the transaction ends."""
        return self.select_for_update(no_key=True).filter(pk=batch_id).first()


class ImportBatch(models.Model):
    """One upload: a file read as one kind, with what was found, what was decided and what it became."""

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    kind = models.TextField()
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="batches")
    options = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVED)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    encoding = models.TextField(default="", blank=True)
    rows_read = models.IntegerField(default=0)
    accept_cursor = models.IntegerField(default=0)
    sheets = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    question = models.JSONField(null=True)
    refusal = models.JSONField(null=True)
    counts = models.JSONField(default=dict)
    totals = models.JSONField(default=list)
    job_id = models.BigIntegerField(null=True)
    checked_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by_id = models.BigIntegerField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by_id = models.BigIntegerField(null=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "-id"], name="batch_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=[State.ACCEPTING, State.DONE]) | Q(accepted_at__isnull=False),
                name="acceptance_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.FAILED) | Q(refusal__isnull=False), name="failure_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.QUESTION) | Q(question__isnull=False), name="question_is_asked"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.UNDONE) | Q(undone_at__isnull=False), name="undoing_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen."""
        return self.state in OPEN

    @property
    def import_kind(self) -> ImportKind:
        """
        What the sheet means.

        :raises NotRegistered: if the app that imported it is gone
        """
        return import_kinds.get(self.kind)

    def count(self, *states: str) -> int:
        """Rows in any of the states, as last counted."""
        return sum(int(self.counts.get(state, 0)) for state in states)

    @property
    def ready_count(self) -> int:
        """Rows that will be new."""
        return self.count(RowState.READY)

    @property
    def accepted_count(self) -> int:
        """Rows that were taken over."""
        return self.count(RowState.ACCEPTED)

    @property
    def known_count(self) -> int:
        """Rows that add nothing: known before, or twice in the file."""
        return self.count(RowState.KNOWN, RowState.DUPLICATE)

    @property
    def error_count(self) -> int:
        """Rows that cannot be taken over as they are."""
        return self.count(RowState.ERROR)


class ImportRow(models.Model):
    """
    One row of a sheet, as read. Values stand in ``data`` in the order of the kind's columns, as PostgreSQL reads them.

    Keyed by batch and place, so that a chunk copied twice after a crash cannot double a row. The batch is no foreign key in the
    database: a trigger for each of 100,000 rows would guard nothing, since batches are never deleted.
    """

    pk = models.CompositePrimaryKey("batch_id", "seq")
    batch = models.ForeignKey(
        ImportBatch, on_delete=models.DO_NOTHING, related_name="rows", db_constraint=False, db_index=False
    )
    seq = models.IntegerField()
    organisation_id = models.BigIntegerField()
    sheet_no = models.SmallIntegerField()
    row_no = models.IntegerField()
    row_hash = models.UUIDField()
    state = models.CharField(max_length=12, choices=RowState)
    problems = models.JSONField(null=True)
    raw = models.JSONField(null=True)
    data: "models.Field[Any, Any]" = ArrayField(models.TextField(null=True))
    result_type = models.TextField(null=True)
    result_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation_id", "row_hash"], name="row_by_content")]

    def __str__(self) -> str:
        return f"#{self.batch_id}/{self.seq}"


class AnnotatedCopy(models.Model):
    """
    The user's own file with a reason beside each row that is not taken over: made by a job, kept as a file.

    One for each version of the batch and language, since both decide what it says. Without a file it is still being made.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="copies")
    batch_version = models.IntegerField()
    language = models.TextField()
    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    job_id = models.BigIntegerField(null=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        verbose_name_plural = "annotated copies"
        constraints = [
            models.UniqueConstraint(fields=["batch", "batch_version", "language"], name="one_copy_per_version"),
        ]

    def __str__(self) -> str:
        return f"#{self.batch_id} {self.language}"


class Layout(models.Model):
    """Which column of a sheet with these headers is which column of the kind, as a person once said."""

    organisation_id = models.BigIntegerField()
    kind = models.TextField()
    fingerprint = models.CharField(max_length=64)
    headers = models.JSONField()
    mapping = models.JSONField()
    person_id = models.BigIntegerField(null=True)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "kind", "fingerprint"], name="one_layout_per_header"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint[:8]}"
