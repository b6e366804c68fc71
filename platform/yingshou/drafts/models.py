"""What a person has begun to fill in."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q

from yingshou.tenancy.actor import Actor

KEY_LENGTH = 64
KEPT_FOR = timedelta(days=90)


class FormDraftQuerySet(models.QuerySet["FormDraft"]):
    """Drafts, scoped."""

    def visible_to(self, actor: Actor) -> Self:
        """The person's own drafts in the organisation acted for; nobody else sees them."""
        if actor.organisation_id is None or actor.person_id is None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id, person_id=actor.person_id)


class FormDraft(models.Model):
    """
    One form as it was left.

    ``values`` holds the fields as the browser sends them (name to list of texts), ``files`` the name of a file input to the id of the
    stored file. ``subject`` is what the form changes, "" for something new; ``subject_version`` its version when the draft was begun.
    ``revision`` counts the savings, so that two windows do not overwrite one another.
    """

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    key = models.CharField(max_length=KEY_LENGTH)
    kind = models.CharField(max_length=80)
    subject = models.CharField(max_length=80, blank=True, default="")
    variant = models.CharField(max_length=20, blank=True, default="")
    subject_version = models.IntegerField(null=True)
    values = models.JSONField(default=dict)
    files = models.JSONField(default=dict)
    revision = models.IntegerField(default=1)
    begun_at = models.DateTimeField()
    saved_at = models.DateTimeField()

    objects = FormDraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["saved_at"], name="draft_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "person_id", "key"], name="one_draft_per_form"),
            models.CheckConstraint(condition=~Q(key=""), name="draft_has_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()

    @property
    def ends_at(self) -> datetime:
        """When it is deleted if nobody goes on."""
        return self.saved_at + KEPT_FOR
