"""The two append-only tables: what changed, and who looked or was turned away."""

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField


class Xid8Field(_Text):
    """The writing transaction's number, set by the database: sealing follows it, not the id."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Events by object, and the scope of what an actor may read."""

    def visible_to(self, actor: Actor) -> "AuditEventQuerySet":
        """Events whose audience includes the actor's organisation."""
        return self.filter(audience__contains=[actor.scope_id])

    def about(self, object_type: str, object_id: int) -> "AuditEventQuerySet":
        """The life of one object, oldest first."""
        return self.filter(object_type=object_type, object_id=object_id).order_by("at", "id")


class AuditEvent(models.Model):
    """
    One thing that happened.

    `object_version` counts the events that changed the object's state, from 1; it is null for an event that changed
    nothing. `salt` blinds the sealed leaf, so that one field can be withheld and the rest still verifies: the salt of a
    field is made from it and the field's name (`yingshou.evidence.leaves`).
    """

    organisation_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    actor_kind = models.TextField()
    actor_label = models.TextField(blank=True, default="")
    kind = models.TextField()
    object_type = models.TextField()
    object_id = models.BigIntegerField()
    object_version = models.IntegerField(null=True)
    audience = ArrayField(models.BigIntegerField())
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    request_id = models.TextField(blank=True, default="")
    body = models.JSONField(default=dict)
    salt = models.UUIDField(db_default=RandomUUID())
    tx = Xid8Field(db_default=models.Func(function="pg_current_xact_id", output_field=models.TextField()))

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id", "object_version"], name="one_event_per_version"
            ),
        ]
        indexes = [
            models.Index(fields=["object_type", "object_id", "at"], name="audit_by_object"),
            models.Index(fields=["organisation_id", "-at"], name="audit_by_organisation"),
            models.Index(fields=["tx", "id"], name="audit_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_type} {self.object_id} v{self.object_version}"


class AccessEvent(models.Model):
    """A denied call, or a protected value shown to somebody; written in a transaction of its own."""

    organisation_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    kind = models.TextField()
    object_type = models.TextField(blank=True, default="")
    object_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    request_id = models.TextField(blank=True, default="")
    body = models.JSONField(default=dict)
    salt = models.UUIDField(db_default=RandomUUID())
    tx = Xid8Field(db_default=models.Func(function="pg_current_xact_id", output_field=models.TextField()))

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "-at"], name="access_by_organisation"),
            models.Index(fields=["tx", "id"], name="access_by_transaction"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_type} {self.object_id}"
