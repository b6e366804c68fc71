"""Responses that go on reading rows after the view has returned."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from yingshou.tenancy.actor import acting_as, current_actor
from yingshou.tenancy.guards import reading

Chunk = TypeVar("Chunk")


def held(produce: Callable[[], Iterator[Chunk]]) -> Iterator[Chunk]:
    """Run a generator later, under the actor of now and in one reading transaction of its own."""
    actor = current_actor()

    def run() -> Iterator[Chunk]:
        with acting_as(actor), reading():
            yield from produce()

    return run()
