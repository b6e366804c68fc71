"""A job is asked for once, runs once, and comes back when its worker dies."""

from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils.translation import gettext_lazy

from yingshou.jobs.models import Job, JobState
from yingshou.jobs.queue import due, enqueue, enqueue_many
from yingshou.jobs.registry import JOBS, JobKind
from yingshou.jobs.running import RunningJob, run_job, take_back_lost
from yingshou.kernel import clock
from yingshou.kernel.errors import Invalid
from yingshou.tenancy.actor import Actor, ActorKind, acting_as, current_actor

pytestmark = pytest.mark.django_db(transaction=True)

PERSON = Actor(kind=ActorKind.PERSON, person_id=4, organisation_id=1)
SWEEPER = Actor.system("jobs.sweep")

ran: list[tuple[int | None, int | None, dict[str, object]]] = []


class Refused(Invalid):
    code = "TEST-001"
    message = gettext_lazy("No.")


def work(job: RunningJob) -> None:
    actor = current_actor()
    ran.append((actor.organisation_id, actor.person_id, dict(job.key)))
    if job.key.get("fail") == "bug":
        raise RuntimeError("secret detail")
    if job.key.get("fail") == "rule":
        raise Refused
    job.progress(3, 10, "reading")


if "test.work" not in dict(JOBS.items()):
    JOBS.register("test.work", JobKind("test.work", work, timedelta(seconds=30), attempts=2))


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def ask(**key: object) -> int:
    with acting_as(PERSON), transaction.atomic():
        return enqueue("test.work", key=key, organisation_id=1, by=PERSON, at=clock.now())


def row(job_id: int) -> Job:
    with acting_as(SWEEPER), transaction.atomic():
        return Job.objects.get(pk=job_id)


def test_asking_twice_is_asking_once() -> None:
    assert ask(a=1) == ask(a=1)
    assert ask(a=2) != ask(a=1)


def test_a_job_runs_once_for_its_organisation_on_behalf_of_its_person() -> None:
    job_id = ask(a=1)

    run_job(job_id)
    run_job(job_id)

    assert ran == [(1, 4, {"a": 1})]
    assert row(job_id).state == JobState.DONE
    assert (row(job_id).done, row(job_id).total, row(job_id).note) == (3, 10, "reading")


def test_a_rolled_back_act_asks_for_nothing() -> None:
    with acting_as(PERSON), transaction.atomic():
        enqueue("test.work", key={"a": 1}, organisation_id=1, by=PERSON, at=clock.now())
        transaction.set_rollback(True)

    with acting_as(SWEEPER), transaction.atomic():
        assert Job.objects.count() == 0


def test_a_bug_is_tried_again_and_then_failed_without_its_text() -> None:
    job_id = ask(fail="bug")

    run_job(job_id)
    first = row(job_id)
    with acting_as(SWEEPER), transaction.atomic():
        Job.objects.filter(pk=job_id).update(run_at=clock.now())
    run_job(job_id)
    second = row(job_id)

    assert (first.state, second.state) == (JobState.QUEUED, JobState.FAILED)
    assert second.error == "RuntimeError"


def test_a_rule_that_says_no_is_not_tried_again() -> None:
    job_id = ask(fail="rule")

    run_job(job_id)

    assert row(job_id).state == JobState.FAILED
    assert row(job_id).error.startswith("TEST-001")


def test_a_job_whose_time_has_not_come_is_left_alone() -> None:
    with acting_as(PERSON), transaction.atomic():
        at = clock.now()
        job_id = enqueue("test.work", key={"a": 1}, organisation_id=1, by=PERSON, at=at, run_at=at + timedelta(hours=1))

    run_job(job_id)

    assert ran == []
    assert row(job_id).state == JobState.QUEUED


def test_the_job_of_a_dead_worker_is_taken_back() -> None:
    job_id = ask(a=1)
    with acting_as(SWEEPER), transaction.atomic(), connection.cursor() as cursor:
        # As after kill -9: RUNNING, the lease still good, the worker's connection gone.
        cursor.execute(
            "update jobs_job set state = 'RUNNING', lease_until = now() + interval '1 hour', backend_pid = 1, "
            "backend_start = now() where id = %s",
            [job_id],
        )

    with acting_as(SWEEPER), transaction.atomic():
        taken = take_back_lost()
        again = [pk for pk, _name in due(clock.now())]

    assert (taken, again) == (1, [job_id])
    run_job(job_id)
    assert len(ran) == 1


def test_the_job_of_a_living_worker_is_not_taken_back() -> None:
    job_id = ask(a=1)
    other = connections.create_connection("default")
    try:
        with acting_as(SWEEPER), other.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("select set_config('app.kind', 'system', true)")
            cursor.execute(
                "update jobs_job set state = 'RUNNING', lease_until = now() + interval '1 hour', "
                "backend_pid = pg_backend_pid(), backend_start = (select backend_start from pg_stat_activity "
                "where pid = pg_backend_pid()) where id = %s",
                [job_id],
            )
            cursor.execute("commit")

        with acting_as(SWEEPER), transaction.atomic():
            taken = take_back_lost()
        run_job(job_id)
    finally:
        other.close()

    assert taken == 0
    assert ran == []


def test_many_are_asked_for_with_one_statement() -> None:
    with acting_as(PERSON), transaction.atomic():
        ids = enqueue_many(
            "test.work", keys=[{"n": n} for n in range(50)], organisation_id=1, by=PERSON, at=clock.now()
        )

    assert len(set(ids)) == 50


def test_another_organisation_does_not_see_the_job() -> None:
    ask(a=1)
    stranger = Actor(kind=ActorKind.PERSON, person_id=9, organisation_id=2)

    with acting_as(stranger), transaction.atomic():
        assert Job.objects.count() == 0
        assert list(Job.objects.visible_to(stranger)) == []
