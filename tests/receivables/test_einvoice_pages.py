"""Dropping e-invoices in a browser, saying once what is missing, and the entry that fills itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from pytest_django import Settings

from receivables.models import Receivable
from tests.factories import einvoices as made
from tests.factories import receivables as make
from tests.receivables.city import Desk, desk, form_of, text_of
from tests.receivables.test_einvoices import invoice
from yingshou.documents import steps
from yingshou.documents.models import ImportBatch
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.tenancy.actor import acting_as

pytestmark = pytest.mark.django_db
Parties = tuple[Organisation, Organisation]


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def dropped(at: Desk, *uploads: SimpleUploadedFile) -> ImportBatch:
    """Drop files and let the job read them."""
    _action, fields = form_of(text_of(at, "/receivables/einvoices/"), "")
    sent = at.client.post("/receivables/einvoices/", fields | {"files": list(uploads)})
    assert sent.status_code == 302, sent.content.decode()
    by = actor_of(at.membership, "test")
    with acting_as(by), transaction.atomic():
        return steps.read(int(sent["Location"].rstrip("/").rsplit("/", 1)[1]), by=by, at=make.AT)


def test_many_files_are_one_import_that_asks_once(parties: Parties) -> None:
    maker = desk(parties[0], language="en")
    batch = dropped(maker, file("一.xml", made.xml(invoice(parties, 1))), file("二.ofd", made.ofd(invoice(parties, 2))))
    page = text_of(maker, f"/imports/{batch.pk}/")
    path = f"/receivables/einvoices/{batch.pk}/"
    shown = text_of(maker, path)
    _action, fields = form_of(shown, "")
    incomplete = maker.client.post(path, fields)
    _action, fields = form_of(incomplete.content.decode(), "")
    complete = maker.client.post(path, fields | {"term_days": "60", "buyer0-contract_no": "HT-7", "left": ["3"]})
    by = actor_of(maker.membership, "test")
    with acting_as(by), transaction.atomic():
        checked = steps.read(batch.pk, by=by, at=make.AT)

    assert "2 e-invoices.zip" in page
    assert "A few things stand in no invoice" in page
    assert parties[1].name in shown
    assert "226,000.00" in shown
    assert incomplete.status_code == 422
    assert "Enter the contract number, or leave these invoices out." in incomplete.content.decode()
    assert complete["Location"] == f"/imports/{batch.pk}/"
    assert checked.counts["READY"] == checked.counts["SKIPPED"] == 1
    result = text_of(maker, f"/imports/{batch.pk}/?show=new")
    assert "一.xml" in result
    assert maker.client.get(f"/imports/{batch.pk}/mapping/").status_code == 302


def test_dropping_nothing_is_said(parties: Parties) -> None:
    maker = desk(parties[0], language="en")
    _action, fields = form_of(text_of(maker, "/receivables/einvoices/"), "")
    answer = maker.client.post("/receivables/einvoices/", fields)

    assert answer.status_code == 422
    assert "No file was chosen." in answer.content.decode()
    assert maker.client.get("/imports/receivables.einvoices/new/")["Location"] == "/receivables/einvoices/"
    assert maker.client.get("/imports/receivables.einvoices/template.csv").status_code == 404


def _read(at: Desk, content: bytes, **typed: Any) -> tuple[str, dict[str, Any]]:
    """Press the button that reads the file; the page that opens, and its form."""
    _action, fields = form_of(text_of(at, "/receivables/new/?kind=S1&fresh=1"), "")
    sent = at.client.post("/receivables/new/read/?kind=S1", fields | typed | {"einvoice": file("发票.xml", content)})
    assert sent.status_code == 302
    page = text_of(at, sent["Location"])
    return page, form_of(page, "")[1]


def test_entry_fills_itself_and_shows_where_it_comes_from(parties: Parties) -> None:
    maker = desk(parties[0], language="en")
    one = invoice(parties, 1)
    page, fields = _read(maker, made.xml(one), contract_no="HT-9")
    kept = maker.client.post(
        "/receivables/new/?kind=S1", fields | {"delivery_date": "2026-11-02", "due_date": "2027-01-30"}
    )
    assert kept.status_code == 302, kept.content.decode()
    with acting_as(make.job(parties[0])), transaction.atomic():
        row = Receivable.objects.get()
        (evidence,) = row.evidence.all()
    detail = text_of(maker, f"/receivables/{row.public_no}/")

    assert "The form was filled in from the e-invoice; check it." in page
    assert (fields["other_uscc"], fields["contract_no"]) == (parties[1].uscc, "HT-9")
    assert (fields["invoices-0-number"], fields["face_amount"]) == (one.number, "113000.00")
    assert evidence.reading is not None
    assert evidence.reading["form"] == "XML"
    assert "Signature block present; not verified here" in detail
    assert "1 line adds up" in detail


def test_two_invoices_add_up_and_what_was_typed_stays(parties: Parties) -> None:
    maker = desk(parties[0], language="en")
    _page, fields = _read(maker, made.xml(invoice(parties, 1)), other_uscc=parties[0].uscc)
    sent = maker.client.post(
        "/receivables/new/read/?kind=S1", fields | {"einvoice": file("b.ofd", made.ofd(invoice(parties, 2)))}
    )
    page = text_of(maker, sent["Location"])
    again = form_of(page, "")[1]

    assert again["other_uscc"] == parties[0].uscc
    assert "is not the debtor you entered" in page
    assert again["face_amount"] == "226000.00"
    assert again["invoices-1-number"] == invoice(parties, 2).number


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE a []><EInvoice/>", "declares a document type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "not a known invoice file"),
    ],
)
def test_what_is_no_invoice_fills_nothing(content: bytes, words: str, parties: Parties) -> None:
    page, fields = _read(desk(parties[0], language="en"), content)

    assert words in page
    assert fields["invoices-0-number"] == ""


def test_invoice_of_another_seller_fills_nothing(parties: Parties) -> None:
    page, fields = _read(desk(parties[0], language="en"), made.xml(invoice((parties[1], parties[0]), 1)))

    assert "is not your organisation" in page
    assert fields["other_uscc"] == ""
