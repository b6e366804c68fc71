"""Every model of the module; `choices` holds the coded values."""

from receivables.models.alike import FLAG_TYPE, ClaimTrait, LikenessFlag
from receivables.models.changes import CHANGE_TYPE, ChangeRequest
from receivables.models.choices import (
    AssignmentBan,
    Basis,
    Bucket,
    DueRule,
    EntryType,
    EvidenceKind,
    HoldingKind,
    Kind,
    Maturity,
    Origin,
    Outcome,
    Verdict,
)
from receivables.models.confirmation import BookMatch, ConfirmationAct, Dispute, LendingRate, PayableLine
from receivables.models.ladder import (
    AnswerPolicy,
    AnswerProgress,
    AnswerRouting,
    Department,
    Substitute,
)
from receivables.models.money import Holding, InvoiceFingerprint, ReceivableBalance, ReceivableEntry
from receivables.models.receivable import OBJECT_TYPE, Evidence, Invoice, InvoiceUse, Receivable

__all__ = [
    "CHANGE_TYPE",
    "FLAG_TYPE",
    "OBJECT_TYPE",
    "AnswerPolicy",
    "AnswerProgress",
    "AnswerRouting",
    "AssignmentBan",
    "Basis",
    "BookMatch",
    "Bucket",
    "ChangeRequest",
    "ClaimTrait",
    "ConfirmationAct",
    "Department",
    "Dispute",
    "DueRule",
    "EntryType",
    "Evidence",
    "EvidenceKind",
    "Holding",
    "HoldingKind",
    "Invoice",
    "InvoiceFingerprint",
    "InvoiceUse",
    "Kind",
    "LendingRate",
    "LikenessFlag",
    "Maturity",
    "Origin",
    "Outcome",
    "PayableLine",
    "Receivable",
    "ReceivableBalance",
    "ReceivableEntry",
    "Substitute",
    "Verdict",
]
