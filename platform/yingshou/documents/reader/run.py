"""From a file to lines: find the headers, parse each cell, write one COPY line a row and a JSON message for everything else."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import math
import re
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from yingshou.documents.reader import delimited, sheets, sniff
from yingshou.documents.reader.einvoices import read as einvoices
from yingshou.documents.reader.headers import SEARCHED_ROWS, Header, find_header, header_unit
from yingshou.documents.reader.names import META_SHEET
from yingshou.documents.reader.parsers import PARSERS, Parser, is_empty, plain_number, shown
from yingshou.documents.reader.problem import CellNote, CellProblem, Parsed, Refused, Unread, column_letter
from yingshou.documents.reader.scan import LARGEST_CELL_TEXT, SheetScan

NULL = "\\N"
FLUSH_EVERY = 500
CACHE_LIMIT = 20_000
# Bad rows shown with all their problems and cells; of those beyond, one problem each is kept: the file is wrong as a whole.
DETAILED_ROWS = 10_000
PREVIEW_ROWS = 5
TOTAL_LINE = re.compile(
    r"\s*(?:本页|本月|本表)?\s*(?:合\s*计|总\s*计|小\s*计|grand\s+total|total|subtotal|sum)\s*[::]?\s*", re.IGNORECASE
)
WRONG_TYPES = {
    "xls": "type_xls",
    "html": "type_html",
    "spreadsheet_xml": "type_xml_sheet",
    "xlsb": "type_xlsb",
    "ods": "type_ods",
    "encrypted": "password_protected",
    "damaged_zip": "damaged",
    "empty": "empty",
}


# Place among the kind's columns, column of the sheet, parser, its cache, whether required, name, letter of the column.
Field = tuple[int, int, Parser, dict[str, Parsed], bool, str, str]


LAST = frozenset({"end", "refused"})


def peak_kb() -> int:
    """The most memory this program has held, in kilobytes; what its parent held when it was started does not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def processor_seconds() -> float:
    """Processor time of this program so far: what a busy machine does not change."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return round(spent.ru_utime + spent.ru_stime, 2)


class Output:
    """Lines to the parent: messages begin with a brace, rows with a digit."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def row(self, line: str) -> None:
        """Queue one COPY line."""
        self._lines.append(line)
        if len(self._lines) >= FLUSH_EVERY:
            self.flush()

    def message(self, content: Mapping[str, Any]) -> None:
        """Send one message after the rows before it; the last one says how much memory and time the reading took."""
        if content["type"] in LAST:
            content = {**content, "peak_kb": peak_kb(), "processor_seconds": processor_seconds()}
        self._lines.append(json.dumps(content, ensure_ascii=True))
        self.flush()

    def flush(self) -> None:
        """Hand over what is queued."""
        if self._lines:
            self._stream.write(("\n".join(self._lines) + "\n").encode("utf-8", "replace"))
            self._stream.flush()
            self._lines.clear()


@dataclass(slots=True)
class Source:
    """One sheet (a delimited text is a file of one sheet) with its rows and what the gate saw in it."""

    number: int
    name: str
    rows: Iterator[tuple[int, Sequence[Any]]]
    scan: SheetScan | None = None
    second_system: bool = False
    is_text: bool = False


@dataclass(slots=True)
class Line:
    """One row on its way to a COPY line; its problems are JSON already, since a bad file has a million of them."""

    values: list[str]
    problems: list[tuple[str | None, str]] = field(default_factory=list)
    failed: bool = False

    def object(self, column: str | None, cell: str | None, tail: str, severity: str = "error") -> None:
        """Note a problem at a cell; ``tail`` is its key, severity and parameters from :func:`_tail`."""
        name = "null" if column is None else f'"{column}"'
        place = "null" if cell is None else f'"{cell}"'
        self.problems.append((cell, f'{{"column": {name}, "cell": {place}, {tail}'))
        self.failed = self.failed or severity == "error"


def _tail(key: str, params: Mapping[str, Any], severity: str = "error") -> str:
    return f'"key": "{key}", "severity": "{severity}", "params": {json.dumps(dict(params), ensure_ascii=True)}}}'


REQUIRED = _tail("required", {})


def _refuse_type(kind: str, plan: Mapping[str, Any]) -> None:
    if kind in {"xlsx", "text", "utf16_text"}:
        return
    if kind == "nul_text":
        raise Refused("nul", row=1)
    if kind in WRONG_TYPES:
        raise Refused(WRONG_TYPES[kind], part="zip")
    raise Refused("type_other", found=kind, name=str(plan.get("name", ""))[:80])


def open_sources(plan: Mapping[str, Any], output: Output) -> Iterator[Source]:
    """
    The sheets of the file that people see, one after the other.

    :raises Refused: if the file is not a workbook or text we read
    """
    if plan.get("source") == "einvoices":
        yield Source(1, str(plan.get("name", ""))[-80:], einvoices.rows(plan))
        return
    path = Path(plan["path"])
    with path.open("rb") as stream:
        kind = sniff.sniff(stream)
    _refuse_type(kind, plan)
    if kind != "xlsx":
        words = {word for column in plan["columns"] for word in column["words"]}
        chosen = plan.get("encoding") or ("utf-16-le" if kind == "utf16_text" else None)
        how = delimited.open_text(path, words, chosen)
        output.message({"type": "text", "encoding": how.encoding, "delimiter": how.delimiter})
        yield Source(1, "CSV", delimited.read_rows(path, how), is_text=True)
        return
    book = sheets.open_book(path)
    if book.facts.has_links:
        output.message(_note("external_links", None))
    ignored = set(plan.get("ignored_sheets", ()))
    for number, part in enumerate(book.facts.sheets, start=1):
        if part.name == META_SHEET:
            facts = {str(cells[0]): str(cells[1]) for _row, cells in book.rows(part) if len(cells) > 1}
            output.message({"type": "meta", "facts": facts})
        if part.name in ignored:
            continue
        if part.hidden:
            output.message(_note("hidden_sheet", part.name))
            continue
        yield Source(number, part.name, book.rows(part), part.scan, book.facts.second_system)


def _note(key: str, sheet: str | None, **place: Any) -> dict[str, Any]:
    params = place.pop("params", {})
    return {"type": "note", "key": key, "sheet": sheet, "row": None, "column": None, **place, "params": params}


def _sheet_notes(source: Source, header: Header, output: Output) -> None:
    scan = source.scan
    if scan is not None and scan.hidden_rows:
        output.message(_note("hidden_rows", source.name, row=scan.first_hidden_row, params={"count": scan.hidden_rows}))
    if scan is not None and scan.formulas:
        output.message(_note("formulas", source.name, params={"count": scan.formulas, "first": scan.first_formula}))
    for index, name in header.doubled:
        output.message(
            _note(
                "double_header",
                source.name,
                row=header.row_no,
                column=column_letter(index),
                params={"header": shown(header.cells[index]), "name": name},
            )
        )


def _describe(source: Source, header: Header, preview: Sequence[tuple[int, Sequence[Any]]]) -> dict[str, Any]:
    rows = [[shown(cell, 40) for cell in cells] for row_no, cells in preview if row_no > header.row_no][:PREVIEW_ROWS]
    return {
        "sheet_no": source.number,
        "sheet": source.name,
        "row": header.row_no,
        "headers": [shown(cell, 80) for cell in header.cells],
        "mapping": {str(index): name for index, name in sorted(header.mapping.items())},
        "missing": header.missing,
        "fingerprint": header.fingerprint,
        "remembered": header.remembered,
        "preview": rows,
    }


class SheetReader:
    """Parses the rows of one sheet under one header."""

    def __init__(self, plan: Mapping[str, Any], source: Source, header: Header) -> None:
        self.source = source
        self.header = header
        self.kind = str(plan.get("kind", ""))
        self.failures = 0
        names = [column["name"] for column in plan["columns"]]
        by_name = {name: index for index, name in header.mapping.items()}
        identity = plan.get("identity") or names
        self.identity = [names.index(name) for name in identity]
        self.width = len(names)
        self.last = max(header.mapping) if source.is_text else sys.maxsize
        self.last = max(self.last, len(header.cells) - 1)
        self.fields: list[Field] = []
        for position, column in enumerate(plan["columns"]):
            if column["name"] in by_name:
                index = by_name[column["name"]]
                options = {
                    **column["options"],
                    "unit": header_unit(header.cells[index]) if index < len(header.cells) else 1,
                    "second_system": source.second_system,
                }
                parser = PARSERS[column["parser"]](options)
                self.fields.append(
                    (position, index, parser, {}, column["required"], column["name"], column_letter(index))
                )
            elif column["options"].get("default") is not None:
                parser = PARSERS[column["parser"]](column["options"])
                self.fields.append((position, sys.maxsize, parser, {}, column["required"], column["name"], ""))
        self.raw_order = [sys.maxsize] * self.width
        for position, index, *_rest in self.fields:
            self.raw_order[position] = index
        scan = source.scan
        self.special: set[int] = set() if scan is None else {*scan.unstored, *scan.errors, *scan.merged}

    def read(self, row_no: int, cells: Sequence[Any]) -> Line | None:
        """One row, or None when there is nothing in it."""
        line = Line([NULL] * self.width)
        values = line.values
        width = len(cells)
        for one in self.fields:
            position, index, parse, cache, required, _name, _letter = one
            cell = cells[index] if index < width else ""
            if cell.__class__ is str:
                parsed = cache.get(cell, cache)
                if parsed is cache:
                    if len(cache) >= CACHE_LIMIT:
                        cache.clear()
                    parsed = (
                        parse(cell)
                        if len(cell) <= LARGEST_CELL_TEXT
                        else CellProblem("cell_too_long", limit=LARGEST_CELL_TEXT)
                    )
                    cache[cell] = parsed
            else:
                parsed = parse(cell)
            if parsed.__class__ is str:
                values[position] = parsed
            elif parsed is not None or required:
                self._object(line, parsed, one, row_no)
        if row_no in self.special:
            self._object_to_place(line, row_no)
        if line.failed and all(is_empty(cell) for cell in cells):
            return None
        extra = cells[self.last + 1 :] if self.source.is_text else ()
        if extra and (line.failed or not all(is_empty(cell) for cell in extra)):
            cell_name = f"{column_letter(self.last + 1)}{row_no}"
            line.object(None, cell_name, _tail("extra_cells", {"count": width, "expected": self.last + 1}))
        return line

    def _object(self, line: Line, parsed: Any, field_: Field, row_no: int) -> None:
        if line.failed and self.failures > DETAILED_ROWS:
            return
        position, name, letter = field_[0], field_[5], field_[6]
        place = f"{letter}{row_no}" if letter else None
        if parsed is None:
            line.object(name, place, REQUIRED)
        elif isinstance(parsed, CellNote):
            line.values[position] = parsed.value
            line.object(name, place, _tail(parsed.key, parsed.params, "warning"), "warning")
        else:
            tail = parsed.tail
            if not tail:
                tail = parsed.tail = _tail(parsed.key, parsed.params)
            line.object(name, place, tail)

    def _object_to_place(self, line: Line, row_no: int) -> None:
        """What the walk over the XML knows of this row: values the reader cannot see are never taken for empty."""
        scan = self.source.scan
        assert scan is not None
        unstored, errors = scan.unstored.get(row_no, ()), scan.errors.get(row_no, ())
        merged = scan.merged.get(row_no, ())
        for position, index, _parse, _cache, _required, name, letter in self.fields:
            key = "formula_unstored" if index in unstored else "error_value" if index in errors else ""
            for first, last, first_row in merged:
                if first <= index <= last and (index, row_no) != (first, first_row):
                    key = "merged"
            if key:
                place = f"{letter}{row_no}"
                line.problems = [problem for problem in line.problems if problem[0] != place]
                line.values[position] = NULL
                line.object(name, place, _tail(key, {}))

    def copy_line(self, seq: int, row_no: int, line: Line, cells: Sequence[Any]) -> str:
        """The row as PostgreSQL's COPY reads it."""
        values = line.values
        joined = "\t".join([self.kind, *[values[position] for position in self.identity]])
        digest = hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=16).hexdigest()
        state, problems, raw = "READY", NULL, NULL
        if line.problems:
            if line.failed:
                self.failures += 1
                state = "SKIPPED" if self._is_total(cells) else "ERROR"
            if state == "SKIPPED":
                line.problems = []
                line.object(None, f"A{row_no}", _tail("total_line", {}, "warning"), "warning")
            problems = f"[{', '.join([text for _cell, text in line.problems])}]".replace("\\", "\\\\")
            if self.failures <= DETAILED_ROWS:
                raw = _json_field([shown(cells[index], 200) if index < len(cells) else "" for index in self.raw_order])
        return f"{seq}\t{self.source.number}\t{row_no}\t{digest}\t{state}\t{problems}\t{raw}\t" + "\t".join(values)

    @staticmethod
    def _is_total(cells: Sequence[Any]) -> bool:
        first = next((cell for cell in cells if not is_empty(cell)), "")
        return isinstance(first, str) and TOTAL_LINE.fullmatch(first) is not None


def _json_field(content: Any) -> str:
    return json.dumps(content, ensure_ascii=True).replace("\\", "\\\\")


def _read_sheet(
    plan: Mapping[str, Any], reader: SheetReader, rows: Iterable[tuple[int, Sequence[Any]]], seq: int, output: Output
) -> int:
    skip, most = plan.get("skip", 0), plan["maximum_rows"]
    for row_no, cells in rows:
        if row_no <= reader.header.row_no:
            continue
        line = reader.read(row_no, cells)
        if line is None or not (line.failed or any(value is not NULL for value in line.values)):
            continue
        seq += 1
        if seq > most:
            raise Refused("too_many_rows", sheet=reader.source.name, row=row_no, limit=most)
        if seq > skip:
            output.row(reader.copy_line(seq, row_no, line, cells))
    return seq


def read_rows(plan: Mapping[str, Any], output: Output) -> None:
    """
    Read the whole file under the plan.

    :raises Refused: if nothing of it can be imported
    """
    seq = 0
    recognised = 0
    candidates: list[dict[str, Any]] = []
    empty: list[str] = []
    for source in open_sources(plan, output):
        try:
            first = list(itertools.islice(source.rows, SEARCHED_ROWS + PREVIEW_ROWS))
            header = find_header(first, plan["columns"], plan.get("layouts", {}))
            if header is None:
                empty.append(source.name)
                continue
            description = _describe(source, header, first)
            if not header.complete:
                candidates.append(description)
                continue
            recognised += 1
            output.message({"type": "sheet", **description})
            _sheet_notes(source, header, output)
            rows = itertools.chain(first, source.rows)
            seq = _read_sheet(plan, SheetReader(plan, source, header), rows, seq, output)
        except Refused as refusal:
            refusal.sheet = refusal.sheet or source.name
            raise
    if not recognised and not candidates:
        raise Refused("nothing_in_it")
    for description in candidates:
        output.message({"type": "sheet_unmapped" if not recognised else "sheet_ignored", **description})
    if recognised and not seq:
        raise Refused("no_rows")
    output.message({"type": "end", "rows": seq, "recognised": recognised})


def _raw_cell(cell: Any) -> Any:
    if isinstance(cell, datetime.datetime | datetime.date):
        return {"date": cell.isoformat()}
    if isinstance(cell, datetime.time | datetime.timedelta):
        return str(cell)
    if isinstance(cell, float) and not math.isfinite(cell):
        return plain_number(cell)
    return str(cell) if isinstance(cell, Unread) else cell


def read_raw(plan: Mapping[str, Any], output: Output) -> None:
    """
    Give every row as it stands, for the annotated copy.

    :raises Refused: if the file cannot be read
    """
    for source in open_sources(plan, output):
        output.message({"type": "sheet", "sheet_no": source.number, "sheet": source.name})
        for row_no, cells in source.rows:
            if any(not is_empty(cell) for cell in cells):
                output.message({"type": "raw", "row": row_no, "cells": [_raw_cell(cell) for cell in cells]})
    output.message({"type": "end", "rows": 0, "recognised": 0})


def read_files(plan: Mapping[str, Any], output: Output) -> None:
    """
    Give the files of the wanted rows, for keeping each as a document of its own.

    :raises Refused: if the upload cannot be read
    """
    for message in einvoices.contents(plan):
        output.message(message)
    output.message({"type": "end", "rows": 0, "recognised": 0})
