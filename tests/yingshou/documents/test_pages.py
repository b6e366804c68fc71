"""The pages of imports with a signed-in client: upload, dry run, mapping, annotated copy, templates, downloads."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity
from tests.yingshou.documents import books, sample
from tests.yingshou.documents.test_corpus import problems, read
from tests.yingshou.home.sign_in import client_of, member
from yingshou.documents import actions, files, steps, workbooks
from yingshou.documents.models import AnnotatedCopy, ImportBatch, StoredFile
from yingshou.documents.states import State
from yingshou.identity.models import Membership
from yingshou.jobs.models import Job
from yingshou.jobs.running import run_job
from yingshou.notifications import actions as notifications
from yingshou.notifications.models import Message
from yingshou.notifications.tasks import OF_IMPORT
from yingshou.tenancy.actor import Actor, Capability, Duty, acting_as

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with acting_as(Actor.system("test")):
        yield


@pytest.fixture
def maker() -> Membership:
    """A maker of a supplier."""
    return member(Duty.MAKER, capability=Capability.CREDITOR)


def system(who: Membership) -> Actor:
    """The worker of the member's organisation."""
    return Actor.system("documents.read", who.organisation_id, person_id=who.person_id)


def send(client: Client, content: bytes, name: str = "a.xlsx") -> Any:
    """Upload through the form; the response after redirects."""
    address = reverse("documents:upload", args=["sample"])
    key = KEY.search(client.get(address).content.decode())
    assert key is not None
    return client.post(
        address,
        {"idempotency_key": key[1], "file": SimpleUploadedFile(name, content), "option_meaning": "publish"},
        follow=True,
    )


def saved(response: Any) -> bytes:
    """The content of a download."""
    return b"".join(response.streaming_content)


def run(who: Membership) -> ImportBatch:
    """Let the worker read the newest batch."""
    with acting_as(system(who)):
        with transaction.atomic():
            newest = ImportBatch.objects.order_by("-pk").first()
        assert newest is not None
        return steps.read(newest.pk, by=system(who), at=AT)


def made_copy(client: Client, who: Membership, batch: ImportBatch) -> Any:
    """Ask for the file with the reasons, let the worker write it, and download it."""
    page = client.get(reverse("documents:batch", args=[batch.pk])).content.decode()
    asked = post(client, "annotated", batch, page).content.decode()
    assert reverse("documents:progress", args=[batch.pk]) in asked
    with acting_as(system(who)):
        copy = AnnotatedCopy.objects.latest("pk")
        steps.copy(copy.pk, by=system(who), at=AT)
        stored = steps.copy(copy.pk, by=system(who), at=AT).file
    assert stored is not None
    address = reverse("documents:download", args=[stored.pk])
    assert address in client.get(reverse("documents:batch", args=[batch.pk])).content.decode()
    return client.get(address)


def told(who: Membership) -> None:
    """Let the worker bring the news."""
    for name in (OF_IMPORT, notifications.DELIVER):
        with acting_as(system(who)):
            waiting = list(Job.objects.filter(name=name).order_by("pk"))
        for job in waiting:
            Job.objects.filter(pk=job.pk).update(state="QUEUED", run_at=AT)
            run_job(job.pk)


def post(client: Client, name: str, batch: ImportBatch, page: str) -> Any:
    """Press a button of a batch's page."""
    key = KEY.search(page)
    assert key is not None
    return client.post(reverse(f"documents:{name}", args=[batch.pk]), {"idempotency_key": key[1]}, follow=True)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_upload_to_acceptance(maker: Membership, language: str) -> None:
    client = client_of(maker, language)
    content = books.book([*sample.rows(5), sample.row(9, due_date="2026/2/30")])

    response = send(client, content)
    assert response.status_code == 200
    assert "hx-get" in response.content.decode()
    batch = run(maker)
    page = client.get(reverse("documents:batch", args=[batch.pk])).content.decode()

    assert "2026/2/30" in page
    assert "IMP-305" in page
    response = post(client, "accept", batch, page)
    assert response.status_code == 200
    with acting_as(system(maker)):
        steps.accept(batch.pk, by=system(maker), at=AT)
        assert sample.count() == 5
    page = client.get(reverse("documents:batch", args=[batch.pk])).content.decode()
    assert reverse("documents:undo", args=[batch.pk]) in page
    assert batch.options == {"meaning": "publish"}


def test_double_click_on_upload_makes_one_batch(maker: Membership) -> None:
    client = client_of(maker)
    content = books.book(sample.rows(2))
    send(client, content)
    send(client, content)

    with acting_as(system(maker)):
        assert ImportBatch.objects.count() == 1


def test_refusal_of_a_file_says_what_why_and_how_to_cure(maker: Membership) -> None:
    client = client_of(maker, "en")
    send(client, b"<html><body>not a workbook</body></html>")
    batch = run(maker)
    page = client.get(reverse("documents:batch", args=[batch.pk])).content.decode()

    assert batch.state == State.FAILED
    assert "web page (HTML)" in page
    assert ".xlsx" in page


def test_upload_without_a_file_is_a_form_error(maker: Membership) -> None:
    client = client_of(maker)
    address = reverse("documents:upload", args=["sample"])
    key = KEY.search(client.get(address).content.decode())
    assert key is not None

    assert client.post(address, {"idempotency_key": key[1]}).status_code == 422
    assert (
        client.post(address, {"idempotency_key": key[1], "file": SimpleUploadedFile("a.csv", b"")}).status_code == 422
    )


def test_unknown_headers_are_mapped_on_a_page(maker: Membership) -> None:
    client = client_of(maker)
    headers = [f"甲{number}" for number in range(12)]
    send(client, books.book(sample.rows(3), headers))
    batch = run(maker)
    address = reverse("documents:mapping", args=[batch.pk])
    page = client.get(address).content.decode()
    key = KEY.search(page)
    assert key is not None
    assert sample.uscc(1) in page

    wrong = client.post(address, {"idempotency_key": key[1], "column_0": "debtor_uscc"})
    assert wrong.status_code == 422
    answer = {f"column_{n}": column.name for n, column in enumerate(sample.COLUMNS)}
    key = KEY.search(wrong.content.decode())
    assert key is not None
    assert client.post(address, {"idempotency_key": key[1], **answer}).status_code == 302
    assert run(maker).counts == {"READY": 3}


def test_encoding_is_chosen_by_the_line_that_reads(maker: Membership) -> None:
    client = client_of(maker)
    headers = ["客戶編號", "債務人", "合約"]
    send(client, "\r\n".join([",".join(headers), "一,臺灣範例,二"]).encode("big5"), "b.csv")
    batch = run(maker)
    address = reverse("documents:mapping", args=[batch.pk])
    page = client.get(address).content.decode()
    assert "臺灣範例" in page

    key = KEY.search(page)
    assert key is not None
    assert client.post(address, {"idempotency_key": key[1], "encoding": "big5"}).status_code == 302
    batch = run(maker)
    assert batch.question is not None
    assert batch.question["headers"] == headers


@pytest.mark.parametrize("rows", [20, 25_000])
def test_annotated_copy_is_corrected_and_uploaded_as_it_is(
    maker: Membership, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if rows > workbooks.WHOLE_FILE_ROWS:
        monkeypatch.setattr(workbooks, "WHOLE_FILE_ROWS", 10)
        rows = 20
    client = client_of(maker)
    bad = sample.row(900, due_date="2026/2/30", note="=1+1", debtor_name="@示例")
    send(client, books.book([*sample.rows(rows), bad]))
    batch = run(maker)
    response = made_copy(client, maker, batch)
    copy = saved(response)

    assert response["X-Content-Type-Options"] == "nosniff"
    assert quote("带原因") in response["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert "_meta" in archive.read("xl/workbook.xml").decode()
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert 'quotePrefix="1"' in archive.read("xl/styles.xml").decode()
    read_again, messages = read(copy, tmp_path)
    assert messages[-1]["type"] == "end"
    assert [problem["key"] for problem in problems(read_again)] == ["no_such_day"]
    assert len(read_again) == (1 if workbooks.WHOLE_FILE_ROWS == 10 else rows + 1)
    assert any("=1+1" in row for row in read_again)


def test_annotated_copy_gives_the_reason_with_its_place(maker: Membership) -> None:
    client = client_of(maker, "en")
    send(client, books.book([sample.row(1, debtor_uscc="91310115MA1H8R7C6D")]))
    batch = run(maker)
    copy = saved(made_copy(client, maker, batch))

    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "row 2" in text
    assert "column A" in text
    assert "check character" in text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_template_is_recognised_when_it_comes_back_filled(maker: Membership, language: str, tmp_path: Path) -> None:
    client = client_of(maker, language)
    response = client.get(reverse("documents:template", args=["sample", "xlsx"]))
    template = saved(response)

    _rows, messages = read(template, tmp_path)

    assert messages[-1]["key"] == "no_rows"
    (sheet,) = [message for message in messages if message["type"] == "sheet"]
    assert list(sheet["mapping"].values()) == [column.name for column in sample.COLUMNS]
    csv = client.get(reverse("documents:template", args=["sample", "csv"])).content
    assert csv.startswith(b"\xef\xbb\xbf")
    filled = csv + ",".join(str(cell) for cell in sample.row(3)).encode() + b"\r\n"
    rows, _messages = read(filled, tmp_path)
    assert rows[0][4] == "READY"


def test_file_is_only_ever_saved(maker: Membership) -> None:
    client = client_of(maker)
    with acting_as(system(maker)):
        stored = actions.store("合同 1.pdf", io.BytesIO(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"), by=system(maker), at=AT)
    response = client.get(reverse("documents:download", args=[stored.pk]))

    assert saved(response).startswith(b"%PDF")
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_foreign_files_and_batches_answer_like_nonexistent_ones(maker: Membership) -> None:
    send(client_of(maker), books.book(sample.rows(1)))
    batch = run(maker)
    with acting_as(system(maker)):
        stored = StoredFile.objects.get()
    stranger = client_of(identity.membership(identity.organisation(), [Duty.MAKER]))

    for name, pk in (("batch", batch.pk), ("mapping", batch.pk), ("download", stored.pk)):
        foreign = stranger.get(reverse(f"documents:{name}", args=[pk]))
        nowhere = stranger.get(reverse(f"documents:{name}", args=[10**9]))
        assert foreign.status_code == nowhere.status_code == 404
    for name in ("accept", "cancel", "undo", "annotated"):
        address = reverse(f"documents:{name}", args=[batch.pk])
        assert stranger.post(address, {"idempotency_key": f"k-{name}"}).status_code == 404


def test_viewer_may_read_but_not_upload(maker: Membership) -> None:
    viewer = client_of(identity.membership(maker.organisation, [Duty.VIEWER]))

    assert viewer.get(reverse("documents:imports")).status_code == 200
    assert viewer.get(reverse("documents:upload", args=["sample"])).status_code == 403
    assert viewer.get(reverse("documents:template", args=["sample", "xlsx"])).status_code == 403


def test_unknown_kind_is_not_found(maker: Membership) -> None:
    assert client_of(maker).get(reverse("documents:upload", args=["nothing"])).status_code == 404


def test_copy_is_written_once_however_often_it_is_asked_for(maker: Membership) -> None:
    client = client_of(maker)
    send(client, books.book([*sample.rows(3), sample.row(9, due_date="2026/2/30")]))
    batch = run(maker)
    with acting_as(system(maker)), transaction.atomic():
        first = actions.annotate(batch.pk, "zh-hans", by=system(maker), at=AT)
        again = actions.annotate(batch.pk, "zh-hans", by=system(maker), at=AT)
        assert (again.pk, again.job_id) == (first.pk, first.job_id)

    with acting_as(system(maker)):
        steps.copy(first.pk, by=system(maker), at=AT)
        # What a worker that was killed before its last word leaves behind.
        AnnotatedCopy.objects.update(file=None)
        steps.copy(first.pk, by=system(maker), at=AT)
        assert StoredFile.objects.filter(purpose="copy").count() == 1


def test_copy_of_an_unreadable_original_fails_and_can_be_asked_for_again(maker: Membership) -> None:
    client = client_of(maker, "en")
    send(client, books.book([*sample.rows(3), sample.row(9, due_date="2026/2/30")]))
    batch = run(maker)
    with acting_as(system(maker)):
        with transaction.atomic():
            copy = actions.annotate(batch.pk, "en", by=system(maker), at=AT)
        files.path_of(batch.file.sha256).unlink()
        with pytest.raises(steps.CopyNotMade):
            steps.copy(copy.pk, by=system(maker), at=AT)
        Job.objects.filter(pk=copy.job_id or 0).update(state="FAILED", finished_at=AT, error="IMP-505: no")
        page = client.get(reverse("documents:batch", args=[batch.pk])).content.decode()
        assert "IMP-505" in page
        with transaction.atomic():
            retried = actions.annotate(batch.pk, "en", by=system(maker), at=AT + timedelta(minutes=1))

    assert (retried.pk, retried.job_id == copy.job_id) == (copy.pk, False)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (books.book([*sample.rows(3), sample.row(9, due_date="2026/2/30")]), "documents.import_check"),
        (b"<html><body>no workbook</body></html>", "documents.import_fail"),
        (books.delimited([["1", "2"]], ["x", "y"]), "documents.import_ask"),
    ],
)
def test_inbox_tells_who_uploaded_what_became_of_it(maker: Membership, content: bytes, kind: str) -> None:
    send(client_of(maker), content)
    batch = run(maker)
    told(maker)

    with acting_as(system(maker)):
        message = Message.objects.get()
        assert (message.kind, message.person_id, message.url) == (
            kind, maker.person_id, reverse("documents:batch", args=[batch.pk]),
        )  # fmt: skip
        assert "a.xlsx" in message.subject


def test_inbox_tells_when_an_import_is_done_and_says_it_once(maker: Membership) -> None:
    client = client_of(maker)
    send(client, books.book(sample.rows(3)))
    batch = run(maker)
    post(client, "accept", batch, client.get(reverse("documents:batch", args=[batch.pk])).content.decode())
    with acting_as(system(maker)):
        steps.accept(batch.pk, by=system(maker), at=AT)
        steps.accept(batch.pk, by=system(maker), at=AT)
    told(maker)
    told(maker)

    with acting_as(system(maker)):
        message = Message.objects.get(kind="documents.import_finish")
        assert message.params["taken"] == "3"
        assert message.body == ""
