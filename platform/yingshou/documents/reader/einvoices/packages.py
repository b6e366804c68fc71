"""
ZIP packages of nobody's making: the gate before their parts, one pass over the directory, and parts counted as they expand.

The same gate for a ZIP of invoices and for an OFD, which is a ZIP of XML.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from yingshou.documents.reader.problem import Refused

BLOCK = 256 * 1024
LARGEST_RATIO = 100
RATIO_FROM = 1024 * 1024
BYTES_PER_ENTRY = 2_048
LARGEST_TOTAL = 400 * 1024 * 1024
_TAIL = 66_000
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]|^/|(?:^|/)\.\.?(?:/|$)|//")
_SYMLINK = 0xA000
_UTF8 = 0x800


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a package, by its place and its readable name."""

    place: int
    name: str
    entry: zipfile.ZipInfo


def _declared(stream: BinaryIO) -> tuple[int, int]:
    """Entries and bytes of the directory as the end record has them; the directory is not read before they are bounded."""
    stream.seek(0, 2)
    size = stream.tell()
    stream.seek(max(0, size - _TAIL))
    tail = stream.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < 22:
        raise Refused("einvoice_damaged", reason="ZIP")
    count, length = struct.unpack("<HI", tail[place + 10 : place + 16])
    if count == 0xFFFF or length == 0xFFFFFFFF or b"PK\x06\x07" in tail:
        raise Refused("einvoice_package_large", limit=0xFFFF)
    return count, length


def readable(entry: zipfile.ZipInfo) -> str:
    """The name as its packer meant it: Chinese Windows writes GBK without saying so."""
    if entry.flag_bits & _UTF8:
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


class Package:
    """An open ZIP that passed the gate."""

    def __init__(self, stream: BinaryIO, *, most: int, largest: int) -> None:
        count, length = _declared(stream)
        if count > most or length > most * BYTES_PER_ENTRY:
            raise Refused("einvoice_parts", count=count, limit=most)
        try:
            self._archive = zipfile.ZipFile(stream)
            entries = self._archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError) as error:
            raise Refused("einvoice_damaged", reason="ZIP") from error
        self._largest = largest
        self._expanded = 0
        self.parts = self._checked(entries)

    @staticmethod
    def _checked(entries: list[zipfile.ZipInfo]) -> list[Part]:
        seen: set[str] = set()
        parts: list[Part] = []
        for entry in entries:
            name = readable(entry)
            if _UNSAFE.search(name.rstrip("/")) or (entry.external_attr >> 16) & 0xF000 == _SYMLINK:
                raise Refused("einvoice_unsafe_part", part=name[:80])
            if name.lower() in seen:
                raise Refused("einvoice_double_part", part=name[:80])
            seen.add(name.lower())
            if entry.flag_bits & 0x1:
                raise Refused("einvoice_encrypted")
            if not entry.is_dir():
                parts.append(Part(len(parts) + 1, name, entry))
        spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
        if any(offset + size > following for (offset, size), (following, _size) in pairwise(spans)):
            raise Refused("einvoice_overlap")
        return parts

    def read(self, part: Part) -> bytes:
        """
        The content of one part, counted as it expands, whatever its header declares.

        :raises Refused: if it is damaged or expands too much
        """
        kept = bytearray()
        try:
            with self._archive.open(part.entry) as stream:
                while block := stream.read(BLOCK):
                    kept += block
                    self._expanded += len(block)
                    if len(kept) > self._largest:
                        raise Refused("einvoice_too_large", limit=self._largest // 1024 // 1024)
                    if len(kept) > RATIO_FROM and len(kept) > LARGEST_RATIO * max(1, part.entry.compress_size):
                        raise Refused("einvoice_ratio", limit=LARGEST_RATIO)
                    if self._expanded > LARGEST_TOTAL:
                        raise Refused("einvoice_expands", limit=LARGEST_TOTAL // 1024 // 1024)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            ValueError,
            NotImplementedError,
            EOFError,
            RuntimeError,
        ) as error:
            raise Refused("einvoice_damaged", reason="ZIP") from error
        return bytes(kept)
