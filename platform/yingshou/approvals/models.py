"""Approvals, their lines, and each organisation's policy."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.states import OPEN, State, Waits
from yingshou.kernel.fields import AmountField
from yingshou.tenancy.actor import Actor


class When(models.TextChoices):
    """When a policy asks for something."""

    NEVER = "NEVER", _("never")
    FROM_AMOUNT = "FROM_AMOUNT", _("from an amount")
    ALWAYS = "ALWAYS", _("always")


class ApprovalPolicy(models.Model):
    """Whether an act of an organisation needs a second person, and whether it needs a signature (F029, D05)."""

    organisation_id = models.BigIntegerField()
    action = models.TextField()
    second_person = models.TextField(choices=When.choices, default=When.ALWAYS)
    second_person_from_amount = AmountField(default=Decimal("0.00"))
    signature = models.TextField(choices=When.choices, default=When.NEVER)
    signature_from_amount = AmountField(default=Decimal("0.00"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "action"], name="one_policy_per_action"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.action}"

    def needs_second_person(self, amount: Decimal) -> bool:
        """Whether an act over this total needs a checker."""
        return _applies(self.second_person, self.second_person_from_amount, amount)

    def needs_signature(self, amount: Decimal) -> bool:
        """Whether an act over this total needs a signature."""
        return _applies(self.signature, self.signature_from_amount, amount)


def _applies(when: str, from_amount: Decimal, amount: Decimal) -> bool:
    return when == When.ALWAYS or (when == When.FROM_AMOUNT and amount >= from_amount)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals, scoped."""

    def visible_to(self, actor: Actor) -> "ApprovalQuerySet":
        """The approvals of the actor's organisation: nobody else's business."""
        return self.filter(organisation_id=actor.scope_id)

    def open(self) -> "ApprovalQuerySet":
        """Those that wait for somebody."""
        return self.filter(state__in=OPEN)

    def waiting_for(self, actor: Actor) -> "ApprovalQuerySet":
        """Open ones that this person did not make, oldest first; whether the duty suffices, the action says."""
        others = ~Q(maker_id=actor.person_id) | Q(needs_second_person=False)
        return self.visible_to(actor).open().filter(others).order_by("submitted_at", "pk")

    def locked(self, pk: int) -> "Approval | None":
        """The row, locked for a change."""
        return self.select_for_update(no_key=True).filter(pk=pk).first()


class Approval(models.Model):
    """
    One submission of one maker: one action over one or many objects.

    `manifest_root` is the Merkle root over the lines' frozen documents, made at submission: what a checker signs.
    """

    organisation_id = models.BigIntegerField()
    action = models.TextField()
    state = models.TextField(choices=State.choices, default=State.SUBMITTED)
    version = models.IntegerField(default=1)
    maker_id = models.BigIntegerField()
    maker_label = models.TextField(blank=True, default="")
    submitted_at = models.DateTimeField()
    checker_id = models.BigIntegerField(null=True)
    checker_label = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    # While a signature waits for its proof: since when, until when, and what is missing.
    signed_at = models.DateTimeField(null=True)
    proof_due_at = models.DateTimeField(null=True)
    proof_waits = models.TextField(choices=Waits.choices, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    remark = models.TextField(blank=True, default="")
    needs_second_person = models.BooleanField()
    needs_signature = models.BooleanField()
    signature_id = models.BigIntegerField(null=True)
    line_count = models.IntegerField()
    total_amount = AmountField()
    currency = models.CharField(max_length=3, default="CNY")
    manifest_root = models.BinaryField()
    done_count = models.IntegerField(null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(needs_second_person=False) | Q(checker_id__isnull=True) | ~Q(checker_id=F("maker_id")),
                name="checker_is_not_maker",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.APPROVED, State.REJECTED])
                | Q(checker_id__isnull=False, decided_at__isnull=False),
                name="decision_has_checker_and_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.APPROVED) | Q(needs_signature=False) | Q(signature_id__isnull=False),
                name="approved_is_signed_where_needed",
            ),
            models.CheckConstraint(condition=~Q(state=State.REJECTED) | ~Q(reason=""), name="rejection_has_reason"),
            models.CheckConstraint(
                condition=~Q(state=State.SIGNED_WAITING_PROOF)
                | (
                    Q(checker_id__isnull=False, signed_at__isnull=False, proof_due_at__isnull=False)
                    & ~Q(proof_waits="")
                ),
                name="waiting_signature_has_signer_and_times",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation_id", "submitted_at", "id"],
                condition=Q(state__in=sorted(OPEN)),
                name="approvals_open",
            ),
            models.Index(fields=["organisation_id", "-id"], name="approvals_by_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.state in OPEN

    @property
    def waits_for_proof(self) -> bool:
        """Whether it is signed and takes effect as soon as the proof is there."""
        return self.state == State.SIGNED_WAITING_PROOF


class ApprovalLine(models.Model):
    """
    One object of an approval: the version the maker saw, what is asked, and the exact document that would be signed.

    While `is_live`, no second change of the same object can be opened.
    """

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="lines")
    organisation_id = models.BigIntegerField()
    position = models.IntegerField()
    object_type = models.TextField()
    object_id = models.BigIntegerField()
    object_version = models.IntegerField()
    label = models.TextField(blank=True, default="")
    amount = AmountField(null=True)
    payload = models.JSONField(default=dict)
    document = models.TextField()
    leaf_hash = models.BinaryField()
    is_live = models.BooleanField(default=True)
    outcome = models.TextField(blank=True, default="")
    outcome_code = models.TextField(blank=True, default="")
    outcome_text = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "object_id"], condition=Q(is_live=True), name="one_open_change_per_object"
            ),
            models.UniqueConstraint(fields=["approval", "position"], name="line_position"),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id} v{self.object_version}"
