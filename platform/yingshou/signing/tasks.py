"""Jobs of signing: keep the revocation lists fresh."""

from datetime import timedelta

from yingshou.jobs.running import RunningJob, job
from yingshou.signing import sources


@job("signing.revocation_lists", lease=timedelta(minutes=2), attempts=5)
def read_revocation_lists(job: RunningJob) -> None:
    """Read the revocation lists again; a list that is known already is not stored twice."""
    sources.refresh(at=job.at, force=True)
