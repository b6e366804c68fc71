"""
VAT sales ledgers, one CSV a firm, as sheets of our own template.

The first column is a running number without a name: left out before rows are compared. Credit codes are valid ones made of a
hash of the label; numbers are padded to 8 (leading zeros were lost); the contract is firm, buyer and year; delivery is the day
of issue and the due date 90 days later. All days move forward by one number of weeks, so that the newest is recent.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath

from yingshou.kernel.identifiers import org_check_character, uscc_check_character

FOLDER = "output_invoice"
VALID = "有效发票"
TERM = timedelta(days=90)
LIMIT_BYTES = 64 * 1024 * 1024
HEADERS = (
    "债务人统一社会信用代码",
    "债务人名称",
    "合同编号",
    "发票号码",
    "开票日期",
    "金额",
    "税额",
    "价税合计",
    "交付日期",
    "到期日",
    "逾期原因",
    "对应蓝字发票号码",
    "发票状态",
)
PAST_DUE = "历史台账补录"


@dataclass(frozen=True)
class LedgerRow:
    """One row as the ledger has it, without the running number."""

    firm: str
    number: str
    day: date
    buyer: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    status: str

    @property
    def is_valid(self) -> bool:
        """Whether the invoice was not voided."""
        return self.status == VALID


def read_ledgers(archive: Path) -> dict[str, list[LedgerRow]]:
    """
    The rows of every firm, in the order of the files.

    :raises ValueError: if a ledger is larger than any real one, or lacks a column
    """
    found: dict[str, list[LedgerRow]] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if not member.isfile() or path.suffix != ".csv" or not path.parent.name.endswith(FOLDER):
                continue
            if member.size > LIMIT_BYTES:
                raise ValueError(f"{member.name} is larger than {LIMIT_BYTES} bytes")
            source = tar.extractfile(member)
            assert source is not None, "a file has content"
            found[path.stem] = list(_rows(io.TextIOWrapper(source, encoding="utf-8-sig", newline="")))
    return dict(sorted(found.items(), key=lambda item: (len(item[0]), item[0])))


def _rows(lines: Iterable[str]) -> Iterator[LedgerRow]:
    for row in csv.DictReader(lines):
        year, month, day = (int(part) for part in row["开票日期"].split("/"))
        yield LedgerRow(
            firm=row["企业代号"].strip(),
            number=row["发票号码"].strip(),
            day=date(year, month, day),
            buyer=row["购方单位代号"].strip(),
            net=Decimal(row["金额"]),
            tax=Decimal(row["税额"]),
            gross=Decimal(row["价税合计"]),
            status=row["发票状态"].strip(),
        )


def credit_code(label: str) -> str:
    """A valid credit code that belongs to the label alone: the same on every machine."""
    number = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big") % 10**8
    body = f"{number:08d}"
    first17 = f"91350200{body}{org_check_character(body)}"
    return first17 + uscc_check_character(first17)


def newest_day(ledgers: Iterable[Sequence[LedgerRow]]) -> date:
    """The last day of all ledgers."""
    return max(row.day for rows in ledgers for row in rows)


def weeks_forward(newest: date, today: date) -> timedelta:
    """By how much all days move: whole weeks, so that weekdays stay and the newest day lies within the last one."""
    return timedelta(weeks=max(0, (today - newest).days // 7))


def largest_buyers(ledgers: Iterable[Sequence[LedgerRow]], count: int) -> list[str]:
    """The buyers with most distinct valid invoices."""
    votes: Counter[str] = Counter()
    for rows in ledgers:
        votes.update(row.buyer for row in set(rows) if row.is_valid and row.gross > 0)
    return [buyer for buyer, _count in sorted(votes.items(), key=lambda item: (-item[1], item[0]))[:count]]


def blue_of_red(rows: Sequence[LedgerRow]) -> dict[LedgerRow, str]:
    """
    Which invoice each red-letter row corrects, where that can be told: exactly one valid invoice of the same buyer, of the
    same net, tax and total with the other sign, issued no later and standing above it, not corrected already.
    """
    above: dict[tuple[str, Decimal, Decimal, Decimal], list[LedgerRow]] = defaultdict(list)
    seen: set[LedgerRow] = set()
    answer: dict[LedgerRow, str] = {}
    for row in rows:
        if row in seen or not row.is_valid:
            continue
        seen.add(row)
        if row.gross > 0:
            above[(row.buyer, row.net, row.tax, row.gross)].append(row)
            continue
        candidates = above.get((row.buyer, -row.net, -row.tax, -row.gross), [])
        if len(candidates) == 1 and candidates[0].day <= row.day:
            answer[row] = candidates.pop().number.zfill(8)
    return answer


def sheet(rows: Sequence[LedgerRow], *, forward: timedelta, today: date) -> bytes:
    """The ledger as a CSV of the template's columns, row for row: what is odd is left for the engine to say."""
    blues = blue_of_red(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    for row in rows:
        day = row.day + forward
        due = day + TERM
        writer.writerow(
            [
                credit_code(row.buyer),
                f"购方单位{row.buyer}",
                f"{row.firm}-{row.buyer}-{day.year}",
                row.number.zfill(8),
                day.isoformat(),
                row.net,
                row.tax,
                row.gross,
                day.isoformat(),
                due.isoformat(),
                PAST_DUE if due < today else "",
                blues.get(row, ""),
                row.status,
            ]
        )
    return text.getvalue().encode()


@dataclass(frozen=True)
class Expected:
    """What an independent reading of the raw file says."""

    rows: int
    valid_total: Decimal


def independent_sums(archive: Path) -> dict[str, Expected]:
    """Rows, and the total of distinct valid rows above zero, by plain csv over the raw files: shares no code with the rest."""
    answer = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            source = tar.extractfile(member) if f"{FOLDER}/" in member.name and member.name.endswith(".csv") else None
            if source is None:
                continue
            header, *body = csv.reader(io.StringIO(source.read().decode("utf-8-sig")))
            gross, status = header.index("价税合计"), header.index("发票状态")
            distinct = {tuple(line[1:]) for line in body}
            counted = [Decimal(line[gross - 1]) for line in distinct if line[status - 1].strip() == "有效发票"]
            total = sum((one for one in counted if one > 0), Decimal("0.00"))
            answer[PurePosixPath(member.name).stem] = Expected(rows=len(body), valid_total=total)
    return answer
