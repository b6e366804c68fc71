"""What near-duplicates are found by, and what was found."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from receivables.models.receivable import Receivable
from receivables.states import FlagState
from yingshou.kernel.fields import AmountField
from yingshou.tenancy.actor import Actor

FLAG_TYPE = "receivables.likenessflag"

ALL_ALIVE = """
not exists (select 1 from receivables_receivable x
            where x.id = any(receivables_likenessflag.other_ids || receivables_likenessflag.receivable_id)
              and x.state in ('UNDONE', 'WITHDRAWN', 'REFUSED'))
"""


class ClaimTrait(models.Model):
    """
    A claim as the search for near-duplicates sees it: normalised, one indexed row; seen by the owner of the claim and, once
    it is sent, by the other party.
    """

    receivable = models.OneToOneField(Receivable, models.PROTECT, primary_key=True, related_name="trait")
    owner_id = models.BigIntegerField()
    shown_to_id = models.BigIntegerField(null=True, blank=True)
    creditor_id = models.BigIntegerField()
    debtor_uscc = models.CharField(max_length=18)
    kind = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    face_amount = AmountField()
    net_amount = AmountField(null=True, blank=True)
    gross_amount = AmountField(null=True, blank=True)
    claimed_on = models.DateField()
    due_on = models.DateField()
    contract_key = models.CharField(max_length=100, blank=True, default="")
    note_key = models.CharField(max_length=100, blank=True, default="")
    number_key = models.CharField(max_length=20, blank=True, default="")
    invoice_code = models.CharField(max_length=12, blank=True, default="")
    other_has_looked = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[ClaimTrait]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(fields=["debtor_uscc", "face_amount", "creditor_id"], name="trait_amount"),
            models.Index(fields=["creditor_id", "debtor_uscc", "claimed_on"], name="trait_day"),
            models.Index(fields=["creditor_id", "number_key"], condition=~Q(number_key=""), name="trait_number"),
            models.Index(
                fields=["shown_to_id"],
                condition=Q(other_has_looked=False, shown_to_id__isnull=False),
                name="trait_to_look",
            ),
        ]

    def __str__(self) -> str:
        return f"traits of {self.receivable_id}"


class LikenessFlagQuerySet(models.QuerySet["LikenessFlag"]):
    """Scopes of flags."""

    def visible_to(self, actor: Actor) -> Self:
        """What was found for the actor's organisation."""
        return self.filter(organisation_id=actor.organisation_id or 0)

    def shown(self) -> Self:
        """What was decided, and what is open while none of the claims was taken back."""
        alive = RawSQL(ALL_ALIVE, [], output_field=models.BooleanField())  # noqa: S611 - a constant, no parameter
        return self.annotate(is_alive=alive).filter(Q(is_alive=True) | ~Q(state=FlagState.OPEN))

    def open(self) -> Self:
        """What nobody has decided, while none of the claims was taken back."""
        return self.filter(RawSQL(ALL_ALIVE, [], output_field=models.BooleanField()), state=FlagState.OPEN)  # noqa: S611 - a constant, no parameter


class LikenessFlag(models.Model):
    """
    "This claim looks like another one": said to one organisation about claims that it may read, all of them. It blocks
    nothing. A supplier and its debtor have flags of their own.
    """

    organisation_id = models.BigIntegerField()
    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="likeness_flags")
    other_ids = ArrayField(models.BigIntegerField())
    rule = models.CharField(max_length=16)
    score = models.IntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=FlagState.choices, default=FlagState.OPEN)
    version = models.IntegerField(default=1)
    comment = models.CharField(max_length=500, blank=True, default="")
    found_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = LikenessFlagQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "state", "-id"], name="flag_of_organisation"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["receivable", "organisation_id", "other_ids"], name="flag_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="flag_score_percent"),
            models.CheckConstraint(
                condition=Q(state=FlagState.OPEN) | Q(closed_at__isnull=False), name="flag_closed_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=FlagState.DISMISSED) | ~Q(comment=""), name="flag_dismissed_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"flag {self.pk} on {self.receivable_id}"

    def audience(self) -> list[int]:
        """The organisation that it was said to."""
        return [self.organisation_id]
