"""Messages to people, and through which channels each person wants to hear of them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from yingshou.kernel.fields import AmountField
from yingshou.notifications.kinds import KINDS, kinds_for
from yingshou.tenancy.actor import Actor


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages, scoped."""

    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's organisation that concern its duties, and of those for one person only the actor's own."""
        if actor.organisation_id is None:
            return self.none()
        return self.filter(
            Q(person_id__isnull=True) | Q(person_id=actor.person_id),
            organisation_id=actor.organisation_id,
            kind__in=kinds_for(actor),
        )

    def unread(self) -> Self:
        """Those that nobody has opened."""
        return self.filter(read_at__isnull=True)


class Message(models.Model):
    """
    Something that happened and that an organisation, or one of its people, should know.

    The words are made from `kind`, `count`, `counterpart`, `amount` and `params` when it is read. A message to an organisation is
    read once somebody there has opened it, and says who.
    """

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    kind = models.TextField()
    counterpart_id = models.BigIntegerField(null=True)
    counterpart = models.TextField(blank=True, default="")
    count = models.IntegerField(default=1)
    amount = AmountField(null=True)
    params = models.JSONField(default=dict)
    object_type = models.TextField(blank=True, default="")
    object_id = models.BigIntegerField(null=True)
    url = models.TextField()
    # The same act said twice is one message: the job that writes it may run again after a crash.
    source = models.TextField()
    at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    read_by_id = models.BigIntegerField(null=True)
    read_by_label = models.TextField(blank=True, default="")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "source"], name="message_once"),
            models.CheckConstraint(condition=Q(count__gte=1), name="message_count_positive"),
            models.CheckConstraint(
                condition=Q(url__startswith="/") & ~Q(url__startswith="//"), name="message_url_is_ours"
            ),
            models.CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(read_by_id__isnull=False), name="read_message_has_reader"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation_id", "-id"], name="messages_newest"),
            models.Index(fields=["organisation_id", "-id"], name="messages_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def subject(self) -> str:
        """What happened, in the language that is active now."""
        kind = KINDS.get(self.kind)
        return str(kind.one if self.count == 1 else kind.many) % self._facts()

    @property
    def body(self) -> str:
        """What happens next; may be empty."""
        return str(KINDS.get(self.kind).body) % self._facts()

    @property
    def mail_text(self) -> str:
        """The sentence a mail may carry."""
        return str(KINDS.get(self.kind).mail) % {"count": f"{self.count:,}", "counterpart": self.counterpart}

    @property
    def label(self) -> str:
        """The kind in a few words."""
        return str(KINDS.get(self.kind).label)

    @property
    def is_read(self) -> bool:
        """Whether somebody has opened it."""
        return self.read_at is not None

    def _facts(self) -> dict[str, Any]:
        amount = "" if self.amount is None else f"{self.amount:,.2f}"
        return {**self.params, "count": f"{self.count:,}", "counterpart": self.counterpart, "amount": amount}


class ChannelChoice(models.Model):
    """That a person wants to be told through a channel about one organisation's messages. Nobody is asked by default."""

    organisation_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    channel = models.TextField()
    chosen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "person_id", "channel"], name="channel_chosen_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}@{self.organisation_id} {self.channel}"
