"""
The debtor's sheet: lines of its private payables book. For comparison only, or published, which counts as confirmation:
then each line also becomes a draft that a second person publishes.
"""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext_lazy as _

from receivables.actions.entry import TouchedAlready
from receivables.actions.entry import undo as undo_receivables
from receivables.actions.invoices import InvoiceUsed
from receivables.imports import acceptance
from receivables.imports.columns import PAYABLE_COLUMNS, digest_sql, line_key_sql
from receivables.models import Origin
from receivables.rules import claims as rules
from yingshou.documents.kinds import Check, Chunk, Effect, ImportKind, Undo, UploadOption
from yingshou.kernel.errors import Invalid

LINE_TYPE = "receivables.payableline"
COMPARE, PUBLISH = "compare", "publish"
_PUBLISHING = "(%(options)s::jsonb ->> 'use') = 'publish'"
# Figures for comparison use no invoice.
_DIGEST = f"case when {_PUBLISHING} then {digest_sql('invoice_code', 'invoice_number', 'supplier_uscc')} end"
_LINE_KEY = line_key_sql("supplier_uscc", "amount", "coalesce(due_date::text, '')")
# The key of the draft that a published line becomes; a line may lack its due date, a draft may not.
_KEY = line_key_sql("r.supplier_uscc", "r.amount", "r.due_date")


class LineKnown(Invalid):
    """The line stands in the book already."""

    code = "PAY-001"
    message = _("This line is in your payables book already.")
    cure = _("Nothing was added.")


class SupplierKept(Invalid):
    """The supplier is not registered: the line is kept for comparison only."""

    code = "PAY-002"
    message = _("The supplier is not registered; the line is kept in your book and not published.")
    cure = _("Invite the supplier, and publish the line when it has registered.")


class AlreadyClaimed(Invalid):
    """The supplier claimed the invoice already."""

    code = "PAY-003"
    message = _("The supplier has submitted this invoice already; the line is compared with its claim.")
    cure = _("Confirm the claim in the list of what waits for you: claim and payable are one receivable.")


class PublishFacts(Invalid):
    """What is published needs a due date and a delivery date."""

    code = "PAY-004"
    message = _("A published payable needs its due date and its delivery date.")
    cure = _("Fill in both dates, or upload for comparison only.")


_CLAIMED = (
    "exists (select 1 from receivables_invoice i where i.debtor_id = %(organisation)s "
    "and i.number = r.invoice_number and i.is_alive and i.creditor_id = "
    "(select id from identity_organisation where uscc = r.supplier_uscc))"
)
_UNKNOWN = "not exists (select 1 from identity_organisation o where o.uscc = r.supplier_uscc and o.state = 'VERIFIED')"

CHECKS = (
    Check(
        code=rules.AmountNotPositive.code,
        message=rules.AmountNotPositive.message,
        cure=rules.AmountNotPositive.cure,
        column="amount",
        condition="amount <= 0",
    ),
    Check(
        code=rules.SameParty.code,
        message=rules.SameParty.message,
        cure=rules.SameParty.cure,
        column="supplier_uscc",
        condition="supplier_uscc = (select uscc from identity_organisation where id = %(organisation)s)",
    ),
    Check(
        code=rules.InvoiceSum.code,
        message=rules.InvoiceSum.message,
        cure=rules.InvoiceSum.cure,
        column="gross_amount",
        condition="abs(net_amount + tax_amount - gross_amount) > 1",
    ),
    Check(
        code=PublishFacts.code,
        message=PublishFacts.message,
        cure=PublishFacts.cure,
        column="due_date",
        condition=f"{_PUBLISHING} and (due_date is null or delivery_date is null)",
    ),
    Check(
        code=rules.DueTooEarly.code,
        message=rules.DueTooEarly.message,
        cure=rules.DueTooEarly.cure,
        column="due_date",
        condition="due_date < contract_date or due_date < delivery_date",
    ),
    Check(
        code=LineKnown.code,
        message=LineKnown.message,
        cure=LineKnown.cure,
        effect=Effect.KNOWN,
        sql="select k.row_id, null::jsonb from {rows} k "
        "join receivables_payableline p on p.organisation_id = %(organisation)s and p.line_key = k.book_key and p.is_alive",
    ),
    Check(
        code=SupplierKept.code,
        message=SupplierKept.message,
        cure=SupplierKept.cure,
        column="supplier_uscc",
        effect=Effect.WARNING,
        sql=f"select r.row_id, null::jsonb from {{rows}} r where {_PUBLISHING} and {_UNKNOWN}",  # noqa: S608
    ),
    Check(
        code=AlreadyClaimed.code,
        message=AlreadyClaimed.message,
        cure=AlreadyClaimed.cure,
        column="invoice_number",
        effect=Effect.WARNING,
        sql=f"select r.row_id, null::jsonb from {{rows}} r where {_PUBLISHING} and {_CLAIMED}",  # noqa: S608
    ),
    Check(
        code=InvoiceUsed.code,
        message=InvoiceUsed.message,
        cure=InvoiceUsed.cure,
        column="invoice_number",
        sql="with used as (select r.row_id, r.invoice_number as number, r.digest from {rows} r "  # noqa: S608
        f"where r.invoice_number is not null and {_PUBLISHING} and not {_CLAIMED}) "
        "select u.row_id, jsonb_build_object('number', u.number) from used u "
        "join receivables_fingerprint_ask(array(select distinct digest from used)) a on a.digest = u.digest "
        "where a.answer <> 'FREE'",
    ),
)

BOOK = """
insert into receivables_payableline (organisation_id, supplier_uscc, supplier_name, invoice_code, invoice_number, contract_no,
    amount, currency, due_date, delivery_accepted, note, batch_id, line_key, is_alive, created_at, created_by)
select %(organisation)s, supplier_uscc, coalesce(supplier_name, ''), coalesce(invoice_code, ''),
    coalesce(invoice_number, ''), contract_no, amount, coalesce(currency, 'CNY'), due_date, delivery_accepted,
    coalesce(note, ''), %(batch)s, book_key, true, %(at)s, %(person)s
from {rows} order by row_id
on conflict (organisation_id, line_key) where is_alive do nothing
"""

MAKE = f"""
create temporary table made on commit drop as
select n.id, r.row_id, n.public_no, s.id as creditor_id,
    %(organisation)s::bigint as debtor_id, %(organisation)s::bigint as shown_to, d.uscc as debtor_uscc, d.name as debtor_name,
    false as is_related_party, 'S1'::text as kind, 'EXISTING'::text as maturity_kind, ''::text as project_name, r.contract_no,
    ''::text as contract_name, r.contract_date, null::bigint as contract_amount, coalesce(r.currency, 'CNY') as currency,
    'NONE'::text as assignment_ban, r.delivery_date, null::date as acceptance_date, null::date as settlement_date,
    'FIXED'::text as due_rule, null::integer as term_days, r.due_date, r.amount as face_amount, 0::bigint as retention_amount,
    null::date as retention_due_date, 0::bigint as prepaid_amount, ''::text as past_due_reason, coalesce(s.size > 10, false) as is_sme,
    coalesce(s.size::text, '') as size, r.invoice_code, r.invoice_number, coalesce(r.invoice_date, r.delivery_date) as invoice_date,
    coalesce(r.net_amount, r.gross_amount, r.amount) as net_amount, coalesce(r.tax_amount, 0) as tax_amount,
    coalesce(r.gross_amount, r.amount) as gross_amount,
    r.digest, {_KEY} as line_key, r.book_key
from {acceptance.NUMBERED_ROWS} join identity_organisation s on s.uscc = r.supplier_uscc and s.state = 'VERIFIED'
join identity_organisation d on d.id = %(organisation)s
where not {_CLAIMED} order by r.row_id
"""  # noqa: S608


def accept(chunk: Chunk) -> None:
    """Keep each row in the book; where it is published, make a draft of it as well; compare with what suppliers claim."""
    if chunk.options.get("use") == PUBLISH:
        _draft(chunk)
    chunk.execute(BOOK)
    lines = (
        "select k.row_id, p.id from {rows} k join receivables_payableline p "
        "on p.organisation_id = %(organisation)s and p.line_key = k.book_key and p.is_alive and p.batch_id = %(batch)s"
    )
    if chunk.options.get("use") == PUBLISH:
        chunk.execute(
            "update receivables_payableline p set receivable_id = m.id from made m "
            "where p.organisation_id = %(organisation)s and p.batch_id = %(batch)s and p.line_key = m.book_key"
        )
        chunk.execute("drop table made")
    chunk.mark_accepted(LINE_TYPE, lines)
    chunk.mark_known("select row_id from {rows}", code=LineKnown.code)
    _match_again(chunk)


def _draft(chunk: Chunk) -> None:
    chunk.execute(MAKE, acceptance.numbers(chunk))
    acceptance.drop_known(chunk, code=LineKnown.code)
    acceptance.take_fingerprints(chunk, code=InvoiceUsed.code)
    acceptance.write_receivables(chunk, origin=Origin.DEBTOR_UPLOAD)


def _match_again(chunk: Chunk) -> None:
    """Compare what waits for this debtor with the lines that just came in."""
    ids = [
        row[0]
        for row in chunk.fetch(
            "select distinct r.id from receivables_receivable r join identity_organisation s on s.id = r.creditor_id "
            "where r.debtor_id = %(organisation)s and r.state = 'PENDING_CONFIRM' "
            "and s.uscc in (select supplier_uscc from {rows}) order by 1"
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute("select receivables_match_book(%s, %s)", [ids, chunk.at])


def undo(batch: Undo) -> None:
    """
    Take the lines out of the book and their drafts back.

    :raises TouchedAlready: if one of the drafts was published
    """
    drafts = batch.fetch(
        "select x.id, x.state, x.public_no from {rows} r join receivables_payableline p on p.id = r.result_id "
        "join receivables_receivable x on x.id = p.receivable_id order by x.id"
    )
    for _pk, state, number in drafts:
        if state not in ("DRAFT", "UNDONE"):
            raise TouchedAlready(place=number)
    undo_receivables([pk for pk, state, _number in drafts if state == "DRAFT"], by=batch.by, at=batch.at)
    batch.execute("update receivables_payableline p set is_alive = false from {rows} r where p.id = r.result_id")


PAYABLES = ImportKind(
    name="receivables.payables",
    title=_("Payables"),
    description=_("What your organisation owes its suppliers, one row each; only you can see your book"),
    permission="receivables.publish",
    columns=PAYABLE_COLUMNS,
    checks=CHECKS,
    derived={"book_key": _LINE_KEY, "digest": _DIGEST},
    accept=accept,
    undo=undo,
    amount_column="amount",
    currency_column="currency",
    chunk_size=5_000,
    options=(
        UploadOption(
            name="use",
            label=_("What are these figures for?"),
            values=(
                (COMPARE, _("For comparison only: nobody else sees them, without legal effect")),
                (PUBLISH, _("Publish: counts as confirmation once a second person has agreed")),
            ),
        ),
    ),
    result_url=lambda batch_id: f"/payables/book/?batch={batch_id}",
)
