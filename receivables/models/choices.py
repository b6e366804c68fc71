"""The coded values of a receivable's fields (domain 2.1, 2.2)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """The five legal kinds of receivables; bills, securities and claims the law forbids to assign are refused."""

    S1 = "S1", _("Sale or lease")
    S2 = "S2", _("Services or labour")
    S3 = "S3", _("Income right of infrastructure or utilities")
    S4 = "S4", _("Loan or other credit")
    S5 = "S5", _("Other money claim under a contract")


class Maturity(TextChoices):
    """Whether the claim exists already; of a future one the debtor can only acknowledge the contract."""

    EXISTING = "EXISTING", _("Existing claim")
    FUTURE = "FUTURE", _("Future claim")


class Origin(TextChoices):
    """Who brought the receivable in."""

    CREDITOR_UPLOAD = "CREDITOR_UPLOAD", _("Entered by the creditor")
    DEBTOR_UPLOAD = "DEBTOR_UPLOAD", _("Published by the debtor")
    ERP = "ERP", _("Fed by a core enterprise's system")
    GOV = "GOV", _("Government procurement")
    IMPORT = "IMPORT", _("Imported by the creditor")


class Basis(TextChoices):
    """On what a confirmation rests; funders filter on it."""

    DEBTOR_CLICK = "DEBTOR_CLICK", _("Confirmed by the debtor on the platform")
    DEBTOR_UPLOAD = "DEBTOR_UPLOAD", _("Published by the debtor, which counts as confirmation")
    SYSTEM_FEED = "SYSTEM_FEED", _("Fed by the debtor's system")
    STANDING_RULE = "STANDING_RULE", _("Confirmed under the debtor's standing rule")


class AssignmentBan(TextChoices):
    """Whether the claim may be assigned (Civil Code art. 545)."""

    NONE = "NONE", _("No ban on assignment")
    CONTRACT_BAN = "CONTRACT_BAN", _("Banned by the contract")
    LAW_BAN = "LAW_BAN", _("Banned by law")


class DueRule(TextChoices):
    """From which day the term runs."""

    DELIVERY = "DELIVERY", _("From delivery")
    ACCEPTANCE = "ACCEPTANCE", _("From acceptance")
    SETTLEMENT = "SETTLEMENT", _("From settlement")
    FIXED = "FIXED", _("Fixed day")


class Outcome(TextChoices):
    """What a confirmation act decided."""

    CONFIRMED = "CONFIRMED", _("Confirmed")
    CONFIRMED_IN_PART = "CONFIRMED_IN_PART", _("Confirmed in part")
    RETURNED = "RETURNED", _("Returned for correction")
    REFUSED = "REFUSED", _("Refused")
    PUBLISHED = "PUBLISHED", _("Published by the debtor")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Acknowledged by the creditor")
    CHANGED = "CHANGED", _("Changed by agreement")


class EvidenceKind(TextChoices):
    """What a file proves."""

    CONTRACT = "CONTRACT", _("Contract")
    INVOICE = "INVOICE", _("Invoice")
    ACCEPTANCE = "ACCEPTANCE", _("Acceptance certificate")
    STATEMENT = "STATEMENT", _("Statement of account")
    WAYBILL = "WAYBILL", _("Waybill")
    LEDGER = "LEDGER", _("Ledger file")
    OTHER = "OTHER", _("Other document")


class EntryType(TextChoices):
    """Why a balance moved (domain 2.2); CUT is written when a fact takes away what was reserved or encumbered."""

    CONFIRM = "CONFIRM", _("Confirmation")
    CREDIT_NOTE = "CREDIT_NOTE", _("Credit note")
    RETURN = "RETURN", _("Goods returned")
    PRICE = "PRICE", _("Price adjustment")
    NETTING = "NETTING", _("Set-off")
    DISCOUNT = "DISCOUNT", _("Discount")
    RETENTION_HOLD = "RETENTION_HOLD", _("Retention held back")
    RETENTION_RELEASE = "RETENTION_RELEASE", _("Retention due")
    CANCEL = "CANCEL", _("Cancellation")
    PAYMENT = "PAYMENT", _("Payment")
    RESERVE = "RESERVE", _("Reservation")
    UNRESERVE = "UNRESERVE", _("Reservation ended")
    ENCUMBER = "ENCUMBER", _("Encumbrance")
    RELEASE = "RELEASE", _("Encumbrance released")
    WRITE_OFF = "WRITE_OFF", _("Write-off")
    REVERSAL = "REVERSAL", _("Reversal")
    CUT = "CUT", _("Cut by a fact about the debt")


class Bucket(TextChoices):
    """The column of the balance row that an entry moves."""

    CONFIRMED = "CONFIRMED", _("Confirmed")
    ADJUSTED = "ADJUSTED", _("Adjusted")
    PAID = "PAID", _("Paid")
    ENCUMBERED = "ENCUMBERED", _("Encumbered")
    RESERVED = "RESERVED", _("Reserved")
    RETAINED = "RETAINED", _("Retained")
    OVERPAID = "OVERPAID", _("Paid too much")


class HoldingKind(TextChoices):
    """How firmly somebody holds a part of the claim."""

    RESERVATION = "RESERVATION", _("Reservation")
    ENCUMBRANCE = "ENCUMBRANCE", _("Encumbrance")


class Verdict(TextChoices):
    """How a claim compares with the debtor's own payables book."""

    AGREES = "AGREES", _("Agrees with our book")
    DIFFERS = "DIFFERS", _("Differs from our book")
    NOT_IN_BOOK = "NOT_IN_BOOK", _("Not in our book")
