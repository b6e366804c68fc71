"""Every check of a claim: its sentence, its predicate for the form, its condition for the import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext_lazy as _

from receivables.models import AssignmentBan, Kind, Maturity
from receivables.rules.draft import Circumstances, ClaimDraft
from yingshou.kernel.errors import DomainError, Finding, Invalid
from yingshou.kernel.identifiers import invoice_number_problem, uscc_problem

Params = Mapping[str, object]
LIMIT = Decimal(10) ** 15
CENT = Decimal("0.01")
PUBLIC_TERM_DAYS = 60


class AmountNotPositive(Invalid):
    """The amount is zero or below."""

    code = "RCV-001"
    message = _("The amount must be above zero.")
    cure = _("Enter the amount of the claim; a credit note is entered with its own invoice.")


class DueTooEarly(Invalid):
    """The due date lies before the contract or the delivery."""

    code = "RCV-002"
    message = _("The due date lies before the contract or the delivery.")
    cure = _("Compare the three dates with the contract and the delivery note.")


class DebtorCodeInvalid(Invalid):
    """The credit code of the other party is wrong."""

    code = "RCV-003"
    message = _("The credit code of the debtor is not valid.")
    cure = _("Copy the 18 characters from the debtor's business licence or from the invoice.")


class SameParty(Invalid):
    """Creditor and debtor are the same organisation."""

    code = "RCV-004"
    message = _("Creditor and debtor are the same organisation.")
    cure = _("Enter the credit code of the buyer.")


class InvoicesDoNotAddUp(Invalid):
    """The invoice portions are not the face amount."""

    code = "RCV-005"
    message = _("The invoices cover %(invoices)s, the receivable says %(face)s.")
    cure = _("Correct the amount, or the part of each invoice that is used.")


class CurrencyDiffers(Invalid):
    """An invoice is in another currency."""

    code = "RCV-006"
    message = _("The currency of an invoice differs from that of the receivable.")
    cure = _("Enter one receivable per currency.")


class NoEvidence(Invalid):
    """No file proves the claim."""

    code = "RCV-007"
    message = _("No document proves this claim.")
    cure = _("Attach the contract, the invoice, the acceptance certificate or the statement of account.")


class PastDue(Invalid):
    """The due date has passed at upload and no reason is given."""

    code = "RCV-008"
    message = _("This claim was due before today.")
    cure = _("Give the reason why it is entered now, or correct the due date.")


class CreditorNotVerified(Invalid):
    """The creditor's registration is not verified."""

    code = "RCV-009"
    message = _("Your organisation is not verified yet, or its licence has expired.")
    cure = _("Complete the registration of your organisation first.")


class DebtorUnknown(Invalid):
    """The debtor is not registered."""

    code = "RCV-010"
    message = _("The debtor is not registered on the platform; the receivable waits until it is.")
    cure = _("Ask the debtor to register on the platform; it is asked to confirm as soon as it has.")


class KindExcluded(Invalid):
    """Bills, securities and claims the law forbids to assign."""

    code = "RCV-011"
    message = _("Bills, securities and claims that the law forbids to assign cannot be entered.")
    cure = _("Enter claims from sales, services, income rights, loans or other contracts only.")


class NoDedicatedAccount(Invalid):
    """An income right without its dedicated account."""

    code = "RCV-012"
    message = _("An income right is secured through its dedicated account, and none is given.")
    cure = _("Enter the dedicated account into which the fees are paid.")


class AmountTooLarge(Invalid):
    """Beyond 10^15 yuan: a typing accident."""

    code = "RCV-017"
    message = _("The amount is beyond every real claim.")
    cure = _("Check the unit: yuan, or ten thousand yuan?")


class LateRateLow(Invalid):
    """The agreed late interest is below the one-year LPR."""

    code = "RCV-018"
    message = _("The agreed late-payment rate is below the one-year loan prime rate of the day of the contract.")
    cure = _("The Regulation on payments to small and medium enterprises, article 17, asks for at least that rate.")


class TermLong(Invalid):
    """A public body owes after more than 60 days."""

    code = "RCV-019"
    message = _("The term is %(days)s days; the law allows a public body at most %(maximum)s.")
    cure = _(
        "Regulation on payments to small and medium enterprises, articles 9 and 10: 30 days, by contract at most 60."
    )


class PaymentClockMissing(Invalid):
    """An existing claim without any of the three days."""

    code = "RCV-024"
    message = _("An existing claim needs the day of delivery, of acceptance or of settlement.")
    cure = _("Enter one of the three days, or mark the claim as a future one.")


class DueMissing(Invalid):
    """Neither due date nor term."""

    code = "RCV-025"
    message = _("The due date is missing.")
    cure = _("Enter the due date, or the term in days and the day from which it runs.")


class KindFieldMissing(Invalid):
    """A field that this kind of claim needs is empty."""

    code = "RCV-026"
    message = _("This kind of claim needs: %(fields)s.")
    cure = _("Fill in what the contract says.")


class InvoiceMissing(Invalid):
    """A sale without invoice or proof of delivery."""

    code = "RCV-027"
    message = _("A sale needs an invoice or a proof of delivery.")
    cure = _("Enter the invoice, or attach the acceptance certificate or the waybill.")


class DeductionsTooLarge(Invalid):
    """Retention and prepayment exceed the claim."""

    code = "RCV-028"
    message = _("Retention and prepayment together exceed the amount of the claim.")
    cure = _("Correct the retention or the prepayment.")


class ContractMissing(Invalid):
    """No contract number."""

    code = "RCV-029"
    message = _("The contract number is missing.")
    cure = _("Enter the number of the contract or of the order.")


class InvoiceSum(Invalid):
    """Net and tax are not the gross."""

    code = "INV-002"
    message = _("Net amount and tax do not add up to the total of the invoice.")
    cure = _("Copy the three amounts from the invoice; a difference of one fen is accepted.")


class InvoiceNumberWrong(Invalid):
    """Not 20 digits, or not of the year of issue."""

    code = "INV-004"
    message = _("The invoice number has neither 8 nor 20 digits, or does not begin with the year of issue.")
    cure = _("Compare the number and the date of issue with the invoice.")


class InvoiceInFuture(Invalid):
    """Issued after today."""

    code = "INV-008"
    message = _("The invoice is dated after today.")
    cure = _("Correct the date of issue.")


class ContractBan(Invalid):
    """The contract forbids assignment."""

    code = "RCV-030"
    message = _("The contract forbids assignment; for a money claim that binds the parties, not third persons.")
    cure = _("Civil Code article 545: you may go on; tell the funder.")


KIND_FIELDS: dict[str, dict[str, object]] = {
    Kind.S1: {
        "lease_from": _("Lease from"),
        "lease_to": _("Lease until"),
        "rent_schedule": _("Rent schedule"),
    },
    Kind.S2: {
        "statement_no": _("Statement of account"),
        "period_from": _("Service period from"),
        "period_to": _("Service period until"),
        "mass_debtors": _("Many debtors without a contract each"),
    },
    Kind.S3: {
        "approval_no": _("Approval document"),
        "concession_contract_no": _("Concession contract"),
        "grantor": _("Grantor of the concession"),
        "right_from": _("Right from"),
        "right_to": _("Right until"),
        "fee_standard": _("Toll or fee standard"),
        "expected_annual_income": _("Expected yearly income"),
        "dedicated_account": _("Dedicated account"),
    },
    Kind.S4: {"loan_contract_no": _("Loan contract")},
    Kind.S5: {},
}
"""The fields that belong to a kind, by name, with their labels (domain 2.1)."""

REQUIRED_FIELDS: dict[str, tuple[str, ...]] = {
    Kind.S1: (),
    Kind.S2: (),
    Kind.S3: (
        "approval_no",
        "concession_contract_no",
        "grantor",
        "right_from",
        "right_to",
        "fee_standard",
        "expected_annual_income",
    ),
    Kind.S4: ("loan_contract_no",),
    Kind.S5: (),
}


@dataclass(frozen=True)
class Rule:
    """
    One check.

    :param test: the parameters of the error if the draft breaks the rule, else None
    :param sql: the same as a condition over the columns of the import of claims; empty where a file cannot break it
    :param sql_params: a jsonb expression for the parameters
    """

    error: type[DomainError]
    place: str
    test: Callable[[ClaimDraft, Circumstances], Params | None]
    sql: str = ""
    sql_params: str = "null::jsonb"
    severity: Literal["error", "warning"] = "error"


def _when(broken: bool) -> Params | None:
    return {} if broken else None


def _proof_of_delivery(draft: ClaimDraft) -> bool:
    return any(one.kind in ("ACCEPTANCE", "WAYBILL", "STATEMENT") for one in draft.evidence)


def _missing_fields(draft: ClaimDraft, _c: Circumstances) -> Params | None:
    missing = [
        str(KIND_FIELDS[draft.kind][name])
        for name in REQUIRED_FIELDS.get(draft.kind, ())
        if not draft.particulars.get(name)
    ]
    if draft.kind == Kind.S2 and not (
        draft.particulars.get("statement_no") or draft.particulars.get("period_from") or draft.invoices
    ):
        missing.append(str(KIND_FIELDS[Kind.S2]["statement_no"]))
    return {"fields": missing} if missing else None


def _sum(draft: ClaimDraft, _c: Circumstances) -> Params | None:
    if not draft.invoices:
        return None
    total = sum((one.used_amount for one in draft.invoices), Decimal("0.00"))
    too_much = any(one.used_amount > one.gross_amount for one in draft.invoices)
    return {"invoices": total, "face": draft.face_amount} if total != draft.face_amount or too_much else None


def _term(draft: ClaimDraft, c: Circumstances) -> Params | None:
    base = draft.acceptance_date or draft.delivery_date or draft.settlement_date
    if c.debtor is None or not c.debtor.is_public_body or base is None or draft.due is None:
        return None
    days = (draft.due - base).days
    return {"days": days, "maximum": PUBLIC_TERM_DAYS} if days > PUBLIC_TERM_DAYS else None


TODAY = "(%(at)s::timestamptz at time zone 'Asia/Shanghai')::date"
FACE = "coalesce(face_amount, gross_amount)"
BLUE = "blue_invoice_number is null"
DUE = (
    "coalesce(due_date, case due_rule when 'DELIVERY' then delivery_date when 'ACCEPTANCE' then acceptance_date "
    "when 'SETTLEMENT' then settlement_date end + term_days::integer)"
)
# Stands for a sub-select that the import fills in; a condition here names columns only.
DEBTOR_IS_PUBLIC = "debtor_is_public"
_BASE = "coalesce(acceptance_date, delivery_date, settlement_date)"

RULES: tuple[Rule, ...] = (
    Rule(AmountNotPositive, "face_amount", lambda d, _c: _when(d.face_amount <= 0), f"{BLUE} and {FACE} = 0"),
    Rule(
        AmountTooLarge, "face_amount", lambda d, _c: _when(d.face_amount > LIMIT), f"abs({FACE}) > 100000000000000000"
    ),
    Rule(
        DueTooEarly,
        "due_date",
        lambda d, _c: _when(
            d.due is not None and any(one is not None and d.due < one for one in (d.contract_date, d.delivery_date))
        ),
        f"{DUE} < contract_date or {DUE} < delivery_date",
    ),
    Rule(DueMissing, "due_date", lambda d, _c: _when(d.due is None), f"{BLUE} and {DUE} is null"),
    Rule(
        DebtorCodeInvalid,
        "debtor_uscc",
        lambda d, _c: _when((d.kind != Kind.S3 or bool(d.other_uscc)) and uscc_problem(d.other_uscc) is not None),
    ),
    Rule(
        SameParty,
        "debtor_uscc",
        lambda d, c: _when(d.other_uscc == c.own.uscc),
        "debtor_uscc = (select uscc from identity_organisation where id = %(organisation)s)",
    ),
    Rule(
        InvoicesDoNotAddUp,
        "face_amount",
        _sum,
        f"{BLUE} and face_amount > gross_amount",
        "jsonb_build_object('invoices', to_char(gross_amount / 100.0, 'FM999999999999990.00'), "
        "'face', to_char(face_amount / 100.0, 'FM999999999999990.00'))",
    ),
    Rule(CurrencyDiffers, "currency", lambda d, _c: _when(any(one.currency != d.currency for one in d.invoices))),
    Rule(
        PastDue,
        "due_date",
        lambda d, c: _when(d.due is not None and d.due < c.today and not d.past_due_reason.strip()),
        f"{BLUE} and {DUE} < {TODAY} and coalesce(past_due_reason, '') = ''",
    ),
    Rule(
        PastDue,
        "past_due_reason",
        lambda d, c: _when(d.due is not None and d.due < c.today and bool(d.past_due_reason.strip())),
        f"{BLUE} and {DUE} < {TODAY} and coalesce(past_due_reason, '') <> ''",
        severity="warning",
    ),
    Rule(
        CreditorNotVerified,
        "creditor",
        lambda _d, c: _when(not c.creditor.is_verified),
        "exists (select 1 from identity_organisation where id = %(organisation)s and state <> 'VERIFIED')",
    ),
    Rule(
        DebtorUnknown,
        "debtor_uscc",
        lambda d, c: _when(c.debtor is None and d.kind != Kind.S3),
        "not exists (select 1 from identity_organisation o where o.uscc = debtor_uscc)",
        severity="warning",
    ),
    Rule(
        KindExcluded,
        "kind",
        lambda d, _c: _when(d.kind not in Kind.values or d.assignment_ban == AssignmentBan.LAW_BAN),
        "kind = 'X' or assignment_ban = 'LAW_BAN'",
    ),
    Rule(
        ContractBan,
        "assignment_ban",
        lambda d, _c: _when(d.assignment_ban == AssignmentBan.CONTRACT_BAN),
        "assignment_ban = 'CONTRACT_BAN'",
        severity="warning",
    ),
    Rule(
        NoDedicatedAccount,
        "dedicated_account",
        lambda d, _c: _when(d.kind == Kind.S3 and not d.particulars.get("dedicated_account")),
        severity="warning",
    ),
    Rule(
        LateRateLow,
        "late_rate",
        lambda d, c: _when(d.late_rate is not None and c.lending_rate is not None and d.late_rate < c.lending_rate),
        severity="warning",
    ),
    Rule(
        TermLong,
        "due_date",
        _term,
        f"{DUE} - {_BASE} > {PUBLIC_TERM_DAYS} and debtor_is_public",
        f"jsonb_build_object('days', {DUE} - {_BASE}, 'maximum', {PUBLIC_TERM_DAYS})",
        severity="warning",
    ),
    Rule(
        PaymentClockMissing,
        "delivery_date",
        lambda d, _c: _when(
            d.maturity_kind == Maturity.EXISTING
            and d.kind != Kind.S3
            and not (d.delivery_date or d.acceptance_date or d.settlement_date)
        ),
        f"{BLUE} and maturity_kind = 'EXISTING' and {_BASE} is null",
    ),
    Rule(ContractMissing, "contract_no", lambda d, _c: _when(not d.contract_no.strip())),
    Rule(KindFieldMissing, "kind", _missing_fields),
    Rule(
        InvoiceMissing,
        "invoices",
        lambda d, _c: _when(
            d.kind == Kind.S1 and d.maturity_kind == Maturity.EXISTING and not d.invoices and not _proof_of_delivery(d)
        ),
        f"{BLUE} and kind = 'S1' and maturity_kind = 'EXISTING' and invoice_number is null",
    ),
    Rule(
        DeductionsTooLarge,
        "retention_amount",
        lambda d, _c: _when(
            d.retention_amount < 0 or d.prepaid_amount < 0 or d.retention_amount + d.prepaid_amount > d.face_amount
        ),
        f"{BLUE} and {FACE} >= 0 and (retention_amount < 0 or prepaid_amount < 0 "
        f"or coalesce(retention_amount, 0) + coalesce(prepaid_amount, 0) > {FACE})",
    ),
    Rule(
        InvoiceSum,
        "gross_amount",
        lambda d, _c: _when(any(abs(one.net_amount + one.tax_amount - one.gross_amount) > CENT for one in d.invoices)),
        "abs(net_amount + tax_amount - gross_amount) > 1",
    ),
    Rule(
        InvoiceNumberWrong,
        "invoice_number",
        lambda d, _c: _when(
            any(invoice_number_problem(one.number, one.code, one.issue_date) is not None for one in d.invoices)
        ),
        "length(invoice_number) = 20 and left(invoice_number, 2) <> to_char(invoice_date, 'YY')",
    ),
    Rule(
        InvoiceInFuture,
        "invoice_date",
        lambda d, c: _when(any(one.issue_date > c.today for one in d.invoices)),
        f"invoice_date > {TODAY}",
    ),
)


def check(draft: ClaimDraft, circumstances: Circumstances) -> list[Finding]:
    """Every statement the rules make about a draft: errors and warnings, each with its place."""
    findings = []
    for rule in RULES:
        params = rule.test(draft, circumstances)
        if params is not None:
            findings.append(rule.error(place=rule.place, **params).as_finding(rule.severity))
    return findings


def check_for_submission(draft: ClaimDraft, circumstances: Circumstances) -> list[Finding]:
    """The same, and what only a submitted claim needs: at least one document."""
    findings = check(draft, circumstances)
    if not draft.evidence:
        findings.append(NoEvidence(place="evidence").as_finding())
    return findings
