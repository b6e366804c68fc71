"""The encumbrance ledger: one balance row per receivable, its entries, and who holds what part."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from receivables.models.choices import Bucket, EntryType, HoldingKind
from receivables.models.receivable import ZERO, Receivable
from yingshou.kernel.fields import AmountField


class ReceivableBalance(models.Model):
    """
    What of a claim is confirmed, gone, held and free, in minor units; always the sum of the entries.

    For a receivable open without confirmation the face amount takes the place of the confirmed amount and the row is
    marked (`is_unconfirmed`). `disputed_amount` blocks new reservations only; it is no part of the CHECK.
    """

    receivable = models.OneToOneField(Receivable, models.PROTECT, primary_key=True, related_name="balance")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    is_unconfirmed = models.BooleanField(default=False)
    confirmed_amount = AmountField(default=ZERO)
    adjusted_amount = AmountField(default=ZERO)
    paid_amount = AmountField(default=ZERO)
    encumbered_amount = AmountField(default=ZERO)
    reserved_amount = AmountField(default=ZERO)
    retained_amount = AmountField(default=ZERO)
    overpaid_amount = AmountField(default=ZERO)
    disputed_amount = AmountField(default=ZERO)
    open_cut_amount = AmountField(default=ZERO)
    posted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[ReceivableBalance]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    confirmed_amount__gte=F("adjusted_amount")
                    + F("paid_amount")
                    + F("encumbered_amount")
                    + F("reserved_amount")
                    + F("retained_amount")
                ),
                name="balance_never_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_amount__gte=0)
                & Q(paid_amount__gte=0)
                & Q(encumbered_amount__gte=0)
                & Q(reserved_amount__gte=0)
                & Q(retained_amount__gte=0)
                & Q(overpaid_amount__gte=0)
                & Q(disputed_amount__gte=0)
                & Q(open_cut_amount__gte=0),
                name="balance_parts_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"balance of {self.receivable_id}"

    @property
    def claim_amount(self) -> Decimal:
        """What is still owed: confirmed less adjusted less paid."""
        return Decimal(self.confirmed_amount - self.adjusted_amount - self.paid_amount)

    @property
    def free_amount(self) -> Decimal:
        """What can still be reserved, before disputes: the claim less what is encumbered, reserved and retained."""
        return Decimal(self.claim_amount - self.encumbered_amount - self.reserved_amount - self.retained_amount)

    @property
    def available_amount(self) -> Decimal:
        """What a new reservation can take: the free balance less what is in dispute, nothing while a cut is open."""
        if self.open_cut_amount > 0:
            return Decimal("0.00")
        return max(Decimal("0.00"), Decimal(self.free_amount - self.disputed_amount))


class Holding(models.Model):
    """
    A part of the claim that somebody holds, visible to the holder alone; the parties see amounts only.

    `claim_amount` is the part of the claim held; `financed_amount` is the money advanced on it and is never subtracted.
    """

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="+")
    holder_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=HoldingKind.choices)
    claim_amount = AmountField()
    financed_amount = AmountField(default=ZERO)
    cut_amount = AmountField(default=ZERO)
    is_live = models.BooleanField(default=True)
    is_cut_open = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    expiry_paused = models.BooleanField(default=False)
    reference_type = models.CharField(max_length=60, blank=True, default="")
    reference_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Holding]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(is_live=True, expiry_paused=False, kind=HoldingKind.RESERVATION),
                name="holding_to_expire",
            ),
            models.Index(fields=["holder_id", "-id"], name="holding_of_holder"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claim_amount__gte=0) & Q(financed_amount__gte=0) & Q(cut_amount__gte=0),
                name="holding_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(is_live=True) | Q(ended_at__isnull=False), name="holding_ended_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ReceivableEntry(models.Model):
    """
    One movement of one part of a balance; append-only. The balance is the sum of `direction * amount` per bucket.

    `fact_id` names the entry of the fact (payment, credit note ...) that a CUT or a release follows from; `holding_id` is
    an opaque number to everyone but the holder.
    """

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="entries")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    type = models.CharField(max_length=18, choices=EntryType.choices)
    bucket = models.CharField(max_length=10, choices=Bucket.choices)
    direction = models.SmallIntegerField()
    amount = AmountField()
    fact_id = models.BigIntegerField(null=True, blank=True)
    reverses_id = models.BigIntegerField(null=True, blank=True)
    holding_id = models.BigIntegerField(null=True, blank=True)
    reference_type = models.CharField(max_length=60, blank=True, default="")
    reference_id = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=60, blank=True, default="")
    value_date = models.DateField()
    posted_at = models.DateTimeField()
    posted_by = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True)

    objects: ClassVar[models.Manager[ReceivableEntry]] = models.Manager()

    class Meta:
        verbose_name_plural = "receivable entries"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="entry_amount_positive"),
            models.CheckConstraint(condition=Q(direction__in=[-1, 1]), name="entry_direction"),
            models.CheckConstraint(
                condition=~Q(type=EntryType.CUT) | Q(fact_id__isnull=False), name="entry_cut_names_fact"
            ),
            models.UniqueConstraint(
                fields=["reverses_id"], condition=Q(reverses_id__isnull=False), name="entry_reversed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.amount}"


class InvoiceFingerprint(models.Model):
    """
    How much of an invoice is used on the whole platform, by keyed hash: no organisation, no name, no number.

    Reached only through SQL functions that answer FREE, PARTLY_USED or USED (N02). `owner` is a keyed hash too: it tells
    whether two uses come from one seller, not who that is.
    """

    digest = models.BinaryField(max_length=32, primary_key=True)
    owner = models.BinaryField(max_length=32)
    gross_amount = AmountField()
    red_amount = AmountField(default=ZERO)
    used_amount = AmountField()

    objects: ClassVar[models.Manager[InvoiceFingerprint]] = models.Manager()

    class Meta:
        db_table = "invoice_fingerprint"
        constraints = [
            models.CheckConstraint(
                condition=Q(used_amount__gte=0) & Q(used_amount__lte=F("gross_amount") - F("red_amount")),
                name="fingerprint_within_gross",
            ),
        ]

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:12]
