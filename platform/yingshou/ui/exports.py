"""
Exports of exactly what a list shows under its filter, as CSV or XLSX, safe to open in a spreadsheet program.

No text cell begins with a character that starts a formula; amounts stay numbers, days stay days. The export runs as the
actor who asked, in one reading transaction, and is recorded before the first byte leaves.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import IO, Any
from urllib.parse import quote

import xlsxwriter
from django.db import transaction
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor
from yingshou.tenancy.guards import reading
from yingshou.tenancy.streaming import held
from yingshou.ui.counts import capped_counts
from yingshou.ui.lists import List

LARGEST = 100_000
LINES_A_CHUNK = 500

# What spreadsheet programs take for the beginning of a formula or a command, also in its full-width form.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")


class Format(StrEnum):
    """The forms an export can take."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class ExportFacts:
    """What is recorded of an export."""

    list_name: str
    format: Format
    query: str
    rows: int
    is_cut: bool


Recorder = Callable[[ExportFacts, Actor, datetime], None]


def respond(list_: List[Any], format_: Format, *, at: datetime, record: Recorder) -> HttpResponseBase:
    """
    The file of a list, for a view that answers a POST.

    Past 100,000 rows the file ends with a line that says so.

    :param list_: made with `List.from_post`
    :param record: writes the audit event; called in a transaction of its own before anything is sent
    """
    with reading():
        rows = capped_counts({"rows": list_.filtered}, limit=LARGEST)["rows"]
    facts = ExportFacts(
        list_name=list_.name,
        format=format_,
        query=list_.query_text,
        rows=min(rows, LARGEST),
        is_cut=rows > LARGEST,
    )
    with transaction.atomic():
        record(facts, list_.actor, at)
    lines = _lines(list_, is_cut=facts.is_cut, language=translation.get_language() or "")
    response: HttpResponseBase
    if format_ is Format.CSV:
        response = StreamingHttpResponse(held(lambda: _csv(lines)), content_type="text/csv; charset=utf-8")
    else:
        response = FileResponse(_xlsx(lines), content_type=_XLSX_TYPE)
    name = f"{list_.title or list_.name}-{clock.business_date(at).isoformat()}.{format_}"
    response["Content-Disposition"] = f"attachment; filename=\"export.{format_}\"; filename*=UTF-8''{quote(name)}"
    return response


_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def safe_text(text: str) -> str:
    """A text that no spreadsheet program takes for a formula: one that could be is quoted with an apostrophe."""
    cleaned = text.replace("\x00", "")
    return f"'{cleaned}" if text.startswith(FORMULA_STARTS) else cleaned


def _lines(list_: List[Any], *, is_cut: bool, language: str) -> Iterator[list[Any]]:
    """Header, rows, and the line that says where a cut export ends; worded in the reader's language throughout."""
    with translation.override(language or None):
        yield [str(column.label) for column in list_.export_columns]
    rows = islice(list_.exported(), LARGEST)
    while True:
        # The language is set for each chunk only: between chunks the thread belongs to the server.
        with translation.override(language or None):
            chunk = list(islice(rows, LINES_A_CHUNK))
        if not chunk:
            break
        yield from chunk
    if is_cut:
        with translation.override(language or None):
            note = _("Only the first %(limit)s rows are in this file. Narrow the filter to get the rest.")
            yield [note % {"limit": f"{LARGEST:,}"}]


class _Echo:
    """A file for the csv module that hands back what it is given."""

    def write(self, text: str) -> str:
        """The text itself."""
        return text


def _csv(lines: Iterator[list[Any]]) -> Iterator[bytes]:
    writer = csv.writer(_Echo())
    # Without the mark, spreadsheet programs on Chinese Windows read UTF-8 as GBK.
    yield b"\xef\xbb\xbf"
    while chunk := list(islice(lines, LINES_A_CHUNK)):
        yield "".join(writer.writerow([_csv_value(value) for value in line]) for line in chunk).encode()


def _csv_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return safe_text(str(value))


def _xlsx(lines: Iterator[list[Any]]) -> IO[bytes]:
    """The workbook in a temporary file that vanishes when the response has been sent."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the response closes it, which deletes it
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with reading(), xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        formats = {
            "amount": book.add_format({"num_format": "#,##0.00"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "instant": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet.freeze_panes(1, 0)
        for number, line in enumerate(lines):
            for place, value in enumerate(line):
                if number == 0:
                    sheet.write_string(number, place, safe_text(str(value)), bold)
                else:
                    _write_cell(sheet, number, place, value, formats)
    file.seek(0)
    return file


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, Decimal):
        sheet.write_number(row, column, value, formats["amount"])
    elif isinstance(value, int):
        # A spreadsheet keeps 15 digits; longer numbers are identifiers and stay text.
        if abs(value) < 10**15:
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value))
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(clock.SHANGHAI).replace(tzinfo=None), formats["instant"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["day"])
    else:
        sheet.write_string(row, column, safe_text(str(value)))
