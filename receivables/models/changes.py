"""A change of confirmed terms that one party proposes and the other answers (domain 2.4)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q

from receivables.models.receivable import Receivable
from receivables.states import ChangeState
from yingshou.kernel.fields import AmountField
from yingshou.tenancy.actor import Actor

CHANGE_TYPE = "receivables.changerequest"


class ChangeRequestQuerySet(models.QuerySet["ChangeRequest"]):
    """Scopes of proposed changes."""

    def visible_to(self, actor: Actor) -> Self:
        """Those in which the actor's organisation is one of the two parties."""
        own = actor.organisation_id or 0
        return self.filter(Q(creditor_id=own) | Q(debtor_id=own))

    def open(self) -> Self:
        """Those that wait for the other side."""
        return self.filter(state=ChangeState.OPEN)

    def to_answer(self, actor: Actor) -> Self:
        """Those that wait for the actor's organisation, the oldest first."""
        rows = self.visible_to(actor).open().exclude(proposed_by_id=actor.organisation_id or 0)
        return rows.order_by("proposed_at", "pk")


class ChangeRequest(models.Model):
    """
    The terms as they were and as they would be. While OPEN nothing has changed; silence lets it lapse, never pass.

    All terms stand on both sides, also those that stay: the row says by itself what the new version is. `applied_version`
    is the version of the receivable that the acceptance made.
    """

    receivable = models.ForeignKey(Receivable, models.PROTECT, related_name="change_requests")
    creditor_id = models.BigIntegerField()
    debtor_id = models.BigIntegerField()
    proposed_by_id = models.BigIntegerField()
    receivable_version = models.IntegerField()
    old_amount = AmountField()
    new_amount = AmountField()
    old_due_date = models.DateField()
    new_due_date = models.DateField()
    old_contract_no = models.CharField(max_length=100)
    new_contract_no = models.CharField(max_length=100)
    old_contract_name = models.CharField(max_length=200, blank=True, default="")
    new_contract_name = models.CharField(max_length=200, blank=True, default="")
    old_contract_date = models.DateField(null=True, blank=True)
    new_contract_date = models.DateField(null=True, blank=True)
    reason_code = models.CharField(max_length=20)
    comment = models.CharField(max_length=500, blank=True, default="")
    answer_reason_code = models.CharField(max_length=20, blank=True, default="")
    answer_comment = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=10, choices=ChangeState.choices, default=ChangeState.OPEN)
    version = models.IntegerField(default=1)
    proposed_at = models.DateTimeField()
    expires_on = models.DateField()
    closed_at = models.DateTimeField(null=True, blank=True)
    proposal_approval_id = models.BigIntegerField(null=True, blank=True)
    proposal_signature_id = models.BigIntegerField(null=True, blank=True)
    answer_approval_id = models.BigIntegerField(null=True, blank=True)
    answer_signature_id = models.BigIntegerField(null=True, blank=True)
    applied_version = models.IntegerField(null=True, blank=True)

    objects = ChangeRequestQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["creditor_id", "state", "-id"], name="change_creditor"),
            models.Index(fields=["debtor_id", "state", "-id"], name="change_debtor"),
            models.Index(fields=["expires_on"], condition=Q(state=ChangeState.OPEN), name="change_to_lapse"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["receivable"], condition=Q(state=ChangeState.OPEN), name="change_one_open"),
            models.CheckConstraint(
                condition=Q(proposed_by_id=F("creditor_id")) | Q(proposed_by_id=F("debtor_id")),
                name="change_by_a_party",
            ),
            models.CheckConstraint(condition=Q(new_amount__gt=0) & Q(old_amount__gt=0), name="change_amount_positive"),
            models.CheckConstraint(condition=~Q(reason_code=""), name="change_has_reason"),
            models.CheckConstraint(
                condition=~Q(state=ChangeState.REFUSED) | ~Q(answer_reason_code=""), name="change_no_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.OPEN) | Q(closed_at__isnull=False), name="change_closed_has_time"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ChangeState.ACCEPTED,
                    applied_version__isnull=False,
                    applied_version=F("receivable_version") + 1,
                )
                | (~Q(state=ChangeState.ACCEPTED) & Q(applied_version__isnull=True)),
                name="change_agreed_has_version",
            ),
            models.CheckConstraint(
                condition=~Q(old_amount=F("new_amount"))
                | ~Q(old_due_date=F("new_due_date"))
                | ~Q(old_contract_no=F("new_contract_no"))
                | ~Q(old_contract_name=F("new_contract_name"))
                | (
                    Q(old_contract_date__isnull=False, new_contract_date__isnull=False)
                    & ~Q(old_contract_date=F("new_contract_date"))
                )
                | Q(old_contract_date__isnull=True, new_contract_date__isnull=False)
                | Q(old_contract_date__isnull=False, new_contract_date__isnull=True),
                name="change_changes_something",
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.pk} of {self.receivable_id}"

    def audience(self) -> list[int]:
        """Both parties."""
        return [self.creditor_id, self.debtor_id]

    @property
    def answers_id(self) -> int:
        """The organisation that answers: the party that did not propose it."""
        return self.debtor_id if self.proposed_by_id == self.creditor_id else self.creditor_id
