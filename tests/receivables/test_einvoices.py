"""E-invoices through the import: read, asked about once, checked, taken over as drafts with their files, undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from receivables.imports.einvoices import NAME
from receivables.models import Evidence, Invoice, InvoiceUse, Receivable
from receivables.states import State
from tests.factories import einvoices as made
from tests.factories import identity
from tests.factories import receivables as make
from tests.factories.einvoices import Made
from tests.factories.receivables import AT
from yingshou.documents import actions as documents
from yingshou.documents import files, steps
from yingshou.documents.models import ImportBatch, ImportRow, StoredFile
from yingshou.documents.states import State as BatchState
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db
ANSWER = {"mode": "EACH", "contract_no": "HT-1", "debtor_uscc": "", "due_rule": "DELIVERY", "due_date": "", "term_days": "60",
          "base_date": "", "past_due_reason": ""}  # fmt: skip
DATE = "2026-11-02"


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def invoice(parties: tuple[Organisation, Organisation], number: int = 1, **changes: Any) -> Made:
    """An invoice of the supplier to its buyer."""
    seller, buyer = parties
    return made.serial(
        number, **{"seller": seller.uscc, "seller_name": seller.name, "buyer": buyer.uscc, "buyer_name": buyer.name,
                   "issued": DATE, **changes})  # fmt: skip


def read(content: bytes, by: Actor, name: str = "a.zip") -> ImportBatch:
    stored = documents.store(name, BytesIO(content), by=by, at=AT, purpose=files.IMPORT)
    return steps.read(documents.receive(NAME, stored, by=by, at=AT).pk, by=by, at=AT)


def told(batch: ImportBatch, by: Actor, left: list[int] | None = None, **changes: str) -> ImportBatch:
    """The same answer for every buyer."""
    assert batch.state == BatchState.QUESTION
    assert batch.question is not None
    groups = {group["key"]: {**ANSWER, **changes} for group in batch.question["groups"]}
    documents.answer(batch.pk, {"groups": groups, "left": left or []}, by=by, at=AT)
    return steps.read(batch.pk, by=by, at=AT)


def taken(batch: ImportBatch, by: Actor) -> ImportBatch:
    documents.accept(batch.pk, by=by, at=AT)
    return steps.accept(batch.pk, by=by, at=AT)


def codes(batch: ImportBatch) -> dict[str, list[str]]:
    """What each file of the batch is told, by its name."""
    found: dict[str, list[str]] = {}
    for row in ImportRow.objects.filter(batch=batch).order_by("seq"):
        found[str(row.data[0])] = [row.state, *[str(one["key"]) for one in row.problems or []]]
    return found


def package(invoices: Mapping[str, Made]) -> bytes:
    return made.package({f"{name}.xml": made.xml(one) for name, one in invoices.items()})


@pytest.fixture
def maker(parties: tuple[Organisation, Organisation]) -> Actor:
    return make.maker(parties[0])


def test_invoices_become_receivables_one_by_one_with_their_files(
    parties: tuple[Organisation, Organisation], maker: Actor
) -> None:
    with acting_as(maker):
        batch = read(package({"一": invoice(parties, 1), "二": invoice(parties, 2, nets=("1000.00", "500.00"))}), maker)
        (group,) = (batch.question or {})["groups"]
        batch = taken(told(batch, maker), maker)
        rows = list(Receivable.objects.order_by("face_amount"))
        evidence = {one.receivable_id: one for one in Evidence.objects.all()}

        assert (group["count"], group["total"]) == (2, 113_000_00 + 1_695_00)
        assert (batch.state, batch.accepted_count) == (BatchState.DONE, 2)
        assert [row.face_amount for row in rows] == [Decimal("1695.00"), Decimal("113000.00")]
        assert {row.state for row in rows} == {State.DRAFT}
        assert {str(row.due_date) for row in rows} == {"2027-01-01"}
        assert {row.debtor_id for row in rows} == {parties[1].pk}
        one = evidence[rows[0].pk]
        assert one.kind == "INVOICE"
        assert one.reading == {
            "number": invoice(parties, 2).number, "form": "XML", "signature": "PRESENT", "lines": 2, "buyer": True}  # fmt: skip
        assert StoredFile.objects.get(pk=one.file_id).name == "二.xml"


def test_invoices_of_a_buyer_become_one_receivable_and_are_undone_together(
    parties: tuple[Organisation, Organisation], maker: Actor
) -> None:
    with acting_as(maker):
        batch = read(package({str(n): invoice(parties, n) for n in range(3)}), maker)
        batch = taken(told(batch, maker, mode="ONE"), maker)
        (row,) = Receivable.objects.all()

        assert row.face_amount == Decimal("339000.00")
        assert row.invoice_uses.count() == 3
        assert row.evidence.count() == 3
        documents.undo(batch.pk, by=maker, at=AT)
        assert steps.undo(batch.pk, by=maker, at=AT).state == BatchState.UNDONE
        assert Receivable.objects.get().state == State.UNDONE
        assert not Invoice.objects.filter(is_alive=True).exists()


def test_same_invoices_again_add_nothing(parties: tuple[Organisation, Organisation], maker: Actor) -> None:
    content = package({"一": invoice(parties, 1)})
    with acting_as(maker):
        taken(told(read(content, maker), maker), maker)
        again = told(read(made.package({"anders.xml": made.xml(invoice(parties, 1))}), maker), maker)

        assert (again.ready_count, again.known_count) == (0, 1)


def test_forms_of_one_invoice_count_once_and_a_forged_one_is_told(
    parties: tuple[Organisation, Organisation], maker: Actor
) -> None:
    one, other = invoice(parties, 1), invoice(parties, 2)
    parts = {
        "a.pdf": made.pdf(replace(one, buyer="")),
        "b.ofd": made.ofd(one),
        "c.xml": made.xml(one),
        "d.xml": made.xml(other),
        "e.pdf": made.pdf(replace(other, nets=("900000.00",))),
    }
    with acting_as(maker):
        batch = told(read(made.package(parts), maker), maker)
        said = codes(batch)

        assert said["c.xml"][0] == "READY"
        assert said["a.pdf"][0] == said["b.ofd"][0] == "DUPLICATE"
        assert said["d.xml"] == ["ERROR", "INV-009"]
        assert said["e.pdf"] == ["ERROR", "INV-009"]


def test_every_check_has_its_code_and_the_good_ones_are_taken(
    parties: tuple[Organisation, Organisation], maker: Actor
) -> None:
    stranger = identity.organisation()
    good = invoice(parties, 1)
    parts = {
        "gut.xml": made.xml(good),
        "summe.xml": made.xml(invoice(parties, 2)).replace(b"-includedAmount>113000.00", b"-includedAmount>113000.02"),
        "zeile.xml": made.xml(invoice(parties, 3)).replace(b"<ComTaxAm>13000.00", b"<ComTaxAm>13000.02"),
        "verkaeufer.xml": made.xml(invoice(parties, 4, seller=stranger.uscc)),
        "name.xml": made.xml(invoice(parties, 5, buyer_name="另一家公司")),
        "jahr.xml": made.xml(replace(invoice(parties, 6), number="25352000000000000006")),
        "ziffern.xml": made.xml(replace(invoice(parties, 7), number="2635200000000000000")),
        "morgen.xml": made.xml(invoice(parties, 8, issued="2026-12-31")),
        "null.xml": made.xml(invoice(parties, 9, nets=("0.00",))),
        "rot.xml": made.xml(invoice(parties, 10, nets=("-50.00",))),
        "kaeufer.xml": made.xml(invoice(parties, 11, buyer="91350100M000100Y44")),
        "ohne.xml": made.xml(invoice(parties, 12, signed=False)),
        "bild.xml": b"\x89PNG\r\n\x1a\n" + bytes(60),
    }
    with acting_as(maker):
        batch = told(read(made.package(parts), maker), maker)
        said = codes(batch)

        assert said["gut.xml"] == ["READY"]
        assert said["summe.xml"] == ["ERROR", "INV-002"]
        assert said["zeile.xml"] == ["ERROR", "INV-002-L"]
        assert said["verkaeufer.xml"] == ["ERROR", "INV-006"]
        assert said["name.xml"] == ["READY", "INV-007"]
        assert said["jahr.xml"] == ["ERROR", "INV-004"]
        assert said["ziffern.xml"] == ["ERROR", "invoice_number_length"]
        assert "INV-008" in said["morgen.xml"]
        assert said["null.xml"] == ["ERROR", "RCV-001"]
        assert said["rot.xml"] == ["ERROR", "INV-005"]
        assert said["kaeufer.xml"][:2] == ["ERROR", "uscc_check"]
        assert said["ohne.xml"] == ["READY", "INV-010"]
        assert said["bild.xml"] == ["ERROR", "einvoice_unknown"]
        assert taken(batch, maker).accepted_count == 3


def test_invoice_in_use_elsewhere_is_refused(parties: tuple[Organisation, Organisation], maker: Actor) -> None:
    one = invoice(parties, 1)
    with acting_as(maker):
        first = taken(told(read(package({"一": one}), maker), maker), maker)
        assert first.accepted_count == 1
        # Another date, so that it is not the same row: the number alone is what the platform knows.
        again = told(read(package({"一": replace(one, issued="2026-11-03")}), maker), maker)

        assert codes(again)["一.xml"] == ["ERROR", "INV-003"]


def test_red_letter_invoice_reduces_its_blue_one(parties: tuple[Organisation, Organisation], maker: Actor) -> None:
    blue = invoice(parties, 1)
    red = invoice(parties, 2, nets=("-10000.00",), remark=f"被红冲蓝字数电票号码：{blue.number}")
    with acting_as(maker):
        batch = taken(told(read(package({"a红": red, "b蓝": blue}), maker), maker), maker)
        (row,) = Receivable.objects.all()

        assert batch.accepted_count == 2
        assert row.face_amount == Decimal("101700.00")
        assert InvoiceUse.objects.get().used_amount == Decimal("101700.00")


def test_invoice_that_is_left_out_stays_out(parties: tuple[Organisation, Organisation], maker: Actor) -> None:
    with acting_as(maker):
        batch = read(package({"一": invoice(parties, 1), "二": invoice(parties, 2)}), maker)
        batch = taken(told(batch, maker, left=[2]), maker)

        assert codes(batch) == {"一.xml": ["SKIPPED", "INV-015"], "二.xml": ["ACCEPTED"]}


def test_debtor_that_no_file_names_is_the_one_that_was_given(
    parties: tuple[Organisation, Organisation], maker: Actor
) -> None:
    with acting_as(maker):
        batch = read(made.pdf(invoice(parties, 1, buyer="")), maker, "a.pdf")
        batch = taken(told(batch, maker, debtor_uscc=parties[1].uscc), maker)

        assert codes(batch)["a.pdf"] == ["ACCEPTED", "INV-007-N"]
        assert Receivable.objects.get().debtor_id == parties[1].pk


def test_annotated_result_names_each_file_with_its_reason(
    parties: tuple[Organisation, Organisation], maker: Actor
) -> None:
    with acting_as(maker):
        batch = told(read(made.package({"a.xml": made.xml(invoice(parties, 1)), "b.xml": b"<x/>"}), maker), maker)
        copy = documents.annotate(batch.pk, "en", by=maker, at=AT)
        done = steps.copy(copy.pk, by=maker, at=AT)

        assert done.file is not None
        assert done.file.name.endswith(".xlsx")


def test_nothing_is_asked_where_no_file_could_be_read(maker: Actor) -> None:
    with acting_as(maker):
        batch = read(b"<Rechnung/>", maker, "a.xml")

        assert (batch.state, batch.error_count) == (BatchState.CHECKED, 1)
