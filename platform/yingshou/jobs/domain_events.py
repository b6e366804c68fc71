"""Domain events: something happened in one app that others react to, each in a job of its own, after the commit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from yingshou.jobs.queue import enqueue
from yingshou.kernel.registry import Registry
from yingshou.tenancy.actor import Actor

# Event name -> the jobs that react to it.
SUBSCRIBERS: Registry[list[str]] = Registry("subscribers of domain events")


def subscribe(event: str, job: str) -> None:
    """Let a job run for every event of a name. Called in `contributions.py`."""
    jobs = dict(SUBSCRIBERS.items()).get(event)
    if jobs is None:
        SUBSCRIBERS.register(event, [job])
    else:
        jobs.append(job)


def publish(event: str, *, key: Mapping[str, Any], organisation_id: int | None, by: Actor, at: datetime) -> None:
    """Ask for one job per subscriber, in the caller's transaction. An event nobody listens to is no error."""
    for job in dict(SUBSCRIBERS.items()).get(event, []):
        enqueue(job, key=key, organisation_id=organisation_id, by=by, at=at)
