"""What one invoice file says, whichever form it has, and the arithmetic of its lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
LARGEST_DIGITS = 30
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,10})?")
_BLUE = re.compile(
    r"(?:被红冲|红冲|对应|原)[^0-9]{0,12}蓝字[^0-9]{0,24}?(?:代码[::]?\s*(\d{10}|\d{12})[^0-9]{1,8}号码[::]?\s*)?(\d{20}|\d{8})(?!\d)"
)
_CONTRACT = re.compile(r"(?:合同|订单)(?:编?号)?(?:码)?[::]\s*([0-9A-Za-z][0-9A-Za-z()_/.\-]{1,59})")

PRESENT, ABSENT, UNVERIFIABLE = "PRESENT", "ABSENT", "UNVERIFIABLE"


@dataclass(slots=True)
class Item:
    """One line of an invoice: net amount, rate as a fraction (None where it is not a number, as 免税) and tax."""

    net: str = ""
    rate: str = ""
    tax: str = ""


@dataclass(slots=True)
class Facts:
    """
    The facts of one invoice as texts, as they stand in the file.

    :ivar form: XML, PDF, OFD, UBL or CII
    :ivar signature: whether a signature block is there; nothing here says that it is genuine
    :ivar negate: whether the amounts of a credit note stand positive in the file
    """

    form: str
    version: str = ""
    signature: str = ABSENT
    number: str = ""
    code: str = ""
    issue_date: str = ""
    seller_id: str = ""
    seller_name: str = ""
    buyer_id: str = ""
    buyer_name: str = ""
    net: str = ""
    tax: str = ""
    gross: str = ""
    currency: str = "CNY"
    blue_code: str = ""
    blue_number: str = ""
    contract_no: str = ""
    due_date: str = ""
    items: list[Item] = field(default_factory=list)
    negate: bool = False


TEXTS = (
    "version", "number", "code", "issue_date", "seller_id", "seller_name", "buyer_id", "buyer_name", "net", "tax", "gross",
)  # fmt: skip


def filled(form: str, values: Mapping[str, str], signature: str = ABSENT) -> Facts:
    """An invoice of plain texts by their names; names that are no facts are left out."""
    facts = Facts(form, signature=signature)
    for name in TEXTS:
        setattr(facts, name, values.get(name, "").strip())
    return facts


def decimal(text: str) -> Decimal | None:
    """A plain decimal number, or None."""
    compact = unicodedata.normalize("NFKC", text).strip().replace(",", "").removeprefix("¥").removeprefix("￥").strip()
    if len(compact) > LARGEST_DIGITS or not _NUMBER.fullmatch(compact):
        return None
    try:
        return Decimal(compact)
    except InvalidOperation:
        return None


def _rate(text: str) -> Decimal | None:
    plain = text.strip()
    if plain.endswith("%"):
        number = decimal(plain[:-1])
        return None if number is None else number / HUNDRED
    return decimal(plain)


def note_remark(facts: Facts, remark: str) -> None:
    """Take the number of the corrected invoice and of the contract from the remark, where the standard wording is used."""
    text = unicodedata.normalize("NFKC", remark)[:4000]
    if not facts.blue_number and (hit := _BLUE.search(text)):
        facts.blue_code, facts.blue_number = hit[1] or "", hit[2]
    if not facts.contract_no and (hit := _CONTRACT.search(text)):
        facts.contract_no = hit[1]


@dataclass(slots=True)
class Sums:
    """What the arithmetic of the lines shows: the first line that is off, and whether the lines miss the totals."""

    line: int = 0
    is_off: bool = False


def check_lines(facts: Facts) -> Sums:
    """
    Each line's tax is its rate of its net amount, to the fen; the lines are the totals, to a fen each (domain 1.4).

    A line whose rate is no number (tax-free, tax difference) is only summed.
    """
    found = Sums()
    net_sum = tax_sum = exact = Decimal(0)
    taxed = Decimal(0)
    whole = bool(facts.items)
    all_taxed = whole
    for place, item in enumerate(facts.items, 1):
        net, tax, rate = decimal(item.net), decimal(item.tax), _rate(item.rate)
        if net is None:
            whole = False
            continue
        net_sum += net
        if tax is None:
            all_taxed = False
            continue
        tax_sum += tax
        if rate is not None:
            exact += net * rate
            taxed += tax
            if abs(net * rate - tax) > CENT and not found.line:
                found.line = place
    bound = CENT * max(1, len(facts.items))
    net_total, tax_total = decimal(facts.net), decimal(facts.tax)
    if whole and net_total is not None and abs(net_sum - net_total) > bound:
        found.is_off = True
    if whole and all_taxed and tax_total is not None and abs(tax_sum - tax_total) > bound:
        found.is_off = True
    if abs(exact - taxed) > bound:
        found.is_off = True
    return found
