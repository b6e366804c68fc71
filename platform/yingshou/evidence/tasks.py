"""
The sealer, every ten seconds by the scheduler; not a job row, as its work is told by the events themselves. And the books,
which a job reads once a day.
"""

import logging
from datetime import timedelta

from celery import shared_task

from yingshou.evidence import actions, sealing
from yingshou.evidence.witnesses import BadCopy, witnesses
from yingshou.jobs.running import RunningJob, job
from yingshou.kernel import clock

logger = logging.getLogger(__name__)
# So that one task ends within its time limit; what is left waits for the next.
_MOST_ROUNDS = 20
VERIFY_BOOKS = "evidence.verify_books"


@shared_task(name="evidence.seal", ignore_result=True)
def seal() -> None:
    """Seal what is settled and copy it outside. A copy that cannot be written is an alarm, and stops nothing."""
    for _round in range(_MOST_ROUNDS):
        if not sealing.seal(at=clock.now()).more:
            break
    for witness in witnesses():
        try:
            with sealing.reading() as cursor:
                witness.copy(cursor)
        except (OSError, BadCopy) as error:
            logger.error("seal_copy_failed", extra={"folder": str(witness.folder), "why": str(error)})


@job(VERIFY_BOOKS, lease=timedelta(minutes=15), attempts=2)
def verify_books(running: RunningJob) -> None:
    """Read the books; what they find is an event and an alarm, no failure of the job."""
    actions.verify_books(by=running.by, at=running.at)
