"""The sealed tree: leaves in their order, the kept inner nodes, signed checkpoints. Written by the sealing role alone."""

from django.db import models

from yingshou.audit.models import Xid8Field


class SealedEvent(models.Model):
    """Which event is which leaf, and its hash."""

    position = models.BigIntegerField(primary_key=True)
    source = models.TextField()
    row_id = models.BigIntegerField()
    leaf = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "row_id"], name="event_sealed_once")]

    def __str__(self) -> str:
        return f"{self.position} {self.source} {self.row_id}"


class TreeNode(models.Model):
    """An inner node of a level that is kept (8, 16, 24 …); it never changes, as only full ones are kept."""

    pk = models.CompositePrimaryKey("level", "position")
    level = models.SmallIntegerField()
    position = models.BigIntegerField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.level}/{self.position}"


class Checkpoint(models.Model):
    """
    A signed root. The cursor says up to where the events were sealed: transaction, table, id.

    Everything before the cursor is in the tree; a row that stands before it and is not was slipped in later.
    """

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()
    cursor_tx = Xid8Field()
    cursor_source = models.SmallIntegerField()
    cursor_row = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gt=0), name="checkpoint_of_something"),
        ]
        indexes = [models.Index(fields=["-at"], name="checkpoints_by_time")]

    def __str__(self) -> str:
        return f"{self.size} {self.at:%Y-%m-%d %H:%M}"
