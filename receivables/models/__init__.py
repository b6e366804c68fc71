"""Every model of the module; `choices` holds the coded values."""

from receivables.models.alike import FLAG_TYPE, ClaimTrait, LikenessFlag
from receivables.models.answer_links import LINK_TYPE, AnswerLink, LinkAnswer, LinkState
from receivables.models.appeals import APPEAL_TYPE, Appeal
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
    "APPEAL_TYPE",
    "CHANGE_TYPE",
    "FLAG_TYPE",
    "LINK_TYPE",
    "OBJECT_TYPE",
    "AnswerLink",
    "AnswerPolicy",
    "AnswerProgress",
    "AnswerRouting",
    "Appeal",
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
    "LinkAnswer",
    "LinkState",
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
