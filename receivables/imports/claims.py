"""The creditor's sheet: one row is one receivable; a negative row is a red-letter invoice that reduces its blue one."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from receivables import fingerprints, ledger
from receivables.actions.entry import AlreadyEntered, TouchedAlready
from receivables.actions.entry import undo as undo_receivables
from receivables.actions.invoices import InvoiceUsed
from receivables.imports import acceptance
from receivables.imports.columns import CLAIM_COLUMNS, digest_sql, line_key_sql, rule_checks
from receivables.ledger import Fact
from receivables.models import OBJECT_TYPE, EntryType, Invoice, InvoiceUse, Origin, Receivable
from receivables.rules.claims import DUE, FACE
from receivables.states import State
from yingshou.audit.events import EventDraft, record
from yingshou.documents.kinds import Check, Chunk, Effect, ImportKind, Undo
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.kernel.errors import Conflict, Invalid
from yingshou.kernel.money import from_minor

INVOICE_TYPE = "receivables.invoice"
_SELLER = "(select uscc from identity_organisation where id = %(organisation)s)"
_DIGEST = digest_sql("invoice_code", "invoice_number", _SELLER)
_BLUE_DIGEST = digest_sql("invoice_code", "blue_invoice_number", _SELLER)


class TwiceInFile(Invalid):
    """Rows of one file use more of an invoice than it has."""

    code = "RCV-050"
    message = _("Invoice %(number)s already stands in row %(row)s; together the rows use more than its total.")
    cure = _("Compare the two rows with the invoice and remove or correct one of them.")


class RedWithoutBlue(Invalid):
    """A negative row does not say which invoice it corrects, or that invoice is not known."""

    code = "INV-005"
    message = _("This is a red-letter (negative) invoice, and the invoice it corrects is not known.")
    cure = _("Enter the number of the corrected invoice; it must stand above this row or have been imported before.")


class RedTooLarge(Invalid):
    """Red-letter invoices take away more than the blue invoice has."""

    code = "INV-011"
    message = _("This red-letter invoice takes away more than is left of the invoice it corrects.")
    cure = _("Compare the amounts of both invoices.")


class BlueWaits(Conflict):
    """The receivable of the corrected invoice waits for its debtor and cannot be changed now."""

    code = "INV-012"
    message = _("The receivable of the corrected invoice waits for the debtor's answer and cannot be reduced now.")
    cure = _("Withdraw it, or wait for the answer; then import this row again.")


class InvoiceFactsMissing(Invalid):
    """An invoice number without date or amounts."""

    code = "INV-013"
    message = _("An invoice needs its date, net amount, tax and total.")
    cure = _("Fill in the four columns of the invoice.")


class InvoiceVoid(Invalid):
    """A voided invoice proves nothing."""

    code = "INV-014"
    message = _("This invoice was voided.")
    cure = _("Leave voided invoices out; nothing is owed on them.")


_USED = (
    f"select row_id, row_no, invoice_number as number, {FACE} as face, gross_amount as gross, digest, line_key from {{rows}} "  # noqa: S608
    "where invoice_number is not null and blue_invoice_number is null and gross_amount > 0 and invoice_status <> 'VOID'"
)

CHECKS = (
    *rule_checks(),
    Check(
        code=InvoiceVoid.code,
        message=InvoiceVoid.message,
        cure=InvoiceVoid.cure,
        column="invoice_status",
        condition="invoice_status = 'VOID'",
    ),
    Check(
        code=InvoiceFactsMissing.code,
        message=InvoiceFactsMissing.message,
        cure=InvoiceFactsMissing.cure,
        column="invoice_number",
        condition="invoice_number is not null and (invoice_date is null "
        "or net_amount is null or tax_amount is null or gross_amount is null)",
    ),
    Check(
        code=AlreadyEntered.code,
        message=AlreadyEntered.message,
        cure=AlreadyEntered.cure,
        effect=Effect.KNOWN,
        sql="select k.row_id, null::jsonb from {rows} k join receivables_receivable r "  # noqa: S608
        f"on r.creditor_id = %(organisation)s and r.line_key = k.line_key and r.{acceptance.ALIVE_LINE} "
        "where k.blue_invoice_number is null",
    ),
    Check(
        code=TwiceInFile.code,
        message=TwiceInFile.message,
        cure=TwiceInFile.cure,
        column="invoice_number",
        sql="select row_id, jsonb_build_object('number', number, 'row', first_row) from (select u.row_id, u.number, "  # noqa: S608
        "sum(u.face) over same as used, first_value(u.gross) over same as gross, first_value(u.row_no) over same as first_row, "
        f"row_number() over same as place from ({_USED}) u "
        "window same as (partition by u.digest order by u.row_id)) t where place > 1 and used > gross",
    ),
    Check(
        code=InvoiceUsed.code,
        message=InvoiceUsed.message,
        cure=InvoiceUsed.cure,
        column="invoice_number",
        sql=f"with used as ({_USED}) select u.row_id, jsonb_build_object('number', u.number) from used u "  # noqa: S608
        "join receivables_fingerprint_ask(array(select distinct digest from used)) a on a.digest = u.digest "
        "where a.answer = 'USED' and not exists (select 1 from receivables_receivable r where "
        f"r.creditor_id = %(organisation)s and r.line_key = u.line_key and r.{acceptance.ALIVE_LINE})",
    ),
    Check(
        code=RedWithoutBlue.code,
        message=RedWithoutBlue.message,
        cure=RedWithoutBlue.cure,
        column="blue_invoice_number",
        # Hashed joins, not EXISTS under an OR: that would read the sheet once for every red row.
        sql="with reds as (select row_id, blue_invoice_number as number, debtor_uscc from {rows} "
        "where coalesce(gross_amount, face_amount) < 0), blues as (select invoice_number as number, debtor_uscc, "
        "min(row_id) as row_id from {rows} where gross_amount > 0 and invoice_status <> 'VOID' group by 1, 2), "
        "old as (select distinct i.number from receivables_invoice i where i.creditor_id = %(organisation)s and i.is_alive "
        "and i.number in (select number from reds)) "
        "select r.row_id, null::jsonb from reds r left join blues b on b.number = r.number and b.debtor_uscc = r.debtor_uscc "
        "and b.row_id < r.row_id left join old o on o.number = r.number "
        "where b.row_id is null and o.number is null",
    ),
)

MAKE = f"""
create temporary table made on commit drop as
select n.id, r.row_id, n.public_no, %(organisation)s::bigint as creditor_id,
    o.id as debtor_id, null::bigint as shown_to, r.debtor_uscc, coalesce(o.name, r.debtor_name, '') as debtor_name,
    coalesce(r.is_related_party, false) as is_related_party, coalesce(r.kind, 'S1') as kind,
    coalesce(r.maturity_kind, 'EXISTING') as maturity_kind, coalesce(r.project_name, '') as project_name, r.contract_no,
    coalesce(r.contract_name, '') as contract_name, r.contract_date, r.contract_amount, coalesce(r.currency, 'CNY') as currency,
    coalesce(r.assignment_ban, 'NONE') as assignment_ban, r.delivery_date, r.acceptance_date, r.settlement_date,
    coalesce(r.due_rule, 'FIXED') as due_rule, r.term_days::integer as term_days, {DUE} as due_date, {FACE} as face_amount,
    coalesce(r.retention_amount, 0) as retention_amount, r.retention_due_date, coalesce(r.prepaid_amount, 0) as prepaid_amount,
    coalesce(r.past_due_reason, '') as past_due_reason, %(is_sme)s::boolean as is_sme, %(size)s::text as size,
    r.invoice_code, r.invoice_number, r.invoice_date, r.net_amount, r.tax_amount, r.gross_amount,
    r.digest, r.line_key
from {acceptance.NUMBERED_ROWS} left join identity_organisation o on o.uscc = r.debtor_uscc and o.state = 'VERIFIED'
where r.blue_invoice_number is null order by r.row_id
"""  # noqa: S608


def accept(chunk: Chunk) -> None:
    """Make a draft of each row, then let the red-letter rows reduce theirs."""
    own = Organisation.objects.get(pk=chunk.organisation_id)
    facts = {"is_sme": bool(own.size and own.size > 10), "size": str(own.size or "")}
    chunk.execute(MAKE, {**facts, **acceptance.numbers(chunk)})
    acceptance.drop_known(chunk, code=AlreadyEntered.code)
    acceptance.take_fingerprints(chunk, code=InvoiceUsed.code)
    acceptance.write_receivables(chunk, origin=Origin.IMPORT)
    chunk.mark_accepted(OBJECT_TYPE, "select row_id, id from made")
    chunk.execute("drop table made")
    apply_reds(chunk, own)


def apply_reds(chunk: Chunk, own: Organisation) -> None:
    """Let the red-letter rows of a chunk reduce what their blue invoices are used for."""
    rows = chunk.fetch(
        "select row_id, blue_invoice_number, debtor_uscc, abs(coalesce(gross_amount, face_amount)) "
        "from {rows} where blue_invoice_number is not null order by row_id"
    )
    if not rows:
        return
    numbers = sorted({row[1] for row in rows})
    uses: dict[tuple[str, str], InvoiceUse] = {}
    found = InvoiceUse.objects.filter(
        creditor_id=own.pk, is_alive=True, invoice__number__in=numbers, invoice__is_alive=True
    ).select_related("invoice", "receivable")
    for use in found.order_by("pk"):
        uses[(use.invoice.number, use.receivable.debtor_uscc)] = use
    refused: dict[str, list[int]] = defaultdict(list)
    accepted: list[tuple[int, int]] = []
    # Use -> its receivable, of the drafts that this chunk takes back whole; their state changes at the end, together.
    taken_back: dict[int, int] = {}
    for row_id, number, uscc, minor in rows:
        use_of = uses.get((number, uscc))
        refusal = RedWithoutBlue.code if use_of is None else ""
        if use_of is not None:
            refusal = _reduce(use_of, from_minor(minor), chunk, own, taken_back)
        if refusal or use_of is None:
            refused[refusal].append(row_id)
        else:
            accepted.append((row_id, use_of.invoice_id))
    undo_receivables(list(dict.fromkeys(taken_back.values())), by=chunk.by, at=chunk.at)
    for code, ids in refused.items():
        chunk.mark_refused(f"select unnest(array{ids}::bigint[])", code=code)
    if accepted:
        places, invoices = [one[0] for one in accepted], [one[1] for one in accepted]
        # Row numbers and ids of our own making.
        pairs = f"select * from unnest(array{places}::bigint[], array{invoices}::bigint[])"  # noqa: S608
        chunk.mark_accepted(INVOICE_TYPE, pairs)


def _reduce(use: InvoiceUse, amount: Decimal, chunk: Chunk, own: Organisation, taken_back: dict[int, int]) -> str:
    """Take a red-letter amount off a blue invoice; the code of the refusal, or nothing."""
    row, invoice = use.receivable, use.invoice
    if amount > use.used_amount or invoice.red_amount + amount > invoice.gross_amount:
        return RedTooLarge.code
    if row.state in (State.CONFIRMED, State.DIRECT):
        fact = Fact(row.pk, EntryType.CREDIT_NOTE, amount, clock.business_date(chunk.at), reference_type=INVOICE_TYPE,
                    reference_id=invoice.pk)  # fmt: skip
        ledger.post_facts([fact], by=chunk.by, at=chunk.at, source="red_letter")
        # Kept in memory too: a second red-letter row of the chunk starts from here.
        invoice.red_amount += amount
        Invoice.objects.filter(pk=invoice.pk).update(red_amount=invoice.red_amount)
        return ""
    if row.state != State.DRAFT or use.pk in taken_back:
        return BlueWaits.code
    if amount == use.used_amount:
        taken_back[use.pk] = row.pk
        use.used_amount = Decimal("0.00")
        return ""
    fingerprint = bytes(invoice.fingerprint)
    fingerprints.free([(fingerprint, amount)], seller_uscc=own.uscc)
    fingerprints.reduce(fingerprint, amount, seller_uscc=own.uscc)
    invoice.red_amount += amount
    use.used_amount -= amount
    row.face_amount -= amount
    row.version += 1
    Invoice.objects.filter(pk=invoice.pk).update(red_amount=invoice.red_amount)
    InvoiceUse.objects.filter(pk=use.pk).update(used_amount=use.used_amount)
    Receivable.objects.filter(pk=row.pk).update(face_amount=row.face_amount, version=row.version)
    record(
        [
            EventDraft(
                kind=f"{OBJECT_TYPE}.change",
                object_type=OBJECT_TYPE,
                object_id=row.pk,
                object_version=row.version,
                audience=row.audience(),
                by=chunk.by,
                at=chunk.at,
                body={"from": "DRAFT", "to": "DRAFT", "red_amount": str(amount), "face_amount": str(row.face_amount)},
            )
        ]
    )
    return ""


def undo(batch: Undo) -> None:
    """
    Take all drafts of the batch back, unless somebody acted on one of them.

    :raises TouchedAlready: if one was sent, or a red-letter row reduced a receivable of another batch
    """
    other = batch.fetch(
        "select 1 from {rows} r join receivables_invoiceuse u on u.invoice_id = r.result_id join receivables_receivable x "
        "on x.id = u.receivable_id where r.result_type = 'receivables.invoice' and x.batch_id is distinct from %(batch)s limit 1"
    )
    touched = batch.fetch(
        "select x.public_no from {rows} r join receivables_receivable x on x.id = r.result_id "
        "where r.result_type = 'receivables.receivable' and x.state not in ('DRAFT', 'UNDONE') order by x.id limit 1"
    )
    if other or touched:
        raise TouchedAlready(place=touched[0][0] if touched else None)
    # Several invoices can be one receivable.
    ids = [
        row[0]
        for row in batch.fetch(
            "select distinct x.id from {rows} r join receivables_receivable x on x.id = r.result_id "
            "where r.result_type = 'receivables.receivable' and x.state = 'DRAFT' order by x.id"
        )
    ]
    undo_receivables(ids, by=batch.by, at=batch.at)


CLAIMS = ImportKind(
    name="receivables.claims",
    title=_("Receivables"),
    description=_("Claims of your organisation on its buyers, one row each"),
    permission="receivables.enter",
    columns=CLAIM_COLUMNS,
    checks=CHECKS,
    derived={"digest": _DIGEST, "line_key": line_key_sql("debtor_uscc", FACE, DUE)},
    accept=accept,
    undo=undo,
    amount_column="gross_amount",
    currency_column="currency",
    chunk_size=5_000,
    result_url=lambda batch_id: f"/receivables/?batch={batch_id}",
    notes=(
        _(
            "One row per invoice. Without an invoice, fill in the amount of the receivable and settle it by a statement."
        ),
        _("A negative row is a red-letter invoice: give the number of the invoice it corrects."),
    ),
)
