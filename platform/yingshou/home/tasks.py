"""Jobs of the front pages."""

from __future__ import annotations

from datetime import timedelta

from yingshou.home import actions, visits
from yingshou.jobs.running import RunningJob, job
from yingshou.kernel.clock import business_date

KEEP_VISITS = "home.keep_visits"


@job(KEEP_VISITS)
def keep_visits(running: RunningJob) -> None:
    """Keep the numbers of today and yesterday, so that the last minutes before midnight are kept too."""
    today = business_date(running.at)
    for day in (today - timedelta(days=1), today):
        number = visits.counted(day)
        if number:
            actions.keep_visits(day, number, at=running.at)
