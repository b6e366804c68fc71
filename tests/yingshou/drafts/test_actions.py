"""What is kept of a form, for whom, how long, and what happens when two windows or two clicks meet."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse

from tests.factories import identity
from yingshou.documents import sorting
from yingshou.documents.files import path_of
from yingshou.documents.models import StoredFile
from yingshou.drafts import actions, kinds, selectors, tasks
from yingshou.drafts.actions import DraftAlreadySent, DraftChangedElsewhere, DraftKindUnknown, DraftTooLarge, Form
from yingshou.drafts.forms import query_of, typed
from yingshou.drafts.kinds import DraftKind, draft_kinds, names_of
from yingshou.drafts.models import KEPT_FOR, FormDraft
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Organisation
from yingshou.jobs.models import IdempotencyKey
from yingshou.jobs.queue import enqueue
from yingshou.jobs.running import run_job
from yingshou.kernel import clock
from yingshou.kernel.errors import NotVisible
from yingshou.tenancy.actor import Actor, Duty, acting_as
from yingshou.tenancy.guards import NotPermitted

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
KIND = "test.letter"


class Letter(forms.Form):
    text = forms.CharField()
    agreed = forms.BooleanField(required=False)
    colours = forms.MultipleChoiceField(choices=[("r", "r"), ("b", "b")], required=False)
    password = forms.CharField(widget=forms.PasswordInput)
    pin = forms.CharField(widget=forms.TextInput({kinds.SENSITIVE: "true"}))


class Line(forms.Form):
    number = forms.CharField()
    pin = forms.CharField(widget=forms.TextInput({kinds.SENSITIVE: "true"}))


def version_of(subject: str, _by: Actor) -> int | None:
    if subject == "foreign":
        raise NotVisible
    return 3 if subject else None


def describe(values: Mapping[str, Sequence[str]]) -> str:
    return (values.get("text") or [""])[0]


if KIND not in dict(draft_kinds.items()):
    draft_kinds.register(
        KIND,
        DraftKind(
            title="Letter",
            permission="documents.import",
            address=lambda subject, variant: "/",
            later="drafts:begun",
            describe=describe,
            version_of=version_of,
            takes=names_of(Letter, lines={"lines": Line}),
            takes_file=lambda name: name == "file",
        ),
    )


@pytest.fixture
def maker() -> Iterator[Actor]:
    """Somebody who may write letters."""
    by = identity.actor_for(identity.organisation(), Duty.MAKER)
    with acting_as(by):
        yield by


def save(by: Actor, key: str = "k1", *, at: Any = None, **options: Any) -> actions.Saved:
    values = options.pop("values", {"text": ["Sehr geehrte"]})
    return actions.save(Form(KIND, key, options.pop("subject", "")), values, by=by, at=at or clock.now(), **options)


def upload(content: bytes = PDF, name: str = "合同.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def all_of(by: Actor) -> list[FormDraft]:
    with acting_as(by), transaction.atomic():
        return list(FormDraft.objects.order_by("pk"))


def test_only_the_forms_own_fields_are_kept_and_no_secret(maker: Actor) -> None:
    posted = {
        "text": ["甲 <b>乙</b>\x00"], "colours": ["r", "b"], "password": ["geheim-1"], "pin": ["geheim-2"], "csrfmiddlewaretoken": ["c"],
        "idempotency_key": ["k1"], "draft_kind": [KIND], "lines-TOTAL_FORMS": ["2"], "lines-0-number": ["7"], "lines-0-pin": ["geheim-3"],
        "somebody": ["else"],
    }  # fmt: skip

    kept = save(maker, values=posted).draft.values

    assert kept == {
        "text": ["甲 <b>乙</b>"],
        "colours": ["r", "b"],
        "lines-TOTAL_FORMS": ["2"],
        "lines-0-number": ["7"],
    }


def test_what_was_typed_is_shown_again_however_wrong(maker: Actor) -> None:
    draft = save(maker, values={"text": [""], "colours": ["r", "x"]}).draft

    assert typed(Letter.base_fields, query_of(draft.values)) == {
        "text": "",
        "agreed": False,
        "colours": ["r", "x"],
        "password": None,
        "pin": None,
    }


def test_a_second_saving_replaces_the_first_and_another_window_is_told(maker: Actor) -> None:
    first = save(maker, revision=0).draft

    second = save(maker, revision=1, values={"text": ["zwei"]}).draft
    with pytest.raises(DraftChangedElsewhere):
        save(maker, revision=1, values={"text": ["drei"]})

    assert (first.pk, second.revision) == (second.pk, 2)
    assert [one.values for one in all_of(maker)] == [{"text": ["zwei"]}]


def test_others_see_no_draft_by_python_or_by_sql(maker: Actor) -> None:
    save(maker)
    assert maker.organisation_id is not None
    with acting_as(Actor.system("test", organisation_id=maker.organisation_id)), transaction.atomic():
        house = Organisation.objects.get(pk=maker.organisation_id)
    colleague = identity.actor_for(house, Duty.MAKER)
    stranger = identity.actor_for(identity.organisation(), Duty.MAKER)

    for other in (colleague, stranger):
        with acting_as(other), transaction.atomic():
            assert selectors.entries(other) == []
            assert selectors.with_key("k1", by=other) is None
            assert not actions.discard("k1", by=other)
            with connection.cursor() as cursor:
                cursor.execute("select count(*) from drafts_formdraft")
                assert cursor.fetchone() == (0,)
                cursor.execute("update drafts_formdraft set values = '{}'")
                assert cursor.rowcount == 0
    assert [entry.what for entry in _entries(maker)] == ["Sehr geehrte"]


def _entries(by: Actor) -> list[selectors.Entry]:
    with transaction.atomic():
        return selectors.entries(by)


def test_the_same_key_of_two_people_makes_two_drafts(maker: Actor) -> None:
    other = identity.actor_for(identity.organisation(), Duty.MAKER)
    save(maker)
    with acting_as(other):
        save(other, values={"text": ["anders"]})

    assert [one.values["text"] for one in all_of(maker)] == [["Sehr geehrte"]]
    assert [one.values["text"] for one in all_of(other)] == [["anders"]]


def test_refusals_keep_nothing(maker: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = identity.actor_for(identity.organisation(), Duty.VIEWER)
    with acting_as(viewer), pytest.raises(NotPermitted):
        save(viewer)
    with pytest.raises(DraftKindUnknown):
        actions.save(Form("no.such", "k1"), {}, by=maker, at=clock.now())
    with pytest.raises(NotVisible):
        save(maker, subject="foreign")
    with pytest.raises(NotVisible):
        save(maker, key="")
    with pytest.raises(DraftTooLarge):
        save(maker, values={"text": ["x" * (actions.LONGEST + 1)]})
    monkeypatch.setattr(actions, "MOST_PER_PERSON", 1)
    save(maker)
    with pytest.raises(actions.TooManyDrafts):
        save(maker, key="k2")

    assert len(all_of(maker)) == 1


def test_a_form_that_was_sent_is_no_draft_any_more(maker: Actor) -> None:
    save(maker)
    with transaction.atomic():
        IdempotencyKey.objects.create(
            organisation_id=maker.organisation_id or 0,
            person_id=maker.person_id or 0,
            key="k1",
            route="r",
            body_hash="0",
            at=clock.now(),
        )
        actions.forget("k1", by=maker)

    with pytest.raises(DraftAlreadySent):
        save(maker)
    assert all_of(maker) == []


def test_a_saving_that_meets_the_sending_waits_and_finds_it_sent(maker: Actor) -> None:
    save(maker)
    entered, answers = threading.Event(), []

    def saving() -> None:
        with acting_as(maker):
            entered.set()
            try:
                save(maker, values={"text": ["zu spät"]})
            except DraftAlreadySent as refused:
                answers.append(refused.code)
        connections.close_all()

    thread = threading.Thread(target=saving)
    with transaction.atomic():
        IdempotencyKey.objects.create(
            organisation_id=maker.organisation_id or 0,
            person_id=maker.person_id or 0,
            key="k1",
            route="r",
            body_hash="0",
            at=clock.now(),
        )
        actions.forget("k1", by=maker)
        thread.start()
        assert entered.wait(5)
        thread.join(0.5)
        assert thread.is_alive(), "the saving waits for the sending"
    thread.join(10)

    assert answers == ["DRF-002"]
    assert all_of(maker) == []


def test_eight_savings_of_one_new_form_make_one_draft(maker: Actor) -> None:
    def saving(number: int) -> None:
        with acting_as(maker):
            save(maker, values={"text": [str(number)]})
        connections.close_all()

    threads = [threading.Thread(target=saving, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.revision for one in all_of(maker)] == [8]


def run(name: str, at: Any) -> None:
    """The job as a worker runs it."""
    by = Actor.system("test")
    with acting_as(by), transaction.atomic():
        job_id = enqueue(name, key={"slot": at.isoformat()}, organisation_id=None, by=by, at=at)
    run_job(job_id)


def sort_files() -> tuple[int, int]:
    """As the job does."""
    with acting_as(Actor.system("test")):
        return sorting.sort_files(at=clock.now())


def test_after_ninety_days_the_job_forgets_it_and_its_file(maker: Actor) -> None:
    now = clock.now()
    old = save(maker, "old", at=now - KEPT_FOR - timedelta(days=1), uploads={"file": upload(PDF + b"old")}).draft
    save(maker, "young", at=now - KEPT_FOR + timedelta(days=1), uploads={"file": upload(PDF + b"young")})
    with transaction.atomic():
        lost, held = StoredFile.objects.order_by("pk")

    run(tasks.EXPIRE, now)
    run(sorting.JOB, now)

    assert [one.key for one in all_of(maker)] == ["young"]
    assert old.files == {"file": lost.pk}
    with transaction.atomic():
        assert list(StoredFile.objects.all()) == [held]
    assert not path_of(lost.sha256).exists()
    assert path_of(held.sha256).exists()


def test_bytes_that_another_organisation_holds_stay(maker: Actor) -> None:
    other = identity.actor_for(identity.organisation(), Duty.MAKER)
    long_ago = clock.now() - timedelta(days=30)
    save(maker, at=long_ago, uploads={"file": upload(PDF + b"shared")})
    with acting_as(other):
        save(other, at=long_ago, uploads={"file": upload(PDF + b"shared")})
    actions.discard("k1", by=maker)

    assert sort_files() == (0, 1)

    with transaction.atomic():
        assert not StoredFile.objects.exists()
    with acting_as(other), transaction.atomic():
        assert path_of(StoredFile.objects.get().sha256).exists()


def test_a_file_chosen_again_after_its_bytes_went_is_stored_again(maker: Actor) -> None:
    save(maker, at=clock.now() - timedelta(days=30), uploads={"file": upload()})
    actions.discard("k1", by=maker)
    assert sort_files() == (0, 1)

    again = save(maker, "k2", uploads={"file": upload()}).draft

    with transaction.atomic():
        assert path_of(StoredFile.objects.get(pk=again.files["file"]).sha256).read_bytes() == PDF


def test_only_a_job_sorts_files(maker: Actor) -> None:
    stored = save(maker, uploads={"file": upload()}).draft.files["file"]

    for call in (
        "documents_files_of_forms(0, now(), 9)",
        f"documents_keep_file({stored})",
        f"documents_drop_file({stored})",
    ):
        with (
            pytest.raises(Exception, match="only a job sorts files"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"select {call}")


def test_a_refused_file_keeps_the_rest(maker: Actor) -> None:
    saved = save(maker, uploads={"file": upload(b"MZ\x90\x00not a document"), "other": upload()})

    assert saved.problems["file"].code == "DOC-001"
    assert (saved.draft.values, saved.draft.files) == ({"text": ["Sehr geehrte"]}, {})


def test_the_list_of_what_was_begun_continues_and_discards() -> None:
    member = identity.membership(identity.organisation(), [Duty.MAKER])
    client = Client()
    with acting_as(actor_of(member, "sign-in")):
        client.force_login(member.person)
    posted = {"draft_kind": KIND, "idempotency_key": "k9", "text": "angefangen", "draft_revision": "0"}

    kept = client.post(reverse("drafts:save"), posted)
    stale = client.post(reverse("drafts:save"), posted, headers={"accept": "application/json"})
    listed = client.get(reverse("drafts:begun")).content.decode()
    client.post(reverse("drafts:discard"), {"draft_key": "k9", "next": "https://elsewhere.example/"})

    assert kept["Location"] == reverse("drafts:begun")
    assert stale.status_code == 409
    assert "angefangen" in listed
    assert "/?draft=k9" in listed
    assert "angefangen" not in client.get(reverse("drafts:begun")).content.decode()
