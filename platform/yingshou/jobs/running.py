"""Run a job: claim its row, bind its actor, work, mark it done; or leave it to be tried again."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import connection, transaction

from yingshou.jobs.models import Job, JobState
from yingshou.jobs.registry import JOBS, JobKind
from yingshou.kernel import clock
from yingshou.kernel.errors import DomainError
from yingshou.tenancy.actor import Actor, acting_as
from yingshou.tenancy.backend.base import is_away

logger = logging.getLogger(__name__)

# First wait after a failure; doubled each time, up to the longest. Most failures are a neighbour restarting.
RETRY_AFTER = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)

CLAIM = """
update jobs_job j set state = 'RUNNING', attempts = attempts + 1, started_at = coalesce(started_at, now()),
    lease_until = now() + make_interval(secs => %s), backend_pid = pg_backend_pid(), backend_start = a.backend_start
from pg_stat_activity a
where a.pid = pg_backend_pid() and j.id = (
    select id from jobs_job o where id = %s and (
        (state = 'QUEUED' and run_at <= %s)
        or (state = 'RUNNING' and (lease_until < now() or not exists (
            select 1 from pg_stat_activity b where b.pid = o.backend_pid and b.backend_start = o.backend_start)))
    ) for update skip locked
) returning j.id
"""

# A dead worker's backend is gone long before its lease ends: its jobs are taken back at once.
TAKE_BACK = """
update jobs_job o set state = 'QUEUED', sent_at = null
where state = 'RUNNING' and (lease_until < now() or not exists (
    select 1 from pg_stat_activity b where b.pid = o.backend_pid and b.backend_start = o.backend_start))
"""


@dataclass
class RunningJob:
    """What a handler gets: its key, its organisation, its moment, and a way to say how far it is."""

    job: Job
    at: datetime
    lease: timedelta

    @property
    def key(self) -> Mapping[str, Any]:
        """The key it was asked for with."""
        return dict(self.job.key)

    @property
    def organisation_id(self) -> int | None:
        """The organisation it works for."""
        return self.job.organisation_id

    @property
    def by(self) -> Actor:
        """The system actor that is bound while it runs."""
        return _actor(self.job)

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far it is, and that the worker lives. May be called inside the step's own transaction."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "update jobs_job set done = %s, total = coalesce(%s, total), note = %s, lease_until = now() + make_interval(secs => %s), "
                "backend_pid = pg_backend_pid(), backend_start = "
                "(select backend_start from pg_stat_activity where pid = pg_backend_pid()) where id = %s",
                [done, total, note, self.lease.total_seconds(), self.job.pk],
            )


def job(
    name: str, *, lease: timedelta = timedelta(seconds=60), attempts: int = 5
) -> Callable[[Callable[[RunningJob], None]], Callable[[RunningJob], None]]:
    """
    Register a job's handler and the Celery task of the same name. Handlers are idempotent by their key.

    :raises AlreadyRegistered: if the name is taken
    """

    def decorate(run: Callable[[RunningJob], None]) -> Callable[[RunningJob], None]:
        JOBS.register(name, JobKind(name=name, run=run, lease=lease, attempts=attempts))
        shared_task(name=name, ignore_result=True)(run_job)
        return run

    return decorate


def run_job(job_id: int) -> None:
    """Run one job if it is due and nobody else has it; a job that is done already is left alone."""
    found = _claim(job_id)
    if found is None:
        return
    kind = JOBS.get(found.name)
    with acting_as(_actor(found)):
        try:
            kind.run(RunningJob(job=found, at=clock.now(), lease=kind.lease))
        except Exception as error:
            if is_away(error):
                # No failure of the job's: the sweeper takes it back as soon as its backend is seen to be gone.
                logger.warning("job_lost_database", extra={"job": found.name, "job_id": found.pk})
                connection.close()
                return
            _give_back(found, kind, error)
            if not isinstance(error, DomainError):
                logger.exception("job_failed", extra={"job": found.name, "job_id": found.pk})
        else:
            _finish(found, JobState.DONE, error="")


def take_back_lost() -> int:
    """Queue the jobs of dead workers again; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_BACK)
        return int(cursor.rowcount)


def _claim(job_id: int) -> Job | None:
    with acting_as(Actor.system("jobs.claim")), transaction.atomic():
        row = Job.objects.filter(pk=job_id).first()
        if row is None or row.is_over:
            return None
        lease = JOBS.get(row.name).lease
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [lease.total_seconds(), job_id, clock.now()])
            claimed = cursor.fetchone()
        return Job.objects.get(pk=job_id) if claimed else None


def _actor(row: Job) -> Actor:
    return Actor.system(row.name, row.organisation_id, person_id=row.person_id, request_id=row.request_id)


def _finish(row: Job, state: JobState, *, error: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "update jobs_job set state = %s, error = %s, finished_at = now(), lease_until = null where id = %s",
            [state, error, row.pk],
        )


def _give_back(row: Job, kind: JobKind, error: Exception) -> None:
    """Queue it again after a pause, or call it FAILED. The row keeps no traceback: people read it."""
    text = f"{error.code}: {error.message_text}" if isinstance(error, DomainError) else type(error).__name__
    if row.attempts >= kind.attempts or isinstance(error, DomainError):
        _finish(row, JobState.FAILED, error=text)
        return
    pause = min(RETRY_AFTER * 2 ** min(row.attempts - 1, 16), LONGEST_PAUSE)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "update jobs_job set state = 'QUEUED', error = %s, run_at = %s, sent_at = null, lease_until = null "
            "where id = %s",
            [text, clock.now() + pause, row.pk],
        )
