"""Callers who start at the same instant, each on a thread and a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, connections, transaction

from yingshou.kernel.errors import DomainError
from yingshou.tenancy.actor import Actor, acting_as

DONE = "done"
# A caller that waits longer stands in a deadlock that PostgreSQL did not find; a machine busy with other work is slower than one thinks.
PATIENCE = 120.0
Call = Callable[[], str]


class Crew:
    """A pool of callers; every round begins at a barrier."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def together(self, calls: Sequence[Call]) -> list[str]:
        """
        Run all calls at once; each answers `DONE` or the code of its refusal.

        :raises Exception: whatever a call raises that is no refusal, as a deadlock
        """
        barrier = threading.Barrier(len(calls))

        def run(call: Call) -> str:
            barrier.wait(PATIENCE)
            try:
                return call()
            except DomainError as error:
                return error.code

        futures = [self._pool.submit(run, call) for call in calls]
        return [future.result(PATIENCE) for future in futures]


@contextmanager
def crew(size: int) -> Iterator[Crew]:
    """So many callers, their connections closed at the end."""
    with ThreadPoolExecutor(size) as pool:
        yield Crew(pool)
        barrier = threading.Barrier(size)

        def close() -> None:
            barrier.wait(PATIENCE)
            connections.close_all()

        for future in [pool.submit(close) for _caller in range(size)]:
            future.result(PATIENCE)


# --- the same decisions without protection ---------------------------------------------------------------------------
CONTROL = """
create table race_control (id integer primary key, state text not null);
create table race_control_act (id integer not null, what text not null);
grant select, insert, update on race_control, race_control_act to yingshou_app
"""


@contextmanager
def control_tables() -> Iterator[None]:
    """Two tables without any rule, for the control that must go wrong."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(CONTROL)
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("drop table race_control, race_control_act")


def open_control(number: int) -> None:
    """One object that waits for a decision."""
    with acting_as(Actor.system("race")), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("insert into race_control values (%s, 'OPEN')", [number])


def unprotected(number: int, what: str, allowed: frozenset[str]) -> Call:
    """Read, look whether it goes, write: no lock, no condition in the UPDATE, no constraint."""

    def call() -> str:
        with acting_as(Actor.system("race")), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("select state from race_control where id = %s", [number])
            if cursor.fetchone()[0] not in allowed:
                return "ILLEGAL"
            # What an action reads and checks before it writes takes about this long on a busy machine.
            cursor.execute("select pg_sleep(0.02)")
            cursor.execute("update race_control set state = %s where id = %s", [what, number])
            cursor.execute("insert into race_control_act values (%s, %s)", [number, what])
            return DONE

    return call
