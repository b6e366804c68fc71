"""One file, or a ZIP of many: each becomes one row of a sheet, so that everything an import does with rows works for invoices."""

from __future__ import annotations

import base64
import contextlib
import io
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from yingshou.documents.reader import sniff
from yingshou.documents.reader.einvoices.facts import (
    ABSENT,
    UNVERIFIABLE,
    Facts,
    check_lines,
    decimal,
    filled,
    note_remark,
)
from yingshou.documents.reader.einvoices.ofd import LARGEST_OFD, read_ofd
from yingshou.documents.reader.einvoices.packages import Package
from yingshou.documents.reader.einvoices.pdf import information
from yingshou.documents.reader.einvoices.xml_forms import read_xml
from yingshou.documents.reader.problem import Refused, Unread

MOST_INVOICES = 2_000
MOST_ENTRIES = 2_500
LARGEST_FILE = LARGEST_OFD
SECONDS_PER_FILE = 4.0
_BEGINS_WITH_A_TAG = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_LEFT_BY_SYSTEMS = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)", re.IGNORECASE)
_FORM_ORDER = {"XML": 0, "UBL": 0, "CII": 0, "OFD": 1, "PDF": 2}
_PDF_NAMES = {
    "InvoiceNumber": "number",
    "IssueTime": "issue_date",
    "SellerIdNum": "seller_id",
    "SellerName": "seller_name",
    "BuyerIdNum": "buyer_id",
    "BuyerName": "buyer_name",
    "TotalAmWithoutTax": "net",
    "TotalTaxAm": "tax",
    "TotalTax-includedAmount": "gross",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of an upload: its place from 1, its name, its content or why there is none."""

    place: int
    name: str
    content: bytes
    refusal: Refused | None = None


def _late(_number: int, _frame: FrameType | None) -> None:
    raise Refused("einvoice_slow")


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Processor time of one file; the bounds of the process stand behind it."""
    before = signal.signal(signal.SIGVTALRM, _late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_PER_FILE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _read_pdf(content: bytes) -> Facts:
    named, signed = information(content)
    values = {fact: named[name].strip() for name, fact in _PDF_NAMES.items() if name in named}
    if not values.get("number"):
        raise Refused("einvoice_no_metadata")
    values["issue_date"] = values.get("issue_date", "")[:11]
    facts = filled("PDF", values, UNVERIFIABLE if signed else ABSENT)
    note_remark(facts, named.get("Remark", ""))
    return facts


def recognise(content: bytes) -> Facts:
    """
    The facts of one file, whatever its name.

    :raises Refused: if it is no known invoice file, or hostile, or lacks what makes an invoice
    """
    kind = sniff.sniff(io.BytesIO(content))
    if kind == "empty":
        raise Refused("empty")
    if kind in {"xml", "html", "svg", "spreadsheet_xml", "text"} and (
        _BEGINS_WITH_A_TAG.match(content) or content.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        facts = read_xml(content)
    elif kind == "utf16_text":
        raise Refused("einvoice_encoding", encoding="UTF-16")
    elif kind == "pdf":
        facts = _read_pdf(content)
    elif kind == "ofd":
        facts = read_ofd(content)
    elif kind == "damaged_zip":
        raise Refused("einvoice_damaged", reason="ZIP")
    elif kind == "zip":
        raise Refused("einvoice_nested")
    else:
        raise Refused("einvoice_unknown", found=kind)
    _complete(facts)
    return facts


def _complete(facts: Facts) -> None:
    for values, key in (
        ([facts.number], "einvoice_no_number"),
        ([facts.issue_date], "einvoice_no_date"),
        ([facts.net, facts.tax, facts.gross], "einvoice_no_amount"),
        ([facts.seller_id], "einvoice_no_seller"),
    ):
        if not all(values):
            raise Refused(key)


def files_of(path: Path) -> Iterator[File]:
    """
    The files of an upload: itself, or those in it where it is a ZIP.

    :raises Refused: if the ZIP as a whole is hostile, too large or empty
    """
    with path.open("rb") as stream:
        if sniff.sniff(stream) not in {"zip", "damaged_zip", "xlsx", "docx", "pptx", "ods", "numbers", "xlsb"}:
            stream.seek(0)
            content = stream.read(LARGEST_FILE + 1)
            too_large = Refused("einvoice_too_large", limit=LARGEST_FILE // 1024 // 1024)
            yield File(1, "", content) if len(content) <= LARGEST_FILE else File(1, "", b"", too_large)
            return
        package = Package(stream, most=MOST_ENTRIES, largest=LARGEST_FILE)
        parts = [part for part in package.parts if not _LEFT_BY_SYSTEMS.search(part.name)]
        if not parts:
            raise Refused("einvoice_nothing")
        if len(parts) > MOST_INVOICES:
            raise Refused("einvoice_parts", count=len(parts), limit=MOST_INVOICES)
        for place, part in enumerate(parts, 1):
            try:
                yield File(place, part.name, package.read(part))
            except Refused as refusal:
                if refusal.key == "einvoice_expands":
                    raise
                yield File(place, part.name, b"", refusal)


def _signed(text: str, negate: bool) -> str:
    number = decimal(text)
    return f"-{text.strip()}" if negate and number is not None and number > 0 else text


def cells_of(name: str, facts: Facts) -> dict[str, Any]:
    """An invoice as the cells of a row, by the names of the columns."""
    sums = check_lines(facts)
    return {
        "file": name,
        "form": facts.form,
        "signature": facts.signature,
        "invoice_code": facts.code,
        "invoice_number": facts.number,
        "invoice_date": facts.issue_date,
        "seller_uscc": facts.seller_id,
        "seller_name": facts.seller_name,
        "buyer_uscc": facts.buyer_id,
        "buyer_name": facts.buyer_name,
        "net_amount": _signed(facts.net, facts.negate),
        "tax_amount": _signed(facts.tax, facts.negate),
        "gross_amount": _signed(facts.gross, facts.negate),
        "currency": facts.currency,
        "blue_invoice_number": facts.blue_number,
        "stated_contract": facts.contract_no,
        "stated_due": facts.due_date,
        "line_count": str(len(facts.items)),
        "line_off": str(sums.line) if sums.line else "",
        "sums_off": "1" if sums.is_off else "",
    }


def _row(file: File, name: str, memory_mb: int) -> tuple[tuple[int, int, int], dict[str, Any]]:
    """The cells of one file, and its order: what is corrected stands before what corrects it, the fullest form first."""
    try:
        if file.refusal is not None:
            raise file.refusal
        with _bounded():
            facts = recognise(file.content)
    except Refused as refusal:
        return (2, 0, file.place), {"file": name, "form": Unread(refusal)}
    except MemoryError:
        return (2, 0, file.place), {"file": name, "form": Unread(Refused("too_much_memory", limit=memory_mb))}
    gross = decimal(facts.gross)
    is_red = facts.negate or (gross is not None and gross < 0)
    return (int(is_red), _FORM_ORDER[facts.form], file.place), cells_of(name, facts)


def rows(plan: Mapping[str, Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """
    The header row and a row for each file; row n + 1 is the nth file of the upload.

    :raises Refused: if the upload as a whole cannot be read
    """
    names = [str(column["name"]) for column in plan["columns"]]
    yield 1, [str(column["label"]) for column in plan["columns"]]
    own_name = str(plan.get("name", ""))
    found = []
    for file in files_of(Path(plan["path"])):
        order, cells = _row(file, (file.name or own_name)[-200:], plan["memory_mb"])
        found.append((order, file.place, cells))
    for _order, place, cells in sorted(found, key=lambda one: one[0]):
        yield place + 1, [cells.get(name, "") for name in names]


def contents(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """
    The files of the wanted rows as messages, for keeping each as a document of its own.

    :raises Refused: if the upload as a whole cannot be read
    """
    wanted = {int(row) for row in plan["rows"]}
    for file in files_of(Path(plan["path"])):
        if file.place + 1 in wanted and file.refusal is None:
            name = file.name or str(plan.get("name", ""))
            text = base64.b64encode(file.content).decode("ascii")
            yield {"type": "file", "row": file.place + 1, "name": name[-200:], "content": text}
