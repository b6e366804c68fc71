"""What a person types or a file holds about one receivable, before it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from receivables.models import AssignmentBan, DueRule, Kind, Maturity
from yingshou.identity.models import Organisation

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class InvoiceDraft:
    """An invoice and the part of it that the receivable uses, in yuan."""

    number: str
    issue_date: date
    net_amount: Decimal
    tax_amount: Decimal
    gross_amount: Decimal
    used_amount: Decimal
    code: str = ""
    currency: str = "CNY"


@dataclass(frozen=True)
class EvidenceDraft:
    """A stored file and what it proves."""

    file_id: int
    kind: str
    note: str = ""
    reading: Mapping[str, object] | None = None


@dataclass(frozen=True)
class ClaimDraft:
    """
    The fields of one receivable as entered; amounts in yuan.

    The other party is named by credit code: it need not be registered. `particulars` holds the fields that only some kinds
    have (`KIND_FIELDS`). Without a due date it follows from the rule and the term.
    """

    other_uscc: str
    other_name: str
    contract_no: str
    face_amount: Decimal
    kind: str = Kind.S1
    maturity_kind: str = Maturity.EXISTING
    due_date: date | None = None
    due_rule: str = DueRule.FIXED
    payment_term_days: int | None = None
    currency: str = "CNY"
    contract_name: str = ""
    contract_date: date | None = None
    contract_amount: Decimal | None = None
    project_name: str = ""
    assignment_ban: str = AssignmentBan.NONE
    delivery_date: date | None = None
    acceptance_date: date | None = None
    settlement_date: date | None = None
    retention_amount: Decimal = ZERO
    retention_due_date: date | None = None
    prepaid_amount: Decimal = ZERO
    late_rate: Decimal | None = None
    is_related_party: bool = False
    related_party_reason: str = ""
    past_due_reason: str = ""
    particulars: Mapping[str, str] = field(default_factory=dict)
    invoices: Sequence[InvoiceDraft] = ()
    evidence: Sequence[EvidenceDraft] = ()

    @property
    def base_date(self) -> date | None:
        """The day from which the term runs, by the due rule."""
        return {
            DueRule.DELIVERY: self.delivery_date,
            DueRule.ACCEPTANCE: self.acceptance_date,
            DueRule.SETTLEMENT: self.settlement_date,
        }.get(DueRule(self.due_rule))

    @property
    def due(self) -> date | None:
        """The due date as entered, or base day plus term in natural days."""
        if self.due_date is not None:
            return self.due_date
        if self.base_date is not None and self.payment_term_days is not None:
            return self.base_date + timedelta(days=self.payment_term_days)
        return None


@dataclass(frozen=True)
class Circumstances:
    """What a check needs to know beyond the draft itself."""

    today: date
    own: Organisation
    creditor: Organisation
    debtor: Organisation | None
    lending_rate: Decimal | None = None
