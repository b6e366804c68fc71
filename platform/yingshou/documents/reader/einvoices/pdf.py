"""
The document information of a PDF: nothing else of it is read, nothing of it is run or drawn.

数电票 carry their facts there (domain 1.4). The reader follows the cross-reference chain, tables and streams, with bounds on every
length; what does not hold to the format is refused, never repaired.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import Any

from yingshou.documents.reader.problem import Refused

LARGEST_PDF = 10 * 1024 * 1024
LARGEST_STREAM = 8 * 1024 * 1024
MOST_SECTIONS = 64
MOST_OBJECTS = 200_000
DEEPEST = 16
MOST_TOKENS = 20_000

_SPACE = b"\x00\t\n\x0c\r "
# Possessive: a megabyte of comments must not be remembered for going back.
_WHITE = re.compile(rb"(?:[\x00\t\n\x0c\r ]++|%[^\r\n]*+)*+")
_NUMBER = re.compile(rb"[+-]?(?:\d{1,18}\.?\d{0,18}|\.\d{1,18})")
_REFERENCE = re.compile(rb"(\d{1,9})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+R(?![A-Za-z])")
_NAME = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]{0,127})")
_HEX = re.compile(rb"<([0-9A-Fa-f\x00\t\n\x0c\r ]{0,16000})>")
_WORD = re.compile(rb"(true|false|null)(?![A-Za-z])")
_OBJECT = re.compile(rb"(\d{1,9})[\x00\t\n\x0c\r ]+(\d{1,5})[\x00\t\n\x0c\r ]+obj")
_START = re.compile(rb"startxref[\x00\t\n\x0c\r ]+(\d{1,9})")
_SECTION = re.compile(rb"(\d{1,9})[ ]+(\d{1,9})[ ]*[\r\n]+")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Name(str):
    """A name object, told apart from a text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An indirect object."""

    number: int


def _bad(reason: str) -> Refused:
    return Refused("einvoice_damaged", reason=f"PDF {reason}")


class _Parser:
    """Objects of the syntax of a PDF, from a place in its bytes."""

    def __init__(self, content: bytes, position: int) -> None:
        self.content = content
        self.position = position
        self._tokens = 0

    def skip(self) -> None:
        hit = _WHITE.match(self.content, self.position)
        if hit:
            self.position = hit.end()

    def _take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        hit = pattern.match(self.content, self.position)
        if hit:
            self.position = hit.end()
        return hit

    def read(self, depth: int = 0) -> Any:
        """One object."""
        self.skip()
        self._tokens += 1
        if depth > DEEPEST or self._tokens > MOST_TOKENS:
            raise _bad("nesting")
        first = self.content[self.position : self.position + 2]
        if first == b"<<":
            return self._dictionary(depth)
        if first[:1] == b"[":
            return self._array(depth)
        if first[:1] == b"(":
            return self._string()
        if hit := self._take(_HEX):
            digits = bytes(one for one in hit[1] if one not in _SPACE)
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        if hit := self._take(_NAME):
            return Name(hit[1].decode("latin-1"))
        if hit := self._take(_REFERENCE):
            return Reference(int(hit[1]))
        if hit := self._take(_NUMBER):
            return int(hit[0]) if hit[0].lstrip(b"+-").isdigit() else float(hit[0])
        if hit := self._take(_WORD):
            return {b"true": True, b"false": False}.get(hit[1])
        raise _bad("syntax")

    def _dictionary(self, depth: int) -> dict[str, Any]:
        self.position += 2
        found: dict[str, Any] = {}
        while True:
            self.skip()
            if self.content[self.position : self.position + 2] == b">>":
                self.position += 2
                return found
            key = self.read(depth + 1)
            if not isinstance(key, Name):
                raise _bad("dictionary")
            if key in found:
                raise Refused("einvoice_doubled", path=str(key)[:120])
            found[str(key)] = self.read(depth + 1)

    def _array(self, depth: int) -> list[Any]:
        self.position += 1
        found: list[Any] = []
        while True:
            self.skip()
            if self.content[self.position : self.position + 1] == b"]":
                self.position += 1
                return found
            found.append(self.read(depth + 1))

    def _string(self) -> bytes:
        content, place, depth = self.content, self.position + 1, 1
        pieces = bytearray()
        limit = min(len(content), place + 16_000)
        while place < limit:
            one = content[place : place + 1]
            place += 1
            if one == b"\\":
                place = self._escape(pieces, place)
                continue
            depth += (one == b"(") - (one == b")")
            if not depth:
                self.position = place
                return bytes(pieces)
            pieces += one
        raise _bad("string")

    def _escape(self, pieces: bytearray, place: int) -> int:
        one = self.content[place : place + 1]
        if octal := re.compile(rb"[0-7]{1,3}").match(self.content, place):
            pieces.append(int(octal[0], 8) & 255)
            return octal.end()
        if one in (b"\r", b"\n"):
            return place + (2 if self.content[place : place + 2] == b"\r\n" else 1)
        pieces += _ESCAPES.get(one, one)
        return place + 1


@dataclass(slots=True)
class _Table:
    """Where objects lie: at a place in the file, or in a stream of objects; and the trailers, newest first."""

    places: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    trailers: list[dict[str, Any]] = field(default_factory=list)

    def note(self, number: int, kind: str, first: int, second: int = 0) -> None:
        if len(self.places) >= MOST_OBJECTS:
            raise Refused("einvoice_pdf_large", limit=MOST_OBJECTS)
        self.places.setdefault(number, (kind, first, second))


def inflate(content: bytes) -> bytes:
    """
    Deflated bytes, up to the bound.

    :raises Refused: if they are damaged or unpack to more
    """
    worker = zlib.decompressobj()
    try:
        found = worker.decompress(content, LARGEST_STREAM)
        if worker.unconsumed_tail and worker.decompress(worker.unconsumed_tail, 1):
            raise Refused("einvoice_expands", limit=LARGEST_STREAM // 1024 // 1024)
    except zlib.error as error:
        raise _bad("stream") from error
    return found


def _unpredict(content: bytes, columns: int) -> bytes:
    """Undo the PNG predictor of cross-reference streams: none, sub, up."""
    width = columns + 1
    if not 0 < columns < 64 or len(content) % width:
        raise _bad("predictor")
    before = bytearray(columns)
    found = bytearray()
    for start in range(0, len(content), width):
        kind, row = content[start], bytearray(content[start + 1 : start + width])
        if kind == 1:
            for place in range(1, columns):
                row[place] = (row[place] + row[place - 1]) & 255
        elif kind == 2:
            for place in range(columns):
                row[place] = (row[place] + before[place]) & 255
        elif kind:
            raise _bad("predictor")
        found += row
        before = row
    return bytes(found)


class Document:
    """A PDF file as far as its information dictionary needs it."""

    def __init__(self, content: bytes) -> None:
        if len(content) > LARGEST_PDF:
            raise Refused("einvoice_too_large", limit=LARGEST_PDF // 1024 // 1024)
        self.content = content
        self.table = _Table()
        starts = _START.findall(content[-2048:])
        if not starts or b"%%EOF" not in content[-2048:]:
            raise _bad("cut off")
        waiting = [int(starts[-1])]
        seen: set[int] = set()
        while waiting:
            place = waiting.pop(0)
            if place in seen or not 0 <= place < len(content) or len(seen) >= MOST_SECTIONS:
                raise _bad("cross-reference")
            seen.add(place)
            trailer = self._section(place)
            self.table.trailers.append(trailer)
            for key in ("XRefStm", "Prev"):
                if isinstance(trailer.get(key), int):
                    waiting.append(trailer[key])

    def _section(self, place: int) -> dict[str, Any]:
        parser = _Parser(self.content, place)
        parser.skip()
        if self.content.startswith(b"xref", parser.position):
            return self._xref_table(parser)
        dictionary, body = self._stream_at(place, None)
        if dictionary.get("Type") != "XRef":
            raise _bad("cross-reference")
        self._xref_stream(dictionary, body)
        return dictionary

    def _xref_table(self, parser: _Parser) -> dict[str, Any]:
        parser.position += 4
        parser.skip()
        while hit := _SECTION.match(self.content, parser.position):
            first, count = int(hit[1]), int(hit[2])
            start = hit.end()
            if count > MOST_OBJECTS or start + 20 * count > len(self.content):
                raise _bad("cross-reference")
            for index in range(count):
                entry = self.content[start + 20 * index : start + 20 * index + 20]
                if entry[17:18] == b"n" and entry[:10].isdigit():
                    self.table.note(first + index, "at", int(entry[:10]))
            parser.position = start + 20 * count
            parser.skip()
        if not self.content.startswith(b"trailer", parser.position):
            raise _bad("trailer")
        parser.position += 7
        trailer = parser.read()
        if not isinstance(trailer, dict):
            raise _bad("trailer")
        return trailer

    def _xref_stream(self, dictionary: dict[str, Any], body: bytes) -> None:
        widths = dictionary.get("W")
        if (
            not isinstance(widths, list)
            or len(widths) != 3
            or not all(isinstance(one, int) and 0 <= one <= 8 for one in widths)
        ):
            raise _bad("cross-reference")
        index = dictionary.get("Index", [0, dictionary.get("Size", 0)])
        if not isinstance(index, list) or len(index) % 2 or not all(isinstance(one, int) and one >= 0 for one in index):
            raise _bad("cross-reference")
        total, place = sum(widths), 0
        for first, count in zip(index[::2], index[1::2], strict=True):
            if not total or count * total > len(body) - place:
                raise _bad("cross-reference")
            for number in range(first, first + count):
                a, b = place + widths[0], place + widths[0] + widths[1]
                kind = int.from_bytes(body[place:a], "big") if widths[0] else 1
                second, third = int.from_bytes(body[a:b], "big"), int.from_bytes(body[b : place + total], "big")
                place += total
                if kind == 1:
                    self.table.note(number, "at", second)
                elif kind == 2:
                    self.table.note(number, "in", second, third)

    def _stream_at(self, place: int, number: int | None) -> tuple[dict[str, Any], bytes]:
        parser = self._object_at(place, number)
        dictionary = parser.read()
        parser.skip()
        if not isinstance(dictionary, dict) or not self.content.startswith(b"stream", parser.position):
            raise _bad("stream")
        start = parser.position + 6
        start += 2 if self.content[start : start + 2] == b"\r\n" else 1
        length = dictionary.get("Length")
        if isinstance(length, Reference):
            length = self.resolve(length, depth=1)
        if not isinstance(length, int) or not 0 <= length <= len(self.content) - start:
            raise _bad("stream")
        return dictionary, self._decoded(dictionary, self.content[start : start + length])

    @staticmethod
    def _decoded(dictionary: dict[str, Any], body: bytes) -> bytes:
        filters, options = dictionary.get("Filter"), dictionary.get("DecodeParms")
        if isinstance(filters, list):
            if len(filters) > 1:
                raise _bad("filter")
            filters = filters[0] if filters else None
            options = options[0] if isinstance(options, list) and options else options
        if filters is None:
            return body
        if filters != "FlateDecode":
            raise _bad("filter")
        found = inflate(body)
        if isinstance(options, dict) and isinstance(options.get("Predictor"), int) and options["Predictor"] >= 10:
            columns = options.get("Columns", 1)
            return _unpredict(found, columns if isinstance(columns, int) else 0)
        return found

    def _object_at(self, place: int, number: int | None) -> _Parser:
        parser = _Parser(self.content, place)
        parser.skip()
        hit = _OBJECT.match(self.content, parser.position)
        if hit is None or (number is not None and int(hit[1]) != number):
            raise _bad("object")
        parser.position = hit.end()
        return parser

    def resolve(self, reference: Reference, depth: int = 0) -> Any:
        """What a reference stands for."""
        where = self.table.places.get(reference.number)
        if where is None or depth > 4:
            raise _bad("object")
        kind, first, second = where
        if kind == "at":
            return self._object_at(first, reference.number).read()
        holder = self.table.places.get(first)
        if holder is None or holder[0] != "at":
            raise _bad("object stream")
        dictionary, body = self._stream_at(holder[1], first)
        count, offset = dictionary.get("N"), dictionary.get("First")
        if (
            dictionary.get("Type") != "ObjStm"
            or not isinstance(count, int)
            or not isinstance(offset, int)
            or second >= count
        ):
            raise _bad("object stream")
        numbers = re.findall(rb"\d{1,9}", body[:offset])[: 2 * count]
        if len(numbers) != 2 * count or int(numbers[2 * second]) != reference.number:
            raise _bad("object stream")
        return _Parser(body, offset + int(numbers[2 * second + 1])).read()

    @property
    def is_encrypted(self) -> bool:
        """Whether any trailer names an encryption."""
        return any(trailer.get("Encrypt") is not None for trailer in self.table.trailers)

    def information(self) -> dict[str, str]:
        """
        The document information as texts; the newest section that names one counts.

        :raises Refused: if the file is encrypted or damaged
        """
        if self.is_encrypted:
            raise Refused("einvoice_encrypted")
        named = next((trailer["Info"] for trailer in self.table.trailers if trailer.get("Info") is not None), None)
        if isinstance(named, Reference):
            named = self.resolve(named)
        if not isinstance(named, dict):
            return {}
        found = {}
        for key, value in named.items():
            one = self.resolve(value) if isinstance(value, Reference) else value
            if isinstance(one, bytes):
                found[key] = _text(one)
        return found


def _text(raw: bytes) -> str:
    """A text string: UTF-16 or UTF-8 with its mark, else the single-byte encoding."""
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", "replace")
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8", "replace")
    try:
        # Some issuers write UTF-8 without its mark.
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def information(content: bytes) -> tuple[dict[str, str], bool]:
    """
    The document information of a PDF, and whether there is a signature in it.

    :raises Refused: encrypted, damaged, beyond a bound
    """
    found = Document(content).information()
    return found, re.search(rb"/ByteRange[\x00\t\n\x0c\r ]*\[", content) is not None
