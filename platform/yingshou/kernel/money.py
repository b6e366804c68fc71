"""
Exact money: Decimal amounts in yuan with two places, `ROUND_HALF_UP` at posting only, splits that lose no cent, amounts in
words (大写) as the payment rules want them, and a reader for what people type. Floats are refused everywhere.
Source: rule book X1 to X3, X11, X12 and the codes of 2.5.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import total_ordering

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Finding, Invalid

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

# Above this an amount is a typing accident (10^15 yuan, 10^17 fen): domain 2.5, RCV-017.
LIMIT = Decimal(10) ** 15

WAN = 10_000
YI = 100_000_000


class AmountInvalid(Invalid):
    """What stands for an amount cannot be used as one."""

    code = "RCV-016"
    message = _("“%(text)s” is not an amount.")
    cure = _("Enter digits with at most two decimals, for example 12345.60.")


class AmountUnreadable(AmountInvalid):
    """Letters, several points, a formula, a date: nothing that can be read as a number."""


class AmountMissing(AmountInvalid):
    """Nothing, or a dash that stands for nothing."""

    code = "RCV-001"
    message = _("There is no amount.")
    cure = _("Enter the amount in yuan, for example 12345.60.")


class AmountScientific(AmountInvalid):
    """1.5E+5: a spreadsheet has shortened the number, so its last digits may be lost."""

    message = _("“%(text)s” is in scientific notation; its last digits may be lost.")
    cure = _("Format the cell as a number with two decimals, or type the amount in full.")


class AmountGrouping(AmountInvalid):
    """1,23 or 1.234,50: separators that do not stand before groups of three digits."""

    message = _("The separators in “%(text)s” do not stand before groups of three digits.")
    cure = _("Write 1234.50 or 1,234.50: a comma only for thousands, a point for the decimals.")


class AmountUnitUnclear(AmountInvalid):
    """The column says 万元 and the cell says 元."""

    message = _("The unit in “%(text)s” contradicts the unit of the column.")
    cure = _("Use one unit for the whole column: yuan or ten thousand yuan.")


class AmountForeign(AmountInvalid):
    """A sign of another currency stands beside the figure."""

    code = "RCV-006"
    message = _("“%(text)s” is not in renminbi.")
    cure = _("Enter the amount in the currency of the receivable, without a currency sign.")


class AmountDecimals(AmountInvalid):
    """Parts of a cent."""

    code = "RCV-001"
    message = _("“%(text)s” has more than two decimals of a yuan.")
    cure = _("Round the amount to the cent as on the invoice.")


class AmountNegative(AmountInvalid):
    """Below zero, written with a minus, in brackets or with a trailing minus."""

    code = "RCV-001"
    message = _("“%(text)s” is negative.")
    cure = _("Enter a positive amount; a credit note refers to its original invoice instead.")


class AmountZero(AmountInvalid):
    """Zero where an amount is needed."""

    code = "RCV-001"
    message = _("The amount must be greater than zero.")
    cure = _("Enter the amount that is owed.")


class AmountTooLarge(AmountInvalid):
    """Above 10^15 yuan: a typing accident."""

    code = "RCV-017"
    message = _("“%(text)s” is more than 1,000,000,000,000,000 yuan.")
    cure = _("Look for digits too many, or for a unit that was applied twice.")


class NotExact(Invalid):
    """An amount with parts of a cent reached a place that stores or prints whole cents."""

    code = "RCV-001"
    message = _("%(amount)s is not a whole number of cents.")
    cure = _("Round the amount to the cent first.")


class MixedCurrencies(Invalid):
    """Amounts of two currencies cannot be added or compared."""

    code = "RCV-006"
    message = _("%(left)s and %(right)s cannot be added or compared.")
    cure = _("Use one currency for the contract, its invoices and the receivable.")


# --- exact arithmetic ---------------------------------------------------------------------------------------------------


def _decimal(value: object) -> Decimal:
    """
    The Decimal itself, or that of an int.

    :raises TypeError: for everything else, above all for a float
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"money is Decimal, not {type(value).__name__}")
    return Decimal(value)


def to_minor(amount: Decimal) -> int:
    """
    Whole fen of an amount in yuan, exactly.

    :raises TypeError: for anything but a Decimal or an int, above all for a float
    :raises NotExact: if there are parts of a fen, or the amount is not a finite number
    """
    value = _decimal(amount)
    if not value.is_finite():
        raise NotExact(amount=str(value))
    minor = Fraction(value) * 100
    if minor.denominator != 1:
        raise NotExact(amount=value)
    return minor.numerator


def from_minor(minor: int) -> Decimal:
    """An amount in yuan with two places from whole fen."""
    return Decimal(minor).scaleb(-2)


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """
    Round half away from zero (0.125 becomes 0.13, -0.125 becomes -0.13); used when an amount is posted, never inside a formula.

    :raises TypeError: for a float
    """
    value = _decimal(value)
    # Integer arithmetic, because quantize fails when the result needs more digits than the context has.
    scaled = Fraction(value) * 10**places
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    if rest * 2 >= scaled.denominator:
        whole += 1
    sign = 1 if scaled.numerator < 0 and whole else 0
    return Decimal((sign, tuple(map(int, str(whole))), -places))


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """
    Parts in proportion to the weights whose sum is exactly the total, by largest remainder; the earlier position wins a tie.

    :param total: an amount in yuan, may be negative
    :param weights: at least one, none negative, not all zero
    :raises NotExact: if the total has parts of a fen
    :raises ValueError: if the weights cannot be used
    """
    if not weights or any(weight < 0 for weight in weights) or not any(weights):
        raise ValueError("split needs weights that are not negative and not all zero")
    minor = to_minor(total)
    sign, minor = (-1, -minor) if minor < 0 else (1, minor)
    shares = [Fraction(weight) for weight in weights]
    whole = sum(shares)
    exact = [minor * share / whole for share in shares]
    parts = [share.numerator // share.denominator for share in exact]
    remainders = [share - part for share, part in zip(exact, parts, strict=True)]
    by_remainder = sorted(range(len(parts)), key=lambda position: (-remainders[position], position))
    for position in by_remainder[: minor - sum(parts)]:
        parts[position] += 1
    assert sum(parts) == minor, "a split loses no cent"
    return [from_minor(sign * part) for part in parts]


# --- money with a currency ----------------------------------------------------------------------------------------------


@total_ordering
@dataclass(frozen=True)
class Money:
    """
    An amount with its ISO 4217 currency; adds to and compares with its own kind only.

    :raises TypeError: if the amount is a float
    :raises ValueError: if the currency is not three capital letters, or the amount is not finite
    """

    amount: Decimal
    currency: str = "CNY"

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _decimal(self.amount))
        if not self.amount.is_finite():
            raise ValueError("money is finite")
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise ValueError(f"{self.currency!r} is not a currency code")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,f}"

    def rounded(self) -> Money:
        """The same money rounded half up to the cent, for posting."""
        return Money(round_half_up(self.amount), self.currency)

    def split(self, weights: Sequence[Decimal]) -> list[Money]:
        """Parts by largest remainder, as `split` makes them."""
        return [Money(part, self.currency) for part in split(self.amount, weights)]

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise TypeError(f"money goes with money, not with {type(other).__name__}")
        if other.currency != self.currency:
            raise MixedCurrencies(left=self.currency, right=other.currency)
        return other.amount


# --- amounts in words ---------------------------------------------------------------------------------------------------

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")


def in_words(amount: Decimal) -> str:
    """
    The amount as it must be written on notices and deal sheets: 1409.50 becomes 人民币壹仟肆佰零玖元伍角.

    :param amount: yuan, from 0 to 10^15, whole fen
    :raises AmountNegative: below zero
    :raises AmountTooLarge: above 10^15
    :raises NotExact: with parts of a fen
    """
    if amount < 0:
        raise AmountNegative(text=format(amount, "f"))
    if amount > LIMIT:
        raise AmountTooLarge(text=format(amount, "f"))
    yuan, cents = divmod(to_minor(amount), 100)
    jiao, fen = divmod(cents, 10)
    words = f"{_whole_words(yuan)}元" if yuan else ""
    if not cents:
        return f"人民币{words or '零元'}整"
    if yuan and ((jiao == 0) or (yuan % 10 == 0)):
        words += "零"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    if fen:
        words += f"{_DIGITS[fen]}分"
    return f"人民币{words}"


def _whole_words(number: int) -> str:
    """A positive whole number; 亿 is said once, so that 10^12 is 壹万亿."""
    for unit, sign in ((YI, "亿"), (WAN, "万")):
        if number >= unit:
            high, low = divmod(number, unit)
            words = _whole_words(high) + sign
            if low == 0:
                return words
            # One 零 for a run of zeros, none before a 仟 digit that follows 万 or 亿 at once.
            return words + ("零" if low * 10 < unit else "") + _whole_words(low)
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if gap and words else "") + _DIGITS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return words


# --- reading what people type -------------------------------------------------------------------------------------------

_PLAIN = re.compile(r"\d{1,13}(?:\.\d{1,2})?", re.ASCII)
_NOTHING = re.compile(r"[-–—―−‐‑/\\]*")
_MINUS = frozenset("-−–")
# Longer texts are no amounts; reading them would only cost time.
_LONGEST = 60
_UNITS: dict[str, int | None] = {
    "": None,
    "元": 1,
    "圆": 1,
    "元整": 1,
    "圆整": 1,
    "万": WAN,
    "万元": WAN,
    "亿": YI,
    "亿元": YI,
}
_SHAPE = re.compile(
    r"(?:人民币|RMB|CNY|¥)?\s*(?P<sign>[-+−–]?)\s*(?:人民币|RMB|CNY|¥)?\s*"
    r"(?P<figure>[\d.,'\s]*\d[\d.,'\s]*?)\s*(?P<trailing>[-−–]?)\s*"
    r"(?P<unit>万元|亿元|元整|圆整|元|圆|万|亿)?\s*(?:人民币|RMB|CNY)?",
    re.ASCII | re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d*)?E[-+]?\d+", re.IGNORECASE | re.ASCII)
_FOREIGN = re.compile(r"[$€£₩₽]|\b(?:USD|EUR|HKD|JPY|GBP|AUD|SGD|KRW)\b|美元|欧元|港币|港元|日元|英镑", re.IGNORECASE)
_FIGURE = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|\.\d+", re.ASCII)


@dataclass(frozen=True)
class AmountReading:
    """An amount in yuan and remarks on what was understood where the text was more than plain digits."""

    amount: Decimal
    remarks: tuple[Finding, ...] = ()


def parse_amount(
    text: str | int | Decimal, *, unit: int = 1, allow_negative: bool = False, allow_zero: bool = True
) -> Decimal:
    """
    The amount in yuan, with two places, that a person wrote: `1,234.50`, `１２３`, `¥ 1,234.50 元`, `12.5万元`.

    :param unit: what one stands for in this column, in yuan: 1, or 10000 for 万元
    :param allow_negative: read `-100`, `(100)` and `100-` as negative instead of refusing them
    :param allow_zero: accept zero
    :raises AmountMissing: nothing, or a dash for nothing (RCV-001)
    :raises AmountUnreadable: no number (RCV-016)
    :raises AmountScientific: scientific notation (RCV-016)
    :raises AmountGrouping: misplaced separators (RCV-016)
    :raises AmountUnitUnclear: the cell contradicts the column (RCV-016)
    :raises AmountForeign: another currency (RCV-006)
    :raises AmountDecimals: parts of a fen (RCV-001)
    :raises AmountNegative: below zero (RCV-001)
    :raises AmountZero: zero where it is not allowed (RCV-001)
    :raises AmountTooLarge: above 10^15 yuan (RCV-017)
    :raises TypeError: for a float
    """
    return read_amount(text, unit=unit, allow_negative=allow_negative, allow_zero=allow_zero).amount


def read_amount(
    text: str | int | Decimal, *, unit: int = 1, allow_negative: bool = False, allow_zero: bool = True
) -> AmountReading:
    """As `parse_amount`, with a remark (a warning) for whatever was understood rather than copied."""
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise TypeError(f"an amount is text, int or Decimal, not {type(text).__name__}")
    plain = _as_text(text)
    if unit == 1 and _PLAIN.fullmatch(plain):
        value, remarked = Decimal(plain), False
    else:
        exact, remarked = _understand(plain, unit)
        value = _checked(exact, plain)
    if value < 0 and not allow_negative:
        raise AmountNegative(text=plain)
    if value == 0 and not allow_zero:
        raise AmountZero
    amount = round_half_up(value)
    return AmountReading(amount, (_remark(plain, amount),) if remarked else ())


def parse_optional_amount(
    text: str | int | Decimal | None, *, unit: int = 1, allow_negative: bool = False
) -> Decimal | None:
    """
    As `parse_amount`, with None for an empty cell or a dash.

    :raises AmountInvalid: as `parse_amount`
    """
    if text is None:
        return None
    try:
        return parse_amount(text, unit=unit, allow_negative=allow_negative)
    except AmountMissing:
        return None


def _as_text(text: str | int | Decimal) -> str:
    if isinstance(text, Decimal):
        if not text.is_finite() or abs(text.adjusted()) > _LONGEST:
            raise AmountUnreadable(text=str(text))
        return format(text, "f")
    plain = str(text).strip()
    if len(plain) > _LONGEST:
        raise AmountUnreadable(text=f"{plain[:_LONGEST]}…")
    return plain


def _understand(shown: str, unit: int) -> tuple[Fraction, bool]:
    """The exact value in yuan, and whether more was needed than copying the digits."""
    plain = unicodedata.normalize("NFKC", shown).strip()
    if _NOTHING.fullmatch(plain):
        raise AmountMissing
    if _FOREIGN.search(plain):
        raise AmountForeign(text=shown)
    if _SCIENTIFIC.fullmatch(plain):
        raise AmountScientific(text=shown)
    bracketed = plain.startswith("(") and plain.endswith(")")
    match = _SHAPE.fullmatch(plain[1:-1].strip() if bracketed else plain)
    if match is None:
        raise AmountUnreadable(text=shown)
    figure = match["figure"].strip()
    if not _FIGURE.fullmatch(figure):
        raise AmountGrouping(text=shown)
    minuses = (match["sign"] in _MINUS) + bool(match["trailing"]) + bracketed
    if minuses > 1:
        raise AmountUnreadable(text=shown)
    own_unit = _UNITS[match["unit"] or ""]
    if own_unit is not None and unit not in {1, own_unit}:
        raise AmountUnitUnclear(text=shown)
    value = Fraction(figure.replace(",", "")) * (own_unit or unit)
    return -value if minuses else value, figure != shown or unit != 1


def _checked(exact: Fraction, shown: str) -> Decimal:
    if abs(exact) > LIMIT:
        raise AmountTooLarge(text=shown)
    minor = exact * 100
    if minor.denominator != 1:
        raise AmountDecimals(text=shown)
    return from_minor(minor.numerator)


def _remark(shown: str, amount: Decimal) -> Finding:
    return Finding(
        code="RCV-016",
        message=_("“%(text)s” was read as %(amount)s yuan."),
        severity="warning",
        params={"text": shown, "amount": amount},
    )
