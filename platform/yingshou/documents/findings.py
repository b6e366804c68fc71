"""
Every sentence with which an import says no or takes note, by key, with its stable code and its cure.

Rows store the key and what fills the sentence, not the sentence: it is read in the reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from yingshou.documents.einvoice_findings import EINVOICE, Sentence
from yingshou.kernel.errors import Finding

if TYPE_CHECKING:
    from yingshou.documents.kinds import ImportKind


_SAVE_AS = _("Open it in your spreadsheet program and save it as an Excel workbook (.xlsx) or as CSV.")
_USE_TEMPLATE = _("Copy the data into our template and upload that.")
_SAVE_AGAIN = _("Open it in your spreadsheet program, save it again and upload the new file.")
_AS_TEXT = _("Format the column as text, enter the number again from the original, and save.")
_RETYPE = _(
    "Delete the content of the cell and type it again; text copied from web pages often carries such characters."
)

FILE: dict[str, Sentence] = {
    "empty": Sentence("IMP-101", _("The file is empty."), _("Choose the file that holds the data.")),
    "too_large": Sentence("IMP-102", _("The file is larger than %(limit)s MB."), _("Divide it into several files.")),
    "type_xls": Sentence(
        "IMP-103", _("This is a workbook of the old Excel format (.xls), whatever its name says."), _SAVE_AS
    ),
    "password_protected": Sentence(
        "IMP-104",
        _("The file is password-protected."),
        _("Remove the password (File, Info, Protect Workbook), save, and upload it again."),
    ),
    "type_html": Sentence("IMP-105", _("This is a web page (HTML) with the name of a spreadsheet."), _SAVE_AS),
    "type_xml_sheet": Sentence("IMP-105", _("This is an XML spreadsheet of 2003, not a workbook (.xlsx)."), _SAVE_AS),
    "type_xlsb": Sentence("IMP-106", _("This is a binary workbook (.xlsb)."), _SAVE_AS),
    "type_ods": Sentence("IMP-106", _("This is an OpenDocument spreadsheet (.ods)."), _SAVE_AS),
    "type_other": Sentence(
        "IMP-106", _("“%(name)s” is not a spreadsheet; its content is of the type %(found)s."), _SAVE_AS
    ),
    "damaged": Sentence("IMP-107", _("The workbook is damaged or cut off (%(part)s)."), _SAVE_AGAIN),
    "damaged_sheet": Sentence("IMP-107", _("This sheet is damaged (%(reason)s)."), _SAVE_AGAIN),
    "too_many_parts": Sentence(
        "IMP-108", _("The workbook consists of %(count)s parts; %(limit)s are the limit."), _USE_TEMPLATE
    ),
    "expands_too_much": Sentence(
        "IMP-109", _("The workbook unpacks to more than %(limit)s MB."), _("Divide it into several files.")
    ),
    "ratio": Sentence(
        "IMP-109", _("A part of the workbook (%(part)s) unpacks to more than %(limit)s times its size."), _USE_TEMPLATE
    ),
    "unsafe_part": Sentence("IMP-110", _("The workbook contains a part with an unsafe name (%(part)s)."), _SAVE_AGAIN),
    "double_part": Sentence("IMP-110", _("The workbook contains the part %(part)s twice."), _SAVE_AGAIN),
    "overlapping_parts": Sentence(
        "IMP-110", _("Parts of the workbook overlap, as in a decompression bomb."), _SAVE_AGAIN
    ),
    "entities": Sentence(
        "IMP-111",
        _("The workbook declares XML entities (%(part)s), which no spreadsheet program writes."),
        _USE_TEMPLATE,
    ),
    "part_encoding": Sentence("IMP-111", _("A part of the workbook (%(part)s) is not UTF-8."), _SAVE_AGAIN),
    "macros": Sentence(
        "IMP-112", _("The workbook contains macros."), _("Save it as a workbook without macros (.xlsx).")
    ),
    "too_many_sheets": Sentence(
        "IMP-113",
        _("The workbook has %(count)s sheets; %(limit)s are the limit."),
        _("Keep only the sheets to be imported."),
    ),
    "dde": Sentence(
        "IMP-114",
        _("The workbook links to another program (DDE)."),
        _("Replace the links by their values (paste as values) and save."),
    ),
    "too_much_memory": Sentence(
        "IMP-115",
        _("Reading the file needs more than %(limit)s MB of memory."),
        _("Delete formatted empty rows and columns, or use our template."),
    ),
    "too_slow": Sentence(
        "IMP-115",
        _("Reading the file takes too long and was stopped."),
        _("Divide it into several files, or use our template."),
    ),
    "reader_failed": Sentence("IMP-116", _("The file could not be read (%(reason)s)."), _SAVE_AGAIN),
    "nothing_in_it": Sentence(
        "IMP-117", _("No visible sheet contains data."), _("Put the data on a visible sheet below one row of headers.")
    ),
    "no_rows": Sentence("IMP-118", _("There is no row of data below the headers."), _("Fill in at least one row.")),
    "encoding_unclear": Sentence(
        "IMP-119",
        _("The characters of the text are not readable as %(tried)s."),
        _("Say which encoding the file has, or save it as CSV UTF-8."),
    ),
    "bad_bytes": Sentence(
        "IMP-120",
        _("A character here is not valid %(encoding)s: the file is damaged or mixes encodings."),
        _("Save it again as CSV UTF-8."),
    ),
    "nul": Sentence(
        "IMP-121",
        _("The text contains NUL characters: the file is damaged or not a text."),
        _("Export the file again as CSV UTF-8."),
    ),
    "broken_quote": Sentence(
        "IMP-122",
        _("A quotation mark is not closed, or text follows it."),
        _("Write a quotation mark inside a cell twice, or upload a workbook (.xlsx)."),
    ),
    "too_many_rows": Sentence(
        "IMP-201",
        _("There are more rows than the limit of %(limit)s."),
        _("Divide the file, and delete formatted empty rows below the data."),
    ),
    "too_wide": Sentence(
        "IMP-202",
        _("There are more columns than the limit of %(limit)s."),
        _("Delete the columns beyond the data, formatted empty ones too."),
    ),
    "row_too_long": Sentence(
        "IMP-202",
        _("A row is too long to be honest data."),
        _("Delete the columns beyond the data, formatted empty ones too."),
    ),
    "cell_too_long": Sentence(
        "IMP-203",
        _("A cell holds more than %(limit)s characters."),
        _("Shorten the text; a missing quotation mark can also cause this."),
    ),
    "too_many_merged": Sentence(
        "IMP-204", _("Too many cells are merged."), _("Undo merging and repeat the value in every row.")
    ),
    "too_many_unstored": Sentence(
        "IMP-205", _("Too many formulas have no stored value."), _("Copy the sheet and paste it as values, then save.")
    ),
}

NOTES: dict[str, Sentence] = {
    "hidden_sheet": Sentence("IMP-211", _("The hidden sheet was not read."), _("Unhide it if it is to be imported.")),
    "hidden_rows": Sentence(
        "IMP-212", _("%(count)s hidden rows were read as well."), _("Delete them if they are not to be imported.")
    ),
    "formulas": Sentence(
        "IMP-213", _("%(count)s cells are formulas (first: %(first)s); the values stored in the file were read.")
    ),
    "external_links": Sentence("IMP-214", _("The workbook refers to other files; the values stored in it were read.")),
    "double_header": Sentence(
        "IMP-215",
        _("A second column looks like one already found; “%(header)s” was not read."),
        _("Delete or rename one of them."),
    ),
    "old_template": Sentence(
        "IMP-217",
        _("The file was made from version %(version)s of the template; the present one is %(present)s."),
        _("Download the template again for the next file."),
    ),
    "sheet_ignored": Sentence(
        "IMP-216",
        _("The sheet was not read: %(count)s required columns were not found."),
        _("Give it the headers of the template."),
    ),
}

CELL: dict[str, Sentence] = {
    "required": Sentence("IMP-301", _("This cell must be filled in.")),
    "not_an_amount": Sentence(
        "IMP-302", _("“%(value)s” is not an amount."), _("Enter digits only, for example 1234.50.")
    ),
    "amount_decimals": Sentence(
        "RCV-001", _("“%(value)s” has more than two decimals."), _("Enter the amount to the fen.")
    ),
    "amount_too_large": Sentence(
        "RCV-017",
        _("“%(value)s” is larger than any real amount."),
        _("Check the number of zeros and the unit (yuan or 10,000 yuan)."),
    ),
    "amount_negative": Sentence(
        "RCV-001", _("“%(value)s” is negative."), _("Enter a positive amount; report reductions as credit notes.")
    ),
    "amount_comma": Sentence(
        "IMP-302", _("“%(value)s” uses a comma as decimal point."), _("Use a point, for example 1234.50.")
    ),
    "amount_scientific": Sentence(
        "IMP-302",
        _("“%(value)s” is in scientific notation; digits may be lost."),
        _("Format the column as a number with two decimals."),
    ),
    "not_a_date": Sentence("IMP-305", _("“%(value)s” is not a date."), _("Enter dates as 2026-03-31.")),
    "no_such_day": Sentence("IMP-305", _("“%(value)s” does not exist in the calendar."), _("Check month and day.")),
    "day_missing": Sentence(
        "IMP-305", _("“%(value)s” names no day."), _("Enter the full date, for example 2026-03-31.")
    ),
    "day_order": Sentence(
        "IMP-305", _("“%(value)s” can be read as two different days."), _("Enter dates as 2026-03-31.")
    ),
    "year_out_of_range": Sentence(
        "IMP-305", _("“%(value)s” lies outside the years %(first)s to %(last)s."), _("Check the year.")
    ),
    "serial_as_text": Sentence(
        "IMP-305",
        _("“%(value)s” looks like a date shown as a serial number."),
        _("Format the column as a date before you export it."),
    ),
    "time_dropped": Sentence("IMP-306", _("“%(value)s”: only the date was read, not the time.")),
    "uscc_length": Sentence(
        "RCV-003",
        _("The credit code “%(value)s” has %(length)s characters, not 18."),
        _("Copy it from the business licence."),
    ),
    "uscc_letter": Sentence(
        "RCV-003",
        _("The credit code “%(value)s” cannot have “%(letter)s” at place %(position)s."),
        _("The letters I, O, S, V and Z never occur; the digits 1, 0, 5 and 2 are often meant."),
    ),
    "uscc_check": Sentence(
        "RCV-003",
        _(
            "The check character of the credit code “%(value)s” is “%(found)s”; the other characters ask for “%(expected)s”."
        ),
        _("A character is mistyped: compare all 18 with the business licence."),
    ),
    "invoice_number_length": Sentence(
        "INV-004",
        _("The invoice number “%(value)s” has %(length)s digits; it must have 8 or 20."),
        _("Copy it from the invoice."),
    ),
    "invoice_code_length": Sentence(
        "INV-004",
        _("The invoice code “%(value)s” has %(length)s digits; it must have 10 or 12."),
        _("Copy it from the invoice."),
    ),
    "zeros_restored": Sentence(
        "IMP-310", _("“%(value)s” lost its leading zeros in a spreadsheet; it was read as %(full)s."), _AS_TEXT
    ),
    "scientific": Sentence(
        "IMP-311", _("“%(value)s” is a number in scientific notation: its last digits are lost."), _AS_TEXT
    ),
    "rounded_number": Sentence(
        "IMP-311",
        _("“%(value)s” was stored as a number; a spreadsheet keeps only 15 digits, the rest is lost."),
        _AS_TEXT,
    ),
    "not_digits": Sentence(
        "IMP-312", _("“%(value)s” must consist of digits only."), _("Remove everything but the digits.")
    ),
    "date_as_number": Sentence(
        "IMP-313",
        _("The cell holds the date %(value)s, not what this column is for."),
        _("Check the column, and format the cell as text."),
    ),
    "invisible_character": Sentence(
        "IMP-314", _("An invisible character (%(character)s) stands at place %(position)s."), _RETYPE
    ),
    "control_character": Sentence(
        "IMP-314", _("A control character (%(character)s) stands at place %(position)s."), _RETYPE
    ),
    "mixed_alphabets": Sentence(
        "IMP-315",
        _("“%(value)s” mixes alphabets whose letters look alike."),
        _("Compare the name with the business licence."),
    ),
    "too_long": Sentence(
        "IMP-316", _("The text has %(length)s characters; %(limit)s are the limit."), _("Shorten it.")
    ),
    "not_one_of": Sentence(
        "IMP-317", _("“%(value)s” is not one of: %(allowed)s."), _("Choose one of them from the list in the template.")
    ),
    "not_whole": Sentence("IMP-318", _("“%(value)s” is not a whole number."), _("Enter digits only.")),
    "out_of_bounds": Sentence("IMP-318", _("“%(value)s” is not between %(minimum)s and %(maximum)s.")),
    "truth_value": Sentence(
        "IMP-319", _("The cell holds the truth value %(value)s."), _("Enter what the column asks for.")
    ),
    "time_value": Sentence("IMP-319", _("The cell holds a time (%(value)s)."), _("Enter what the column asks for.")),
    "formula_unstored": Sentence(
        "IMP-320",
        _("The formula in this cell has no stored value."),
        _("Copy the cell and paste it as a value, then save."),
    ),
    "error_value": Sentence(
        "IMP-321", _("The cell shows an error (such as #REF! or #N/A)."), _("Correct the formula or enter the value.")
    ),
    "merged": Sentence(
        "IMP-322",
        _("The cell is part of a merged cell and holds no value of its own."),
        _("Undo merging and repeat the value in every row."),
    ),
    "extra_cells": Sentence(
        "IMP-323",
        _("The row has %(count)s cells; the headers have %(expected)s."),
        _("A comma inside a text needs quotation marks around the text."),
    ),
    "cell_too_long": FILE["cell_too_long"],
    "total_line": Sentence("IMP-324", _("This looks like a line of totals; it was left out.")),
    "duplicate": Sentence("IMP-401", _("The same as row %(row)s of this file; taken over once.")),
    "known": Sentence("IMP-402", _("Taken over before (batch %(batch)s, row %(row)s); adds nothing.")),
}

ALL: dict[str, Sentence] = {**FILE, **NOTES, **CELL, **EINVOICE}


def sentence(key: str, kind: ImportKind | None) -> Sentence:
    """The sentence of a key: the engine's own, else that of the kind's check with this code."""
    if key in ALL:
        return ALL[key]
    check = kind.check(key) if kind is not None else None
    if check is None:
        return Sentence(key, _("The row cannot be taken over."), _("Compare it with the template."))
    return Sentence(check.code, check.message, check.cure)


def place_text(sheet: str | None, row: int | None, column: str | None, header: str = "") -> str:
    """Where something is: sheet, row and column as the spreadsheet shows them."""
    parts = []
    if sheet:
        parts.append(gettext("sheet “%(sheet)s”") % {"sheet": sheet})
    if row:
        parts.append(gettext("row %(row)s") % {"row": row})
    if column:
        name = f"{column} ({header})" if header else column
        parts.append(gettext("column %(column)s") % {"column": name})
    return " · ".join(parts)


def finding(message: Mapping[str, Any], kind: ImportKind | None = None) -> Finding:
    """A refusal or a note of the reader as a finding."""
    said = sentence(str(message["key"]), kind)
    place = place_text(message.get("sheet"), message.get("row"), message.get("column"))
    severity = message.get("severity", "error")
    return Finding(said.code, said.message, said.cure, place or None, severity, message.get("params") or {})


def row_findings(problems: list[Mapping[str, Any]] | None, kind: ImportKind, sheet: str, row_no: int) -> list[Finding]:
    """The stored problems of a row as findings, each with sheet, row, column letter and the column's name."""
    found = []
    for problem in problems or []:
        said = sentence(str(problem["key"]), kind)
        name = problem.get("column")
        label = str(kind.column(name).label) if name else ""
        cell = str(problem.get("cell") or "")
        letters = cell.rstrip("0123456789") if name else ""
        # Of other sources than sheets the row is enough: it names its file.
        place = place_text(sheet if kind.has_template else None, row_no, letters or label, label if letters else "")
        params = {"row": "", "batch": "", **(problem.get("params") or {})}
        found.append(Finding(said.code, said.message, said.cure, place, problem.get("severity", "error"), params))
    return found
