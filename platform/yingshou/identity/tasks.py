"""Durable work of identity."""

from datetime import timedelta

from yingshou.identity import signin
from yingshou.jobs.running import RunningJob, job

# What the limiter needs is an hour; what a person asks about after an attack is some weeks.
KEEP_ATTEMPTS = timedelta(days=30)


FORGET_ATTEMPTS = "identity.forget_attempts"


@job(FORGET_ATTEMPTS)
def forget_attempts(job: RunningJob) -> None:
    """Delete sign-in attempts that are older than the time we keep them."""
    signin.forget_attempts(before=job.at - KEEP_ATTEMPTS)
