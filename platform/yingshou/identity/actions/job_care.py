"""Looking after jobs: a failed one is tried again when one member of staff proposes it and another agrees, on record (N11)."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from yingshou.approvals import actions as approvals
from yingshou.approvals.actions import DutyMissing
from yingshou.approvals.handlers import LineDraft
from yingshou.approvals.models import Approval, ApprovalLine
from yingshou.audit.events import EventDraft, record
from yingshou.jobs.models import Job, JobState
from yingshou.jobs.queue import send
from yingshou.kernel.errors import Conflict
from yingshou.tenancy.actor import Actor, acting_as

WORKER = "identity.job_care"
RETRY_JOB = "identity.retry_job"
TITLE = _("Try a failed job again")


class JobNotFailed(Conflict):
    """The job is not one that failed."""

    code = "ORG-013"
    message = _("This job is not one that failed, or it failed again since.")
    cure = _("Open the list of jobs and look at its state now.")


@transaction.atomic
def propose_retry(*, job_id: int, by: Actor, at: datetime) -> Approval:
    """
    First of two: propose that a failed job is tried again.

    :raises JobNotFailed: if the job did not fail
    :raises DutyMissing: if the actor does not look after jobs
    :raises ChangeAlreadyOpen: if a colleague proposed it already
    """
    if not by.may("identity.look_after_jobs"):
        raise DutyMissing(title=TITLE)
    with acting_as(Actor.system(WORKER, request_id=by.request_id)):
        row = Job.objects.filter(pk=job_id, state=JobState.FAILED).first()
    if row is None:
        raise JobNotFailed(place=str(job_id))
    line = LineDraft(
        object_type="jobs.job",
        object_id=job_id,
        # A job has no version; the tries so far say which failure is meant.
        object_version=row.attempts,
        label=f"{row.name} {job_id}",
        payload={"name": row.name, "finished_at": _text(row)},
        document={"purpose": RETRY_JOB, "job": job_id, "name": row.name, "finished_at": _text(row)},
    )
    return approvals.submit(RETRY_JOB, [line], by=by, at=at)


def carry_out(line: ApprovalLine, *, by: Actor, at: datetime) -> None:
    """
    Second of two: put the job back into the queue. Jobs are idempotent, so that trying again does no harm.

    :raises JobNotFailed: if the job is not the failed one that was proposed any more
    """
    job_id, name = line.object_id, str(line.payload["name"])
    with acting_as(Actor.system(WORKER, request_id=by.request_id)):
        row = Job.objects.select_for_update(no_key=True).filter(pk=job_id, state=JobState.FAILED).first()
        if row is None or _text(row) != line.payload["finished_at"]:
            raise JobNotFailed(place=line.label)
        Job.objects.filter(pk=job_id).update(
            state=JobState.QUEUED, attempts=0, finished_at=None, sent_at=None, run_at=at, error=""
        )
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


def _text(row: Job) -> str:
    return row.finished_at.isoformat() if row.finished_at else ""
