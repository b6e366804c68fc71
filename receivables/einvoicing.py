"""Files of e-invoices on their way in: several dropped at once become one package, so that they are one import."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from receivables.imports.einvoices import EINVOICES
from yingshou.documents import actions as documents
from yingshou.documents import files
from yingshou.documents.actions import plain_name
from yingshou.documents.models import ImportBatch
from yingshou.kernel.errors import Invalid
from yingshou.tenancy.actor import Actor

MEGABYTE = 1024 * 1024
LARGEST = 50
MOST_FILES = 500
MEMORY = 8 * MEGABYTE
FIRST_MOMENT = (2020, 1, 1, 0, 0, 0)


class NoFiles(Invalid):
    """Nothing was chosen."""

    code = "IMP-101"
    message = _("No file was chosen.")
    cure = _("Choose the files of your e-invoices, or a ZIP of them.")


class TooManyFiles(Invalid):
    """More files than one upload takes."""

    code = "IMP-102"
    message = _("%(count)s files were chosen; %(limit)s can be sent at once, %(size)s MB together.")
    cure = _("Pack them into a ZIP of up to 2,000 invoices, or send them in parts.")


def receive(uploads: Sequence[UploadedFile[Any]], *, by: Actor, at: datetime) -> ImportBatch:
    """
    Begin the import of files of e-invoices.

    :raises NoFiles: if there is none
    :raises TooManyFiles: if there are too many, or they are too large together
    :raises DomainError: whatever storing or receiving refuses
    """
    if not uploads:
        raise NoFiles
    if len(uploads) > MOST_FILES or sum(one.size or 0 for one in uploads) > LARGEST * MEGABYTE:
        raise TooManyFiles(count=len(uploads), limit=MOST_FILES, size=LARGEST)
    if len(uploads) == 1:
        (upload,) = uploads
        # An upload reads like a stream; the stubs do not say so.
        stored = documents.store(upload.name or "", cast(BinaryIO, upload), by=by, at=at, purpose=files.IMPORT)
        return documents.receive(EINVOICES.name, stored, by=by, at=at)
    with tempfile.SpooledTemporaryFile(max_size=MEMORY) as target:
        _pack(_named(uploads), cast(BinaryIO, target))
        target.seek(0)
        name = ngettext("%(count)s e-invoice", "%(count)s e-invoices", len(uploads)) % {"count": len(uploads)}
        stored = documents.store(f"{name}.zip", cast(BinaryIO, target), by=by, at=at, purpose=files.IMPORT)
    return documents.receive(EINVOICES.name, stored, by=by, at=at)


def _named(uploads: Sequence[UploadedFile[Any]]) -> dict[str, UploadedFile[Any]]:
    """Uploads by names that differ, in the order of their names."""
    found: dict[str, UploadedFile[Any]] = {}
    taken: set[str] = set()
    for upload in sorted(uploads, key=lambda one: one.name or ""):
        plain = plain_name(upload.name or "")
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{number}-{plain}", number + 1
        taken.add(name.lower())
        found[name] = upload
    return found


def _pack(uploads: Mapping[str, UploadedFile[Any]], target: BinaryIO) -> None:
    """The same files give the same bytes: chosen again, they are known."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, upload in uploads.items():
            upload.seek(0)
            with archive.open(zipfile.ZipInfo(name, FIRST_MOMENT), "w") as part:
                for block in upload.chunks():
                    part.write(block)
