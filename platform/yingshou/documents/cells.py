"""
Which parser reads a column of an imported sheet, with its options.

A cell type is plain data: it crosses into the reader process as JSON, where ``parsers.py`` gives it its meaning.
``sql_type`` is the type under which checks and acceptance see the column; a cell that is empty or could not be read is NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

JsonValue = str | int | bool | None | list[str] | dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class CellType:
    """A parser by name, its options, and the SQL type of what it yields."""

    parser: str
    sql_type: str
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    text_format: bool = False

    def as_plan(self) -> dict[str, object]:
        """The form in which the reader process receives it."""
        return {"parser": self.parser, "options": dict(self.options)}


def text(max_length: int = 200) -> CellType:
    """Free text of one line: outer spaces go, inner runs become one; invisible and control characters are refused."""
    return CellType("text", "text", {"max_length": max_length})


def code(max_length: int = 100) -> CellType:
    """A number that is not a quantity (contract number, account): NFKC, no inner spaces; a rounded number is refused."""
    return CellType("code", "text", {"max_length": max_length}, text_format=True)


def amount(*, negative: bool = True) -> CellType:
    """Money as ``bigint`` minor units: separators, ¥, 万元 (in cell or header), brackets and full-width digits are read."""
    return CellType("amount", "bigint", {"negative": negative})


def day() -> CellType:
    """A date: ISO, ``2026/2/3``, ``2026年2月3日``, ``20260203``, date cells and serial numbers of both systems."""
    return CellType("day", "date")


def uscc() -> CellType:
    """Unified social credit code, normalised, check character verified (GB 32100-2015)."""
    return CellType("uscc", "text", text_format=True)


def invoice_number() -> CellType:
    """Invoice number of 8 or 20 digits as text: lost leading zeros are put back with a warning, rounded numbers refused."""
    return CellType("invoice_number", "text", text_format=True)


def invoice_code() -> CellType:
    """Invoice code of 10 or 12 digits as text."""
    return CellType("invoice_code", "text", text_format=True)


def integer(minimum: int = 0, maximum: int = 1_000_000) -> CellType:
    """A whole number within bounds, as ``bigint``."""
    return CellType("integer", "bigint", {"minimum": minimum, "maximum": maximum})


def choice(words: Mapping[str, Sequence[str]], default: str | None = None) -> CellType:
    """One of several values; ``words`` maps each value to every word (Chinese, English) by which people name it."""
    table = {value: list(names) for value, names in words.items()}
    return CellType("choice", "text", {"words": table, "default": default})


def currency() -> CellType:
    """ISO 4217 code; an empty cell means CNY."""
    words = {
        "CNY": ["CNY", "RMB", "人民币", "人民币元", "元", "¥", "yuan"],
        "USD": ["USD", "US$", "美元", "美金", "dollar"],
        "EUR": ["EUR", "欧元", "€", "euro"],
        "HKD": ["HKD", "HK$", "港币", "港元"],
        "JPY": ["JPY", "日元", "yen"],
        "GBP": ["GBP", "英镑", "£", "pound"],
    }
    return choice(words, default="CNY")


def yes_no(*, default: bool | None = None) -> CellType:
    """Yes or no, as ``boolean``."""
    words = {
        "true": ["是", "有", "y", "yes", "true", "1", "√", "对"],
        "false": ["否", "无", "n", "no", "false", "0", "×", "不"],
    }
    fallback = None if default is None else str(default).lower()
    return CellType("choice", "boolean", {"words": {k: list(v) for k, v in words.items()}, "default": fallback})
