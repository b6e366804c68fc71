"""The engine end to end on PostgreSQL as the restricted role: dry run, acceptance, repetition, resuming, undoing."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeActor
from tests.yingshou.documents import books, sample
from yingshou.documents import actions, engine, files, steps
from yingshou.documents.intake import Reader
from yingshou.documents.models import ImportBatch, ImportRow, Layout, StoredFile
from yingshou.documents.states import State
from yingshou.kernel.errors import NotVisible
from yingshou.kernel.lifecycle import IllegalTransition
from yingshou.tenancy.actor import Actor, Duty, acting_as

AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def maker(actor: MakeActor, as_actor: Any, settings: Any, tmp_path: Path) -> Actor:
    """A maker of organisation 7, bound; files go to a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path
    who: Actor = actor(organisation_id=7, person_id=70, duties=[Duty.MAKER])
    as_actor(who)
    return who


def upload(content: bytes, by: Actor, name: str = "a.xlsx", **options: str) -> ImportBatch:
    """Store, receive and read."""
    stored = actions.store(name, io.BytesIO(content), by=by, at=AT, purpose=files.IMPORT)
    batch = actions.receive("sample", stored, by=by, at=AT, options=options)
    return steps.read(batch.pk, by=by, at=AT)


def take_over(batch: ImportBatch, by: Actor) -> ImportBatch:
    """Accept and run the acceptance."""
    actions.accept(batch.pk, by=by, at=AT)
    return steps.accept(batch.pk, by=by, at=AT)


def test_good_rows_are_counted_and_summed_before_anything_is_made(maker: Actor) -> None:
    batch = upload(books.book(sample.rows(30)), maker)

    assert batch.state == State.CHECKED
    assert batch.counts["READY"] == 30
    assert batch.totals == [
        {"state": "READY", "currency": "CNY", "count": 30, "amount": sum(113 + n for n in range(1, 31)) * 100}
    ]
    assert sample.count() == 0


def test_acceptance_makes_every_good_row_once(maker: Actor) -> None:
    data = [*sample.rows(20), sample.row(99, due_date="2026/2/30")]
    batch = take_over(upload(books.book(data), maker), maker)

    assert batch.state == State.DONE
    assert batch.accepted_count == 20
    assert batch.error_count == 1
    assert sample.count() == 20
    with acting_as(maker):
        accepted = ImportRow.objects.filter(batch=batch, state="ACCEPTED")
        assert {one.result_type for one in accepted} == {"sample.parcel"}
        assert len({one.result_id for one in accepted}) == 20


def test_same_file_again_adds_nothing_and_says_so(maker: Actor) -> None:
    content = books.book(sample.rows(10))
    take_over(upload(content, maker), maker)

    again = upload(content, maker, name="renamed.xlsx")

    assert again.known_count == 10
    assert again.ready_count == 0
    with pytest.raises(actions.NothingToAccept):
        actions.accept(again.pk, by=maker, at=AT)
    (problem,) = ImportRow.objects.filter(batch=again).values_list("problems", flat=True)[0] or []
    assert problem["key"] == "known"


def test_same_rows_in_csv_are_known_from_the_workbook(maker: Actor) -> None:
    take_over(upload(books.book(sample.rows(5)), maker), maker)

    again = upload(books.delimited(sample.rows(8)), maker, name="b.csv")

    assert (again.known_count, again.ready_count) == (5, 3)


def test_upload_of_a_file_that_is_being_imported_returns_its_batch(maker: Actor) -> None:
    content = books.book(sample.rows(3))
    first = upload(content, maker)
    second = upload(content, maker)

    assert first.pk == second.pk


def test_identical_rows_of_one_file_are_taken_over_once(maker: Actor) -> None:
    batch = take_over(upload(books.book([sample.row(1), sample.row(2), sample.row(1)]), maker), maker)

    assert batch.counts == {"ACCEPTED": 2, "DUPLICATE": 1}
    assert sample.count() == 2


def test_checks_point_at_the_cell_and_all_problems_of_a_row_are_shown(maker: Actor) -> None:
    wrong = sample.row(1, gross_amount=999, issue_date="2026-12-01", contract_no="")
    batch = upload(books.book([wrong]), maker)

    (row,) = ImportRow.objects.filter(batch=batch)
    assert row.state == "ERROR"
    problems = row.problems or []
    assert [problem["key"] for problem in problems] == ["required", "SMP-001", "SMP-002"]
    assert problems[1] == {
        "key": "SMP-001",
        "column": "gross_amount",
        "severity": "error",
        "params": {"sum": 11400},
    }


def test_warnings_do_not_keep_a_row_out(maker: Actor) -> None:
    batch = upload(books.book([sample.row(1, issue_date="2026-12-01")]), maker)

    assert batch.counts == {"READY": 1, "WARNED": 1}


def test_reading_goes_on_after_the_last_chunk_that_was_committed(maker: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = actions.store("a.xlsx", io.BytesIO(books.book(sample.rows(250))), by=maker, at=AT, purpose=files.IMPORT)
    batch = actions.receive("sample", stored, by=maker, at=AT)
    whole = Reader.chunks

    def dies(self: Reader, size: int = 100) -> Any:
        for number, chunk in enumerate(whole(self, 100)):
            if number == 3:
                raise KeyboardInterrupt
            yield chunk

    with monkeypatch.context() as patch:
        patch.setattr(Reader, "chunks", dies)
        with pytest.raises(KeyboardInterrupt):
            steps.read(batch.pk, by=maker, at=AT)
    assert ImportBatch.objects.get(pk=batch.pk).rows_read == 200

    batch = steps.read(batch.pk, by=maker, at=AT)

    assert batch.state == State.CHECKED
    assert batch.counts == {"READY": 250}


def test_acceptance_goes_on_after_the_last_chunk_that_was_committed(
    maker: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = upload(books.book(sample.rows(100)), maker)
    actions.accept(batch.pk, by=maker, at=AT)
    object.__setattr__(sample.KIND, "chunk_size", 40)
    calls = []

    def dies(batch: ImportBatch, kind: Any, **given: Any) -> bool:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return engine_accept(batch, kind, **given)

    engine_accept = engine.accept_chunk
    try:
        with monkeypatch.context() as patch:
            patch.setattr(engine, "accept_chunk", dies)
            with pytest.raises(KeyboardInterrupt):
                steps.accept(batch.pk, by=maker, at=AT)
        assert sample.count() == 40
        batch = steps.accept(batch.pk, by=maker, at=AT)
    finally:
        object.__setattr__(sample.KIND, "chunk_size", 2000)

    assert sample.count() == 100
    assert batch.counts == {"ACCEPTED": 100}


def test_undo_takes_everything_back_and_the_rows_may_come_again(maker: Actor) -> None:
    content = books.book(sample.rows(12))
    batch = take_over(upload(content, maker), maker)

    actions.undo(batch.pk, by=maker, at=AT)
    batch = steps.undo(batch.pk, by=maker, at=AT)

    assert batch.state == State.UNDONE
    assert sample.count() == 0
    assert upload(content, maker).ready_count == 12


def test_undo_is_refused_once_somebody_acted(maker: Actor) -> None:
    batch = take_over(upload(books.book(sample.rows(3)), maker), maker)
    with acting_as(maker):
        sample.touch()

    with pytest.raises(sample.SampleTouched):
        steps.undo(batch.pk, by=maker, at=AT)
    assert sample.count() == 3


def test_unknown_headers_are_asked_and_the_answer_is_remembered(maker: Actor) -> None:
    headers = [f"甲{number}" for number in range(12)]
    batch = upload(books.book(sample.rows(4), headers), maker)
    assert batch.state == State.QUESTION
    assert batch.question is not None
    assert batch.question["headers"] == headers

    with pytest.raises(actions.MappingIncomplete):
        actions.map_columns(batch.pk, {0: "debtor_uscc"}, by=maker, at=AT)
    actions.map_columns(batch.pk, {n: column.name for n, column in enumerate(sample.COLUMNS)}, by=maker, at=AT)
    assert steps.read(batch.pk, by=maker, at=AT).counts == {"READY": 4}

    assert Layout.objects.count() == 1
    other = upload(books.book([sample.row(77)], headers), maker)
    assert other.counts == {"READY": 1}
    assert other.sheets[0]["remembered"] is True


def test_unclear_encoding_is_asked_and_the_answer_is_used(maker: Actor) -> None:
    headers = ["客戶編號", "債務人", "合約", "代碼", "發票", "日期", "到期", "淨額", "稅", "總額", "幣別", "備註"]
    content = books.delimited([sample.row(1, debtor_name="臺灣範例股份有限公司")], headers, encoding="big5")
    batch = upload(content, maker, name="b.csv")
    assert batch.question is not None
    assert batch.question["about"] == "encoding"

    actions.choose_encoding(batch.pk, "big5", by=maker, at=AT)
    batch = steps.read(batch.pk, by=maker, at=AT)

    assert batch.question is not None
    assert batch.question["headers"][1] == "債務人"


def test_file_that_cannot_be_read_ends_failed_with_its_reason(maker: Actor) -> None:
    batch = upload(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), maker)

    assert batch.state == State.FAILED
    assert batch.refusal is not None
    assert batch.refusal["key"] == "password_protected"
    with pytest.raises(IllegalTransition):
        actions.accept(batch.pk, by=maker, at=AT)


def test_another_organisation_sees_neither_file_nor_batch_nor_rows(maker: Actor, actor: MakeActor) -> None:
    batch = upload(books.book(sample.rows(3)), maker)
    stored = batch.file
    stranger = actor(organisation_id=8, person_id=80, duties=[Duty.MAKER])

    with acting_as(stranger):
        assert ImportBatch.objects.count() == ImportRow.objects.count() == StoredFile.objects.count() == 0
        with pytest.raises(NotVisible):
            actions.accept(batch.pk, by=stranger, at=AT)
        with pytest.raises(NotVisible):
            actions.receive("sample", stored, by=stranger, at=AT)


def test_file_is_kept_once_by_its_hash_and_shared_by_name_of_organisation(maker: Actor, actor: MakeActor) -> None:
    pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    stored = actions.store("../合同\u202e.pdf", io.BytesIO(pdf), by=maker, at=AT)
    again = actions.store("../合同\u202e.pdf", io.BytesIO(pdf), by=maker, at=AT)
    other = actor(organisation_id=8, person_id=80)

    assert stored.pk == again.pk
    assert stored.name == "合同.pdf"
    assert stored.sha256 == sample.digest(pdf)
    assert files.path_of(stored.sha256).read_bytes() == pdf
    with acting_as(other):
        assert not StoredFile.objects.visible_to(other).exists()
    assert actions.share([stored.pk], [8], by=maker) == 1
    with acting_as(other):
        assert StoredFile.objects.visible_to(other).get().pk == stored.pk
        with pytest.raises(NotVisible):
            actions.share([stored.pk], [9], by=other)


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", files.FileEmpty), (b"MZ\x90\x00\x03", files.FileTypeRefused), (b"<html><script>", files.FileTypeRefused)],
)
def test_evidence_of_a_wrong_type_is_refused(maker: Actor, content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        actions.store("a.pdf", io.BytesIO(content), by=maker, at=AT)


def test_limits_are_counted_while_the_file_comes_in(maker: Actor, tmp_path: Path) -> None:
    with pytest.raises(files.FileTooLarge):
        actions.store("a.pdf", io.BytesIO(b"%PDF-1.7" + bytes(21 * 1024 * 1024)), by=maker, at=AT)
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]
