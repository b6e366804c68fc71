"""
Seal events: read what is settled, append the leaves, sign a checkpoint. Runs as the sealing role, on its own connection.

What is settled is told by transactions, not by ids: an id is drawn before its transaction commits, so that a cursor
over ids would pass over rows that commit late. Only rows of transactions older than every running one are taken
(`pg_snapshot_xmin`), in the order (transaction, table, id).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connections, transaction
from psycopg2 import Binary
from psycopg2.extras import execute_values

from yingshou.evidence import leaves, notes
from yingshou.evidence.keys import seal_key
from yingshou.evidence.store import StoredNodes
from yingshou.kernel import merkle_log

SEALING: Final = "sealing"
BATCH_ROWS: Final = 10_000
# One sealer at a time; the number is this lock's name.
_LOCK: Final = 7_203_148_001


@dataclass(frozen=True)
class Cursor:
    """Up to where the events were sealed."""

    tx: int = 0
    source: int = 0
    row: int = 0


@dataclass(frozen=True)
class Sealed:
    """What one round did; `more` says that a full batch was taken and further rows may wait."""

    count: int
    size: int
    more: bool


def seal(*, at: datetime, limit: int = BATCH_ROWS) -> Sealed:
    """
    Seal up to `limit` settled events in one transaction; killed at any point, it leaves nothing half done.

    :returns: how many were sealed; none if another sealer is at work
    """
    with transaction.atomic(using=SEALING), connections[SEALING].cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return Sealed(0, 0, more=False)
        size, start = _latest(cursor)
        rows, horizon = _settled(cursor, start, limit)
        if not rows:
            return Sealed(0, size, more=False)
        more = len(rows) == limit
        end = Cursor(*rows[-1].place) if more else Cursor(horizon, -1, 0)
        new_size = _append(cursor, size, rows)
        _sign(cursor, new_size, end, at)
        return Sealed(len(rows), new_size, more)


def _latest(cursor: Any) -> tuple[int, Cursor]:
    cursor.execute(
        "select size, cursor_tx::text, cursor_source, cursor_row from evidence_checkpoint order by size desc limit 1"
    )
    found = cursor.fetchone()
    return (int(found[0]), Cursor(int(found[1]), found[2], found[3])) if found else (0, Cursor(0, -1, 0))


def _settled(cursor: Any, start: Cursor, limit: int) -> tuple[list[leaves.Row], int]:
    """Return the next rows of both tables in their common order, and the first transaction that is not settled."""
    cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text")
    horizon = int(cursor.fetchone()[0])
    found: list[leaves.Row] = []
    for source in leaves.SOURCES.values():
        # Within the cursor's own transaction: tables before its table are done, later ones not begun.
        row = start.row if source.order == start.source else (2**63 - 1 if source.order < start.source else -1)
        cursor.execute(
            f"{source.select} where (tx, id) > (%s::xid8, %s) and tx < %s::xid8 order by {source.table}.tx, "
            f"{source.table}.id limit %s",
            [str(start.tx), row, str(horizon), limit],
        )
        found += [leaves.read(source, values) for values in cursor.fetchall()]
    found.sort(key=lambda one: one.place)
    return found[:limit], horizon


def _append(cursor: Any, size: int, rows: Sequence[leaves.Row]) -> int:
    """Write the leaves and every node that has become full; return the new size."""
    execute_values(
        cursor.cursor,
        "insert into evidence_sealedevent (position, source, row_id, leaf) values %s",
        [(size + at, row.source.name, row.pk, Binary(row.leaf)) for at, row in enumerate(rows)],
        page_size=5_000,
    )
    new_size = size + len(rows)
    store = StoredNodes(cursor)
    for level in range(0, 56, merkle_log.TILE_LEVELS):
        above = level + merkle_log.TILE_LEVELS
        had, have = size >> above, new_size >> above
        if have == had:
            break
        below = store.nodes(level, had << merkle_log.TILE_LEVELS, (have - had) << merkle_log.TILE_LEVELS)
        execute_values(
            cursor.cursor,
            "insert into evidence_treenode (level, position, hash) values %s",
            [(above, had + at, Binary(node)) for at, node in enumerate(merkle_log.kept_nodes(below))],
            page_size=5_000,
        )
    return new_size


def _sign(cursor: Any, size: int, end: Cursor, at: datetime) -> None:
    root = merkle_log.tree_root(StoredNodes(cursor), size)
    note = notes.sign(notes.Note(origin=settings.SEAL_ORIGIN, size=size, root=root), seal_key())
    cursor.execute(
        "insert into evidence_checkpoint (size, root, note, at, cursor_tx, cursor_source, cursor_row) "
        "values (%s, %s, %s, %s, %s::xid8, %s, %s)",
        [size, Binary(root), note, at, str(end.tx), end.source, end.row],
    )


@contextmanager
def reading() -> Iterator[Any]:
    """A cursor in one READ ONLY, REPEATABLE READ transaction of the sealing role: it sees every event."""
    with transaction.atomic(using=SEALING), connections[SEALING].cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        yield cursor
