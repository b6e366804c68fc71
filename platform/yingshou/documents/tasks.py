"""The jobs of imports."""

from datetime import timedelta

from yingshou.documents import sorting, steps
from yingshou.documents.actions import ACCEPT_JOB, COPY_JOB, READ_JOB, UNDO_JOB
from yingshou.jobs.running import RunningJob, job


@job(READ_JOB, lease=timedelta(minutes=6), attempts=8)
def read(running: RunningJob) -> None:
    """Read a file and check its rows. The lease is longer than a reader process may live."""
    steps.read(int(running.key["batch"]), by=running.by, at=running.at, progress=running.progress)


@job(ACCEPT_JOB, lease=timedelta(minutes=2), attempts=30)
def accept(running: RunningJob) -> None:
    """Take over what is new."""
    steps.accept(int(running.key["batch"]), by=running.by, at=running.at, progress=running.progress)


@job(UNDO_JOB, lease=timedelta(minutes=5), attempts=3)
def undo(running: RunningJob) -> None:
    """Take back what a batch made."""
    steps.undo(int(running.key["batch"]), by=running.by, at=running.at)


@job(sorting.JOB, lease=timedelta(minutes=10))
def sort_files(running: RunningJob) -> None:
    """Keep for good what forms brought and somebody took over; delete what nobody refers to."""
    sorting.sort_files(at=running.at)


@job(COPY_JOB, lease=timedelta(minutes=6), attempts=3)
def copy(running: RunningJob) -> None:
    """Write the user's file with the reasons. The lease is longer than a reader process may live."""
    steps.copy(int(running.key["copy"]), by=running.by, at=running.at, progress=running.progress)
