"""Invoices, their uses and fingerprints, in the transaction of the receivable that uses them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from receivables import fingerprints
from receivables.fingerprints import Answer, Use
from receivables.models import Evidence, Invoice, InvoiceUse, Receivable
from receivables.rules.draft import InvoiceDraft
from yingshou.documents import actions as documents
from yingshou.documents.models import StoredFile
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import Conflict
from yingshou.kernel.identifiers import parse_invoice_number
from yingshou.tenancy.actor import Actor


class InvoiceUsed(Conflict):
    """The invoice is in use on the platform and too little of it is left; by whom is never told."""

    code = "INV-003"
    message = _("Invoice %(number)s is already used on the platform to a larger part than is left for this claim.")
    cure = _(
        "If you entered it before, find your earlier receivable by the invoice number; otherwise check the number, and "
        "tell the platform operator if the invoice is yours."
    )


def use_invoices(
    receivable: Receivable, drafts: Sequence[InvoiceDraft], *, seller_uscc: str, shown_to: int | None, at: datetime
) -> None:
    """
    Take the parts of invoices that a new receivable uses.

    :param shown_to: the debtor, once it may see the papers
    :raises InvoiceUsed: if too little of one of them is left
    """
    if not drafts:
        return
    by_digest = {}
    for draft in drafts:
        number = parse_invoice_number(draft.number, draft.code, draft.issue_date)
        by_digest[fingerprints.digest(draft.code, number, seller_uscc)] = (draft, number)
    answers = fingerprints.take(
        [Use(one, draft.used_amount, draft.gross_amount) for one, (draft, _number) in by_digest.items()],
        seller_uscc=seller_uscc,
    )
    for one, (_draft, number) in by_digest.items():
        if answers[one] is Answer.USED:
            raise InvoiceUsed(place=number, number=number)
    known = {
        bytes(invoice.fingerprint): invoice
        for invoice in Invoice.objects.filter(
            creditor_id=receivable.creditor_id, fingerprint__in=list(by_digest), is_alive=True
        )
    }
    fresh = [
        Invoice(
            creditor_id=receivable.creditor_id,
            debtor_id=shown_to,
            code=draft.code,
            number=number,
            issue_date=draft.issue_date,
            net_amount=draft.net_amount,
            tax_amount=draft.tax_amount,
            gross_amount=draft.gross_amount,
            currency=draft.currency,
            fingerprint=one,
            created_at=at,
        )
        for one, (draft, number) in by_digest.items()
        if one not in known
    ]
    for invoice in Invoice.objects.bulk_create(fresh):
        known[bytes(invoice.fingerprint)] = invoice
    InvoiceUse.objects.bulk_create(
        InvoiceUse(
            receivable=receivable,
            invoice=known[one],
            creditor_id=receivable.creditor_id,
            debtor_id=shown_to,
            used_amount=draft.used_amount,
        )
        for one, (draft, _number) in by_digest.items()
    )


def free_invoices(receivables: Sequence[Receivable]) -> None:
    """Give back what receivables that were taken back had used; invoices without a living use are no longer alive."""
    uses = list(
        InvoiceUse.objects.filter(receivable_id__in=[row.pk for row in receivables], is_alive=True)
        .select_related("invoice")
        .order_by("pk")
    )
    if not uses:
        return
    parts: dict[int, list[tuple[bytes, Decimal]]] = defaultdict(list)
    for use in uses:
        parts[use.creditor_id].append((bytes(use.invoice.fingerprint), use.used_amount))
    sellers = Organisation.objects.in_bulk(sorted(parts))
    for creditor_id, given_back in sorted(parts.items()):
        fingerprints.free(given_back, seller_uscc=sellers[creditor_id].uscc)
    InvoiceUse.objects.filter(pk__in=[use.pk for use in uses]).update(is_alive=False)
    invoices = {use.invoice_id for use in uses}
    still = set(InvoiceUse.objects.filter(invoice_id__in=invoices, is_alive=True).values_list("invoice_id", flat=True))
    Invoice.objects.filter(pk__in=invoices - still).update(is_alive=False)


def show_papers(receivables: Sequence[Receivable]) -> None:
    """Let the debtor see invoices and evidence of receivables that are now sent to it."""
    by_debtor: dict[int, list[int]] = defaultdict(list)
    for row in receivables:
        if row.debtor_id is not None:
            by_debtor[row.debtor_id].append(row.pk)
    for debtor_id, ids in sorted(by_debtor.items()):
        uses = InvoiceUse.objects.filter(receivable_id__in=ids)
        uses.update(debtor_id=debtor_id)
        Invoice.objects.filter(uses__receivable_id__in=ids, uses__is_alive=True).update(debtor_id=debtor_id)
        Evidence.objects.filter(receivable_id__in=ids).update(debtor_id=debtor_id)


def share_files(receivables: Sequence[Receivable], *, by: Actor) -> None:
    """Let debtors open the documents of receivables that are now sent to them; one statement reads which they are."""
    ids = [row.pk for row in receivables if row.debtor_id is not None]
    own = StoredFile.objects.filter(organisation_id=by.organisation_id or 0).values("pk")
    pairs = (
        Evidence.objects.filter(receivable_id__in=ids, file_id__in=own).values_list("file_id", "debtor_id").distinct()
    )
    audiences: dict[int, list[int]] = defaultdict(list)
    for file_id, debtor_id in pairs:
        if debtor_id is not None:
            audiences[file_id].append(debtor_id)
    for file_id, debtors in sorted(audiences.items()):
        documents.share([file_id], sorted(debtors), by=by)
