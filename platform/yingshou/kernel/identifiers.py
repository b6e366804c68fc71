"""
Numbers that the outside world gave to organisations, banks and invoices, with their check digits, and the numbers that the
platform gives itself. Everything is normalised first (NFKC, inner spaces collapsed); what is shown keeps its original form.
Source: rule book 1.1 to 1.3, X11; the duplicate key of an invoice: architecture, "Money and encumbrance".
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Finding, Invalid
from yingshou.kernel.names import bigrams, name_key, normalise
from yingshou.kernel.public_numbers import public_no, public_no_normalise, public_no_ok

__all__ = [
    "AccountNumberInvalid",
    "CnapsInvalid",
    "InvoiceNumberInvalid",
    "InvoiceNumberProblem",
    "UsccInvalid",
    "UsccProblem",
    "account_no_normalise",
    "bigrams",
    "cnaps_check_digit",
    "cnaps_ok",
    "inner_check_ok",
    "invoice_key",
    "invoice_number_problem",
    "invoice_warnings",
    "lei_ok",
    "name_key",
    "normalise",
    "normalise_uscc",
    "org_check_character",
    "parse_cnaps",
    "parse_invoice_number",
    "parse_uscc",
    "public_no",
    "public_no_normalise",
    "public_no_ok",
    "uscc_check_character",
    "uscc_problem",
    "uscc_warnings",
]

_SEPARATORS = re.compile(r"[\s\-‐‑–—]+")


def _compact(text: str) -> str:
    """Normalised, without any space or hyphen, in capitals: the form in which codes are compared."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


# --- unified social credit code (GB 32100-2015) -------------------------------------------------------------------------

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_USCC_VALUES = {character: value for value, character in enumerate(USCC_ALPHABET)}
_USCC_SHAPE = re.compile(r"[1-9ANY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)

_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


class UsccProblem(StrEnum):
    """Why a credit code is refused."""

    LENGTH = "length"
    CHARACTERS = "characters"
    STRUCTURE = "structure"
    CHECK = "check"


class UsccInvalid(Invalid):
    """Not a unified social credit code."""

    code = "RCV-003"
    message = _("“%(uscc)s” is not a unified social credit code.")
    cure = _("Copy the 18 characters from the business licence.")


class UsccLength(UsccInvalid):
    """Not 18 characters."""

    message = _("The credit code “%(uscc)s” has %(length)s characters instead of 18.")


class UsccCharacters(UsccInvalid):
    """Holds a character outside the alphabet of 31."""

    message = _("The credit code “%(uscc)s” contains a character that such codes do not use.")
    cure = _("The letters I, O, S, V and Z never occur: look for the digits 1, 0, 5 and 2 in their place.")


class UsccStructure(UsccInvalid):
    """The first character or the six digits of the region do not fit."""

    message = _("The credit code “%(uscc)s” does not begin with a department, a kind and six digits of a region.")


class UsccCheck(UsccInvalid):
    """The last character does not agree with the others."""

    message = _("The check character of the credit code “%(uscc)s” is wrong: one character was mistyped.")
    cure = _("Compare all 18 characters with the business licence.")


_USCC_ERRORS: dict[UsccProblem, type[UsccInvalid]] = {
    UsccProblem.CHARACTERS: UsccCharacters,
    UsccProblem.STRUCTURE: UsccStructure,
    UsccProblem.CHECK: UsccCheck,
}


def normalise_uscc(text: str) -> str:
    """The code in capitals, full-width characters made ASCII, without spaces and hyphens."""
    return _compact(text)


def uscc_check_character(first17: str) -> str:
    """The eighteenth character; the last `mod 31` matters, because a sum divisible by 31 gives 0, not 31."""
    total = sum(_USCC_VALUES[character] * weight for character, weight in zip(first17, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def uscc_problem(code: str) -> UsccProblem | None:
    """
    Why the code is refused, or None. The code is normalised first; store `normalise_uscc(code)`.

    Region digits are never looked up: most codes in use keep the region of their year.
    """
    uscc = normalise_uscc(code)
    if len(uscc) != 18:
        return UsccProblem.LENGTH
    if not all(character in _USCC_VALUES for character in uscc):
        return UsccProblem.CHARACTERS
    if not _USCC_SHAPE.fullmatch(uscc):
        return UsccProblem.STRUCTURE
    if uscc_check_character(uscc[:17]) != uscc[17]:
        return UsccProblem.CHECK
    return None


def parse_uscc(text: str, *, place: str | None = None) -> str:
    """
    The normalised code.

    :raises UsccInvalid: with the precise reason, code RCV-003
    """
    uscc = normalise_uscc(text)
    problem = uscc_problem(uscc)
    if problem is None:
        return uscc
    shown = uscc[:40]
    if problem is UsccProblem.LENGTH:
        raise UsccLength(place=place, uscc=shown, length=len(uscc))
    raise _USCC_ERRORS[problem](place=place, uscc=shown)


def org_check_character(first8: str) -> str:
    """The ninth character of an organisation code (GB 11714)."""
    total = sum(_ORG_ALPHABET.index(character) * weight for character, weight in zip(first8, _ORG_WEIGHTS, strict=True))
    return "0123456789X"[(11 - total % 11) % 11]


def inner_check_ok(code: str) -> bool:
    """Whether characters 9 to 17 are an organisation code with its own check digit; a failure is only a warning."""
    organisation = normalise_uscc(code)[8:17]
    return (
        len(organisation) == 9
        and organisation[:8].isalnum()
        and org_check_character(organisation[:8]) == organisation[8]
    )


def uscc_warnings(code: str, *, place: str | None = None) -> list[Finding]:
    """What is unusual about a valid code: an inner organisation code whose check digit fails (old sole traders)."""
    if inner_check_ok(code):
        return []
    return [
        Finding(
            code="RCV-003",
            message=_("The organisation code inside the credit code “%(uscc)s” fails its own check."),
            cure=_("This occurs with old codes of sole traders; compare with the business licence."),
            place=place,
            severity="warning",
            params={"uscc": normalise_uscc(code)},
        )
    ]


# --- banks and accounts -------------------------------------------------------------------------------------------------


class AccountNumberInvalid(Invalid):
    """An account number is 6 to 32 digits."""

    code = "BNK-001"
    message = _("“%(account)s” is not an account number: it needs 6 to 32 digits.")
    cure = _("Copy the number from the account opening permit or a bank statement; format the cell as text.")


class CnapsInvalid(Invalid):
    """A bank code is 12 digits of which the last is a check digit."""

    code = "BNK-002"
    message = _("“%(cnaps)s” is not a bank code (CNAPS): it needs 12 digits with a valid check digit.")
    cure = _("Ask the bank branch for its 12-digit code in the payment system.")


def cnaps_check_digit(first11: str) -> str:
    """The twelfth digit of a bank code: ISO 7064 MOD 11,10."""
    product = 10
    for digit in first11:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def cnaps_ok(code: str) -> bool:
    """Whether the code is 12 digits with a valid check digit; no list is asked, since none is complete."""
    cnaps = _compact(code)
    return bool(re.fullmatch(r"\d{12}", cnaps, re.ASCII)) and cnaps_check_digit(cnaps[:11]) == cnaps[11]


def parse_cnaps(text: str, *, place: str | None = None) -> str:
    """
    The 12 digits.

    :raises CnapsInvalid: BNK-002
    """
    if not cnaps_ok(text):
        raise CnapsInvalid(place=place, cnaps=normalise(text)[:40])
    return _compact(text)


def account_no_normalise(text: str, *, place: str | None = None) -> str:
    """
    The digits of an account number without spaces and hyphens; corporate accounts have no common check digit.

    :raises AccountNumberInvalid: if it is not 6 to 32 digits
    """
    account = _compact(text)
    if not re.fullmatch(r"\d{6,32}", account, re.ASCII):
        raise AccountNumberInvalid(place=place, account=normalise(text)[:40])
    return account


def lei_ok(code: str) -> bool:
    """Whether the code is a legal entity identifier (ISO 17442): 18 letters and digits, then two check digits."""
    lei = _compact(code)
    if not re.fullmatch(r"[0-9A-Z]{18}\d{2}", lei, re.ASCII):
        return False
    return int("".join(str(int(character, 36)) for character in lei)) % 97 == 1


# --- invoices -----------------------------------------------------------------------------------------------------------

# The regions that GB/T 2260 knows; cities with their own plan use further codes, so an unknown one is only a warning.
_INVOICE_REGIONS = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82]
)


class InvoiceNumberProblem(StrEnum):
    """Why the number of an invoice is refused."""

    MISSING = "missing"
    SCIENTIFIC = "scientific"
    CHARACTERS = "characters"
    LENGTH = "length"
    CODE = "code"
    YEAR = "year"


class InvoiceNumberInvalid(Invalid):
    """Not the number of an invoice."""

    code = "INV-004"
    message = _("“%(number)s” is not an invoice number.")
    cure = _("Enter the 20 digits of the electronic invoice, or the 8 digits with the invoice code.")


class InvoiceNumberMissing(InvoiceNumberInvalid):
    """There is no number."""

    message = _("The invoice number is missing.")


class InvoiceNumberScientific(InvoiceNumberInvalid):
    """2.64E+19: the spreadsheet has replaced the last digits by zeros."""

    code = "RCV-016"
    message = _(
        "“%(number)s” is in scientific notation: the spreadsheet has lost the last digits of the invoice number."
    )
    cure = _(
        "Format the column as text and enter the number again; changing the format alone does not bring the digits back."
    )


class InvoiceNumberCharacters(InvoiceNumberInvalid):
    """Something else than digits."""

    message = _("The invoice number “%(number)s” contains something else than digits.")


class InvoiceNumberLength(InvoiceNumberInvalid):
    """Neither 20 digits nor at most 8."""

    message = _("The invoice number “%(number)s” has neither 20 digits nor 8.")


class InvoiceCodeInvalid(InvoiceNumberInvalid):
    """An invoice code has 10 or 12 digits and stands beside a number of 8."""

    message = _("“%(number)s” does not go with this invoice code: a code has 10 or 12 digits and its number has 8.")
    cure = _("Leave the code empty for an invoice with 20 digits; otherwise copy code and number from the invoice.")


class InvoiceNumberYear(InvoiceNumberInvalid):
    """The first two digits of a 20-digit number are the year of issue."""

    message = _("The invoice number “%(number)s” does not begin with the year in which the invoice was issued.")
    cure = _("Compare the number and the date of issue with the invoice.")


_INVOICE_ERRORS: dict[InvoiceNumberProblem, type[InvoiceNumberInvalid]] = {
    InvoiceNumberProblem.MISSING: InvoiceNumberMissing,
    InvoiceNumberProblem.SCIENTIFIC: InvoiceNumberScientific,
    InvoiceNumberProblem.CHARACTERS: InvoiceNumberCharacters,
    InvoiceNumberProblem.LENGTH: InvoiceNumberLength,
    InvoiceNumberProblem.CODE: InvoiceCodeInvalid,
    InvoiceNumberProblem.YEAR: InvoiceNumberYear,
}


def invoice_number_problem(number: str, code: str = "", issued: date | None = None) -> InvoiceNumberProblem | None:
    """
    Why the number is refused, or None: 20 digits that begin with the year of issue, or at most 8 digits.

    Fewer than 8 digits are accepted, since spreadsheets lose leading zeros; an invoice code has 10 or 12 digits.
    """
    digits, prefix = _compact(number), _compact(code)
    if not digits:
        return InvoiceNumberProblem.MISSING
    if re.fullmatch(r"\d(?:\.\d+)?E\+?\d+", normalise(number).upper(), re.ASCII):
        return InvoiceNumberProblem.SCIENTIFIC
    if not re.fullmatch(r"\d+", digits, re.ASCII):
        return InvoiceNumberProblem.CHARACTERS
    if len(digits) == 20:
        if issued is not None and int(digits[:2]) != issued.year % 100:
            return InvoiceNumberProblem.YEAR
        return None
    if len(digits) > 8:
        return InvoiceNumberProblem.LENGTH
    if prefix and not re.fullmatch(r"\d{10}|\d{12}", prefix, re.ASCII):
        return InvoiceNumberProblem.CODE
    return None


def parse_invoice_number(number: str, code: str = "", issued: date | None = None, *, place: str | None = None) -> str:
    """
    The digits of the number, padded to 8 where it is an old one.

    :raises InvoiceNumberInvalid: with the precise reason, INV-004 or RCV-016
    """
    problem = invoice_number_problem(number, code, issued)
    if problem is not None:
        raise _INVOICE_ERRORS[problem](place=place, number=normalise(number)[:40])
    return _compact(number).zfill(8)


def invoice_warnings(number: str, *, place: str | None = None) -> list[Finding]:
    """What is unusual about a valid number: a region that the table does not know (cities with their own plan)."""
    digits = _compact(number)
    if len(digits) != 20 or int(digits[2:4]) in _INVOICE_REGIONS:
        return []
    return [
        Finding(
            code="INV-004",
            message=_("Digits 3 and 4 of the invoice number “%(number)s” are not a known region."),
            cure=_("Some cities use a region of their own; compare with the invoice."),
            place=place,
            severity="warning",
            params={"number": digits},
        )
    ]


def invoice_key(code: str, number: str, seller_uscc: str) -> str:
    """
    The key under which one invoice is one invoice on the whole platform.

    20 digits: the number. Otherwise code and number; without a code: the seller's credit code and the number padded to 8.
    The three forms cannot meet: a 12-digit code begins with 0 or 1, a 20-digit number with the year.
    """
    digits = _compact(number)
    if len(digits) == 20:
        return digits
    return (_compact(code) or normalise_uscc(seller_uscc)) + digits.zfill(8)
