"""
A small import kind of the tests' own: parcels that somebody owes for.

They are kept in the table of layouts under a kind of their own: the application's role cannot create tables, a temporary one
would not outlive a killed process, and the key of that table proves that nothing is doubled.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from yingshou.documents import cells
from yingshou.documents.kinds import Check, Chunk, Column, Effect, ImportKind, Undo, UploadOption, import_kinds
from yingshou.documents.models import Layout
from yingshou.documents.reader.parsers import uscc_check_character
from yingshou.kernel.errors import Conflict

COLUMNS = (
    Column(
        "debtor_uscc",
        "Debtor's credit code",
        cells.uscc(),
        ("债务人统一社会信用代码", "购方税号"),
        required=True,
        example="91350200MA31T0E510",
    ),
    Column("debtor_name", "Debtor", cells.text(100), ("债务人名称", "购方名称", "购买方")),
    Column("contract_no", "Contract", cells.code(), ("合同编号", "合同号"), required=True, example="HT-2026-001"),
    Column("invoice_code", "Invoice code", cells.invoice_code(), ("发票代码",)),
    Column("invoice_number", "Invoice number", cells.invoice_number(), ("发票号码", "发票号"), required=True),
    Column("issue_date", "Issue date", cells.day(), ("开票日期",), example="2026-03-31"),
    Column("due_date", "Due date", cells.day(), ("到期日",), required=True, example="2026-06-30"),
    Column("net_amount", "Net", cells.amount(), ("不含税金额",)),
    Column("tax_amount", "Tax", cells.amount(), ("税额",)),
    Column("gross_amount", "Gross", cells.amount(), ("价税合计", "金额"), required=True, example="113000.00"),
    Column("currency", "Currency", cells.currency(), ("币种",)),
    Column("note", "Note", cells.text(50), ("备注",)),
)
HEADERS = tuple(column.aliases[0] for column in COLUMNS)


class SampleTouched(Conflict):
    """Somebody acted on one of the parcels."""

    code = "SMP-009"
    message = gettext_lazy("A parcel was touched.")


def accept(chunk: Chunk) -> None:
    """Make one parcel of each row."""
    chunk.execute(
        "create temporary table made on commit drop as select nextval('documents_layout_id_seq') as result_id, * from {rows}"
    )
    chunk.execute(
        "insert into documents_layout (id, organisation_id, kind, fingerprint, headers, mapping, saved_at) "
        "select result_id, %(organisation)s, 'parcel', invoice_number, '[]', "
        "jsonb_build_object('amount', gross_amount, 'batch', %(batch)s::bigint), %(at)s from made"
    )
    chunk.mark_accepted("sample.parcel", "select row_id, result_id from made")
    chunk.execute("drop table made")


def undo(undo: Undo) -> None:
    """Delete the parcels of the batch unless one is touched."""
    joined = "from documents_layout p join {rows} r on r.result_id = p.id where p.mapping ? 'touched' limit 1"
    if undo.fetch(f"select 1 {joined}"):
        raise SampleTouched
    undo.execute("delete from documents_layout p using {rows} r where r.result_id = p.id")


KIND = ImportKind(
    name="sample",
    title="Parcels",
    permission="documents.import",
    columns=COLUMNS,
    accept=accept,
    undo=undo,
    checks=(
        Check(
            code="SMP-001",
            column="gross_amount",
            message="Net and tax give %(sum)s fen.",
            cure="Compare with the invoice.",
            sql="select row_id, jsonb_build_object('sum', net_amount + tax_amount) from {rows} "
            "where net_amount + tax_amount <> gross_amount",
        ),
        Check(
            code="SMP-002",
            column="due_date",
            message="Due before issue.",
            cure="Check the dates.",
            sql="select row_id, null::jsonb from {rows} where due_date < issue_date",
            effect=Effect.WARNING,
        ),
    ),
    amount_column="gross_amount",
    currency_column="currency",
    options=(UploadOption("meaning", "What the rows mean", (("compare", "comparison only"), ("publish", "publish"))),),
)

if "sample" not in dict(import_kinds.items()):
    import_kinds.register("sample", KIND)


def count() -> int:
    """How many parcels there are."""
    return Layout.objects.filter(kind="parcel").count()


def touch() -> None:
    """Act on one parcel."""
    first = Layout.objects.filter(kind="parcel").order_by("pk").first()
    assert first is not None
    first.mapping["touched"] = True
    first.save(update_fields=["mapping"])


def uscc(number: int) -> str:
    """A valid credit code of a fictional organisation."""
    body = f"91350200MA{number:07d}"
    return body + uscc_check_character(body)


def row(number: int, **changes: Any) -> list[Any]:
    """A good row; ``changes`` by column name."""
    values: dict[str, Any] = {
        "debtor_uscc": uscc(number % 50),
        "debtor_name": f"示例采购有限公司{number % 50}号",
        "contract_no": f"HT-2026-{number:06d}",
        "invoice_code": "",
        "invoice_number": f"26{number:018d}",
        "issue_date": "2026-03-01",
        "due_date": "2026-06-30",
        "net_amount": 100 + number,
        "tax_amount": 13,
        "gross_amount": 113 + number,
        "currency": "CNY",
        "note": "",
    }
    values.update(changes)
    return [values[column.name] for column in COLUMNS]


def rows(many: int) -> Sequence[list[Any]]:
    """Good rows."""
    return [row(number) for number in range(1, many + 1)]


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
