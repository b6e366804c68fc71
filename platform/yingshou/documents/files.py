"""
Bytes on disk, by their hash: ``<root>/ab/cd/<sha256>``, written beside and renamed, so that a half-written file never has a name.

The disk knows no owner and no name; who may read what is the database's matter.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from yingshou.documents.reader.sniff import sniff
from yingshou.kernel.errors import Invalid
from yingshou.kernel.registry import Registry

BLOCK = 1024 * 1024
MEGABYTE = 1024 * 1024

IMPORT = "import"
EVIDENCE = "evidence"
COPY = "copy"
# Evidence that came with a form; it is kept for good once the form was sent, and deleted if nobody ever sends it.
FORM = "form"


class FileEmpty(Invalid):
    """The upload has no bytes."""

    code = "IMP-101"
    message = _("The file is empty.")
    cure = _("Choose the file that holds the data.")


class FileTooLarge(Invalid):
    """The upload is beyond the limit of its purpose."""

    code = "IMP-102"
    message = _("The file is larger than %(limit)s MB.")
    cure = _("Divide it into several files, or scan with a lower resolution.")


class FileTypeRefused(Invalid):
    """The content is of a type that the purpose does not allow, whatever the name says."""

    code = "DOC-001"
    message = _("“%(name)s” is not one of the types accepted here: %(allowed)s.")
    cure = _("Save it as one of these types and upload it again.")


class FileInfected(Invalid):
    """A scanner objected."""

    code = "DOC-002"
    message = _("The virus scanner refused “%(name)s”.")
    cure = _("Ask your computer support to check the computer that the file comes from.")


class FileMissing(Invalid):
    """The row is there, its bytes are not."""

    code = "DOC-003"
    message = _("The content of “%(name)s” is missing from the store.")
    cure = _("Tell the platform's support; the file can be restored from the backup.")


@dataclass(frozen=True)
class Purpose:
    """What a file is for: its limit in bytes and the types (as sniffed) that fit."""

    limit: int
    types: frozenset[str]


MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text": "text/csv",
    "utf16_text": "text/csv",
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "xml": "application/xml",
    "ofd": "application/ofd",
}

# What an import cannot read is stored all the same: the person gets the reader's precise answer, and the original is kept.
PURPOSES: dict[str, Purpose] = {
    IMPORT: Purpose(50 * MEGABYTE, frozenset()),
    COPY: Purpose(100 * MEGABYTE, frozenset({"xlsx"})),
    EVIDENCE: Purpose(20 * MEGABYTE, frozenset({"pdf", "jpeg", "png", "xml", "ofd", "xlsx", "text", "utf16_text"})),
}
PURPOSES[FORM] = PURPOSES[EVIDENCE]

Scanner = Callable[[Path], bool]
scanners: Registry[Scanner] = Registry("file scanners")
"""Virus scanners: each gets the path of a new file and answers whether it is clean. None is registered by default."""


@dataclass(frozen=True)
class Content:
    """What was found out about bytes while they were stored."""

    sha256: str
    sm3: str
    size: int
    kind: str

    @property
    def media_type(self) -> str:
        """The media type under which it is handed out."""
        return MEDIA_TYPES.get(self.kind, "application/octet-stream")


def path_of(sha256: str) -> Path:
    """Where the bytes with this hash lie."""
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256[2:4] / sha256


def lock(sha256: str) -> None:
    """Hold this content until the transaction ends, so that it is not stored and deleted at once."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"file:{sha256}"])


def _copy(stream: BinaryIO, target: BinaryIO, limit: int) -> tuple[str, str, int]:
    sha256, sm3, size = hashlib.sha256(), hashes.Hash(hashes.SM3()), 0
    while block := stream.read(BLOCK):
        size += len(block)
        if size > limit:
            raise FileTooLarge(limit=limit // MEGABYTE)
        sha256.update(block)
        sm3.update(block)
        target.write(block)
    return sha256.hexdigest(), sm3.finalize().hex(), size


def _check(path: Path, name: str, purpose: Purpose) -> str:
    with path.open("rb") as stream:
        kind = sniff(stream)
    if purpose.types and kind not in purpose.types:
        allowed = ", ".join(sorted(MEDIA_TYPES[one].rpartition("/")[2].split(".")[-1].upper() for one in purpose.types))
        raise FileTypeRefused(name=name, allowed=allowed)
    for _label, scan in scanners.items():
        if not scan(path):
            raise FileInfected(name=name)
    return kind


def write(stream: BinaryIO, name: str, purpose: str) -> Content:
    """
    Store bytes under their hash; storing them again changes nothing.

    :raises FileEmpty: no bytes
    :raises FileTooLarge: beyond the purpose's limit
    :raises FileTypeRefused: the content does not fit the purpose
    :raises FileInfected: a registered scanner objected
    """
    rule = PURPOSES[purpose]
    root = Path(settings.MEDIA_ROOT)
    waiting = root / "incoming"
    waiting.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=waiting)
    path = Path(temporary)
    try:
        with os.fdopen(handle, "wb") as target:
            sha256, sm3, size = _copy(stream, target, rule.limit)
            target.flush()
            os.fsync(target.fileno())
        if size == 0:
            raise FileEmpty
        kind = _check(path, name, rule)
        final = path_of(sha256)
        if not final.exists():
            final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.chmod(0o400)
            path.replace(final)
    finally:
        path.unlink(missing_ok=True)
    return Content(sha256, sm3, size, kind)
