"""The entry of one receivable fills itself from an e-invoice: what the file says is written where nothing was typed yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from receivables.imports.einvoices import EINVOICES, LinesDoNotAddUp, LineWrong, SellerDiffers
from receivables.models import EvidenceKind
from receivables.readings import reading_of, sealed
from receivables.rules.claims import InvoiceSum
from yingshou.documents import actions as documents
from yingshou.documents import files
from yingshou.documents.findings import finding
from yingshou.documents.intake import read_one
from yingshou.drafts import actions as drafts
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError, Finding, Invalid
from yingshou.kernel.identifiers import normalise_uscc
from yingshou.kernel.money import from_minor
from yingshou.tenancy.actor import Actor

MOST_LINES = 100
MOST_FILES = 20
Typed = dict[str, list[str]]


class NoEInvoice(Invalid):
    """No file was chosen."""

    code = "IMP-101"
    message = _("No e-invoice was chosen.")
    cure = _("Choose the XML, OFD or PDF of the invoice.")


class NotRead(Invalid):
    """The file could not be read as an e-invoice."""

    code = "INV-001"
    message = _("%(reason)s (%(code)s)")
    cure = ""

    def __init__(self, found: Finding) -> None:
        super().__init__(reason=f"{found.message_text} {found.cure_text}".strip(), code=found.code)


class RedAlone(Invalid):
    """A red-letter invoice is no claim."""

    code = "INV-005"
    message = _("This is a red-letter (negative) invoice; it reduces another invoice and is no claim of its own.")
    cure = _("Drop it under “Drop e-invoices”: it then reduces the receivable of the invoice it corrects.")


class BuyerIsAnother(Invalid):
    """The buyer of the invoice is not the debtor that was typed."""

    code = "INV-007"
    message = _("The buyer on the invoice (%(buyer)s) is not the debtor you entered.")
    cure = _("Nothing you typed was changed; correct the debtor, or go on if the buyer is a branch of it.")


class NoRoom(Invalid):
    """The form holds no more invoices or documents."""

    code = "DRF-004"
    message = _("The form holds no more invoices or documents.")
    cure = _("Drop the invoices under “Drop e-invoices” instead.")


def read(upload: UploadedFile[Any] | None, *, by: Actor, at: datetime) -> tuple[int, dict[str, str]]:
    """
    Keep a file and read it as an e-invoice of the actor's organisation: its id, and what it says.

    :raises NoEInvoice: if there is none
    :raises NotRead: if it is none that is known, or hostile
    :raises DomainError: what an invoice must not be: another seller's, red, wrong in its sums
    """
    if upload is None:
        raise NoEInvoice
    upload.seek(0)
    # An upload reads like a stream; the stubs do not say so.
    stored = documents.store(upload.name or "", cast(BinaryIO, upload), by=by, at=at, purpose=files.FORM)
    values, problems = read_one(EINVOICES, files.path_of(stored.sha256), stored.name)
    wrong = [one for one in problems if one.get("severity", "error") == "error"]
    if wrong:
        raise NotRead(finding({**wrong[0], "column": None}, EINVOICES))
    with transaction.atomic():
        own = Organisation.objects.get(pk=by.organisation_id or 0)
    if values.get("seller_uscc") != own.uscc:
        raise SellerDiffers(seller=values.get("seller_uscc", ""))
    net, tax, gross = (int(values[name]) for name in ("net_amount", "tax_amount", "gross_amount"))
    if gross <= 0:
        raise RedAlone
    if abs(net + tax - gross) > 1:
        raise InvoiceSum
    if values.get("line_off"):
        raise LineWrong(line=values["line_off"])
    if values.get("sums_off"):
        raise LinesDoNotAddUp
    return stored.pk, values


def fill(
    draft: drafts.Form, typed: Typed, upload: UploadedFile[Any] | None, *, by: Actor, at: datetime
) -> list[DomainError]:
    """
    Read an e-invoice and save the draft with what it says, the file attached; what should be looked at.

    :raises DomainError: if it is no invoice that can be used; the draft is as it was
    """
    # The child reads before anything is locked.
    file_id, values = read(upload, by=by, at=at)
    with transaction.atomic():
        return _write(draft, typed, upload, (file_id, values), by=by, at=at)


def _write(
    draft: drafts.Form,
    typed: Typed,
    upload: UploadedFile[Any] | None,
    found: tuple[int, Mapping[str, str]],
    *,
    by: Actor,
    at: datetime,
) -> list[DomainError]:
    file_id, values = found
    notes: list[DomainError] = []
    buyer, known = values.get("buyer_uscc", ""), normalise_uscc(_typed(typed, "other_uscc"))
    if buyer and known and buyer != known:
        notes.append(BuyerIsAnother(buyer=buyer))
    sum_before = _sum(typed)
    place = _line_of(typed, values["invoice_number"])
    for name, value in _invoice(values).items():
        typed[f"invoices-{place}-{name}"] = [value]
    face = _amount(_typed(typed, "face_amount"))
    plain = {
        "other_uscc": buyer,
        "other_name": values.get("buyer_name", ""),
        "contract_no": values.get("stated_contract", ""),
        "due_date": values.get("stated_due", ""),
    }
    for name, value in plain.items():
        if value and not _typed(typed, name):
            typed[name] = [value]
    if face is None or face == sum_before:
        typed["face_amount"] = [str(_sum(typed))]
    slot = _free_file(typed, draft, by)
    typed[f"files-{slot}-kind"] = [EvidenceKind.INVOICE]
    typed[f"files-{slot}-reading"] = [sealed(file_id, reading_of(values))]
    assert upload is not None
    drafts.save(draft, typed, by=by, at=at, uploads={f"files-{slot}-file": upload})
    return notes


def _typed(typed: Mapping[str, list[str]], name: str) -> str:
    return (typed.get(name) or [""])[0].strip()


def _invoice(values: Mapping[str, str]) -> dict[str, str]:
    amounts = {name: str(from_minor(int(values[name]))) for name in ("net_amount", "tax_amount", "gross_amount")}
    return {
        "number": values["invoice_number"],
        "code": values.get("invoice_code", ""),
        "issue_date": values["invoice_date"],
        "used_amount": "",
        **amounts,
    }


def _count(typed: Mapping[str, list[str]], prefix: str) -> int:
    text = _typed(typed, f"{prefix}-TOTAL_FORMS")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _line_of(typed: Typed, number: str) -> int:
    """The line that holds this invoice already, else the first empty one, else a new one."""
    count = _count(typed, "invoices")
    numbers = [_typed(typed, f"invoices-{place}-number") for place in range(count)]
    for place, one in enumerate(numbers):
        if one == number:
            return place
    for place, one in enumerate(numbers):
        if not one:
            return place
    if count >= MOST_LINES:
        raise NoRoom
    typed["invoices-TOTAL_FORMS"] = [str(count + 1)]
    return count


def _free_file(typed: Typed, draft: drafts.Form, by: Actor) -> int:
    """The first line of the documents without a file."""
    count = _count(typed, "files")
    taken = drafts.files_under(draft.key, by=by)
    for place in range(count):
        if f"files-{place}-file" not in taken and not _typed(typed, f"files-{place}-file_id"):
            return place
    if count >= MOST_FILES:
        raise NoRoom
    typed["files-TOTAL_FORMS"] = [str(count + 1)]
    return count


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "")) if text else None
    except InvalidOperation:
        # Something is typed that is no plain number: it is left alone.
        return Decimal(-1)


def _sum(typed: Mapping[str, list[str]]) -> Decimal:
    """What the lines use of their invoices."""
    total = Decimal("0.00")
    for place in range(_count(typed, "invoices")):
        used = _amount(_typed(typed, f"invoices-{place}-used_amount"))
        gross = _amount(_typed(typed, f"invoices-{place}-gross_amount"))
        total += used if used is not None else gross or Decimal("0.00")
    return total
