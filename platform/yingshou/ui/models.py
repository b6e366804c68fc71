"""Saved views: a person's named filters of a list, in one organisation."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from yingshou.tenancy.actor import Actor

NAME_LENGTH = 40
QUERY_LENGTH = 2000


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views, scoped."""

    def visible_to(self, actor: Actor) -> SavedViewQuerySet:
        """The person's own views in the organisation acted for."""
        if actor.organisation_id is None or actor.person_id is None:
            return self.none()
        return self.filter(organisation_id=actor.organisation_id, person_id=actor.person_id)


class SavedView(models.Model):
    """The query string of a list under a name: filters and order, never ids."""

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    list_name = models.CharField(max_length=80)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH)
    created_at = models.DateTimeField(db_default=Now())

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "person_id", "list_name", "name"], name="one_saved_view_per_name"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_has_name"),
        ]

    def __str__(self) -> str:
        return f"{self.list_name}: {self.name}"
