"""
The engine's set-based half: rows into ``import_row`` by COPY, checks as SQL over the whole batch, acceptance by chunk.

Each step commits its rows and its cursor together; a step that was killed is repeated from the cursor and finds nothing done by
half. ``COPY`` refuses tables under row-level security, so a chunk goes into a temporary table first.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from yingshou.documents.kinds import Check, Effect, ImportKind
from yingshou.documents.models import ImportBatch
from yingshou.documents.states import RowState
from yingshou.tenancy.actor import Actor

CHECKED_ROWS = "import_rows_checked"
CHUNK_ROWS = "import_rows_chunk"
ASKED_ROWS = "import_rows_asked"
UNDONE_ROWS = "import_rows_undone"
HITS = "import_hits"


class RowsLeftOver(RuntimeError):
    """A kind's ``accept`` left rows of its chunk unmarked. Always a programming error; the chunk is rolled back."""


def copy_chunk(batch: ImportBatch, kind: ImportKind, lines: Sequence[bytes]) -> int:
    """Bring COPY lines of the reader into the batch, and return the last one's place; what is there already stays."""
    width = len(kind.columns)
    columns = ", ".join(f"v{number} text" for number in range(width))
    values = ", ".join(f"v{number}" for number in range(width))
    with connection.cursor() as cursor:
        cursor.execute(
            "create temporary table import_incoming (seq integer, sheet_no smallint, row_no integer, row_hash uuid, "
            f"state text, problems jsonb, raw jsonb, {columns}) on commit drop"
        )
        cursor.cursor.copy_expert("copy import_incoming from stdin", io.BytesIO(b"".join(lines)))
        # Names of columns are numbered by us; every value came in by COPY.
        cursor.execute(
            "insert into documents_importrow (batch_id, seq, organisation_id, sheet_no, row_no, row_hash, state, problems, raw, data) "  # noqa: S608
            f"select %s, seq, %s, sheet_no, row_no, row_hash, state, problems, raw, array[{values}] from import_incoming "
            "order by seq on conflict do nothing",
            [batch.pk, batch.organisation_id],
        )
        cursor.execute("drop table import_incoming")
    return int(lines[-1].split(b"\t", 1)[0])


def forget_rows(batch: ImportBatch) -> None:
    """Take back what was read of a batch that cannot be read to its end, or is read again under another mapping."""
    with connection.cursor() as cursor:
        cursor.execute("delete from documents_importrow where batch_id = %s", [batch.pk])


def typed_rows(kind: ImportKind, sheets: Sequence[Mapping[str, Any]]) -> str:
    """Select list of the kind's columns with their types; the name of the sheet by its number."""
    names = {int(sheet["sheet_no"]): str(sheet["sheet"]) for sheet in sheets}
    cases = " ".join(f"when {number} then {_literal(name)}" for number, name in names.items())
    sheet = f"case r.sheet_no {cases} else '' end" if cases else "''"
    columns = [
        f'r.data[{place}]::{column.cell.sql_type} as "{column.name}"'
        for place, column in enumerate(kind.columns, start=1)
    ]
    return f"r.seq::bigint as row_id, r.seq, {sheet} as sheet, r.row_no, {', '.join(columns)}"


def _literal(text: str) -> str:
    """A text as an SQL literal inside a statement that also takes named parameters."""
    return "'" + text.replace("'", "''").replace("%", "%%").replace("\\", "/") + "'"


def parameters(batch: ImportBatch, at: datetime) -> dict[str, Any]:
    """What every statement of a kind may name."""
    return {
        "batch": batch.pk,
        "organisation": batch.organisation_id,
        "person": batch.person_id,
        "at": at,
        "options": json.dumps(batch.options),
        "answers": json.dumps(batch.answers),
    }


DUPLICATES = """
update documents_importrow r set state = 'DUPLICATE',
    problems = coalesce(r.problems, '[]') || jsonb_build_array(jsonb_build_object(
        'key', 'duplicate', 'severity', 'warning', 'params', jsonb_build_object('row', d.first_row)))
from (
    select seq, first_value(row_no) over same as first_row, row_number() over same as place
    from documents_importrow where batch_id = %(batch)s and state = 'READY'
    window same as (partition by row_hash order by seq)
) d
where r.batch_id = %(batch)s and r.seq = d.seq and d.place > 1
"""

KNOWN = """
update documents_importrow r set state = 'KNOWN',
    problems = coalesce(r.problems, '[]') || jsonb_build_array(jsonb_build_object(
        'key', 'known', 'severity', 'warning', 'params', jsonb_build_object('batch', k.batch_id, 'row', k.row_no)))
from documents_importrow k
where r.batch_id = %(batch)s and r.state = 'READY' and r.seq between %(first)s and %(last)s
    and k.organisation_id = r.organisation_id and k.row_hash = r.row_hash and k.batch_id <> r.batch_id and k.state = 'ACCEPTED'
"""

# The same for the rows of one chunk, each looked up by its content: no statistics may lead the planner to read all batches.
KNOWN_NOW = """
update documents_importrow r set state = 'KNOWN',
    problems = coalesce(r.problems, '[]') || jsonb_build_array(jsonb_build_object(
        'key', 'known', 'severity', 'warning', 'params', jsonb_build_object('batch', k.batch_id, 'row', k.row_no)))
from (
    select o.seq, f.batch_id, f.row_no from documents_importrow o cross join lateral (
        select k.batch_id, k.row_no from documents_importrow k
        where k.organisation_id = o.organisation_id and k.row_hash = o.row_hash and k.batch_id <> o.batch_id
            and k.state = 'ACCEPTED' limit 1
    ) f where o.batch_id = %(batch)s and o.state = 'READY' and o.seq between %(first)s and %(last)s
) k
where r.batch_id = %(batch)s and r.seq = k.seq
"""


def mark_known(batch: ImportBatch, statement: str, first: int, last: int) -> int:
    """Mark rows that this organisation took over before, whichever batch they came with."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"batch": batch.pk, "first": first, "last": last})
        return int(cursor.rowcount)


def _materialise(
    batch: ImportBatch, kind: ImportKind, table: str, states: Sequence[str], span: tuple[int, int], *, at: datetime
) -> None:
    derived = "".join(f', {expression} as "{name}"' for name, expression in kind.derived.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"create temporary table {table} on commit drop as select t.*{derived} from (select "  # noqa: S608
            f"{typed_rows(kind, batch.sheets)} from documents_importrow r where r.batch_id = %(batch)s "
            "and r.state = any(%(states)s) and r.seq between %(first)s and %(last)s order by r.seq) t",
            {**parameters(batch, at), "states": list(states), "first": span[0], "last": span[1]},
        )


def run_checks(batch: ImportBatch, kind: ImportKind, at: datetime) -> None:
    """Doubles, known rows, then every check of the kind; whatever the rows are told is written by one statement."""
    given = parameters(batch, at)
    with connection.cursor() as cursor:
        # The rows were just written and have no statistics: the planner would take them for few and go through the
        # sheet once per row. What is sorted and joined here is the whole sheet, and fits.
        cursor.execute("set local enable_nestloop = off")
        cursor.execute("set local work_mem = '64MB'")
        cursor.execute(DUPLICATES, given)
    mark_known(batch, KNOWN, 1, batch.rows_read)
    _materialise(batch, kind, CHECKED_ROWS, [RowState.READY, RowState.ERROR], (1, batch.rows_read), at=at)
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {CHECKED_ROWS}")
        cursor.execute(f"create temporary table {HITS} (row_id bigint, place integer, params jsonb) on commit drop")
        hits = _ask_each_row(cursor, kind.checks, given)
        for place, check in enumerate(kind.checks):
            if check.sql:
                cursor.execute(
                    f"insert into {HITS} select f.row_id, %(check_place)s, coalesce(f.params, '{{}}'::jsonb) "  # noqa: S608
                    f"from ({check.sql.replace('{rows}', CHECKED_ROWS)}) f (row_id, params)",
                    {**given, "check_place": place},
                )
                hits += cursor.rowcount
        if hits:
            _tell_rows(cursor, batch, kind.checks)
        cursor.execute(f"drop table {CHECKED_ROWS}, {HITS}")
        cursor.execute("set local enable_nestloop = on")
        cursor.execute("set local work_mem to default")


def _ask_each_row(cursor: Any, checks: Sequence[Check], given: Mapping[str, Any]) -> int:
    """Every check that is a condition, in one pass; how often one was true."""
    asked = [(place, check) for place, check in enumerate(checks) if check.condition]
    if not asked:
        return 0
    any_of = " or ".join(f"({check.condition})" for _place, check in asked)
    each = ", ".join(
        f"({place}, case when {check.condition} then coalesce({check.params}, '{{}}'::jsonb) end)"
        for place, check in asked
    )
    cursor.execute(
        f"insert into {HITS} select w.row_id, c.check_place, c.check_params from (select * from {CHECKED_ROWS} r "  # noqa: S608
        f"where {any_of}) w cross join lateral (values {each}) c(check_place, check_params) where c.check_params is not null",
        given,
    )
    return int(cursor.rowcount)


def _tell_rows(cursor: Any, batch: ImportBatch, checks: Sequence[Check]) -> None:
    """
    Write the hits into the rows: each problem in the order of the checks, and what they make of the row's state.

    Of a cell that could not be read nothing more is said: that it is missing would be another fault than the one it has.
    """
    severities = ["error" if check.effect is Effect.ERROR else "warning" for check in checks]
    cursor.execute(
        "update documents_importrow r set state = case when h.is_wrong then 'ERROR' "  # noqa: S608
        "when h.is_left and r.state = 'READY' then 'SKIPPED' "
        "when h.is_known and r.state = 'READY' then 'KNOWN' else r.state end, "
        "problems = coalesce(r.problems, '[]') || h.problems from ("
        "select f.row_id, bool_or(c.effect = 'error') as is_wrong, bool_or(c.effect = 'known') as is_known, "
        "bool_or(c.effect = 'left') as is_left, "
        "jsonb_agg(jsonb_build_object('key', c.code, 'column', c.cell, 'severity', c.severity, 'params', f.params) "
        f"order by f.place) as problems from {HITS} f join unnest(%(places)s::integer[], %(codes)s::text[], "
        "%(cells)s::text[], %(severities)s::text[], %(effects)s::text[]) as c(place, code, cell, severity, effect) "
        "on c.place = f.place join documents_importrow o on o.batch_id = %(batch)s and o.seq = f.row_id "
        "where not coalesce(o.problems @> jsonb_build_array(jsonb_build_object('column', c.cell, 'severity', 'error')), false) "
        "or c.cell is null group by f.row_id) h where r.batch_id = %(batch)s and r.seq = h.row_id",
        {
            "batch": batch.pk,
            "places": list(range(len(checks))),
            "codes": [check.code for check in checks],
            "cells": [check.column for check in checks],
            "severities": severities,
            "effects": [str(check.effect) for check in checks],
        },
    )


def ask_kind(batch: ImportBatch, kind: ImportKind, *, at: datetime, by: Actor) -> dict[str, Any] | None:
    """What the kind wants to be told before the rows can be checked; None where nothing is missing."""
    if kind.ask is None or batch.answers:
        return None
    span = (1, batch.rows_read)
    _materialise(batch, kind, ASKED_ROWS, [RowState.READY], span, at=at)
    asked = kind.ask(RowSet(batch, ASKED_ROWS, at, by, span))
    with connection.cursor() as cursor:
        cursor.execute(f"drop table {ASKED_ROWS}")
    return None if asked is None else dict(asked)


def count(batch: ImportBatch, kind: ImportKind) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Rows by state, and sums of the kind's amount by state and currency, in minor units."""
    names = [column.name for column in kind.columns]
    amount = f"sum(r.data[{names.index(kind.amount_column) + 1}]::bigint)::bigint" if kind.amount_column else "null"
    currency = f"r.data[{names.index(kind.currency_column) + 1}]" if kind.currency_column else "'CNY'"
    warned = "count(*) filter (where r.problems is not null)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select r.state, coalesce({currency}, 'CNY'), count(*), {amount}, {warned} from documents_importrow r "  # noqa: S608
            "where r.batch_id = %s group by 1, 2 order by 1, 2",
            [batch.pk],
        )
        found = cursor.fetchall()
    counts: dict[str, int] = {}
    totals: list[dict[str, Any]] = []
    for state, unit, rows, total, with_notes in found:
        counts[state] = counts.get(state, 0) + rows
        if state == RowState.READY and with_notes:
            counts["WARNED"] = counts.get("WARNED", 0) + with_notes
        if total is not None:
            totals.append({"state": state, "currency": unit, "count": rows, "amount": total})
    return counts, totals


@dataclass
class RowSet:
    """What ``accept`` and ``undo`` of a kind get; see ``kinds.Chunk`` and ``kinds.Undo``."""

    batch: ImportBatch
    table: str
    at: datetime
    by: Actor
    span: tuple[int, int]
    size: int = 0

    @property
    def batch_id(self) -> int:
        """The batch."""
        return int(self.batch.pk)

    @property
    def organisation_id(self) -> int:
        """The organisation it belongs to."""
        return self.batch.organisation_id

    @property
    def person_id(self) -> int | None:
        """Who accepted it, or took it back."""
        return self.by.person_id

    @property
    def options(self) -> Mapping[str, str]:
        """What was chosen at upload."""
        return dict(self.batch.options)

    def _run(self, cursor: Any, sql: str, params: Mapping[str, Any] | None) -> None:
        cursor.execute(
            sql.replace("{rows}", self.table),
            {
                **parameters(self.batch, self.at),
                "person": self.person_id,
                "first": self.span[0],
                "last": self.span[1],
                **(params or {}),
            },
        )

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement; how many rows it touched."""
        with connection.cursor() as cursor:
            self._run(cursor, sql, params)
            return int(cursor.rowcount)

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""
        with connection.cursor() as cursor:
            self._run(cursor, sql, params)
            return list(cursor.fetchall())

    def mark_accepted(self, result_type: str, select: str) -> int:
        """Mark rows ACCEPTED with what they became."""
        return self.execute(
            "update documents_importrow r set state = 'ACCEPTED', result_type = %(result_type)s, result_id = p.result_id "  # noqa: S608
            f"from ({select}) p (row_id, result_id) where r.batch_id = %(batch)s "
            "and r.seq = p.row_id and r.seq between %(first)s and %(last)s and r.state = 'READY'",
            {"result_type": result_type},
        )

    def mark_known(self, select: str, *, code: str) -> int:
        """Mark rows KNOWN."""
        return self._mark(RowState.KNOWN, "warning", select, code)

    def mark_refused(self, select: str, *, code: str) -> int:
        """Mark rows ERROR."""
        return self._mark(RowState.ERROR, "error", select, code)

    def _mark(self, state: RowState, severity: str, select: str, code: str) -> int:
        return self.execute(
            "update documents_importrow r set state = %(state)s, problems = coalesce(r.problems, '[]') || jsonb_build_array("  # noqa: S608
            "jsonb_build_object('key', %(code)s::text, 'severity', %(severity)s::text, 'params', '{}'::jsonb)) "
            f"from ({select}) p (row_id) where r.batch_id = %(batch)s "
            "and r.seq = p.row_id and r.seq between %(first)s and %(last)s and r.state = 'READY'",
            {"state": str(state), "severity": severity, "code": code},
        )


def accept_chunk(batch: ImportBatch, kind: ImportKind, *, at: datetime, by: Actor) -> bool:
    """
    Take over the READY rows among the next chunk's; False when no row is left. The caller's transaction also moves the cursor.

    One organisation takes over one chunk of a kind at a time, so that the same rows in two batches cannot both be new.

    :raises RowsLeftOver: if the kind did not say what became of a row
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"import:{kind.name}", batch.organisation_id]
        )
    first, last = batch.accept_cursor + 1, min(batch.accept_cursor + kind.chunk_size, batch.rows_read)
    if first > last:
        return False
    mark_known(batch, KNOWN_NOW, first, last)
    _materialise(batch, kind, CHUNK_ROWS, [RowState.READY], (first, last), at=at)
    chunk = RowSet(batch, CHUNK_ROWS, at, by, (first, last))
    chunk.size = int(chunk.fetch("select count(*) from {rows}")[0][0])
    if chunk.size:
        kind.accept(chunk)
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from documents_importrow where batch_id = %s and state = 'READY' and seq between %s and %s",
            [batch.pk, first, last],
        )
        if cursor.fetchone()[0]:
            raise RowsLeftOver(f"{kind.name}: rows {first} to {last} of batch {batch.pk}")
        cursor.execute(f"drop table {CHUNK_ROWS}")
    batch.accept_cursor = last
    return True


def undo_rows(batch: ImportBatch, kind: ImportKind, *, at: datetime, by: Actor) -> int:
    """
    Take back everything the batch made, at once; how many rows that was.

    :raises DomainError: whatever the kind raises when somebody acted on one of its objects
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"create temporary table {UNDONE_ROWS} on commit drop as select seq::bigint as row_id, result_type, result_id "  # noqa: S608
            "from documents_importrow where batch_id = %s and state = 'ACCEPTED'",
            [batch.pk],
        )
        cursor.execute(f"analyze {UNDONE_ROWS}")
    kind.undo(RowSet(batch, UNDONE_ROWS, at, by, (1, batch.rows_read)))
    with connection.cursor() as cursor:
        cursor.execute(
            "update documents_importrow set state = 'UNDONE' where batch_id = %s and state = 'ACCEPTED'", [batch.pk]
        )
        done = int(cursor.rowcount)
        cursor.execute(f"drop table {UNDONE_ROWS}")
    return done


def as_amount(minor: int) -> Decimal:
    """Minor units as an amount with two decimals."""
    return Decimal(minor).scaleb(-2)
