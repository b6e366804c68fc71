"""
Delimited text: which encoding, which delimiter, and its records.

"UTF-8, otherwise GB18030" would read Big5 and Shift-JIS as garbage without an error, so a text that is only plausible bytes is
asked back: GB18030 is believed when a known header is there or when the Chinese characters are everyday ones.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from yingshou.documents.reader.headers import header_word
from yingshou.documents.reader.problem import Refused

SAMPLE = 256 * 1024
LARGEST_COLUMNS = 100
LARGEST_CELL_TEXT = 32_767
DELIMITERS = (",", "\t", ";", "|", "，")
ENCODINGS = ("utf-8", "gb18030", "big5", "shift_jis", "utf-16-le", "utf-16-be")
EVERYDAY_SHARE = 0.93
_HAN = re.compile("[\u3400-\u9fff]")
_SEP = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(slots=True)
class Delimited:
    """How a text file is to be read."""

    encoding: str
    delimiter: str
    start: int
    preview: list[list[str]]


def _everyday_share(text: str) -> float:
    """Share of the non-ASCII characters that are common Chinese (GB 2312 level 1, its punctuation and full-width forms)."""
    common = total = 0
    for character in text:
        if character.isascii():
            continue
        total += 1
        code = character.encode("gb18030")
        common += len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] in (0xA1, 0xA3)) and code[1] >= 0xA1
    return common / total if total else 1.0


def _row_of(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


def _is_known(text: str, words: set[str], delimiter: str) -> bool:
    found = 0
    for line in text.splitlines()[:20]:
        found = max(found, sum(header_word(cell.strip('"')) in words for cell in line.split(delimiter) if cell))
    return found >= 2


def _undecodable(content: bytes, encoding: str) -> UnicodeDecodeError | None:
    """The first byte that is not of the encoding; the last, cut character of a sample does not count."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        decoder.decode(content, final=True)
    except UnicodeDecodeError as error:
        return error
    return None


def detect_encoding(content: bytes, words: set[str], chosen: str | None) -> tuple[str, int]:
    """
    Encoding and length of its mark.

    :raises Refused: if the bytes belong to no encoding, or could be garbage (the person is asked)
    """
    if content.startswith(codecs.BOM_UTF8):
        encoding, start = "utf-8", 3
    elif content.startswith(codecs.BOM_UTF16_LE):
        encoding, start = "utf-16-le", 2
    elif content.startswith(codecs.BOM_UTF16_BE):
        encoding, start = "utf-16-be", 2
    else:
        encoding, start = chosen or "utf-8", 0
    error = _undecodable(content[start:], encoding)
    if error is None:
        return encoding, start
    if start or chosen:
        raise Refused("bad_bytes", row=_row_of(content, start + error.start), encoding=encoding.upper())
    trusted = content[: error.start]
    if any(byte > 127 for byte in trusted) and len(_HAN.findall(trusted.decode("utf-8"))) > 3:
        raise Refused("bad_bytes", row=_row_of(content, error.start), encoding="UTF-8")
    failure = _undecodable(content, "gb18030")
    if failure is not None:
        raise Refused("encoding_unclear", row=_row_of(content, error.start), tried="UTF-8, GB18030")
    text = content.decode("gb18030")
    known = any(_is_known(text[:20_000], words, delimiter) for delimiter in DELIMITERS)
    if not known and _everyday_share(text[:20_000]) < EVERYDAY_SHARE:
        raise Refused("encoding_unclear", row=_row_of(content, error.start), tried="UTF-8, GB18030", preview=text[:200])
    return "gb18030", 0


def _records(text: str, delimiter: str, limit: int) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            records.append(record)
            if len(records) >= limit:
                break
    except csv.Error:
        pass
    return records


def detect_delimiter(text: str, words: set[str]) -> str:
    """The delimiter that shows most known headers, then the most even number of columns; a comma when nothing tells."""
    best, best_score = ",", (-1, -1.0, -1)
    for delimiter in DELIMITERS:
        records = [record for record in _records(text, delimiter, 40) if any(record)]
        if not records:
            continue
        known = max(sum(header_word(cell) in words for cell in record if cell) for record in records[:20])
        widths = [len(record) for record in records]
        common = max(set(widths), key=widths.count)
        if common < 2:
            continue
        score = (known, widths.count(common) / len(widths), common)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def open_text(path: Path, words: set[str], chosen: str | None) -> Delimited:
    """
    Find out how to read a delimited text.

    :raises Refused: NUL characters, an unclear encoding, no text at all
    """
    content = path.read_bytes()
    if not content.strip():
        raise Refused("empty")
    encoding, start = detect_encoding(content, words, chosen)
    if not encoding.startswith("utf-16"):
        nul = content.find(b"\x00")
        if nul >= 0:
            raise Refused("nul", row=_row_of(content, nul))
    width = 2 if encoding.startswith("utf-16") else 1
    sample = content[start : start + SAMPLE * width].decode(encoding, "ignore")
    if "\x00" in sample:
        raise Refused("nul", row=sample.count("\n", 0, sample.index("\x00")) + 1)
    marked = _SEP.match(sample)
    if marked:
        delimiter = marked[1]
        start += len(marked[0].encode(encoding))
        sample = sample[marked.end() :]
    else:
        delimiter = detect_delimiter(sample, words)
    return Delimited(encoding, delimiter, start, _records(sample, delimiter, 8))


def _lines(stream: TextIO) -> Iterator[str]:
    """Lines; a NUL is refused with its row, a line beyond any honest record too."""
    number = 0
    while line := stream.readline(LARGEST_COLUMNS * LARGEST_CELL_TEXT):
        number += 1
        if "\x00" in line:
            raise Refused("nul", row=number)
        yield line


def read_rows(path: Path, how: Delimited) -> Iterator[tuple[int, Sequence[str]]]:
    """
    Records with their row numbers as a spreadsheet would show them.

    :raises Refused: on a broken quotation, a record that is too wide or a cell that is too long, with the row
    """
    csv.field_size_limit(LARGEST_CELL_TEXT)
    row_no = 0
    with path.open("rb") as binary:
        binary.seek(how.start)
        stream = io.TextIOWrapper(binary, encoding=how.encoding, errors="strict", newline="")
        reader = csv.reader(_lines(stream), delimiter=how.delimiter, strict=True)
        try:
            for record in reader:
                row_no += 1
                if len(record) > LARGEST_COLUMNS and any(record[LARGEST_COLUMNS:]):
                    raise Refused("too_wide", row=row_no, column="CW", limit=LARGEST_COLUMNS)
                yield row_no, record
        except csv.Error as error:
            key = "cell_too_long" if "field larger" in str(error) else "broken_quote"
            raise Refused(key, row=row_no + 1, limit=LARGEST_CELL_TEXT, line=reader.line_num) from error
        except UnicodeDecodeError as error:
            raise Refused("bad_bytes", row=row_no + 1, encoding=how.encoding.upper()) from error
