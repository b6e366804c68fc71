"""The job that forgets old drafts."""

from datetime import timedelta

from yingshou.drafts import actions
from yingshou.jobs.running import RunningJob, job

EXPIRE = "drafts.expire"


@job(EXPIRE, lease=timedelta(minutes=5))
def expire(job: RunningJob) -> None:
    """Delete drafts that nobody has gone on with for 90 days; their files go with the next sorting of loose files."""
    actions.expire(at=job.at)
