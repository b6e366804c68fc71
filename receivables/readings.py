"""What was read from the e-invoice behind a document, and how the page of a receivable says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from receivables.models import Evidence
from yingshou.documents.models import StoredFile

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SALT = "receivables.reading"
FORMS: Mapping[str, StrOrPromise] = {
    "XML": gettext_lazy("e-invoice, XML"),
    "PDF": gettext_lazy("data inside of the PDF"),
    "OFD": gettext_lazy("tags of the OFD"),
    "UBL": gettext_lazy("EN 16931, UBL"),
    "CII": gettext_lazy("EN 16931, CII"),
}
SIGNATURES: Mapping[str, StrOrPromise] = {
    "PRESENT": gettext_lazy("Signature block present; not verified here"),
    "ABSENT": gettext_lazy("No signature block present"),
    "UNVERIFIABLE": gettext_lazy("Signed or sealed, but not verifiable here"),
}


@dataclass(frozen=True)
class Reading:
    """One e-invoice that was read: its number, the file, the form, its signature block, what was checked."""

    number: str
    file: StoredFile
    form: StrOrPromise
    signature: StrOrPromise
    is_signed: bool
    checked: list[str]


def reading_of(values: Mapping[str, str]) -> dict[str, Any]:
    """What is kept of a file that was read, from its row."""
    return {
        "number": values["invoice_number"],
        "form": values["form"],
        "signature": values.get("signature", "ABSENT"),
        "lines": int(values.get("line_count") or 0),
        "buyer": bool(values.get("buyer_uscc")),
    }


def sealed(file_id: int, reading: Mapping[str, Any]) -> str:
    """A reading as a form carries it: for this file only, and not to be changed on the way."""
    return signing.dumps({"file": file_id, **reading}, salt=SALT, compress=True)


def unsealed(text: str, file_id: int) -> dict[str, Any] | None:
    """The reading of this file, or None where the text is not ours or of another file."""
    try:
        found = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    if not isinstance(found, dict) or found.pop("file", None) != file_id:
        return None
    return found


def readings(files: Iterable[tuple[Evidence, StoredFile]]) -> list[Reading]:
    """The e-invoices among the documents of a receivable."""
    found = []
    for one, stored in files:
        if one.reading:
            facts = one.reading
            form, signature = str(facts.get("form", "")), str(facts.get("signature", ""))
            found.append(
                Reading(
                    number=str(facts.get("number", "")),
                    file=stored,
                    form=FORMS.get(form, form),
                    signature=SIGNATURES.get(signature, signature),
                    is_signed=signature != "ABSENT",
                    checked=_checked(facts),
                )
            )
    return found


def _checked(facts: Mapping[str, Any]) -> list[str]:
    lines = int(facts.get("lines") or 0)
    words = [
        _("net amount and tax are the total"),
        _("the seller is the creditor"),
        _("the buyer is the debtor")
        if facts.get("buyer")
        else _("the buyer was named by the creditor, not by the file"),
        _("number and year fit"),
        _("dated no later than its upload"),
        _("not used for another claim"),
    ]
    if lines:
        words.insert(1, ngettext("%(n)s line adds up", "%(n)s lines add up", lines) % {"n": lines})
    return words
