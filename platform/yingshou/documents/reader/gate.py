"""
The gate before the workbook reader: one streaming pass over every part of the zip.

It counts what the parts really expand to, refuses what no honest workbook holds (entities, strange names, overlapping parts),
and walks the sheets for what would make the reader allocate the sky: a cell at XFD1048576 costs 549 GB in any dense reader,
whatever the declared dimension says.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from yingshou.documents.reader.problem import Refused
from yingshou.documents.reader.scan import SheetScan

BLOCK = 256 * 1024
LARGEST_ENTRIES = 200
LARGEST_UNCOMPRESSED = 400 * 1024 * 1024
LARGEST_RATIO = 100
RATIO_FROM = 2 * 1024 * 1024
LARGEST_SHEETS = 50
SEAM = 64
LARGEST_METADATA = 4 * 1024 * 1024

METADATA = frozenset({"xl/workbook.xml", "xl/_rels/workbook.xml.rels"})

_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]|^/|(?:^|/)\.\.?(?:/|$)|//")
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_OTHER_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-?8|us-ascii)", re.IGNORECASE)
_SYMLINK = 0xA000


@dataclass(slots=True)
class SheetPart:
    """One sheet of the workbook: its name, whether people see it, and what the walk over its XML found."""

    name: str
    hidden: bool
    scan: SheetScan | None


@dataclass(slots=True)
class Workbook:
    """What the gate learnt about a workbook."""

    sheets: list[SheetPart] = field(default_factory=list)
    second_system: bool = False
    has_links: bool = False
    uncompressed: int = 0


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    sheets = sum(1 for entry in entries if entry.filename.lower().startswith("xl/worksheets/sheet"))
    if sheets > LARGEST_SHEETS:
        raise Refused("too_many_sheets", count=sheets, limit=LARGEST_SHEETS)
    if len(entries) > LARGEST_ENTRIES:
        raise Refused("too_many_parts", count=len(entries), limit=LARGEST_ENTRIES)
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if _UNSAFE_NAME.search(name) or (entry.external_attr >> 16) & 0xF000 == _SYMLINK:
            raise Refused("unsafe_part", part=name[:80])
        if name.lower() in seen:
            raise Refused("double_part", part=name[:80])
        seen.add(name.lower())
        if entry.flag_bits & 0x1:
            raise Refused("password_protected")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("damaged", part=name[:80])
        if name.lower().endswith("vbaproject.bin"):
            raise Refused("macros")
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (offset, size), (following, _) in pairwise(spans):
        if offset + size > following:
            raise Refused("overlapping_parts")
    return entries


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, book: Workbook) -> Iterator[bytes]:
    """The content of one part in blocks, counted as it is expanded, whatever its header declares."""
    expanded = 0
    with archive.open(entry) as part:
        while block := part.read(BLOCK):
            expanded += len(block)
            book.uncompressed += len(block)
            if book.uncompressed > LARGEST_UNCOMPRESSED:
                raise Refused("expands_too_much", limit=LARGEST_UNCOMPRESSED // 1024 // 1024)
            if expanded > RATIO_FROM and expanded > LARGEST_RATIO * max(1, entry.compress_size):
                raise Refused("ratio", part=entry.filename[:80], limit=LARGEST_RATIO)
            yield block


def _check_xml(block: bytes, tail: bytes, entry: zipfile.ZipInfo) -> None:
    if not tail:
        head = block[:200]
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head or _OTHER_ENCODING.search(head):
            raise Refused("part_encoding", part=entry.filename[:80])
    # Searched whole only where a declaration can begin; the seam is where one may be cut in two.
    seam = tail[-SEAM:] + block[:SEAM]
    if _DTD.search(seam) or (b"<!" in block and _DTD.search(block)):
        raise Refused("entities", part=entry.filename[:80])


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels", ".vml"))


def _relations(content: bytes) -> dict[str, str]:
    targets: dict[str, str] = {}
    for relation in fromstring(content):
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[relation.get("Id", "")] = path.lower()
    return targets


def _children(root: Element, name: str) -> Iterator[Element]:
    for element in root.iter():
        if str(element.tag).rpartition("}")[2] == name:
            yield element


def _describe(metadata: dict[str, bytes], scans: dict[str, SheetScan], book: Workbook) -> None:
    """Names, visibility and date system of the sheets from workbook.xml."""
    content = metadata.get("xl/workbook.xml")
    if content is None:
        raise Refused("damaged", part="xl/workbook.xml")
    relations = _relations(metadata.get("xl/_rels/workbook.xml.rels", b"<r/>"))
    root = fromstring(content)
    for properties in _children(root, "workbookPr"):
        book.second_system = properties.get("date1904") in {"1", "true", "on"}
    for sheet in _children(root, "sheet"):
        key = next((value for name, value in sheet.attrib.items() if name.rpartition("}")[2] == "id"), "")
        part = relations.get(key, "")
        if part and "worksheet" not in part and part not in scans:
            continue
        hidden = sheet.get("state", "visible") != "visible"
        book.sheets.append(SheetPart(sheet.get("name", ""), hidden, scans.get(part)))
    if len(book.sheets) > LARGEST_SHEETS:
        raise Refused("too_many_sheets", count=len(book.sheets), limit=LARGEST_SHEETS)


def _read_parts(archive: zipfile.ZipFile, book: Workbook) -> tuple[dict[str, bytes], dict[str, SheetScan]]:
    metadata: dict[str, bytes] = {}
    scans: dict[str, SheetScan] = {}
    for entry in _entries(archive):
        name = entry.filename.lower()
        kept = bytearray()
        scan = SheetScan(entry.filename) if name.startswith("xl/worksheets/") and name.endswith(".xml") else None
        strings = SheetScan(entry.filename) if name == "xl/sharedstrings.xml" else None
        if name.startswith("xl/externallinks/"):
            book.has_links = True
        tail = b""
        for block in _blocks(archive, entry, book):
            if _is_xml(name):
                _check_xml(block, tail, entry)
                if book.has_links and name.startswith("xl/externallinks/") and b"ddeLink" in tail[-16:] + block:
                    raise Refused("dde")
            if scan is not None:
                scan.feed(block)
            if strings is not None:
                strings.feed_strings(block)
            if name in METADATA:
                kept += block
                if len(kept) > LARGEST_METADATA:
                    raise Refused("damaged", part=entry.filename[:80])
            tail = block
        if strings is not None:
            scans[name] = strings
        if scan is not None:
            scan.close()
            scans[name] = scan
        if name in METADATA:
            metadata[name] = bytes(kept)
    return metadata, scans


def inspect(path: Path) -> Workbook:
    """
    Walk over a workbook without opening it.

    :raises Refused: naming what is wrong, and the sheet and cell where that is known
    """
    book = Workbook()
    try:
        with zipfile.ZipFile(path) as archive:
            metadata, scans = _read_parts(archive, book)
            _describe(metadata, scans, book)
    except DefusedXmlException as error:
        raise Refused("entities", part="xl/workbook.xml") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise Refused("damaged", part=type(error).__name__) from error
    for sheet in book.sheets:
        if sheet.scan is not None and sheet.scan.refusal is not None:
            refusal = sheet.scan.refusal
            refusal.sheet = sheet.name
            raise refusal
    for scan in scans.values():
        if scan.refusal is not None:
            raise scan.refusal
    return book
