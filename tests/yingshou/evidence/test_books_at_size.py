"""How long the books take: one claim made by the real actions, copied a million times with all that belongs to it (G21)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from psycopg2 import sql

from benchmarks import seed
from tests.factories import receivables as make
from tests.harness.books import MADE_BY_FACTORIES
from tests.yingshou.evidence.history import superuser
from yingshou.audit import books
from yingshou.kernel import clock

ROWS = 1_000_000
SECONDS = 60.0
FIRST = 10_000_000
# What the copies share or do not have.
WITHOUT = MADE_BY_FACTORIES


def _copies(rows: int) -> None:
    creditor, debtor = make.creditor(), make.debtor()
    template = make.confirmed(creditor, debtor)
    here = {"receivable_id": f"{FIRST} + n"}
    one = _ids(template.pk)
    number = f"({FIRST} + n)::text"
    digest = f"sha256(convert_to({number}, 'UTF8'))"
    seed.copy_rows(
        "receivables_receivable",
        "id",
        template.pk,
        rows,
        {"id": f"{FIRST} + n", "public_no": f"'AR20261122' || {number}", "line_key": "gen_random_uuid()"},
    )
    seed.copy_rows("receivables_receivablebalance", "receivable_id", template.pk, rows, here)
    for entry in one["receivables_receivableentry"]:
        seed.copy_rows("receivables_receivableentry", "id", entry, rows, here)
    for act in one["receivables_confirmationact"]:
        seed.copy_rows("receivables_confirmationact", "id", act, rows, here)
    for event in one["audit_auditevent"]:
        seed.copy_rows("audit_auditevent", "id", event, rows, {"object_id": f"{FIRST} + n"})
    for invoice in one["receivables_invoice"]:
        changes = {"id": f"{FIRST} + n", "number": f"lpad({number}, 20, '0')", "fingerprint": digest}
        seed.copy_rows("receivables_invoice", "id", invoice, rows, changes)
    for use in one["receivables_invoiceuse"]:
        seed.copy_rows("receivables_invoiceuse", "id", use, rows, {**here, "invoice_id": f"{FIRST} + n"})
    _fingerprints(rows, digest)


def _ids(receivable: int) -> dict[str, list[int]]:
    """The rows of the template, by table."""
    found: dict[str, list[int]] = {}
    with superuser() as cursor:
        for table, where in (
            ("receivables_receivableentry", "receivable_id = %s"),
            ("receivables_confirmationact", "receivable_id = %s"),
            ("audit_auditevent", "object_type = 'receivables.receivable' and object_id = %s"),
            ("receivables_invoiceuse", "receivable_id = %s"),
            ("receivables_invoice", "id in (select invoice_id from receivables_invoiceuse where receivable_id = %s)"),
        ):
            query = sql.SQL("select id from {} where " + where + " order by id")
            cursor.execute(query.format(sql.Identifier(table)), [receivable])
            found[table] = [pk for (pk,) in cursor.fetchall()]
    return found


def _fingerprints(rows: int, digest: str) -> None:
    with superuser() as cursor:
        statement = sql.SQL(
            "insert into invoice_fingerprint (digest, owner, gross_amount, red_amount, used_amount) select {digest}, t.owner, "
            "t.gross_amount, t.red_amount, t.used_amount from generate_series(0, %s - 1) n, "
            "(select * from invoice_fingerprint limit 1) t"
        )
        cursor.execute(statement.format(digest=sql.SQL(digest)), [rows])
        cursor.execute("analyze")


@pytest.mark.deep
@pytest.mark.django_db(transaction=True, databases=["default", "owner", "report"])
def test_a_million_claims_are_read_within_a_minute(record_property: Any) -> None:
    _copies(ROWS)

    report = books.verify(at=clock.now(), without=WITHOUT)

    slowest = sorted(report.read, key=lambda read: -read.seconds)[:5]
    figures = ", ".join(f"{read.book.code} {read.seconds:.1f}" for read in slowest)
    print(f"{ROWS:,} claims: {report.seconds:.1f} s; {figures}")
    record_property("books_seconds", round(report.seconds, 1))
    assert report.good, report.violations[:5]
    assert report.seconds < SECONDS, figures
    connections["owner"].close()
