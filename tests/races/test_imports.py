"""The same rows in two files, taken over at the same instant (G5): every claim is new once, and known once."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.db import transaction

from receivables.models import Invoice, Receivable, ReceivableBalance
from tests.crash.sheet import sheet
from tests.factories import receivables as make
from tests.factories.receivables import AT
from tests.races.crew import DONE, Call, crew
from yingshou.documents import actions as documents
from yingshou.documents import files, steps
from yingshou.documents.models import ImportBatch, StoredFile
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "report"])

ROUNDS, ROWS = 6, 40
DAY = date(2026, 11, 20)


def _checked(content: bytes, name: str, by: Actor) -> int:
    """A batch whose dry run found every row new."""
    with acting_as(by), transaction.atomic():
        stored = documents.store(name, io.BytesIO(content), by=by, at=AT, purpose=files.IMPORT)
        batch = documents.receive("receivables.claims", stored, by=by, at=AT)
    with acting_as(by):
        batch = steps.read(batch.pk, by=by, at=AT)
    assert batch.counts == {"READY": ROWS}
    with acting_as(by), transaction.atomic():
        documents.accept(batch.pk, by=by, at=AT)
    return batch.pk


def _take(batch: int, by: Actor) -> Call:
    def call() -> str:
        with acting_as(by):
            steps.accept(batch, by=by, at=AT)
        return DONE

    return call


def _counts(batches: list[int], by: Actor) -> dict[str, int]:
    with acting_as(by), transaction.atomic():
        total: dict[str, int] = {}
        for one in ImportBatch.objects.filter(pk__in=batches):
            for state, count in one.counts.items():
                total[state] = total.get(state, 0) + count
    return total


def test_the_same_rows_in_two_files_at_once() -> None:
    debtor = make.debtor()
    with crew(2) as who:
        for turn in range(ROUNDS):
            seller = make.creditor()
            content = sheet(ROWS, [(debtor.uscc, debtor.name)], DAY, start=1 + turn * ROWS).content
            by = make.maker(seller)
            # Another last line makes another file of the same rows; the very same file would be the same batch.
            batches = [_checked(content, "a.csv", by), _checked(content + b"\r\n", "b.csv", by)]
            assert len(set(batches)) == 2

            assert who.together([_take(batch, by) for batch in batches]) == [DONE, DONE]

            assert _counts(batches, by) == {"ACCEPTED": ROWS, "KNOWN": ROWS}
            with acting_as(make.job(seller)), transaction.atomic():
                made = Receivable.objects.filter(creditor_id=seller.pk)
                assert (made.count(), made.values("line_key").distinct().count()) == (ROWS, ROWS)
                assert Invoice.objects.filter(creditor_id=seller.pk).count() == ROWS
                assert ReceivableBalance.objects.filter(creditor_id=seller.pk).count() == ROWS


def test_the_same_file_twice_at_once_is_one_batch() -> None:
    debtor, seller = make.debtor(), make.creditor()
    content = sheet(ROWS, [(debtor.uscc, debtor.name)], DAY).content
    by = make.maker(seller)
    with acting_as(by), transaction.atomic():
        stored = documents.store("a.csv", io.BytesIO(content), by=by, at=AT, purpose=files.IMPORT)
    begun: list[int] = []

    def begin() -> str:
        with acting_as(by):
            begun.append(documents.receive("receivables.claims", stored, by=by, at=AT).pk)
        return DONE

    with crew(4) as who:
        who.together([begin] * 4)

    assert len(begun) == 4
    assert len(set(begun)) == 1


def test_without_its_lock_the_same_file_is_begun_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: the same race with the file's row read, not locked."""
    debtor, seller = make.debtor(), make.creditor()
    content = sheet(ROWS, [(debtor.uscc, debtor.name)], DAY).content
    by = make.maker(seller)
    with acting_as(by), transaction.atomic():
        stored = documents.store("a.csv", io.BytesIO(content), by=by, at=AT, purpose=files.IMPORT)
    monkeypatch.setattr(type(StoredFile.objects.all()), "select_for_update", lambda rows: rows)
    begun: list[int] = []

    def begin() -> str:
        with acting_as(by):
            begun.append(documents.receive("receivables.claims", stored, by=by, at=AT).pk)
        return DONE

    with crew(4) as who:
        who.together([begin] * 4)

    assert len(set(begun)) > 1
