"""The same form sent again does once; the same key with other content is refused; nobody gets another's answer (G7)."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.test import RequestFactory
from django.utils.translation import gettext_lazy

from yingshou.jobs.idempotency import KeyUnusable, KeyUsedForOtherContent, idempotent
from yingshou.jobs.models import Job
from yingshou.jobs.queue import enqueue
from yingshou.jobs.registry import JOBS, JobKind
from yingshou.jobs.running import RunningJob
from yingshou.kernel import clock
from yingshou.kernel.errors import Invalid
from yingshou.tenancy.actor import Actor, ActorKind, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def person(organisation_id: int, person_id: int = 1) -> Actor:
    return Actor(kind=ActorKind.PERSON, person_id=person_id, organisation_id=organisation_id)


def nothing(job: RunningJob) -> None:
    """What is asked for is counted, not run."""


if "test.once" not in dict(JOBS.items()):
    JOBS.register("test.once", JobKind("test.once", nothing, timedelta(seconds=30), attempts=1))


class Refused(Invalid):
    code = "TEST-002"
    message = gettext_lazy("No.")


@idempotent
def work(request: Any) -> HttpResponseBase:
    """Stands for any act: it leaves one row each time it really runs."""
    if request.POST.get("how") == "raise":
        raise Refused
    with transaction.atomic():
        job_id = enqueue(
            "test.once",
            key={"unique": uuid.uuid4().hex},
            organisation_id=request.actor.organisation_id,
            by=request.actor,
            at=request.at,
        )
    if request.POST.get("how") == "form error":
        return HttpResponse("wrong", status=422)
    return HttpResponseRedirect(f"/done/{job_id}/")


def post(actor: Actor, path: str = "/act/", **fields: Any) -> HttpResponseBase:
    request: Any = RequestFactory().post(path, fields)
    request.actor, request.at = actor, clock.now()
    with acting_as(actor):
        return work(request)


def rows() -> int:
    with acting_as(Actor.system("test")), transaction.atomic():
        return Job.objects.filter(name="test.once").count()


def test_sent_twice_it_does_once_and_answers_the_same() -> None:
    first = post(person(1), idempotency_key="k", amount="5")
    second = post(person(1), idempotency_key="k", amount="5")

    assert rows() == 1
    assert first["Location"] == second["Location"]


def test_another_key_is_another_act() -> None:
    post(person(1), idempotency_key="k", amount="5")
    post(person(1), idempotency_key="l", amount="5")

    assert rows() == 2


def test_the_same_key_with_another_body_is_refused() -> None:
    post(person(1), idempotency_key="k", amount="5")

    with pytest.raises(KeyUsedForOtherContent) as refusal:
        post(person(1), idempotency_key="k", amount="6")
    assert (refusal.value.code, refusal.value.status) == ("MSG-004", 422)
    assert rows() == 1


def test_the_same_key_at_another_address_is_refused() -> None:
    post(person(1), idempotency_key="k", amount="5")

    with pytest.raises(KeyUsedForOtherContent):
        post(person(1), "/other/", idempotency_key="k", amount="5")


def test_the_same_key_with_another_file_is_refused() -> None:
    post(person(1), idempotency_key="k", file=SimpleUploadedFile("a.csv", b"one"))

    with pytest.raises(KeyUsedForOtherContent):
        post(person(1), idempotency_key="k", file=SimpleUploadedFile("a.csv", b"two"))


def test_a_new_security_token_is_no_other_body() -> None:
    post(person(1), idempotency_key="k", amount="5", csrfmiddlewaretoken="a")
    post(person(1), idempotency_key="k", amount="5", csrfmiddlewaretoken="b")

    assert rows() == 1


@pytest.mark.parametrize("other", [person(2), person(1, person_id=2)], ids=["organisation", "person"])
def test_nobody_else_gets_the_stored_answer(other: Actor) -> None:
    first = post(person(1), idempotency_key="k", amount="5")
    second = post(other, idempotency_key="k", amount="5")

    assert first["Location"] != second["Location"]
    assert rows() == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_unusable_key_is_refused(key: str) -> None:
    with pytest.raises(KeyUnusable):
        post(person(1), idempotency_key=key, amount="5")
    assert rows() == 0


def test_a_key_of_255_characters_is_good() -> None:
    post(person(1), idempotency_key="x" * 255, amount="5")

    assert rows() == 1


def test_a_form_with_errors_changes_nothing_and_leaves_the_key_free() -> None:
    wrong = post(person(1), idempotency_key="k", how="form error")
    right = post(person(1), idempotency_key="k", amount="5")

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert rows() == 1


def test_a_refusal_changes_nothing_and_leaves_the_key_free() -> None:
    with pytest.raises(Refused):
        post(person(1), idempotency_key="k", how="raise")
    post(person(1), idempotency_key="k", amount="5")

    assert rows() == 1


def test_eight_at_once_do_once() -> None:
    answers: list[str] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait()
        try:
            answers.append(post(person(1), idempotency_key="k", amount="5")["Location"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows() == 1
    assert len(answers) == 8
    assert len(set(answers)) == 1


def test_eight_at_once_without_the_protection_do_eight_times() -> None:
    start = threading.Barrier(8)
    bare = work.__wrapped__  # type: ignore[attr-defined]

    def send() -> None:
        request: Any = RequestFactory().post("/act/", {"idempotency_key": "k"})
        request.actor, request.at = person(1), clock.now()
        start.wait()
        try:
            with acting_as(request.actor):
                bare(request)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows() == 8


def test_an_answer_lost_on_the_way_is_given_again() -> None:
    """The browser died between commit and response: the repetition finds the work done."""
    first = post(person(1), idempotency_key="k", amount="5")
    del first

    again = post(person(1), idempotency_key="k", amount="5")

    assert again.status_code == 302
    assert rows() == 1
