"""The jobs that exist, by name; and what runs by the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from yingshou.jobs.running import RunningJob


@dataclass(frozen=True)
class JobKind:
    """
    How a job is run.

    :param lease: how long a worker may be silent before it counts as dead
    :param attempts: how often it is tried before it is FAILED and shown to staff
    """

    name: str
    run: "Callable[[RunningJob], None]"
    lease: timedelta
    attempts: int


@dataclass(frozen=True)
class Schedule:
    """A job asked for by the clock: every `every`, keyed by the slot, so that a second scheduler does no harm."""

    job: str
    every: timedelta

    def slot(self, at: datetime) -> str:
        """The start of the period that `at` falls in, as the job's key."""
        seconds = int(self.every.total_seconds())
        return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, tz=at.tzinfo).isoformat()


JOBS: Registry[JobKind] = Registry("jobs")
SCHEDULES: Registry[Schedule] = Registry("schedules")


def schedule(job_name: str, *, every: timedelta) -> None:
    """
    Ask for a job by the clock. Called in `contributions.py`.

    :raises AlreadyRegistered: if the job has a schedule
    """
    SCHEDULES.register(job_name, Schedule(job=job_name, every=every))
