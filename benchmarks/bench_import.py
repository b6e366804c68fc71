"""
`import`: a workbook of 100,000 good rows in the template's columns, 500 debtors, through the pages: from the POST of the file to
"100,000 new", a worker running, the dry run accepted by this script. `ratio` against reading the same file with calamine and
COPYing the finished rows into copies of every table the import filled (at most 3). `peak_mb`: the highest sum of the
proportional memory of the worker's child and its parsing child, looked at every 100 ms (at most 400).
"""

import re
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.db import connections
from django.utils.translation import override
from psycopg2 import sql
from python_calamine import CalamineWorkbook

from benchmarks import city
from receivables.imports.claims import CLAIMS
from yingshou.documents.workbooks import template_headers
from yingshou.identity.models import Organisation
from yingshou.kernel import clock
from yingshou.tenancy.actor import Capability, Duty

ROWS = 100_000
DEBTORS = 500
# A table that grew by fewer rows was not filled by the import.
FILLED = 1_000


def run(folder: Path) -> dict[str, Any]:
    """Import once by the pages, then do the reference three times."""
    creditor = city.member(city.organisation("厦门明泰进出口有限公司", Capability.CREDITOR), Duty.MAKER)
    debtors = [city.organisation(f"厦门第{number}采购有限公司", Capability.DEBTOR) for number in range(DEBTORS)]
    file = folder / "claims.xlsx"
    _write(file, debtors)
    before = _counts()
    with city.worker(folder) as worker, city.web(folder) as address, _watching(worker) as peak:
        browser = _Browser(address, city.session_cookie(creditor))
        began = time.perf_counter()
        page = browser.upload(file)
        page = browser.follow(page, "accept")
        seconds = time.perf_counter() - began
    assert f"{ROWS}" in page.replace(",", ""), "the page says how many are new"
    filled = [table for table, count in _counts().items() if count - before.get(table, 0) >= FILLED]
    _finished_rows_are_all_there(filled, before)
    reference = sorted(_reference(file, filled, folder) for _round in range(3))[1]
    return {
        "bench": "import",
        "ratio": round(seconds / reference, 2),
        "peak_mb": round(peak[0]),
        "seconds": round(seconds, 1),
        "reference_seconds": round(reference, 1),
        "tables": len(filled),
    }


def _write(file: Path, debtors: list[Organisation]) -> None:
    """Every row is good and new; the columns and headers are the template's."""
    today = clock.business_date(clock.now())
    with override("zh-hans"):
        headers = template_headers(CLAIMS)
    names = [column.name for column in CLAIMS.columns]
    workbook = xlsxwriter.Workbook(str(file), {"constant_memory": True, "strings_to_formulas": False})
    sheet = workbook.add_worksheet("应收账款")
    sheet.write_row(0, 0, headers)
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for number in range(ROWS):
        values = _values(number, debtors[number % DEBTORS], today)
        for position, name in enumerate(names):
            value = values.get(name)
            if isinstance(value, date):
                sheet.write_datetime(number + 1, position, value, day)
            elif isinstance(value, float):
                sheet.write_number(number + 1, position, value)
            elif value is not None:
                sheet.write_string(number + 1, position, value)
    workbook.close()


def _values(number: int, debtor: Organisation, today: date) -> dict[str, Any]:
    net = 1_000 + (number * 37) % 900_000
    return {
        "debtor_uscc": debtor.uscc,
        "debtor_name": debtor.name,
        "kind": "销售",
        "contract_no": f"HT-{number:08d}",
        "contract_name": "零部件采购合同",
        "contract_date": today - timedelta(days=60),
        "invoice_number": f"{today:%y}35{700_000_000 + number:016d}",
        "invoice_date": today - timedelta(days=10),
        "net_amount": float(net),
        "tax_amount": net * 13 / 100,
        "gross_amount": net * 113 / 100,
        "currency": "CNY",
        "delivery_date": today - timedelta(days=10),
        "due_date": today + timedelta(days=30 + number % 60),
    }


class _Browser:
    """Posts forms and waits for pages as a person with a browser does."""

    def __init__(self, address: str, cookie: str) -> None:
        self.address = address
        self.token = secrets.token_hex(16)
        self.headers = {"Cookie": f"{cookie}; {settings.CSRF_COOKIE_NAME}={self.token}", "X-CSRFToken": self.token}

    def get(self, path: str) -> str:
        request = urllib.request.Request(f"{self.address}{path}", headers=self.headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            body: bytes = answer.read()
        return body.decode()

    def post(self, path: str, fields: dict[str, str], file: Path | None = None) -> str:
        """Post a form as multipart; the page it leads to, its address in front."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {**fields, "idempotency_key": secrets.token_hex(16)}.items()
        ]
        if file is not None:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'
            parts += [head.encode(), file.read_bytes(), b"\r\n"]
        body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
        request = urllib.request.Request(
            f"{self.address}{path}",
            data=body,
            headers={**self.headers, "Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                text: bytes = answer.read()
                return f"{answer.url}\n{text.decode()}"
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read()[:3000].decode(errors='replace')}") from error

    def upload(self, file: Path) -> str:
        """Upload and wait for the dry run."""
        page = self.post(f"/imports/{CLAIMS.name}/new/", {}, file)
        return self._wait(page, "CHECKED")

    def follow(self, page: str, step: str) -> str:
        """Take the next step and wait for the end."""
        path = re.search(r"/imports/\d+/", page)
        assert path is not None
        return self._wait(self.post(f"{path[0]}{step}/", {}), "DONE")

    def _wait(self, page: str, state: str) -> str:
        found = re.search(r"/imports/\d+/", page)
        assert found is not None, page[:500]
        deadline = time.monotonic() + 600
        while f'data-state="{state}"' not in page:
            if 'data-state="FAILED"' in page or time.monotonic() > deadline:
                raise RuntimeError(re.sub(r"<[^>]+>", " ", page)[:3000])
            time.sleep(0.25)
            page = f"{found[0]}\n{self.get(found[0])}"
        return page


def _counts() -> dict[str, int]:
    """Rows of every table."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
            counts[table] = int(cursor.fetchone()[0])
    return counts


def _finished_rows_are_all_there(filled: list[str], before: dict[str, int]) -> None:
    after = _counts()
    for table in ("receivables_receivable", "receivables_invoice", "audit_auditevent"):
        assert table in filled, f"the import did not fill {table}"
        assert after[table] - before.get(table, 0) >= ROWS


def _reference(file: Path, tables: list[str], folder: Path) -> float:
    """Parse, and COPY the finished rows into empty copies of the tables, as their owner; seconds."""
    finished = {table: folder / f"{table}.copy" for table in tables}
    owner = connections["owner"]
    with owner.cursor() as cursor:
        for table, path in finished.items():
            if not path.exists():
                with path.open("wb") as target:
                    cursor.copy_expert(f"copy (select * from {table}) to stdout", target)
            cursor.execute(f"drop table if exists copy_of_{table}")
            cursor.execute(f"create table copy_of_{table} (like {table} including all)")
        began = time.perf_counter()
        rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
        assert len(rows) == ROWS + 1
        for table, path in finished.items():
            columns = _written_columns(table)
            with path.open("rb") as source:
                cursor.copy_expert(f"copy copy_of_{table} ({columns}) from stdin", source)
        seconds = time.perf_counter() - began
        for table in tables:
            cursor.execute(f"drop table copy_of_{table}")
    return seconds


def _written_columns(table: str) -> str:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select string_agg(quote_ident(column_name), ', ' order by ordinal_position) "
            "from information_schema.columns where table_schema = 'public' and table_name = %s",
            [table],
        )
        return str(cursor.fetchone()[0])


@contextmanager
def _watching(worker: int) -> Iterator[list[float]]:
    """The highest memory of one worker child with its own children, in MB, kept up to date in the list."""
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for child in _children(worker):
                family = [child, *_descendants(child)]
                peak[0] = max(peak[0], sum(_pss(pid) for pid in family) / 1024)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _descendants(pid: int) -> list[int]:
    found = _children(pid)
    return [*found, *(one for child in found for one in _descendants(child))]


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) if match else 0
