"""
A streaming walk over the XML of one sheet, before anything allocates memory for it.

It looks at bytes, not at a tree: which rows and columns are really used, formulas without a stored value, error values, merged
ranges and hidden rows. The declared dimension is ignored.
"""

from __future__ import annotations

import re

from yingshou.documents.reader.problem import Refused, column_index

LARGEST_ROW = 100_100
LARGEST_COLUMNS = 100
LARGEST_CELL_TEXT = 32_767
# Bytes of one character: four in UTF-8, six as a reference such as &#x4e;.
LONGEST_CHARACTER = 6
LARGEST_BUFFER = 8 * 1024 * 1024
LARGEST_PLACES = 20_000
LARGEST_MERGES = 2_000
LARGEST_MERGED_ROWS = 200_000

_P = rb"(?:[A-Za-z_][\w.-]*:)?"
_OVER_ROW = rb"(?:100(?:1(?:0[1-9]|[1-9]\d)|[2-9]\d\d)|10[1-9]\d{3}|1[1-9]\d{4}|[2-9]\d{5}|\d{7,})"
_OUTSIDE = re.compile(
    rb"<" + _P + rb"c\s(?:[^>]*?\s)?r\s*=\s*[\"']((?:C[W-Z]|[D-Z][A-Z]|[A-Z]{3,})\d+|[A-Z]+" + _OVER_ROW + rb")[\"']",
    re.IGNORECASE,
)
_OUTSIDE_PLAIN = re.compile(rb'<c r="((?:C[W-Z]|[D-Z][A-Z]|[A-Z]{3,})\d+|[A-Z]+' + _OVER_ROW + rb'|[A-Z]*[a-z]\w*)"')
_ROW = re.compile(rb"<" + _P + rb"row(?=[\s/>])([^>]*)>")
_ROW_PLAIN = re.compile(rb'<row r="(\d+)"')
_ROW_NUMBER = re.compile(rb"(?:^|\s)r\s*=\s*[\"'](\d+)")
_ROW_HIDDEN = re.compile(rb"\shidden\s*=\s*[\"'](?:1|true)")
_CELL = re.compile(rb"<" + _P + rb"c(?=[\s/>])")
_FORMULA = re.compile(rb"<" + _P + rb"f[\s/>]")
_ERROR_TYPE = re.compile(rb"\st\s*=\s*[\"']e[\"']")
_WHOLE_CELL = re.compile(rb"<" + _P + rb"c(\s[^>]*[^/>]|)>(.*?)</" + _P + rb"c\s*>", re.DOTALL)
_VALUE = re.compile(rb"<" + _P + rb"v(?:\s[^>]*)?>[^<]|<" + _P + rb"is[\s>]")
_EMPTY_TEXT = re.compile(rb"\st\s*=\s*[\"']str[\"']")
_REFERENCE = re.compile(rb"(?:^|\s)r\s*=\s*[\"']([A-Za-z]+)(\d+)")
_MERGE = re.compile(
    rb"<" + _P + rb"mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?[\"']", re.IGNORECASE
)
_ROW_START = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?row[\s/>]")


class SheetScan:
    """What one pass over the bytes of a sheet finds; ``refusal`` is set instead of raised, because only the workbook knows names."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.refusal: Refused | None = None
        self.formulas = 0
        self.first_formula = ""
        self.hidden_rows = 0
        self.first_hidden_row = 0
        self.rows = 0
        self.unstored: dict[int, set[int]] = {}
        self.errors: dict[int, set[int]] = {}
        self.merged: dict[int, list[tuple[int, int, int]]] = {}
        self._merges = 0
        self._merged_rows = 0
        self._places = 0
        self._buffer = b""
        self._run = 0

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the sheet; whole rows are looked at, the rest waits."""
        if self.refusal is not None:
            return
        self._buffer += block
        cut = max(self._buffer.rfind(b"</row>"), self._last_row_start())
        if cut <= 0:
            if len(self._buffer) > LARGEST_BUFFER:
                self.refusal = Refused("row_too_long", row=self.rows or 1, limit=LARGEST_COLUMNS)
            return
        whole, self._buffer = self._buffer[:cut], self._buffer[cut:]
        self._look(whole)

    def _last_row_start(self) -> int:
        cut = self._buffer.rfind(b"<row")
        if cut >= 0:
            return cut
        last = -1
        for hit in _ROW_START.finditer(self._buffer):
            last = hit.start()
        return last

    def close(self) -> None:
        """Look at what is left."""
        if self.refusal is None and self._buffer:
            rest, self._buffer = self._buffer, b""
            self._look(rest)

    def feed_strings(self, block: bytes) -> None:
        """Watch the table of shared strings for a text longer than a cell may hold."""
        pieces = block.split(b"<")
        running = self._run + len(pieces[0])
        self._run = running if len(pieces) == 1 else len(pieces[-1])
        if max(running, *map(len, pieces)) > LARGEST_CELL_TEXT * LONGEST_CHARACTER:
            self.refusal = Refused("cell_too_long", limit=LARGEST_CELL_TEXT)

    def _look(self, content: bytes) -> None:
        try:
            self._check_rows(content)
            self._check_cells(content)
            if _FORMULA.search(content) or _ERROR_TYPE.search(content):
                self._collect(content)
            if b"ergeCell" in content:
                self._collect_merges(content)
        except Refused as refusal:
            self.refusal = refusal

    def _check_rows(self, content: bytes) -> None:
        numbers = _ROW_PLAIN.findall(content)
        if len(numbers) == content.count(b"<row") and b":row" not in content:
            if numbers:
                self.rows = max(int(number[:9]) for number in numbers)
                if self.rows > LARGEST_ROW:
                    raise Refused("too_many_rows", row=self.rows, limit=100_000)
            if b"hidden" not in content:
                return
        for hit in _ROW.finditer(content):
            attributes = hit[1]
            number = _ROW_NUMBER.search(attributes)
            self.rows = int(number[1][:9]) if number else self.rows + 1
            if self.rows > LARGEST_ROW:
                raise Refused("too_many_rows", row=self.rows, limit=100_000)
            if b"hidden" in attributes and _ROW_HIDDEN.search(attributes):
                self.hidden_rows += 1
                self.first_hidden_row = self.first_hidden_row or self.rows

    def _check_cells(self, content: bytes) -> None:
        placed = content.count(b'<c r="')
        usual = (
            placed == content.count(b"<c ")
            and b"<c>" not in content
            and b"<c/>" not in content
            and b":c" not in content
        )
        outside = _OUTSIDE_PLAIN.search(content) if usual else _OUTSIDE.search(content)
        if outside and usual:
            outside = _OUTSIDE.search(content)
        if outside:
            reference = outside[1].decode("ascii")
            letters = reference.rstrip("0123456789")
            row = int(reference[len(letters) :][:9] or 0)
            if column_index(letters[:4]) >= LARGEST_COLUMNS:
                raise Refused("too_wide", row=row, column=letters[:4].upper(), limit=LARGEST_COLUMNS)
            raise Refused("too_many_rows", row=row, column=letters.upper(), limit=100_000)
        if not usual:
            for piece in _ROW_START.split(content):
                if len(_CELL.findall(piece)) > LARGEST_COLUMNS:
                    raise Refused("too_wide", row=self.rows, column="CW", limit=LARGEST_COLUMNS)

    def _collect(self, content: bytes) -> None:
        for hit in _WHOLE_CELL.finditer(content):
            attributes, body = hit[1], hit[2]
            is_error = _ERROR_TYPE.search(attributes) is not None
            has_formula = _FORMULA.search(body) is not None
            if not is_error and not has_formula:
                continue
            place = _REFERENCE.search(attributes)
            if has_formula:
                self.formulas += 1
                self.first_formula = (
                    self.first_formula or (place[1] + place[2]).decode() if place else self.first_formula
                )
            if place is None:
                continue
            target = None
            if is_error:
                target = self.errors
            elif not _VALUE.search(body) and not (_EMPTY_TEXT.search(attributes) and b"<v" in body):
                target = self.unstored
            if target is not None:
                row = int(place[2][:9])
                column = column_index(place[1].decode())
                target.setdefault(row, set()).add(column)
                self._places += 1
                if self._places > LARGEST_PLACES:
                    raise Refused("too_many_unstored", row=row, column=place[1].decode().upper(), limit=LARGEST_PLACES)

    def _collect_merges(self, content: bytes) -> None:
        for hit in _MERGE.finditer(content):
            self._merges += 1
            first_row, last_row = int(hit[2][:9]), int((hit[4] or hit[2])[:9])
            first, last = column_index(hit[1].decode()[:4]), column_index((hit[3] or hit[1]).decode()[:4])
            self._merged_rows += max(0, last_row - first_row + 1)
            if self._merges > LARGEST_MERGES or self._merged_rows > LARGEST_MERGED_ROWS:
                raise Refused("too_many_merged", row=first_row, column=hit[1].decode().upper(), limit=LARGEST_MERGES)
            if (first_row, first) == (last_row, last):
                continue
            for row in range(first_row, last_row + 1):
                self.merged.setdefault(row, []).append((first, last, first_row))
