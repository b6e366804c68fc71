"""The receivable, its invoices and its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from receivables.models.choices import (
    AssignmentBan,
    Basis,
    DueRule,
    EvidenceKind,
    Kind,
    Maturity,
    Origin,
)
from receivables.states import State
from yingshou.kernel.fields import AmountField
from yingshou.tenancy.actor import Actor

OBJECT_TYPE = "receivables.receivable"
ZERO = Decimal("0.00")

CONFIRMED_STATES = [State.CONFIRMED]
CODED_STATES = [State.RETURNED, State.REFUSED, State.WRITTEN_OFF]


class ReceivableQuerySet(models.QuerySet["Receivable"]):
    """Scopes and filters of receivables; every filter leads with the own organisation."""

    def visible_to(self, actor: Actor) -> Self:
        """Those in which the actor's organisation is a party, without the other side's drafts."""
        own = actor.organisation_id
        if own is None:
            # 0 for everybody but a link visitor, and no receivable has that number.
            return self.filter(pk=actor.linked(OBJECT_TYPE))
        return self.filter(Q(creditor_id=own) | Q(debtor_id=own)).exclude(hidden_draft(own))

    def of_creditor(self, organisation_id: int) -> Self:
        """Claims of this organisation, except what it has not seen yet: a payable the debtor is still drafting."""
        return self.filter(creditor_id=organisation_id).exclude(Q(state=State.DRAFT) & Q(origin=Origin.DEBTOR_UPLOAD))

    def of_debtor(self, organisation_id: int) -> Self:
        """Debts of this organisation, except drafts of its suppliers."""
        return self.filter(debtor_id=organisation_id).exclude(
            Q(state__in=[State.DRAFT, State.UNDONE]) & ~Q(origin=Origin.DEBTOR_UPLOAD)
        )

    def locked(self, ids: Iterable[int]) -> list[Receivable]:
        """Lock rows in id order, the one global order of locks, and return them."""
        return list(self.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True))

    def waiting_for(self, organisation_id: int) -> Self:
        """What this debtor has to answer."""
        return self.filter(debtor_id=organisation_id, state=State.PENDING_CONFIRM)


def hidden_draft(organisation_id: int) -> Q:
    """Drafts, and what became of them unsent, that belong to the other side."""
    unsent = Q(state__in=[State.DRAFT, State.UNDONE])
    by_debtor = Q(origin=Origin.DEBTOR_UPLOAD)
    return unsent & ((by_debtor & ~Q(debtor_id=organisation_id)) | (~by_debtor & ~Q(creditor_id=organisation_id)))


class Receivable(models.Model):
    """
    A money claim of the creditor on the debtor.

    The debtor may be unknown to the platform (`debtor_id` empty, `debtor_uscc` and `debtor_name` given: waiting for the
    debtor) or not exist as one party (S3: income rights against the public).
    """

    public_no = models.CharField(_("receivable number"), max_length=24, unique=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    creditor = models.ForeignKey("identity.Organisation", models.PROTECT, related_name="+", db_index=False)
    debtor = models.ForeignKey(
        "identity.Organisation", models.PROTECT, related_name="+", db_index=False, null=True, blank=True
    )
    debtor_uscc = models.CharField(max_length=18, blank=True, default="")
    debtor_name = models.CharField(max_length=200, blank=True, default="")
    is_related_party = models.BooleanField(default=False)
    related_party_reason = models.CharField(max_length=200, blank=True, default="")
    kind = models.CharField(max_length=2, choices=Kind.choices)
    maturity_kind = models.CharField(max_length=8, choices=Maturity.choices, default=Maturity.EXISTING)
    project_name = models.CharField(max_length=200, blank=True, default="")
    contract_no = models.CharField(_("contract number"), max_length=100)
    contract_name = models.CharField(max_length=200, blank=True, default="")
    contract_date = models.DateField(null=True, blank=True)
    contract_amount = AmountField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="CNY")
    assignment_ban = models.CharField(max_length=12, choices=AssignmentBan.choices, default=AssignmentBan.NONE)
    delivery_date = models.DateField(null=True, blank=True)
    acceptance_date = models.DateField(null=True, blank=True)
    settlement_date = models.DateField(null=True, blank=True)
    due_rule = models.CharField(max_length=10, choices=DueRule.choices, default=DueRule.FIXED)
    payment_term_days = models.IntegerField(null=True, blank=True)
    due_date = models.DateField(_("due date"))
    face_amount = AmountField(_("face amount"))
    retention_amount = AmountField(default=ZERO)
    retention_due_date = models.DateField(null=True, blank=True)
    prepaid_amount = AmountField(default=ZERO)
    late_rate = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    particulars = models.JSONField(default=dict, blank=True)
    past_due_reason = models.CharField(max_length=200, blank=True, default="")
    sme_at_signing = models.BooleanField(default=False)
    size_at_signing = models.CharField(max_length=2, blank=True, default="")
    size_declared_by = models.BigIntegerField(null=True, blank=True)
    size_declared_at = models.DateTimeField(null=True, blank=True)

    confirmed_amount = AmountField(null=True, blank=True)
    confirmed_due_date = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=16, choices=Basis.choices, blank=True, default="")
    confirm_requested_at = models.DateTimeField(null=True, blank=True)
    confirm_deadline = models.DateField(null=True, blank=True)
    confirm_by_law = models.BooleanField(default=False)
    no_answer_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reason_code = models.CharField(max_length=20, blank=True, default="")
    reason_text = models.CharField(max_length=500, blank=True, default="")

    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.BigIntegerField(null=True)
    batch_id = models.BigIntegerField(null=True, blank=True)
    line_key = models.UUIDField()

    objects = ReceivableQuerySet.as_manager()

    class Meta:
        indexes = [
            # Lists of one party: newest first, by state, by counterpart, by amount, by due date, by contract prefix.
            # The other party's column rides along so that counts stay inside the index under row-level security.
            models.Index(fields=["creditor", "-id"], include=["debtor", "state", "origin"], name="rcv_creditor_id"),
            models.Index(fields=["creditor", "state", "-id"], include=["debtor", "origin"], name="rcv_creditor_state"),
            models.Index(fields=["creditor", "debtor", "-id"], include=["state", "origin"], name="rcv_creditor_debtor"),
            models.Index(
                fields=["creditor", "face_amount", "-id"],
                include=["debtor", "state", "origin"],
                name="rcv_creditor_amount",
            ),
            models.Index(
                fields=["creditor", "due_date", "-id"], include=["debtor", "state", "origin"], name="rcv_creditor_due"
            ),
            models.Index(
                fields=["creditor", "contract_no"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="rcv_creditor_contract",
            ),
            models.Index(
                fields=["debtor", "state", "confirm_requested_at", "id"],
                include=["creditor", "origin"],
                name="rcv_debtor_state",
            ),
            models.Index(fields=["debtor", "-id"], include=["creditor", "state", "origin"], name="rcv_debtor_id"),
            models.Index(fields=["debtor", "creditor", "-id"], include=["state", "origin"], name="rcv_debtor_creditor"),
            models.Index(
                fields=["debtor", "face_amount", "-id"],
                include=["creditor", "state", "origin"],
                name="rcv_debtor_amount",
            ),
            models.Index(fields=["debtor_uscc"], condition=Q(debtor__isnull=True), name="rcv_unregistered_debtor"),
            models.Index(fields=["batch_id"], condition=Q(batch_id__isnull=False), name="rcv_batch"),
            models.Index(
                fields=["creditor", "-id"],
                condition=Q(state=State.CONFIRMED, basis=Basis.DEBTOR_UPLOAD, acknowledged_at__isnull=True),
                name="rcv_to_acknowledge",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["creditor", "line_key"],
                condition=~Q(state__in=[State.UNDONE, State.WITHDRAWN, State.REFUSED]),
                name="rcv_one_alive_line",
            ),
            models.CheckConstraint(condition=Q(face_amount__gt=0), name="rcv_face_positive"),
            models.CheckConstraint(condition=Q(face_amount__lte=10**15), name="rcv_face_limit"),
            models.CheckConstraint(
                condition=Q(retention_amount__gte=0) & Q(prepaid_amount__gte=0), name="rcv_deductions_positive"
            ),
            models.CheckConstraint(
                condition=Q(retention_amount__lte=F("face_amount") - F("prepaid_amount")),
                name="rcv_deductions_within_face",
            ),
            models.CheckConstraint(condition=Q(debtor__isnull=True) | ~Q(debtor=F("creditor")), name="rcv_two_parties"),
            models.CheckConstraint(condition=Q(kind=Kind.S3) | ~Q(debtor_uscc=""), name="rcv_debtor_named"),
            models.CheckConstraint(condition=~Q(assignment_ban=AssignmentBan.LAW_BAN), name="rcv_assignable"),
            models.CheckConstraint(
                condition=Q(confirmed_amount__isnull=True)
                | (Q(confirmed_amount__gt=0) & Q(confirmed_amount__lte=F("face_amount"))),
                name="rcv_confirmed_within_face",
            ),
            # Facts tied to states.
            models.CheckConstraint(
                condition=~Q(state=State.PENDING_CONFIRM)
                | Q(debtor__isnull=True)
                | (Q(confirm_requested_at__isnull=False) & Q(confirm_deadline__isnull=False)),
                name="rcv_pending_has_clock",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=CONFIRMED_STATES)
                | (
                    Q(confirmed_amount__isnull=False)
                    & Q(confirmed_due_date__isnull=False)
                    & Q(confirmed_at__isnull=False)
                    & ~Q(basis="")
                ),
                name="rcv_confirmed_has_facts",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        State.DRAFT,
                        State.PENDING_CONFIRM,
                        State.RETURNED,
                        State.REFUSED,
                        State.WITHDRAWN,
                        State.UNDONE,
                        State.DIRECT,
                    ]
                )
                | (Q(confirmed_amount__isnull=True) & Q(basis="")),
                name="rcv_unconfirmed_has_none",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=CODED_STATES) | ~Q(reason_code=""), name="rcv_no_negative_without_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.DIRECT) | Q(kind__in=[Kind.S2, Kind.S3]), name="rcv_direct_kinds"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.SETTLED, State.WRITTEN_OFF, State.REFUSED, State.WITHDRAWN, State.UNDONE])
                | Q(closed_at__isnull=False),
                name="rcv_closed_has_time",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="rcv_version_positive"),
        ]

    def __str__(self) -> str:
        return self.public_no

    # Set while a draft is being sent: its event is the first that the other side may read.
    is_being_sent = False

    def audience(self) -> list[int]:
        """The organisations that may read the events: a draft's owner alone, afterwards both parties."""
        if self.state in (State.DRAFT, State.UNDONE) and not self.is_being_sent:
            owner = self.debtor_id if self.origin == Origin.DEBTOR_UPLOAD else self.creditor_id
            return [owner] if owner else []
        return [one for one in (self.creditor_id, self.debtor_id) if one]

    @property
    def is_waiting_for_debtor(self) -> bool:
        """Whether the debtor has no account yet, so that nobody can answer (F010)."""
        return self.state == State.PENDING_CONFIRM and self.debtor_id is None


class Invoice(models.Model):
    """
    An invoice of the creditor. `debtor_id` is filled when a receivable that uses it is submitted, so that the debtor does
    not see the papers of a draft.
    """

    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    code = models.CharField(_("invoice code"), max_length=12, blank=True, default="")
    number = models.CharField(_("invoice number"), max_length=20)
    issue_date = models.DateField()
    net_amount = AmountField()
    tax_amount = AmountField()
    gross_amount = AmountField()
    red_amount = AmountField(default=ZERO)
    currency = models.CharField(max_length=3, default="CNY")
    fingerprint = models.BinaryField(max_length=32)
    is_alive = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Invoice]] = models.Manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["creditor_id", "number"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="inv_creditor_number",
            ),
            models.Index(
                fields=["debtor_id", "number"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                condition=Q(debtor_id__isnull=False),
                name="inv_debtor_number",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["creditor_id", "fingerprint"], condition=Q(is_alive=True), name="inv_one_per_key"
            ),
            models.CheckConstraint(condition=Q(gross_amount__gt=0), name="inv_gross_positive"),
            models.CheckConstraint(
                condition=Q(red_amount__gte=0) & Q(red_amount__lte=F("gross_amount")), name="inv_red_within_gross"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.number}".strip()


class InvoiceUse(models.Model):
    """The part of an invoice that one receivable uses; free again when the receivable is taken back."""

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="invoice_uses")
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="uses")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    used_amount = AmountField()
    is_alive = models.BooleanField(default=True)

    objects: ClassVar[models.Manager[InvoiceUse]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["receivable", "invoice"], name="use_once_per_receivable"),
            models.CheckConstraint(condition=Q(used_amount__gt=0), name="use_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} in {self.receivable_id}"


class Evidence(models.Model):
    """
    A file that proves something about a receivable; the file itself is held by the documents package.

    :ivar reading: of an e-invoice that was read: its number, form, signature block and lines
    """

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="evidence")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField(null=True, blank=True)
    file_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=EvidenceKind.choices)
    note = models.CharField(max_length=200, blank=True, default="")
    reading = models.JSONField(null=True)
    added_at = models.DateTimeField()
    added_by = models.BigIntegerField(null=True)

    objects: ClassVar[models.Manager[Evidence]] = models.Manager()

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["receivable", "file_id", "kind"], name="evidence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_id}"
