"""What debtors decide: confirmation acts, their own payables book, its comparison with claims, and disputes."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from receivables.models.choices import Basis, Outcome, Verdict
from receivables.models.receivable import Receivable
from receivables.states import DisputeState
from yingshou.kernel.fields import AmountField
from yingshou.tenancy.actor import Actor


class ConfirmationAct(models.Model):
    """
    A decision about one version of a receivable; append-only.

    `document_hash` is the SHA-256 of the canonical document with the seven fields of D01, the bytes that a signature covers.
    """

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="acts")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    receivable_version = models.IntegerField()
    document_hash = models.CharField(max_length=64)
    outcome = models.CharField(max_length=18, choices=Outcome.choices)
    basis = models.CharField(max_length=16, choices=Basis.choices, blank=True, default="")
    confirmed_amount = AmountField(null=True, blank=True)
    confirmed_due_date = models.DateField(null=True, blank=True)
    delivery_accepted = models.BooleanField(null=True, blank=True)
    set_off_known = models.BooleanField(null=True, blank=True)
    reason_code = models.CharField(max_length=20, blank=True, default="")
    comment = models.CharField(max_length=500, blank=True, default="")
    in_time = models.BooleanField(null=True, blank=True)
    channel = models.CharField(max_length=6, default="SINGLE")
    # Nobody's where it was answered by link: the debtor had no account then.
    organisation_id = models.BigIntegerField(null=True, blank=True)
    person_id = models.BigIntegerField(null=True, blank=True)
    approval_id = models.BigIntegerField(null=True, blank=True)
    signature_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    objects: ClassVar[models.Manager[ConfirmationAct]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["receivable", "receivable_version", "outcome"], name="act_once_per_version"
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Outcome.RETURNED, Outcome.REFUSED, Outcome.CONFIRMED_IN_PART])
                | ~Q(reason_code=""),
                name="act_no_negative_without_reason",
            ),
            models.CheckConstraint(
                condition=Q(organisation_id__isnull=False) | Q(channel="LINK"), name="act_has_an_organisation"
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Outcome.CONFIRMED, Outcome.CONFIRMED_IN_PART, Outcome.PUBLISHED])
                | (Q(confirmed_amount__gt=0) & ~Q(basis="")),
                name="act_confirms_an_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} of {self.receivable_id}"


class PayableLineQuerySet(models.QuerySet["PayableLine"]):
    """The debtor's private book."""

    def visible_to(self, actor: Actor) -> Self:
        """Lines of the actor's own book."""
        return self.filter(organisation_id=actor.organisation_id or 0)


class PayableLine(models.Model):
    """
    A line of the debtor's own payables book: private, without legal effect, compared with what suppliers claim.

    `receivable_id` is set when the line was published, which counts as confirmation.
    """

    organisation_id = models.BigIntegerField()
    supplier_uscc = models.CharField(max_length=18)
    supplier_name = models.CharField(max_length=200, blank=True, default="")
    invoice_code = models.CharField(max_length=12, blank=True, default="")
    invoice_number = models.CharField(max_length=20, blank=True, default="")
    contract_no = models.CharField(max_length=100, blank=True, default="")
    amount = AmountField()
    currency = models.CharField(max_length=3, default="CNY")
    due_date = models.DateField(null=True, blank=True)
    delivery_accepted = models.BooleanField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True, default="")
    batch_id = models.BigIntegerField(null=True, blank=True)
    line_key = models.UUIDField()
    receivable_id = models.BigIntegerField(null=True, blank=True)
    is_alive = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True)

    objects = PayableLineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["organisation_id", "-id"], name="payable_list"),
            models.Index(fields=["organisation_id", "supplier_uscc", "invoice_number"], name="payable_by_invoice"),
            models.Index(
                fields=["organisation_id", "supplier_uscc", "contract_no", "amount"], name="payable_by_contract"
            ),
            models.Index(fields=["batch_id"], name="payable_batch"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation_id", "line_key"], condition=Q(is_alive=True), name="payable_one_line"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payable_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_uscc} {self.invoice_number or self.contract_no}"


class BookMatch(models.Model):
    """How a pending claim compares with the debtor's book; visible to the debtor only."""

    receivable = models.OneToOneField(Receivable, models.PROTECT, primary_key=True, related_name="book_match")
    organisation_id = models.BigIntegerField()
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    line_id = models.BigIntegerField(null=True, blank=True)
    differences = models.JSONField(default=list, blank=True)
    matched_at = models.DateTimeField()

    objects: ClassVar[models.Manager[BookMatch]] = models.Manager()

    class Meta:
        verbose_name_plural = "book matches"
        indexes = [models.Index(fields=["organisation_id", "verdict"], name="match_by_verdict")]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.receivable_id}"


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Scopes of disputes."""

    def visible_to(self, actor: Actor) -> Self:
        """Disputes in which the actor's organisation is a party."""
        own = actor.organisation_id or 0
        return self.filter(Q(creditor_id=own) | Q(debtor_id=own))


class Dispute(models.Model):
    """
    An open disagreement after confirmation. It never deletes the confirmation; it blocks new financing of its amount.
    """

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="disputes")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    opened_by_id = models.BigIntegerField()
    disputed_amount = AmountField()
    reason_code = models.CharField(max_length=20)
    comment = models.CharField(max_length=500, blank=True, default="")
    answer = models.CharField(max_length=500, blank=True, default="")
    resolution = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=10, choices=DisputeState.choices, default=DisputeState.OPEN)
    version = models.IntegerField(default=1)
    opened_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["creditor_id", "state", "-id"], name="dispute_creditor"),
            models.Index(fields=["debtor_id", "state", "-id"], name="dispute_debtor"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["receivable"], condition=Q(state=DisputeState.OPEN), name="dispute_one_open"
            ),
            models.CheckConstraint(condition=Q(disputed_amount__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(condition=~Q(reason_code=""), name="dispute_has_reason"),
            models.CheckConstraint(
                condition=Q(state=DisputeState.OPEN) | Q(closed_at__isnull=False), name="dispute_closed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"dispute {self.pk} of {self.receivable_id}"

    def audience(self) -> list[int]:
        """Both parties."""
        return [one for one in (self.creditor_id, self.debtor_id) if one]


class LendingRate(models.Model):
    """One-year loan prime rate by day of publication: a late rate below it is warned about (RCV-018). Reference data."""

    published_on = models.DateField(unique=True)
    rate = models.DecimalField(max_digits=9, decimal_places=6)
    source = models.CharField(max_length=200)

    objects: ClassVar[models.Manager[LendingRate]] = models.Manager()

    class Meta:
        ordering = ["-published_on"]

    def __str__(self) -> str:
        return f"{self.published_on} {self.rate}"
