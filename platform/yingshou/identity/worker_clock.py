"""The sample city's clock in a worker process, where no request brings an actor."""

from yingshou.identity import sample_clock
from yingshou.tenancy.actor import Actor, acting_as


def follow_as_worker() -> None:
    """Take the city's offset over before a task runs."""
    with acting_as(Actor.system("sample_clock")):
        sample_clock.follow()
