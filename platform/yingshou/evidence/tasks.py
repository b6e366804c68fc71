"""The sealer, every ten seconds by the scheduler; not a job row, as its work is told by the events themselves."""

import logging

from celery import shared_task

from yingshou.evidence import sealing
from yingshou.evidence.witnesses import BadCopy, witnesses
from yingshou.kernel import clock

logger = logging.getLogger(__name__)
# So that one task ends within its time limit; what is left waits for the next.
_MOST_ROUNDS = 20


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
