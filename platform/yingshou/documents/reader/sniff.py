"""What a file is, by its bytes and never by its name."""

from __future__ import annotations

import io
import re
import zipfile
from typing import BinaryIO

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEAD = 4096
_TEXT_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml")
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|script|svg)\b", re.I | re.S
)
_SPREADSHEET_XML = re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet")

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"{\\rtf", "rtf"),
    (b"ID;P", "sylk"),
    (b"\x09\x08\x10\x00", "xls"),
    (b"\x09\x08\x08\x00", "xls"),
    (b"\x09\x04\x06\x00", "xls"),
    (b"\x09\x02\x06\x00", "xls"),
    (b"\x09\x00\x04\x00", "xls"),
)


def _zip_type(stream: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()[:500]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, RuntimeError, UnicodeError):
        return "damaged_zip"
    lowered = {name.lower().replace("\\", "/").lstrip("/") for name in names}
    if "xl/workbook.bin" in lowered:
        return "xlsb"
    if any(name.startswith("xl/") for name in lowered):
        return "xlsx"
    if any(name.startswith("word/") for name in lowered):
        return "docx"
    if any(name.startswith("ppt/") for name in lowered):
        return "pptx"
    if "ofd.xml" in lowered:
        return "ofd"
    if "content.xml" in lowered:
        return "ods"
    if any(name.startswith("index/") and name.endswith(".iwa") for name in lowered):
        return "numbers"
    return "zip"


def _ole_type(stream: BinaryIO) -> str:
    """An encrypted workbook is an OLE container that holds a stream named EncryptedPackage (UTF-16)."""
    stream.seek(0)
    content = stream.read(4 * 1024 * 1024)
    stream.seek(0, io.SEEK_END)
    stream.seek(max(0, stream.tell() - 65_536))
    content += stream.read()
    if "EncryptedPackage".encode("utf-16-le") in content or "EncryptionInfo".encode("utf-16-le") in content:
        return "encrypted"
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return "xls"
    if "WordDocument".encode("utf-16-le") in content:
        return "doc"
    return "ole"


def sniff(stream: BinaryIO) -> str:
    """
    Short name of the type of a seekable stream: xlsx, text, pdf, jpeg, png, xml, encrypted, xls, html, zip, … or binary.

    The position of the stream is moved.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    if not head:
        return "empty"
    if head.startswith(OLE):
        return _ole_type(stream)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_type(stream)
    for magic, name in MAGIC:
        if head.startswith(magic) and (len(magic) > 2 or _TEXT_CONTROL.search(head)):
            return name
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    if _XML.match(head):
        if _SPREADSHEET_XML.search(head):
            return "spreadsheet_xml"
        return "html" if b"<html" in head.lower() else "svg" if b"<svg" in head.lower() else "xml"
    if _HTML.match(head):
        return "html"
    if _TEXT_CONTROL.search(head):
        return "utf16_text" if _looks_utf16(head) else "nul_text" if _mostly_text(head) else "binary"
    return "text"


def _looks_utf16(head: bytes) -> bool:
    """Text without a mark in which every second byte is often zero."""
    pairs = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return pairs > 4 and max(even, odd) > pairs * 0.3 and min(even, odd) < pairs * 0.05


def _mostly_text(head: bytes) -> bool:
    return len(_TEXT_CONTROL.findall(head)) < max(2, len(head) // 50) or (b"," in head and head.count(b"\n") > 1)
