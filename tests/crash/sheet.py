"""A creditor's sheet of many good claims, and what must come of it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

HEADERS = [
    "债务人统一社会信用代码", "债务人名称", "合同编号", "合同日期", "发票代码", "发票号码", "开票日期", "金额", "税额",
    "价税合计", "交付日期", "到期日",
]  # fmt: skip
_TAX = Decimal("0.13")


@dataclass(frozen=True)
class Sheet:
    """A file and the figures that a correct import of it has."""

    content: bytes
    rows: int
    total: Decimal


def sheet(rows: int, debtors: Sequence[tuple[str, str]], today: date, *, start: int = 1) -> Sheet:
    """So many claims, each with an amount and an invoice of its own from number `start`, on the debtors in turn."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    total = Decimal("0.00")
    issued, due = today - timedelta(days=5), today + timedelta(days=85)
    for number in range(start, start + rows):
        uscc, name = debtors[number % len(debtors)]
        net = Decimal(10_000_00 + number * 37 % 5_000_000) / 100
        tax = (net * _TAX).quantize(Decimal("0.01"))
        total += net + tax
        writer.writerow(
            [
                uscc, name, f"HT-{number % 97:04d}", issued - timedelta(days=30), "3502261130", f"{number:08d}",
                issued, net, tax, net + tax, issued, due,
            ]
        )  # fmt: skip
    return Sheet(text.getvalue().encode(), rows, total)
