"""What a text in the search box can mean: a number, a credit code, an amount, a date. Pure; each answer may be nothing."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from yingshou.kernel.errors import DomainError
from yingshou.kernel.identifiers import normalise_uscc, uscc_problem
from yingshou.kernel.money import parse_amount

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9/_.]*", re.ASCII)
_SEPARATORS = re.compile(r"[\s\-‐‑–—]+")
_AMOUNT = re.compile(r"[¥￥]?\s*[\d,]+(\.\d{1,2})?\s*(元|万元|万|CNY|RMB)?", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT_DAY = re.compile(r"(20\d{2})(\d{2})(\d{2})", re.ASCII)
# An invoice number has eight digits or more; what is longer than this is no amount that anybody searches for.
_LONGEST_AMOUNT = 14


def number_in(text: str) -> str:
    """The text as a number of an object: capitals, without spaces and dashes; empty if it cannot be one."""
    number = _SEPARATORS.sub("", text).upper()
    return number if _NUMBER.fullmatch(number) and any(one.isdigit() for one in number) else ""


def code_in(text: str) -> str:
    """The text as a unified social credit code; empty unless it is a whole valid one."""
    code = normalise_uscc(text)
    return code if uscc_problem(code) is None else ""


def amount_in(text: str) -> Decimal | None:
    """The text as an amount in yuan, None if it is none."""
    if not _AMOUNT.fullmatch(text) or len(text) > _LONGEST_AMOUNT:
        return None
    try:
        return parse_amount(text.replace("万元", "万").replace("万", "万元"), allow_zero=False)
    except DomainError:
        return None


def day_in(text: str) -> date | None:
    """The text as a date: 2026-11-18, 2026/11/18, 20261118, 2026年11月18日; None if it is none."""
    found = _DAY.fullmatch(text) or _COMPACT_DAY.fullmatch(text)
    if found is None:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None
