"""Looking after jobs: a failed one is tried again by staff, on record."""

from datetime import datetime
from functools import partial

from django.db import transaction

from yingshou.audit.events import EventDraft, record
from yingshou.jobs.models import Job, JobState
from yingshou.jobs.queue import send
from yingshou.kernel.errors import Conflict, NotAllowed
from yingshou.tenancy.actor import Actor, acting_as

WORKER = "identity.job_care"


class JobNotFailed(Conflict):
    """The job is not one that failed."""

    code = "ORG-013"


class MayNotRetry(NotAllowed):
    """The actor does not look after jobs."""

    code = "ORG-014"


@transaction.atomic
def retry_job(*, job_id: int, by: Actor, at: datetime) -> None:
    """
    Put a failed job back into the queue. Jobs are idempotent, so that trying again does no harm.

    :raises MayNotRetry: if the actor does not look after jobs
    :raises JobNotFailed: if the job did not fail
    """
    if not by.may("identity.look_after_jobs"):
        raise MayNotRetry
    with acting_as(Actor.system(WORKER, request_id=by.request_id)):
        failed = Job.objects.filter(pk=job_id, state=JobState.FAILED)
        name = failed.values_list("name", flat=True).first()
        if name is None or not failed.update(
            state=JobState.QUEUED, attempts=0, finished_at=None, sent_at=None, run_at=at, error=""
        ):
            raise JobNotFailed
    transaction.on_commit(partial(send, name, [job_id]))
    record(
        [
            EventDraft(
                kind="identity.reference.job_retried",
                object_type="jobs.job",
                object_id=job_id,
                object_version=None,
                audience=[by.organisation_id or 0],
                by=by,
                at=at,
                body={"name": name},
            )
        ]
    )
