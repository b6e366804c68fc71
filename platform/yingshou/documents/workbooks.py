"""The workbooks and texts we hand out: templates to fill in, and the user's own file with a reason beside each bad row."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any, BinaryIO

import xlsxwriter
from django.utils.translation import gettext, override

from yingshou.documents import files
from yingshou.documents.findings import row_findings
from yingshou.documents.intake import NOTES_SHEETS, Reader, bounds_of, reading_plan
from yingshou.documents.kinds import Column, ImportKind
from yingshou.documents.models import ImportBatch, ImportRow
from yingshou.documents.reader.names import META_SHEET
from yingshou.documents.reader.problem import column_letter

TEMPLATE_ROWS = 100_000
WHOLE_FILE_ROWS = 20_000
PROGRESS_ROWS = 2_000
LONGEST_LIST = 255
FORMULA_START = frozenset("=+-@\t\r\n\x00＝＋－＠")
LANGUAGES = ("zh-hans", "en")


def template_headers(kind: ImportKind) -> list[str]:
    """The headers of a template in the active language; required ones carry a star."""
    return [f"{column.label}{'*' if column.required else ''}" for column in kind.columns]


def csv_template(kind: ImportKind) -> bytes:
    """A CSV of one header line, with the mark that makes spreadsheet programs read it as UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(template_headers(kind))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xlsx_template(kind: ImportKind) -> IO[bytes]:
    """A workbook to fill in: text columns for numbers that are not quantities, lists to choose from, notes in both languages."""
    target = io.BytesIO()
    workbook = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = workbook.add_worksheet(_sheet_name(str(kind.title)))
    head = workbook.add_format({"bold": True, "bg_color": "#E8EDF5", "border": 1, "text_wrap": True, "valign": "top"})
    required = workbook.add_format(
        {"bold": True, "bg_color": "#D5E0F2", "border": 1, "text_wrap": True, "valign": "top"}
    )
    formats = {
        "text": workbook.add_format({"num_format": "@"}),
        "day": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        "amount": workbook.add_format({"num_format": "#,##0.00"}),
    }
    for index, (column, header) in enumerate(zip(kind.columns, template_headers(kind), strict=True)):
        sheet.set_column(
            index, index, column.width, formats.get("text" if column.cell.text_format else column.cell.parser)
        )
        sheet.write_string(0, index, header, required if column.required else head)
        _choices(sheet, index, column)
    sheet.freeze_panes(1, 0)
    for language, name in zip(LANGUAGES, NOTES_SHEETS, strict=True):
        with override(language):
            _notes_sheet(workbook, name, kind)
    _meta_sheet(workbook, {"kind": kind.name, "version": kind.template_version})
    sheet.activate()
    workbook.close()
    target.seek(0)
    return target


def _sheet_name(title: str) -> str:
    return "".join(character for character in title if character not in "[]:*?/\\'")[:31] or "Data"


def _choices(sheet: Any, index: int, column: Column) -> None:
    words = column.cell.options.get("words")
    if not isinstance(words, dict):
        return
    offered = [next(iter(names), value) for value, names in words.items()]
    if len(",".join(offered)) <= LONGEST_LIST:
        sheet.data_validation(
            1, index, TEMPLATE_ROWS, index, {"validate": "list", "source": offered, "error_type": "warning"}
        )


def _notes_sheet(workbook: Any, name: str, kind: ImportKind) -> None:
    sheet = workbook.add_worksheet(name)
    bold = workbook.add_format({"bold": True})
    wrap = workbook.add_format({"text_wrap": True, "valign": "top"})
    lines: list[tuple[str, ...]] = [
        (gettext("Column"), gettext("Required"), gettext("How to fill it in"), gettext("Example")),
        *(
            (
                str(column.label),
                gettext("yes") if column.required else gettext("no"),
                str(column.help),
                column.example,
            )
            for column in kind.columns
        ),
    ]
    for number, line in enumerate(lines):
        for index, text in enumerate(line):
            sheet.write_string(number, index, text, wrap if number else bold)
    start = len(lines) + 1
    sheet.write_string(start, 0, gettext("An example row"), bold)
    for index, column in enumerate(kind.columns):
        sheet.write_string(start + 1, index, str(column.label), bold)
        sheet.write_string(start + 2, index, column.example)
    general = [
        gettext("One row is one record. Delete nothing in the first row."),
        gettext(
            "Numbers that are not quantities (credit codes, invoice numbers) stay text: a spreadsheet keeps only 15 digits."
        ),
        gettext("Dates as 2026-03-31, amounts in yuan with two decimals."),
        gettext("Uploading the same rows again adds nothing."),
        *(str(note) for note in kind.notes),
    ]
    for number, text in enumerate(general, start=start + 4):
        sheet.write_string(number, 0, text)
    sheet.set_column(0, 1, 22)
    sheet.set_column(2, 2, 60, wrap)
    sheet.set_column(3, len(kind.columns), 24)


def _meta_sheet(workbook: Any, facts: Mapping[str, str]) -> None:
    sheet = workbook.add_worksheet(META_SHEET)
    for number, (name, value) in enumerate(facts.items()):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, value)
    sheet.very_hidden()


class Annotated:
    """Writes the user's own rows with one more column: what is wrong and how to cure it; bad cells are red."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        self.kind = batch.import_kind
        self.whole = batch.rows_read <= WHOLE_FILE_ROWS
        # Closed by whoever asked for it.
        self.target: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115
        self.is_whole = False
        self.workbook = xlsxwriter.Workbook(
            self.target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        # Not the moment of writing: the same rows are the same file.
        self.workbook.set_properties({"created": batch.checked_at or batch.created_at})
        self.plain = {
            "text": self.workbook.add_format({"num_format": "@"}),
            "quoted": self.workbook.add_format({"num_format": "@", "quote_prefix": True}),
            "day": self.workbook.add_format({"num_format": "yyyy-mm-dd"}),
            "number": self.workbook.add_format(),
        }
        red = {"bg_color": "#F9D5D0", "font_color": "#9C2A18"}
        self.bad = {
            "text": self.workbook.add_format({**red, "num_format": "@"}),
            "quoted": self.workbook.add_format({**red, "num_format": "@", "quote_prefix": True}),
            "day": self.workbook.add_format({**red, "num_format": "yyyy-mm-dd"}),
            "number": self.workbook.add_format(red),
        }
        self.reason = self.workbook.add_format({"text_wrap": True, "font_color": "#9C2A18", "valign": "top"})
        self.problems = self._problems()
        self.sheets = {int(sheet["sheet_no"]): sheet for sheet in batch.sheets}

    def _problems(self) -> dict[tuple[int, int], Any]:
        rows = ImportRow.objects.filter(batch_id=self.batch.pk, problems__isnull=False)
        return {
            (sheet_no, row_no): problems
            for sheet_no, row_no, problems in rows.values_list("sheet_no", "row_no", "problems")
        }

    def write(self, progress: Callable[[int, int | None, str], None]) -> BinaryIO:
        """The workbook, at its beginning; ``is_whole`` says whether the original was read to its end."""
        path = files.path_of(self.batch.file.sha256)
        plan = reading_plan(self.kind, path, self.batch.file.name, encoding=self.batch.encoding, mode="raw")
        sheet: Any = None
        number, line, seen = 0, 0, 0
        with Reader(plan, bounds_of(self.kind)) as reader:
            for chunk in reader.chunks():
                message = chunk.message or {}
                if message.get("type") == "sheet":
                    number, line = int(message["sheet_no"]), 0
                    sheet = self.workbook.add_worksheet(_sheet_name(str(message["sheet"])))
                elif message.get("type") == "raw" and sheet is not None:
                    line = self._write_row(sheet, number, line, int(message["row"]), message["cells"])
                    seen += 1
                    if seen % PROGRESS_ROWS == 0:
                        progress(min(seen, self.batch.rows_read), self.batch.rows_read, "")
                self.is_whole = message.get("type") == "end"
        _meta_sheet(
            self.workbook, {"kind": self.kind.name, "version": self.kind.template_version, "batch": str(self.batch.pk)}
        )
        self.workbook.close()
        self.target.seek(0)
        return self.target

    def _write_row(self, sheet: Any, number: int, line: int, row_no: int, cells: Sequence[Any]) -> int:
        facts = self.sheets.get(number)
        problems = self.problems.get((number, row_no))
        if not self.whole and facts is not None and row_no > facts["row"] and problems is None:
            return line
        place = row_no - 1 if self.whole else line
        red = {
            str(problem.get("cell") or "").rstrip("0123456789")
            for problem in problems or []
            if problem.get("severity") == "error"
        }
        for index, cell in enumerate(cells):
            self._write_cell(sheet, place, index, cell, self.bad if _letters(index) in red else self.plain)
        if facts is not None:
            width = max(len(facts["headers"]), max((int(index) for index in facts["mapping"]), default=0) + 1)
            if row_no == facts["row"]:
                sheet.write_string(place, width, gettext("What is wrong"), self.reason)
                sheet.set_column(width, width, 60)
            elif problems:
                found = row_findings(problems, self.kind, str(facts["sheet"]), row_no)
                text = "\n".join(f"{one.place}: {one.message_text} {one.cure_text}".strip() for one in found)
                sheet.write_string(place, width, text, self.reason)
        return place + 1

    @staticmethod
    def _write_cell(sheet: Any, line: int, index: int, cell: Any, formats: Mapping[str, Any]) -> None:
        if isinstance(cell, dict):
            text = str(cell["date"])
            moment = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
            if moment.year < 1900:
                sheet.write_string(line, index, text, formats["text"])
            else:
                sheet.write_datetime(line, index, moment, formats["day"])
        elif isinstance(cell, bool):
            sheet.write_boolean(line, index, cell, formats["number"])
        elif isinstance(cell, int | float):
            sheet.write_number(line, index, cell, formats["number"])
        elif cell:
            text = "".join(character for character in str(cell) if character in "\t\n" or ord(character) >= 32)[:32_767]
            sheet.write_string(line, index, text, formats["quoted" if text[:1] in FORMULA_START else "text"])


def _letters(index: int) -> str:
    """Spreadsheet letter of a column counted from 0."""
    return column_letter(index)
