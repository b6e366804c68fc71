"""Write events as the application does, and tamper with them as a superuser can."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from tests.harness import environment
from tests.harness.cluster import Cluster
from yingshou.audit.events import EventDraft, record, record_access
from yingshou.evidence import sealing, verification
from yingshou.evidence.verification import Report
from yingshou.kernel import clock
from yingshou.tenancy.actor import Actor, acting_as

ORGANISATION = 7
BY = Actor.system("test-history", ORGANISATION)


def write(count: int, *, first: int = 1, kind: str = "test.thing.create") -> None:
    """Write events of that many objects in one transaction."""
    with acting_as(BY), transaction.atomic():
        record(
            [
                EventDraft(
                    kind=kind,
                    object_type="test.thing",
                    object_id=first + number,
                    object_version=1,
                    audience=[ORGANISATION],
                    by=BY,
                    at=clock.now(),
                    body={"amount": "1200.00", "reason": "中文理由", "lines": [1, {"b": None, "a": True}]},
                )
                for number in range(count)
            ]
        )


def write_access(count: int = 1) -> None:
    """Write that somebody looked."""
    for _number in range(count):
        with acting_as(BY), transaction.atomic():
            record_access(kind="test.look", by=BY, object_type="test.thing", object_id=1)


def settle() -> None:
    """Wait until every event is settled: a transaction of another test's database holds the horizon back as well."""
    deadline = time.monotonic() + 120
    with superuser() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(
                "select coalesce(max(tx), '0'::xid8) < pg_snapshot_xmin(pg_current_snapshot()) "
                "from (select tx from audit_auditevent union all select tx from audit_accessevent) events"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("some transaction stayed open")


def seal_all() -> int:
    """Seal until nothing is left; returns the size of the tree."""
    settle()
    size = 0
    while (done := sealing.seal(at=clock.now())).count:
        size = done.size
    return size


@contextmanager
def superuser() -> Iterator[Any]:
    """A cursor that neither row-level security nor triggers hold back."""
    with Cluster().server.cursor(environment.DATABASE) as cursor:
        cursor.execute("set session_replication_role = replica")
        yield cursor


def tamper(statement: str, params: Sequence[Any] = ()) -> int:
    """Run one statement as the superuser; returns how many rows it touched."""
    with superuser() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def verify(later: timedelta = timedelta()) -> Report:
    """Check the history."""
    at: datetime = clock.now() + later
    with sealing.reading() as cursor:
        return verification.verify(cursor, at=at)


def found(report: Report) -> set[tuple[str, str]]:
    """Fault and place of every finding."""
    return {(str(finding.fault), finding.place) for finding in report.findings}
