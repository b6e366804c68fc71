"""
What a cell means: one parser per cell type of ``cells.py``.

A parser takes the cell as the file gives it (text, number, date, truth value) and returns the text PostgreSQL is to read, None
when the cell is empty, a ``CellProblem``, or a ``CellNote`` where the reading differs from what stands in the cell. No value is
changed silently: what cannot be read exactly is refused with the reason.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from yingshou.documents.reader.problem import CellNote, CellProblem, Parsed, Unread

Parser = Callable[[Any], Parsed]

LARGEST_EXACT = 10**15
LARGEST_MINOR = 10**17
FORMULA_STARTS = frozenset("=+-@＝＋－＠")
EMPTY_WORDS = frozenset({"-", "--", "—", "——", "－", "/", "\\", "无", "n/a", "N/A", "NULL", "null"})

_SPACES = re.compile(r"[\s\u3000]+")
_PLAIN_TEXT = re.compile(r"(?!')[!-\[\]-~\u4e00-\u9fff]+")
_SHOWN_AS_IS = re.compile(r"[!-~\u4e00-\u9fff]*")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_FOREIGN_LETTER = re.compile("[\u0370-\u03ff\u0400-\u052f\u0530-\u058f\u13a0-\u13ff]")
_USUAL_LETTER = re.compile("[A-Za-z\u4e00-\u9fff]")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+]?\d+")
_TEXT_FORMULA = re.compile(r'="([^"]*)"')

_AMOUNT_PLAIN = re.compile(r"(\d{1,13})(?:\.(\d{1,2}))?")
_AMOUNT_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_AMOUNT_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)")
_AMOUNT_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})*,\d{1,2}|\d+,\d{1,2}")
_AMOUNT_MARKS = re.compile(r"^(?:CNY|RMB|人民币|¥|￥|\$)+|(?:CNY|RMB)$", re.IGNORECASE)

_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]")
_DAY_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_TIME = re.compile(r"(.+?)[ T]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:Z|[+-]\d{2}:?\d{2})?")
_DAY_MISSING = re.compile(r"\d{4}(?:年|[-/.])\d{1,2}月?")
_DAY_OTHER_ORDER = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})")
UNITS = (("亿元", 100_000_000), ("万元", 10_000), ("万", 10_000), ("元整", 1), ("元", 1), ("圆", 1))
FIRST_YEAR, LAST_YEAR = 1990, 2100
SERIAL_START = {False: datetime.date(1899, 12, 30), True: datetime.date(1904, 1, 1)}

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {letter: value for value, letter in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def shown(cell: Any, limit: int = 60) -> str:
    """A cell as a message may quote it: invisible and control characters by their code, cut at ``limit``."""
    text = cell if isinstance(cell, str) else plain_number(cell) if isinstance(cell, float) else str(cell)
    if len(text) <= limit and _SHOWN_AS_IS.fullmatch(text):
        return text
    text = _CONTROL.sub(lambda hit: f"[U+{ord(hit[0]):04X}]", text[: limit + 1])
    text = _INVISIBLE.sub(lambda hit: f"[U+{ord(hit[0]):04X}]", text)
    text = _SPACES.sub(" ", text)
    return text if len(text) <= limit else text[:limit] + "…"


def plain_number(number: float) -> str:
    """A float as a spreadsheet shows it: 15 significant digits, no exponent below 10^15."""
    if not math.isfinite(number):
        return str(number)
    if number == int(number) and abs(number) < LARGEST_EXACT:
        return str(int(number))
    return f"{number:.15g}"


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing but spaces."""
    return cell is None or (isinstance(cell, str) and not cell.strip("\ufeff \t\r\n\u3000\xa0"))


def _wrong_type(cell: Any) -> CellProblem | None:
    if isinstance(cell, bool):
        return CellProblem("truth_value", value=str(cell).upper())
    if isinstance(cell, datetime.time | datetime.timedelta):
        return CellProblem("time_value", value=str(cell))
    return None


def _hidden_character(text: str) -> CellProblem | None:
    hit = _CONTROL.search(text)
    if hit:
        return CellProblem("control_character", character=f"U+{ord(hit[0]):04X}", position=hit.start() + 1)
    hit = _INVISIBLE.search(text)
    if hit:
        return CellProblem("invisible_character", character=f"U+{ord(hit[0]):04X}", position=hit.start() + 1)
    return None


def _clean(cell: str) -> str:
    """NFKC without outer spaces, for values that are compared and not shown as typed."""
    unwrapped = _TEXT_FORMULA.fullmatch(cell.strip())
    text = unwrapped[1] if unwrapped else cell
    return unicodedata.normalize("NFKC", text).strip().lstrip("'").strip()


def text_parser(options: Mapping[str, Any]) -> Parser:
    """Free text of one line."""
    limit = int(options.get("max_length") or 200)

    def parse(cell: Any) -> Parsed:
        if isinstance(cell, str):
            if len(cell) <= limit and _PLAIN_TEXT.fullmatch(cell):
                return cell
        else:
            if cell is None:
                return None
            if problem := _wrong_type(cell):
                return problem
            cell = cell.isoformat() if isinstance(cell, datetime.date) else plain_number(float(cell))
        text = _SPACES.sub(" ", cell).strip()
        if not text:
            return None
        # The apostrophe by which exports, ours too, keep a text from being taken for a formula is no part of it.
        if text[0] == "'" and text[1:2] in FORMULA_STARTS:
            text = text[1:]
        if problem := _hidden_character(text):
            return problem
        if len(text) > limit:
            return CellProblem("too_long", limit=limit, length=len(text))
        text = text.replace("\\", "\\\\")
        if _FOREIGN_LETTER.search(text) and _USUAL_LETTER.search(text):
            return CellNote(text, "mixed_alphabets", value=shown(text))
        return text

    return parse


def _digits_of_number(cell: float) -> str | CellProblem:
    if not abs(cell) < LARGEST_EXACT:
        return CellProblem("rounded_number", value=f"{cell:.15G}")
    if cell != int(cell) or cell < 0:
        return CellProblem("not_digits", value=plain_number(cell))
    return str(int(cell))


def _identifier(cell: Any) -> str | CellProblem | None:
    """What all identifiers share: text as it stands, whole numbers up to 15 digits, nothing that a spreadsheet rounded."""
    if isinstance(cell, str):
        text = _clean(cell)
        if not text or text in EMPTY_WORDS:
            return None
        if problem := _hidden_character(text):
            return problem
        if _SCIENTIFIC.fullmatch(text):
            return CellProblem("scientific", value=shown(text))
        return text
    if cell is None:
        return None
    if problem := _wrong_type(cell):
        return problem
    if isinstance(cell, datetime.date):
        return CellProblem("date_as_number", value=cell.isoformat())
    return _digits_of_number(float(cell))


def code_parser(options: Mapping[str, Any]) -> Parser:
    """A number that is not a quantity, kept as text."""
    limit = int(options.get("max_length") or 100)
    plain = re.compile(r"[0-9A-Za-z\u4e00-\u9fff()_/.-]*[A-Za-z\u4e00-\u9fff()_/-][0-9A-Za-z\u4e00-\u9fff()_/.-]*")
    number = re.compile(r"\d+\.\d+[eE]|\d+[eE]\+?\d+$")

    def parse(cell: Any) -> Parsed:
        if isinstance(cell, str) and 1 < len(cell) <= limit and plain.fullmatch(cell) and not number.match(cell):
            return cell
        text = _identifier(cell)
        if not isinstance(text, str):
            return text
        text = _SPACES.sub(" ", text)
        if len(text) > limit:
            return CellProblem("too_long", limit=limit, length=len(text))
        return text.replace("\\", "\\\\")

    return parse


def _amount_text(cell: str) -> tuple[bool, str, int | None]:
    """Sign, digits and unit (None where the cell names none) of an amount as people write it."""
    text = _SPACES.sub("", unicodedata.normalize("NFKC", cell)).replace("'", "")
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1]
    text = text.replace("\u2212", "-").replace("–", "-")
    text = _AMOUNT_MARKS.sub("", text)
    if text[:1] in {"-", "+"}:
        negative ^= text[0] == "-"
        text = _AMOUNT_MARKS.sub("", text[1:])
    unit = None
    for word, factor in UNITS:
        if text.endswith(word):
            unit, text = factor, text[: -len(word)]
            break
    return negative, text, unit


def _minor_units(number: Decimal, allow_negative: bool, value: str) -> Parsed:
    minor = number * 100
    if abs(minor) > LARGEST_MINOR:
        return CellProblem("amount_too_large", value=value)
    if minor != minor.to_integral_value():
        return CellProblem("amount_decimals", value=value)
    if minor < 0 and not allow_negative:
        return CellProblem("amount_negative", value=value)
    return str(int(minor))


def amount_parser(options: Mapping[str, Any]) -> Parser:
    """Money in minor units; ``unit`` comes from the header (万元 = 10,000)."""
    allow_negative = bool(options.get("negative", True))
    header_unit = int(options.get("unit") or 1)

    def parse_text(cell: str) -> Parsed:
        if is_empty(cell) or cell.strip() in EMPTY_WORDS:
            return None
        negative, text, unit = _amount_text(cell)
        if _AMOUNT_GROUPED.fullmatch(text):
            text = text.replace(",", "")
        if not _AMOUNT_NUMBER.fullmatch(text) or len(text) > 40:
            if _SCIENTIFIC.fullmatch(text):
                return CellProblem("amount_scientific", value=shown(cell))
            if _AMOUNT_COMMA.fullmatch(text):
                return CellProblem("amount_comma", value=shown(cell))
            return CellProblem("not_an_amount", value=shown(cell))
        number = Decimal(text) * (unit or header_unit)
        return _minor_units(-number if negative else number, allow_negative, shown(cell))

    def parse(cell: Any) -> Parsed:
        if isinstance(cell, float):
            if header_unit == 1 and 0 <= cell < 1e13:
                minor = round(cell * 100)
                if minor / 100 == cell:
                    return str(minor)
            if not abs(cell) <= 1e16:
                return CellProblem("amount_too_large", value=str(cell))
            return _minor_units(Decimal(f"{cell:.15g}") * header_unit, allow_negative, plain_number(cell))
        if isinstance(cell, str):
            plain = _AMOUNT_PLAIN.fullmatch(cell)
            if plain and header_unit == 1 and cell.isascii():
                return str(int(plain[1]) * 100 + int((plain[2] or "0").ljust(2, "0")))
            try:
                return parse_text(cell)
            except InvalidOperation:
                return CellProblem("not_an_amount", value=shown(cell))
        if cell is None:
            return None
        if isinstance(cell, datetime.date):
            return CellProblem("date_as_number", value=cell.isoformat())
        return _wrong_type(cell) or parse(float(cell))

    return parse


def _calendar_day(year: int, month: int, day: int, value: str) -> Parsed:
    try:
        found = datetime.date(year, month, day)
    except ValueError:
        return CellProblem("no_such_day", value=value)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return CellProblem("year_out_of_range", value=value, first=FIRST_YEAR, last=LAST_YEAR)
    return found.isoformat()


def _day_of_number(cell: float, second_system: bool) -> Parsed:
    if FIRST_YEAR * 10_000 <= cell <= (LAST_YEAR + 1) * 10_000 and cell == int(cell):
        whole = int(cell)
        return _calendar_day(whole // 10_000, whole // 100 % 100, whole % 100, str(whole))
    if not 20_000 <= cell <= 80_000:
        return CellProblem("not_a_date", value=plain_number(cell))
    day = SERIAL_START[second_system] + datetime.timedelta(days=int(cell))
    return _calendar_day(day.year, day.month, day.day, plain_number(cell))


def _day_of_text(cell: str) -> Parsed:
    if is_empty(cell) or cell.strip() in EMPTY_WORDS:
        return None
    text = _SPACES.sub(" ", unicodedata.normalize("NFKC", cell)).strip()
    if problem := _hidden_character(text):
        return problem
    time = ""
    if with_time := _DAY_TIME.fullmatch(text):
        text, time = with_time[1], with_time[2]
    compact = text.replace(" ", "")
    for form in (_DAY, _DAY_CHINESE, _DAY_DIGITS):
        if hit := form.fullmatch(compact):
            found = _calendar_day(int(hit[1]), int(hit[2]), int(hit[3]), shown(cell))
            if isinstance(found, str) and time.strip("0:."):
                return CellNote(found, "time_dropped", value=shown(cell))
            return found
    if _DAY_MISSING.fullmatch(compact):
        return CellProblem("day_missing", value=shown(cell))
    if _DAY_OTHER_ORDER.fullmatch(compact):
        return CellProblem("day_order", value=shown(cell))
    if re.fullmatch(r"\d{5}(?:\.\d+)?", compact):
        return CellProblem("serial_as_text", value=shown(cell))
    return CellProblem("not_a_date", value=shown(cell))


def day_parser(options: Mapping[str, Any]) -> Parser:
    """A date; ``second_system`` says that the workbook counts days from 1904."""
    second_system = bool(options.get("second_system"))

    def parse(cell: Any) -> Parsed:
        if isinstance(cell, datetime.datetime):
            found = _calendar_day(cell.year, cell.month, cell.day, str(cell))
            if isinstance(found, str) and cell.time() != datetime.time():
                return CellNote(found, "time_dropped", value=str(cell))
            return found
        if isinstance(cell, datetime.date):
            return _calendar_day(cell.year, cell.month, cell.day, str(cell))
        if isinstance(cell, str):
            return _day_of_text(cell)
        if cell is None:
            return None
        return _wrong_type(cell) or _day_of_number(float(cell), second_system)

    return parse


def uscc_check_character(code: str) -> str:
    """The 18th character that belongs to the first 17 (GB 32100-2015)."""
    total = sum(_USCC_VALUES[letter] * weight for letter, weight in zip(code, _USCC_WEIGHTS, strict=False))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def uscc_parser(_options: Mapping[str, Any]) -> Parser:
    """Unified social credit code with its check character; region digits are never a reason to refuse."""

    def parse(cell: Any) -> Parsed:
        text = _identifier(cell)
        if not isinstance(text, str):
            return text
        text = _SPACES.sub("", text).replace("-", "").upper()
        if len(text) != 18:
            return CellProblem("uscc_length", value=shown(text), length=len(text))
        for position, letter in enumerate(text):
            if letter not in _USCC_VALUES or (2 <= position < 8 and not letter.isdigit()):
                return CellProblem("uscc_letter", value=text, letter=shown(letter), position=position + 1)
        if text[0] not in "123456789ANY":
            return CellProblem("uscc_letter", value=text, letter=text[0], position=1)
        expected = uscc_check_character(text[:17])
        if text[17] != expected:
            return CellProblem("uscc_check", value=text, expected=expected, found=text[17])
        return text

    return parse


def _fixed_digits(lengths: Sequence[int], padded: Mapping[int, int], problem: str) -> Parser:
    def parse(cell: Any) -> Parsed:
        if isinstance(cell, str) and len(cell) in lengths and cell.isascii() and cell.isdigit():
            return cell
        text = _identifier(cell)
        if not isinstance(text, str):
            return text
        text = _SPACES.sub("", text)
        if not (text.isascii() and text.isdigit()):
            return CellProblem("not_digits", value=shown(text))
        if len(text) in lengths:
            return text
        if len(text) in padded and int(text):
            full = text.zfill(padded[len(text)])
            return CellNote(full, "zeros_restored", value=text, full=full)
        return CellProblem(problem, value=shown(text), length=len(text))

    return parse


def invoice_number_parser(_options: Mapping[str, Any]) -> Parser:
    """8 or 20 digits; a shorter number lost its leading zeros in a spreadsheet."""
    return _fixed_digits((8, 20), dict.fromkeys(range(1, 8), 8), "invoice_number_length")


def invoice_code_parser(_options: Mapping[str, Any]) -> Parser:
    """10 or 12 digits; 9 or 11 lost one leading zero."""
    return _fixed_digits((10, 12), {9: 10, 11: 12}, "invoice_code_length")


def integer_parser(options: Mapping[str, Any]) -> Parser:
    """A whole number within bounds."""
    minimum, maximum = int(options["minimum"]), int(options["maximum"])

    def bounded(number: int) -> Parsed:
        if not minimum <= number <= maximum:
            return CellProblem("out_of_bounds", value=str(number)[:30], minimum=minimum, maximum=maximum)
        return str(number)

    def parse(cell: Any) -> Parsed:
        if isinstance(cell, str):
            text = _SPACES.sub("", unicodedata.normalize("NFKC", cell)).removesuffix("天").removesuffix("日")
            if not text or text in EMPTY_WORDS:
                return None
            if not re.fullmatch(r"[+-]?[0-9]{1,18}(?:\.0+)?", text):
                return CellProblem("not_whole", value=shown(cell))
            return bounded(int(text.split(".")[0]))
        if cell is None:
            return None
        if isinstance(cell, datetime.date):
            return CellProblem("date_as_number", value=cell.isoformat())
        if problem := _wrong_type(cell):
            return problem
        if not abs(cell) < LARGEST_EXACT or cell != int(cell):
            return CellProblem("not_whole", value=plain_number(float(cell)))
        return bounded(int(cell))

    return parse


def choice_parser(options: Mapping[str, Any]) -> Parser:
    """One of several values by any of its words."""
    table: dict[str, str] = {}
    for value, words in options["words"].items():
        for word in (value, *words):
            table[unicodedata.normalize("NFKC", word).casefold()] = value
    default = options.get("default")
    allowed = " / ".join(words[0] if words else value for value, words in options["words"].items())

    def parse(cell: Any) -> Parsed:
        if cell is None:
            return default
        if isinstance(cell, Unread):
            return CellProblem(cell.refusal.key, **cell.refusal.params)
        if isinstance(cell, datetime.date | datetime.time | datetime.timedelta):
            return CellProblem("not_one_of", value=str(cell), allowed=allowed)
        text = cell if isinstance(cell, str) else str(cell) if isinstance(cell, bool) else plain_number(float(cell))
        text = _SPACES.sub("", unicodedata.normalize("NFKC", text)).casefold()
        if not text:
            return default
        found = table.get(text)
        if found is None:
            return CellProblem("not_one_of", value=shown(cell), allowed=allowed)
        return found

    return parse


PARSERS: dict[str, Callable[[Mapping[str, Any]], Parser]] = {
    "text": text_parser,
    "code": code_parser,
    "amount": amount_parser,
    "day": day_parser,
    "uscc": uscc_parser,
    "invoice_number": invoice_number_parser,
    "invoice_code": invoice_code_parser,
    "integer": integer_parser,
    "choice": choice_parser,
}
