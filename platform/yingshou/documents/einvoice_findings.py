"""The sentences about files of electronic invoices, by the key that the reader gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Sentence:
    """Code, what is wrong, and how to cure it."""

    code: str
    message: StrOrPromise
    cure: StrOrPromise = ""


_DOWNLOAD = _("Download the invoice again from the tax platform, without opening and saving it, and upload that file.")
_ONE_BY_ONE = _("Upload the invoices themselves, or pack them again with the archive program of your computer.")

EINVOICE: dict[str, Sentence] = {
    "einvoice_unknown": Sentence(
        "INV-001",
        _("This is not a known invoice file (%(found)s)."),
        _("Upload e-invoices as XML, OFD or PDF from the tax platform, or EN 16931 invoices as UBL or CII."),
    ),
    "einvoice_version": Sentence(
        "INV-001",
        _("This e-invoice is of version %(version)s, which is not recognised; nothing in it was read."),
        _("Enter the invoice by hand, and tell the platform's support which version you receive."),
    ),
    "einvoice_no_metadata": Sentence(
        "INV-001",
        _("This PDF carries no invoice data; it is a print or a scan."),
        _("Upload the XML or OFD of the same invoice; the picture can be attached to the receivable as a document."),
    ),
    "einvoice_no_number": Sentence("INV-001", _("The file names no invoice number."), _DOWNLOAD),
    "einvoice_no_date": Sentence("INV-001", _("The file names no date of issue."), _DOWNLOAD),
    "einvoice_no_amount": Sentence("INV-001", _("The file lacks the net amount, the tax or the total."), _DOWNLOAD),
    "einvoice_no_seller": Sentence("INV-001", _("The file names no credit code of the seller."), _DOWNLOAD),
    "einvoice_two_numbers": Sentence(
        "INV-001",
        _("The file names two different invoice numbers: %(first)s and %(second)s."),
        _DOWNLOAD,
    ),
    "einvoice_doubled": Sentence("INV-001", _("The file states the same thing twice (%(path)s)."), _DOWNLOAD),
    "einvoice_damaged": Sentence("IMP-107", _("The file is damaged or cut off (%(reason)s)."), _DOWNLOAD),
    "einvoice_encoding": Sentence(
        "IMP-120", _("The file is not valid %(encoding)s, or in an encoding that e-invoices do not use."), _DOWNLOAD
    ),
    "einvoice_entities": Sentence(
        "IMP-111", _("The file declares a document type or entities, which no e-invoice contains."), _DOWNLOAD
    ),
    "einvoice_deep": Sentence("IMP-111", _("The file is nested more than %(limit)s levels deep."), _DOWNLOAD),
    "einvoice_elements": Sentence("IMP-111", _("The file has more than %(limit)s elements."), _DOWNLOAD),
    "einvoice_long": Sentence("IMP-203", _("A value is longer than %(limit)s characters (%(path)s)."), _DOWNLOAD),
    "einvoice_too_large": Sentence("IMP-102", _("The file is larger than %(limit)s MB."), _DOWNLOAD),
    "einvoice_encrypted": Sentence(
        "IMP-104",
        _("The file is encrypted or password-protected."),
        _("Remove the password, or download it again without one."),
    ),
    "einvoice_pdf_large": Sentence("IMP-108", _("The PDF consists of more than %(limit)s objects."), _DOWNLOAD),
    "einvoice_parts": Sentence(
        "IMP-108",
        _("The package holds %(count)s files; %(limit)s are the limit."),
        _("Divide it into several packages."),
    ),
    "einvoice_package_large": Sentence(
        "IMP-108", _("The package holds too many files."), _("Divide it into several packages.")
    ),
    "einvoice_expands": Sentence(
        "IMP-109",
        _("The content unpacks to more than %(limit)s MB."),
        _("Divide the package, or download the file again."),
    ),
    "einvoice_ratio": Sentence("IMP-109", _("The file unpacks to more than %(limit)s times its size."), _ONE_BY_ONE),
    "einvoice_unsafe_part": Sentence(
        "IMP-110", _("The package contains a file with an unsafe name (%(part)s)."), _ONE_BY_ONE
    ),
    "einvoice_double_part": Sentence("IMP-110", _("The package contains the file %(part)s twice."), _ONE_BY_ONE),
    "einvoice_overlap": Sentence(
        "IMP-110", _("Files of the package overlap, as in a decompression bomb."), _ONE_BY_ONE
    ),
    "einvoice_nested": Sentence("IMP-110", _("A package inside of a package is not opened."), _ONE_BY_ONE),
    "einvoice_slow": Sentence("IMP-115", _("Reading this file takes too long and was stopped."), _DOWNLOAD),
    "einvoice_nothing": Sentence("IMP-117", _("The package holds no file."), _ONE_BY_ONE),
    "einvoice_too_many_buyers": Sentence(
        "IMP-201",
        _("The invoices are of %(count)s buyers and contracts; %(limit)s can be asked about at once."),
        _("Divide the package by buyers."),
    ),
}
