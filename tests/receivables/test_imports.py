"""Both sheets through the engine: what becomes of each row, and that a second upload adds nothing."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django import Settings

from receivables import actions
from receivables.models import (
    BookMatch,
    Evidence,
    Invoice,
    InvoiceUse,
    PayableLine,
    Receivable,
    ReceivableBalance,
)
from receivables.states import State
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.receivables import AT
from yingshou.audit.models import AuditEvent
from yingshou.documents import actions as documents
from yingshou.documents import files, steps
from yingshou.documents.models import ImportBatch, ImportRow
from yingshou.documents.states import State as BatchState
from yingshou.identity.models import Organisation
from yingshou.kernel.errors import DomainError
from yingshou.kernel.public_numbers import public_no_ok
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db

CLAIM_HEADERS = [
    "债务人统一社会信用代码",
    "债务人名称",
    "合同编号",
    "合同日期",
    "发票代码",
    "发票号码",
    "开票日期",
    "金额",
    "税额",
    "价税合计",
    "应收金额",
    "交付日期",
    "到期日",
    "对应蓝字发票号码",
    "种类",
]
PAYABLE_HEADERS = [
    "供应商统一社会信用代码",
    "合同编号",
    "发票代码",
    "发票号码",
    "价税合计",
    "应付金额",
    "交付日期",
    "到期日",
]


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def sheet(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headers, *rows])
    return text.getvalue().encode()


def claim(debtor: Organisation | str, number: str, gross: str = "1130.00", **changes: str) -> list[str]:
    values = {
        "债务人统一社会信用代码": debtor if isinstance(debtor, str) else debtor.uscc,
        "债务人名称": "某采购公司",
        "合同编号": "HT-1",
        "合同日期": "2026-10-01",
        "发票代码": "3502261130",
        "发票号码": number,
        "开票日期": "2026/11/1",
        "金额": str(Decimal(gross) - 130),
        "税额": "130.00",
        "价税合计": gross,
        "应收金额": "",
        "交付日期": "2026-11-01",
        "到期日": "2027-01-30",
        "对应蓝字发票号码": "",
        "种类": "",
    }
    values.update(changes)
    return [values[name] for name in CLAIM_HEADERS]


def read(kind: str, content: bytes, by: Actor, name: str = "claims.csv", **options: str) -> ImportBatch:
    stored = documents.store(name, io.BytesIO(content), by=by, at=AT, purpose=files.IMPORT)
    batch = documents.receive(kind, stored, by=by, at=AT, options=options)
    return steps.read(batch.pk, by=by, at=AT)


def take(batch: ImportBatch, by: Actor) -> ImportBatch:
    documents.accept(batch.pk, by=by, at=AT)
    return steps.accept(batch.pk, by=by, at=AT)


def codes(batch: ImportBatch) -> dict[int, list[str]]:
    return {
        row.row_no: [problem["key"] for problem in row.problems or []]
        for row in ImportRow.objects.filter(batch_id=batch.pk).order_by("seq")
    }


def test_a_sheet_becomes_drafts_with_everything_they_need() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    by = make.maker(creditor)
    with acting_as(by):
        batch = read("receivables.claims", sheet(CLAIM_HEADERS, [claim(debtor, "1"), claim(identity.uscc(), "2")]), by)
        assert batch.counts == {"READY": 2, "WARNED": 2} or batch.counts["READY"] == 2
        batch = take(batch, by)

        assert batch.state == BatchState.DONE
        rows = list(Receivable.objects.order_by("id"))
        assert [row.state for row in rows] == [State.DRAFT] * 2
        assert rows[0].debtor_id == debtor.pk
        assert rows[1].debtor_id is None
        assert rows[0].face_amount == Decimal("1130.00")
        assert all(public_no_ok(row.public_no) for row in rows)
        assert {row.batch_id for row in rows} == {batch.pk}
        assert Invoice.objects.get(number="00000001").gross_amount == Decimal("1130.00")
        assert InvoiceUse.objects.count() == Evidence.objects.count() == ReceivableBalance.objects.count() == 2
        events = AuditEvent.objects.filter(object_type="receivables.receivable")
        assert {(event.kind, event.object_version) for event in events} == {("receivables.receivable.create", 1)}
        for row in rows:
            assert actions.submit([row.pk], by=make.job(creditor), at=AT)[0].ok
    with acting_as(make.job(debtor)):
        assert Receivable.objects.count() == 1


def test_the_same_file_again_adds_nothing_and_says_so() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    by = make.maker(creditor)
    content = sheet(CLAIM_HEADERS, [claim(debtor, str(number)) for number in range(1, 6)])
    with acting_as(by):
        take(read("receivables.claims", content, by), by)
        again = read("receivables.claims", content, by, name="again.csv")

        assert again.counts == {"KNOWN": 5}
        assert Receivable.objects.count() == 5


def test_the_same_line_in_other_words_is_known_too() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    by = make.maker(creditor)
    with acting_as(by):
        take(read("receivables.claims", sheet(CLAIM_HEADERS, [claim(debtor, "00000077")]), by), by)
        other = sheet(CLAIM_HEADERS, [claim(debtor, "77", 债务人名称="同一家公司")])
        again = read("receivables.claims", other, by, name="b.csv")

        assert again.counts.get("KNOWN") == 1
        assert codes(again)[2][-1] == "RCV-032"


def test_an_entry_by_hand_is_recognised_by_the_import() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    make.drafted(
        creditor,
        debtor,
        face="1130.00",
        contract_no="HT-1",
        invoices=(make.invoice("1130.00", number="00000088"),),
    )
    by = make.maker(creditor)
    with acting_as(by):
        batch = read("receivables.claims", sheet(CLAIM_HEADERS, [claim(debtor, "88")]), by)

        assert batch.counts.get("KNOWN") == 1, codes(batch)


def test_another_creditors_invoice_is_an_error_that_names_nobody() -> None:
    first, second, debtor = make.creditor(), make.creditor(), make.debtor()
    make.drafted(first, debtor, face="1130.00", invoices=(make.invoice("1130.00", number="00000099"),))
    by = make.maker(second)
    with acting_as(by):
        batch = read("receivables.claims", sheet(CLAIM_HEADERS, [claim(debtor, "99")]), by)

        assert batch.counts.get("ERROR") == 1
        assert "INV-003" in codes(batch)[2]
        assert first.name not in str(ImportRow.objects.get(batch_id=batch.pk).problems)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"价税合计": "0.00", "金额": "0.00", "税额": "0.00"}, "RCV-001"),
        ({"价税合计": "1130.03"}, "INV-002"),
        ({"应收金额": "1130.01"}, "RCV-005"),
        ({"到期日": "2026-10-30"}, "RCV-002"),
        ({"到期日": "2026-11-02"}, "RCV-008"),
        ({"到期日": ""}, "RCV-025"),
        ({"交付日期": ""}, "RCV-024"),
        ({"开票日期": "2026-11-30"}, "INV-008"),
        ({"发票代码": "", "发票号码": "25352000000012345678"}, "INV-004"),
        ({"发票号码": "", "金额": "", "税额": "", "价税合计": "", "应收金额": "5.00"}, "RCV-027"),
        ({"种类": "票据"}, "RCV-011"),
        ({"开票日期": ""}, "INV-013"),
        ({"价税合计": "-1130.00", "金额": "-1000.00", "税额": "-130.00"}, "INV-005"),
        ({"应收金额": "2000000000000000"}, "amount_too_large"),
    ],
)
def test_every_rule_speaks_in_the_import(changes: dict[str, str], code: str) -> None:
    by = make.maker(make.creditor())
    with acting_as(by):
        batch = read("receivables.claims", sheet(CLAIM_HEADERS, [claim(make_debtor(), "5", **changes)]), by)

        assert batch.counts.get("ERROR") == 1, batch.counts
        assert code in codes(batch)[2] or code.startswith("amount"), codes(batch)


def make_debtor() -> Organisation:
    return make.debtor()


def test_creditor_and_debtor_must_differ() -> None:
    creditor = make.creditor()
    by = make.maker(creditor)
    with acting_as(by):
        batch = read("receivables.claims", sheet(CLAIM_HEADERS, [claim(creditor, "5")]), by)

        assert "RCV-004" in codes(batch)[2]


def test_two_rows_that_use_more_than_the_invoice_has() -> None:
    debtor = make.debtor()
    by = make.maker(make.creditor())
    with acting_as(by):
        rows = [claim(debtor, "5", 应收金额="1000.00"), claim(debtor, "5", 应收金额="130.01"), claim(debtor, "6")]
        batch = read("receivables.claims", sheet(CLAIM_HEADERS, rows), by)

        assert codes(batch)[3] == ["RCV-050"] or "RCV-050" in codes(batch)[3]
        assert batch.counts["READY"] == 2


def test_red_letter_rows_reduce_or_undo_their_blue_invoice() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    by = make.maker(creditor)
    red = {"金额": "-300.00", "税额": "-39.00", "价税合计": "-339.00"}
    whole = {"金额": "-1000.00", "税额": "-130.00", "价税合计": "-1130.00"}
    rows = [
        claim(debtor, "11"),
        claim(debtor, "12"),
        claim(debtor, "13", 对应蓝字发票号码="11", **red),
        claim(debtor, "14", 对应蓝字发票号码="12", **whole),
        claim(debtor, "15", 对应蓝字发票号码="12", **red),
    ]
    with acting_as(by):
        batch = take(read("receivables.claims", sheet(CLAIM_HEADERS, rows), by), by)

        assert batch.counts["ACCEPTED"] == 4
        assert "INV-011" in codes(batch)[6]
        first = Receivable.objects.get(invoice_uses__invoice__number="00000011")
        second = Receivable.objects.get(invoice_uses__invoice__number="00000012")
        assert (first.face_amount, first.state, first.version) == (Decimal("791.00"), State.DRAFT, 2)
        assert second.state == State.UNDONE
        assert Invoice.objects.get(number="00000011").red_amount == Decimal("339.00")


def test_red_letter_rows_take_no_more_off_a_confirmed_claim_than_its_invoice_has() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    blue = make.confirmed(creditor, debtor, face="1130.00", invoices=(make.invoice("1130.00", number="00000021"),))
    red = {"金额": "-600.00", "税额": "-78.00", "价税合计": "-678.00", "对应蓝字发票号码": "21"}
    by = make.maker(creditor)
    with acting_as(by):
        rows = [claim(debtor, "22", **red), claim(debtor, "23", **red)]
        batch = take(read("receivables.claims", sheet(CLAIM_HEADERS, rows), by), by)

        assert batch.counts["ACCEPTED"] == 1
        assert "INV-011" in codes(batch)[3]
        assert Invoice.objects.get(number="00000021").red_amount == Decimal("678.00")
        balance = ReceivableBalance.objects.get(pk=blue.pk)
        assert (balance.claim_amount, balance.overpaid_amount) == (Decimal("452.00"), Decimal("0.00"))


def test_undo_takes_the_batch_back_unless_somebody_acted() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    by = make.maker(creditor)
    with acting_as(by):
        first = take(
            read("receivables.claims", sheet(CLAIM_HEADERS, [claim(debtor, "21"), claim(debtor, "22")]), by), by
        )
        steps.undo(first.pk, by=by, at=AT)
        assert set(Receivable.objects.values_list("state", flat=True)) == {State.UNDONE}

        second = take(read("receivables.claims", sheet(CLAIM_HEADERS, [claim(debtor, "21")]), by, name="b.csv"), by)
        assert second.counts["ACCEPTED"] == 1
        row = Receivable.objects.get(batch_id=second.pk)
        actions.submit([row.pk], by=make.job(creditor), at=AT)
        with pytest.raises(DomainError) as caught:
            steps.undo(second.pk, by=by, at=AT)
        assert caught.value.code == "RCV-039"


def payable(creditor: Organisation | str, number: str, amount: str = "1130.00", **changes: str) -> list[str]:
    values = {
        "供应商统一社会信用代码": creditor if isinstance(creditor, str) else creditor.uscc,
        "合同编号": "HT-1",
        "发票代码": "3502261130",
        "发票号码": number,
        "价税合计": amount,
        "应付金额": amount,
        "交付日期": "2026-11-01",
        "到期日": "2027-01-30",
    }
    values.update(changes)
    return [values[name] for name in PAYABLE_HEADERS]


def test_a_payables_book_is_compared_with_what_waits() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    rows = [
        make.pending(
            creditor, debtor, face="1130.00", contract_no="HT-1", invoices=(make.invoice("1130.00", number=f"{n:08d}"),)
        )
        for n in (31, 32)
    ]
    by = make.maker(debtor)
    with acting_as(by):
        content = sheet(PAYABLE_HEADERS, [payable(creditor, "31"), payable(creditor, "32", "1000.00")])
        batch = take(read("receivables.payables", content, by, use="compare"), by)

        assert batch.counts["ACCEPTED"] == 2
        assert PayableLine.objects.count() == 2
        assert [BookMatch.objects.get(pk=row.pk).verdict for row in rows] == ["AGREES", "DIFFERS"]
        again = read("receivables.payables", content, by, name="b.csv", use="compare")
        assert again.counts == {"KNOWN": 2}
        steps.undo(batch.pk, by=by, at=AT)
        assert PayableLine.objects.filter(is_alive=True).count() == 0
    with acting_as(make.job(creditor)):
        assert PayableLine.objects.count() == 0


def test_published_payables_become_drafts_that_a_second_person_publishes() -> None:
    creditor, debtor = make.creditor(), make.debtor()
    claimed = make.pending(creditor, debtor, face="1130.00", invoices=(make.invoice("1130.00", number="00000041"),))
    by = make.maker(debtor)
    with acting_as(by):
        content = sheet(
            PAYABLE_HEADERS, [payable(creditor, "41"), payable(creditor, "42"), payable(identity.uscc(), "43")]
        )
        batch = take(read("receivables.payables", content, by, use="publish"), by)

        assert batch.counts["ACCEPTED"] == 3
        (line,) = PayableLine.objects.filter(receivable_id__isnull=False)
        assert line.receivable_id is not None
        row = Receivable.objects.get(pk=line.receivable_id)
        assert (row.state, row.origin) == (State.DRAFT, "DEBTOR_UPLOAD")
        assert Receivable.objects.count() == 2
        assert actions.publish([row.pk], by=make.job(debtor), at=AT)[0].ok
    with acting_as(make.job(creditor)):
        assert set(Receivable.objects.values_list("state", flat=True)) == {State.PENDING_CONFIRM, State.CONFIRMED}
        assert claimed.pk != row.pk
        assert row.due_date == date(2027, 1, 30)


def test_numbers_of_twenty_digits_stay_whole() -> None:
    """Invoices of one buyer and one amount differ in their last digits only."""
    creditor, debtor = make.creditor(), make.debtor()
    by = make.maker(creditor)
    numbers = ["26352000000000000001", "26352000000000000002"]
    rows = [claim(debtor, number, 发票代码="") for number in numbers]
    with acting_as(by):
        batch = take(read("receivables.claims", sheet(CLAIM_HEADERS, rows), by), by)

        assert batch.accepted_count == 2
        assert sorted(Invoice.objects.values_list("number", flat=True)) == numbers
