"""
Files of e-invoices as an import: each file is a row, invoices become receivables one by one or by buyer and contract.

What no invoice says (the contract, when the money is due) is asked once, by buyer, before anything is checked.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from receivables.actions.entry import AlreadyEntered, ClaimInvalid, create_draft
from receivables.actions.invoices import InvoiceUsed
from receivables.imports.claims import RedWithoutBlue, apply_reds, undo
from receivables.imports.columns import PUBLIC_DEBTOR, digest_sql
from receivables.models import OBJECT_TYPE, EvidenceKind
from receivables.rules.claims import RULES, InvoiceMissing
from receivables.rules.draft import ClaimDraft, EvidenceDraft, InvoiceDraft
from yingshou.documents import actions as documents
from yingshou.documents import cells, files
from yingshou.documents.intake import extract
from yingshou.documents.kinds import Check, Chunk, Column, Effect, ImportKind, Undo
from yingshou.documents.models import ImportBatch
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError, Invalid
from yingshou.kernel.money import from_minor

NAME = "receivables.einvoices"
MOST_GROUPS = 200
EACH, ONE, LEAVE = "EACH", "ONE", "LEAVE"
FORMS = {
    "XML": ["XML 数电票", "XML"],
    "PDF": ["PDF 数电票", "PDF"],
    "OFD": ["OFD 数电票", "OFD"],
    "UBL": ["EN 16931 UBL", "UBL"],
    "CII": ["EN 16931 CII", "CII"],
}
SIGNATURES = {
    "PRESENT": ["有签名区块", "PRESENT"],
    "ABSENT": ["无签名区块", "ABSENT"],
    "UNVERIFIABLE": ["有签章，此处无法验证", "UNVERIFIABLE"],
}


class SellerDiffers(Invalid):
    """The invoice is another seller's."""

    code = "INV-006"
    message = _("The seller on the invoice (%(seller)s) is not your organisation.")
    cure = _(
        "Upload invoices that your organisation issued; the code of the seller must be that of its business licence."
    )


class BuyerDiffers(Invalid):
    """The name on the invoice is not the registered one."""

    code = "INV-007"
    message = _("The buyer on the invoice is “%(said)s”; registered under its code is “%(name)s”.")
    cure = _("Check whether it is a branch or an earlier name; the organisation of the code is asked to confirm.")


class BuyerNotNamed(Invalid):
    """The file does not say who the buyer is."""

    code = "INV-007-N"
    message = _("The file does not name the buyer; the debtor is the one you named.")
    cure = _("Compare it with the printed invoice, or upload the XML or OFD.")


class LineWrong(Invalid):
    """A line whose tax is not its rate."""

    code = "INV-002-L"
    message = _("In line %(line)s the tax is not the rate of the net amount.")
    cure = _("An original invoice always adds up: download it again from the tax platform.")


class LinesDoNotAddUp(Invalid):
    """The lines are not the totals."""

    code = "INV-002-S"
    message = _("The lines of the invoice do not add up to its totals.")
    cure = _("An original invoice always adds up: download it again from the tax platform.")


class FilesDisagree(Invalid):
    """Two files of one invoice say different things."""

    code = "INV-009"
    message = _("“%(file)s” is the same invoice with other amounts or another date; one of the two is not genuine.")
    cure = _("Download the invoice again and upload only that file.")


class NoSignatureBlock(Invalid):
    """Nothing in the file was signed by the tax authority."""

    code = "INV-010"
    message = _("The file carries no signature block of the tax authority.")
    cure = _("You may go on; a funder may ask for the original from the tax platform.")


class LeftOut(Invalid):
    """The person chose to leave it out."""

    code = "INV-015"
    message = _("Left out, as you chose.")
    cure = _("Upload it again if it is to become a receivable after all.")


COLUMNS = (
    Column("file", _("File"), cells.text(200), required=True, width=36),
    Column("form", _("Recognised as"), cells.choice(FORMS), required=True),
    Column("invoice_number", _("Invoice number"), cells.invoice_number(), width=24),
    Column("invoice_date", _("Invoice date"), cells.day()),
    Column("gross_amount", _("Invoice total"), cells.amount()),
    Column("net_amount", _("Net amount"), cells.amount()),
    Column("tax_amount", _("Tax"), cells.amount()),
    Column("currency", _("Currency"), cells.currency(), width=8),
    Column("buyer_name", _("Buyer"), cells.text(200), width=30),
    Column("buyer_uscc", _("Buyer's credit code"), cells.uscc(), width=22),
    Column("seller_name", _("Seller"), cells.text(200), width=30),
    Column("seller_uscc", _("Seller's credit code"), cells.code(40), width=22),
    Column("invoice_code", _("Invoice code"), cells.invoice_code()),
    Column("blue_invoice_number", _("Red-letter for invoice"), cells.invoice_number(), width=24),
    Column("stated_contract", _("Contract on the invoice"), cells.code(100), width=22),
    Column("stated_due", _("Due date on the invoice"), cells.day()),
    Column("signature", _("Signature block"), cells.choice(SIGNATURES), width=24),
    Column("line_count", _("Lines"), cells.integer(0, 100_000), width=8),
    Column("line_off", _("First line that is off"), cells.integer(0, 100_000), width=8),
    Column("sums_off", _("Lines are not the totals"), cells.integer(0, 1), width=8),
)
_NAMES = frozenset(column.name for column in COLUMNS)
_PLACES = {"debtor_uscc": "buyer_uscc", "face_amount": "gross_amount"}
_KEY = "coalesce(buyer_uscc, '') || '|' || coalesce(currency, 'CNY') || '|' || coalesce(stated_contract, '')"
_ANSWER = f"(%(answers)s::jsonb -> 'groups' -> ({_KEY}))"
_RULE = f"coalesce(nullif({_ANSWER} ->> 'due_rule', ''), 'FIXED')"
_BASE = f"coalesce(nullif({_ANSWER} ->> 'base_date', '')::date, invoice_date)"
_SELLER = "(select uscc from identity_organisation where id = %(organisation)s)"

# What the rules of a claim ask for and no invoice says, from what was answered.
DERIVED = {
    "group_key": _KEY,
    "mode": f"case when %(answers)s::jsonb -> 'left' @> to_jsonb(row_no) then 'LEAVE' else coalesce({_ANSWER} ->> 'mode', 'EACH') end",
    "debtor_uscc": f"coalesce(buyer_uscc, nullif({_ANSWER} ->> 'debtor_uscc', ''))",
    "debtor_name": "buyer_name",
    "contract_no": f"coalesce(nullif({_ANSWER} ->> 'contract_no', ''), stated_contract)",
    "due_rule": _RULE,
    "term_days": f"nullif({_ANSWER} ->> 'term_days', '')::bigint",
    "due_date": f"case when {_RULE} = 'FIXED' then coalesce(nullif({_ANSWER} ->> 'due_date', '')::date, stated_due) end",
    "delivery_date": f"case when {_RULE} in ('FIXED', 'DELIVERY') then {_BASE} end",
    "acceptance_date": f"case when {_RULE} = 'ACCEPTANCE' then {_BASE} end",
    "settlement_date": f"case when {_RULE} = 'SETTLEMENT' then {_BASE} end",
    "past_due_reason": f"nullif({_ANSWER} ->> 'past_due_reason', '')",
    "contract_date": "null::date",
    "face_amount": "null::bigint",
    "retention_amount": "null::bigint",
    "prepaid_amount": "null::bigint",
    "kind": "'S1'::text",
    "maturity_kind": "'EXISTING'::text",
    "assignment_ban": "'NONE'::text",
    "invoice_status": "'VALID'::text",
    "digest": digest_sql("invoice_code", "invoice_number", _SELLER),
}
_WANTED = "form is not null and mode <> 'LEAVE'"


def _check(
    error: type[DomainError],
    condition: str,
    column: str | None,
    *,
    params: str = "null::jsonb",
    effect: Effect = Effect.ERROR,
) -> Check:
    return Check(
        code=error.code,
        message=error.message,
        cure=error.cure,
        condition=f"{_WANTED} and ({condition})",
        params=params,
        column=column,
        effect=effect,
    )


def _rule_checks() -> list[Check]:
    """The rules of a claim, asked of what an invoice and the answers say together."""
    checks = []
    for rule in RULES:
        # Here everything that was recognised is an invoice.
        if not rule.sql or rule.error is InvoiceMissing:
            continue
        condition = f"{_WANTED} and ({rule.sql.replace('debtor_is_public', PUBLIC_DEBTOR)})"
        joined = "identity_organisation o" in condition
        place = _PLACES.get(rule.place, rule.place)
        checks.append(
            Check(
                code=rule.error.code if rule.severity == "error" else f"{rule.error.code}-W",
                message=rule.error.message,
                cure=rule.error.cure,
                sql=f"select row_id, {rule.sql_params} from {{rows}} r where {condition}" if joined else "",  # noqa: S608  # own text
                condition="" if joined else condition,
                params=rule.sql_params,
                column=place if place in _NAMES else None,
                effect=Effect.ERROR if rule.severity == "error" else Effect.WARNING,
            )
        )
    return checks


CHECKS = (
    Check(
        code=LeftOut.code,
        message=LeftOut.message,
        cure=LeftOut.cure,
        condition="form is not null and mode = 'LEAVE'",
        effect=Effect.LEFT,
    ),
    _check(
        SellerDiffers,
        f"seller_uscc is distinct from {_SELLER}",
        "seller_uscc",
        params="jsonb_build_object('seller', coalesce(seller_uscc, ''))",
    ),
    _check(LineWrong, "line_off is not null", "line_off", params="jsonb_build_object('line', line_off)"),
    _check(LinesDoNotAddUp, "sums_off is not null and line_off is null", "sums_off"),
    _check(BuyerNotNamed, "buyer_uscc is null and debtor_uscc is not null", "buyer_uscc", effect=Effect.WARNING),
    _check(NoSignatureBlock, "signature = 'ABSENT' and form in ('XML', 'OFD')", "signature", effect=Effect.WARNING),
    *_rule_checks(),
    Check(
        code=BuyerDiffers.code,
        message=BuyerDiffers.message,
        cure=BuyerDiffers.cure,
        column="buyer_name",
        effect=Effect.WARNING,
        sql="select r.row_id, jsonb_build_object('said', r.buyer_name, 'name', o.name) from {rows} r "  # noqa: S608  # own text
        f"join identity_organisation o on o.uscc = r.debtor_uscc where {_WANTED} and r.buyer_name is not null "
        "and translate(o.name, '（） ', '()') <> translate(r.buyer_name, '（） ', '()')",
    ),
    Check(
        code=FilesDisagree.code,
        message=FilesDisagree.message,
        cure=FilesDisagree.cure,
        column="file",
        sql="select row_id, jsonb_build_object('file', case when file = first then last else first end) from ("  # noqa: S608  # own text
        "select row_id, file, count(*) over same as number, min(file) over same as first, max(file) over same as last "
        f"from {{rows}} where {_WANTED} and digest is not null window same as (partition by digest)) t where number > 1",
    ),
    Check(
        code=InvoiceUsed.code,
        message=InvoiceUsed.message,
        cure=InvoiceUsed.cure,
        column="invoice_number",
        sql="with used as (select row_id, invoice_number as number, digest from {rows} "  # noqa: S608  # own text
        f"where {_WANTED} and invoice_number is not null and gross_amount > 0) "
        "select u.row_id, jsonb_build_object('number', u.number) from used u "
        "join receivables_fingerprint_ask(array(select distinct digest from used)) a on a.digest = u.digest "
        "where a.answer = 'USED'",
    ),
    Check(
        code=RedWithoutBlue.code,
        message=RedWithoutBlue.message,
        cure=RedWithoutBlue.cure,
        column="blue_invoice_number",
        sql="with reds as (select row_id, blue_invoice_number as number, debtor_uscc from {rows} "  # noqa: S608  # own text
        f"where {_WANTED} and gross_amount < 0), blues as (select invoice_number as number, debtor_uscc from {{rows}} "
        f"where {_WANTED} and gross_amount > 0 group by 1, 2), old as (select distinct i.number from receivables_invoice i "
        "where i.creditor_id = %(organisation)s and i.is_alive and i.number in (select number from reds)) "
        "select r.row_id, null::jsonb from reds r left join blues b on b.number = r.number and b.debtor_uscc = r.debtor_uscc "
        "left join old o on o.number = r.number where b.number is null and o.number is null",
    ),
    Check(
        code=AlreadyEntered.code,
        message=AlreadyEntered.message,
        cure=AlreadyEntered.cure,
        effect=Effect.KNOWN,
        condition="false",
    ),
)


def ask(rows: Undo) -> Mapping[str, Any] | None:
    """Buyers and contracts with their invoices, for the page that asks about them; None where nothing was recognised."""
    found = rows.fetch(
        f"select {_KEY}, buyer_uscc, buyer_name, coalesce(currency, 'CNY'), stated_contract, stated_due, row_no, file, "  # noqa: S608  # own text
        "invoice_number, invoice_date, gross_amount, form from (select distinct on (invoice_number, seller_uscc, invoice_date, "
        "net_amount, tax_amount, gross_amount) * from {rows} where form is not null order by invoice_number, seller_uscc, "
        "invoice_date, net_amount, tax_amount, gross_amount, row_id) t order by buyer_name, 1, invoice_date, invoice_number"
    )
    groups: dict[str, dict[str, Any]] = {}
    for key, uscc, name, currency, contract, due, row_no, file, number, day, gross, form in found:
        group = groups.setdefault(
            key,
            {"key": key, "uscc": uscc or "", "name": name or "", "currency": currency, "contract": contract or "",
             "due": "", "count": 0, "reds": 0, "total": 0, "invoices": []},
        )  # fmt: skip
        group["name"] = group["name"] or name or ""
        group["due"] = group["due"] or (due.isoformat() if due else "")
        group["reds" if gross < 0 else "count"] += 1
        group["total"] += gross
        group["invoices"].append([row_no, file, number, day.isoformat(), gross, form])
    if len(groups) > MOST_GROUPS:
        return {"refused": "einvoice_too_many_buyers", "params": {"count": len(groups), "limit": MOST_GROUPS}}
    return {"about": "facts", "groups": list(groups.values())} if groups else None


@dataclass(frozen=True)
class Line:
    """One invoice of the chunk with what was answered about its buyer; amounts in minor units."""

    row_id: int
    row_no: int
    form: str
    signature: str | None
    lines: int | None
    mode: str
    group_key: str
    debtor_uscc: str
    debtor_name: str | None
    contract_no: str
    currency: str
    code: str | None
    number: str
    issued: date
    net: int
    tax: int
    gross: int
    due_rule: str
    term_days: int | None
    due_date: date | None
    delivery_date: date | None
    acceptance_date: date | None
    settlement_date: date | None
    past_due_reason: str | None
    buyer_uscc: str | None


_LINES = """
select row_id, row_no, form, signature, line_count, mode, group_key, debtor_uscc, debtor_name, contract_no, coalesce(currency, 'CNY'),
    invoice_code, invoice_number, invoice_date, net_amount, tax_amount, gross_amount, due_rule, term_days, due_date, delivery_date,
    acceptance_date, settlement_date, past_due_reason, buyer_uscc
from {rows} where blue_invoice_number is null order by row_id
"""


def accept(chunk: Chunk) -> None:
    """Keep each file as a document, make the drafts, then let red-letter invoices reduce theirs."""
    lines = [Line(*row) for row in chunk.fetch(_LINES)]
    kept = _keep_files(chunk, [line.row_no for line in lines])
    accepted: list[tuple[int, int]] = []
    refused: dict[str, list[int]] = defaultdict(list)
    for together in _together(lines):
        ids = [line.row_id for line in together]
        try:
            with transaction.atomic():
                row = create_draft(_draft(together, kept), by=chunk.by, at=chunk.at, batch_id=chunk.batch_id)
        except ClaimInvalid as error:
            refused[next(one.code for one in error.findings if one.is_error)] += ids
        except DomainError as error:
            refused[error.code] += ids
        else:
            accepted += [(one, row.pk) for one in ids]
    for code, ids in sorted(refused.items()):
        mark = chunk.mark_known if code == AlreadyEntered.code else chunk.mark_refused
        mark(f"select unnest(array{ids}::bigint[])", code=code)
    if accepted:
        places, results = [one[0] for one in accepted], [one[1] for one in accepted]
        # Row numbers and ids of our own making.
        pairs = f"select * from unnest(array{places}::bigint[], array{results}::bigint[])"  # noqa: S608  # own numbers
        chunk.mark_accepted(OBJECT_TYPE, pairs)
    apply_reds(chunk, Organisation.objects.get(pk=chunk.organisation_id))


def _together(lines: Sequence[Line]) -> list[list[Line]]:
    """The invoices of each receivable to be made."""
    found: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for line in lines:
        found[(line.group_key, 0 if line.mode == ONE else line.row_id)].append(line)
    return list(found.values())


def _keep_files(chunk: Chunk, rows: Sequence[int]) -> dict[int, int]:
    batch = ImportBatch.objects.select_related("file").get(pk=chunk.batch_id)
    path = files.path_of(batch.file.sha256)
    return {
        row: documents.store(name, io.BytesIO(content), by=chunk.by, at=chunk.at, purpose=files.EVIDENCE).pk
        for row, name, content in extract(EINVOICES, path, batch.file.name, rows)
    }


def _latest(days: Sequence[date | None]) -> date | None:
    return max((day for day in days if day is not None), default=None)


def _draft(lines: Sequence[Line], kept: Mapping[int, int]) -> ClaimDraft:
    first = lines[0]
    evidence = {
        kept[line.row_no]: EvidenceDraft(
            kept[line.row_no],
            EvidenceKind.INVOICE,
            reading={
                "number": line.number,
                "form": line.form,
                "signature": line.signature or "ABSENT",
                "lines": line.lines or 0,
                "buyer": bool(line.buyer_uscc),
            },
        )
        for line in lines
        if line.row_no in kept
    }
    return ClaimDraft(
        other_uscc=first.debtor_uscc,
        other_name=first.debtor_name or "",
        contract_no=first.contract_no,
        face_amount=sum((from_minor(line.gross) for line in lines), Decimal("0.00")),
        due_date=_latest([line.due_date for line in lines]),
        due_rule=first.due_rule,
        payment_term_days=first.term_days,
        currency=first.currency,
        delivery_date=_latest([line.delivery_date for line in lines]),
        acceptance_date=_latest([line.acceptance_date for line in lines]),
        settlement_date=_latest([line.settlement_date for line in lines]),
        past_due_reason=first.past_due_reason or "",
        invoices=[
            InvoiceDraft(
                number=line.number,
                code=line.code or "",
                issue_date=line.issued,
                net_amount=from_minor(line.net),
                tax_amount=from_minor(line.tax),
                gross_amount=from_minor(line.gross),
                used_amount=from_minor(line.gross),
                currency=line.currency,
            )
            for line in lines
        ],
        evidence=list(evidence.values()),
    )


EINVOICES = ImportKind(
    name=NAME,
    title=_("E-invoices"),
    description=_("Files of electronic invoices that your organisation issued: XML, OFD, PDF, or a ZIP of many"),
    permission="receivables.enter",
    columns=COLUMNS,
    checks=CHECKS,
    derived=DERIVED,
    accept=accept,
    undo=undo,
    amount_column="gross_amount",
    currency_column="currency",
    # Of two forms of one invoice the fuller one counts; a print that does not name the buyer is the same invoice all the same.
    identity_columns=(
        "invoice_code",
        "invoice_number",
        "invoice_date",
        "seller_uscc",
        "net_amount",
        "tax_amount",
        "gross_amount",
    ),
    chunk_size=2_000,
    maximum_rows=2_000,
    result_url=lambda batch_id: f"/receivables/?batch={batch_id}",
    source="einvoices",
    ask=ask,
    answer_url=lambda batch_id: reverse("receivables:einvoice_facts", args=[batch_id]),
    upload_url=lambda: reverse("receivables:einvoices"),
)
