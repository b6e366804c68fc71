"""
The writing half of lifecycles: the only way a state changes. Checks the table, one compare-and-set UPDATE for the whole
list, one INSERT of the events, an outcome per row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from yingshou.audit.events import EventDraft, record
from yingshou.kernel.errors import DomainError, Invalid, StaleVersion
from yingshou.kernel.lifecycle import Lifecycle, Transition
from yingshou.tenancy.actor import Actor


class ReasonMissing(Invalid):
    """A step that says no was taken without a reason (N07)."""

    code = "REASON-001"
    message = _("A reason is missing.")
    cure = _("Choose a reason; the other side reads it.")


@dataclass(frozen=True)
class Outcome:
    """What became of one line of a list: done, or refused with the error that says why."""

    pk: int
    ok: bool
    error: DomainError | None = None
    label: str = ""


@dataclass
class Outcomes:
    """What became of a list, in the order of the list."""

    lines: list[Outcome] = field(default_factory=list)
    done_rows: list[Any] = field(default_factory=list)

    @property
    def done_ids(self) -> list[int]:
        """The ids of the rows that changed."""
        return [line.pk for line in self.lines if line.ok]

    @property
    def refused(self) -> list[Outcome]:
        """The lines that did not change, each with its error."""
        return [line for line in self.lines if not line.ok]

    def only(self) -> None:
        """
        For a list of one: succeed silently or fail loudly.

        :raises DomainError: the line's own error
        """
        for line in self.refused:
            if line.error is not None:
                raise line.error


def object_type(row: models.Model | type[models.Model]) -> str:
    """The stable name of a model in events, grants and links: `app.model`."""
    return row._meta.label_lower


def audience_of(row: Any) -> list[int]:
    """The organisations that may read a row's events: what its `audience()` says, else its owner."""
    if hasattr(row, "audience"):
        return list(row.audience())
    return [row.organisation_id]


def created(
    rows: Sequence[Any],
    *,
    by: Actor,
    at: datetime,
    event: str = "create",
    body: Callable[[Any], Mapping[str, Any]] | None = None,
) -> None:
    """Write the first event, version 1, of rows that were just inserted with `version = 1`."""
    record(
        [
            EventDraft(
                kind=f"{object_type(row)}.{event}",
                object_type=object_type(row),
                object_id=row.pk,
                object_version=1,
                audience=audience_of(row),
                by=by,
                at=at,
                body={"from": None, "to": row.state, **(body(row) if body else {})},
            )
            for row in rows
        ]
    )


def advance(
    lifecycle: Lifecycle,
    rows: Sequence[Any],
    event: str,
    *,
    by: Actor,
    at: datetime,
    reason_code: str = "",
    reason: str = "",
    facts: Mapping[str, Any] | None = None,
    row_facts: Mapping[int, Mapping[str, Any]] | None = None,
    body: Callable[[Any], Mapping[str, Any]] | None = None,
    expected_versions: Mapping[int, int] | None = None,
) -> Outcomes:
    """
    Move rows of one model along their lifecycle.

    :param rows: locked instances; each has `pk`, `state`, `version`
    :param facts: columns set to the same value on every row
    :param row_facts: columns set per row, by primary key; every row names the same columns
    :param body: what each event says beyond from, to and reason
    :param expected_versions: versions that a person saw; a row that is elsewhere now is refused as stale
    :raises ReasonMissing: if the table asks for a reason and none was given
    """
    refused: dict[int, DomainError] = {}
    by_step: dict[Transition, list[Any]] = defaultdict(list)
    for row in rows:
        try:
            step = lifecycle.check(row.state, event)
        except DomainError as error:
            refused[row.pk] = error
            continue
        if step.reason and not (reason_code or reason):
            raise ReasonMissing
        if expected_versions is not None and expected_versions.get(row.pk, row.version) != row.version:
            refused[row.pk] = StaleVersion(place=str(row))
            continue
        by_step[step].append(row)
    changed: list[tuple[Any, Transition]] = []
    with transaction.atomic():
        for step, going in by_step.items():
            hit = _compare_and_set(going, step, facts or {}, row_facts or {})
            for row in going:
                if row.pk in hit:
                    changed.append((row, step))
                else:
                    refused[row.pk] = StaleVersion(place=str(row))
        _record_steps(changed, event, by=by, at=at, reason_code=reason_code, reason=reason, body=body)
    _mirror(changed, facts or {}, row_facts or {})
    lines = [Outcome(row.pk, row.pk not in refused, refused.get(row.pk), str(row)) for row in rows]
    return Outcomes(lines=lines, done_rows=[row for row, _step in changed])


def _record_steps(
    changed: Iterable[tuple[Any, Transition]],
    event: str,
    *,
    by: Actor,
    at: datetime,
    reason_code: str,
    reason: str,
    body: Callable[[Any], Mapping[str, Any]] | None,
) -> None:
    why = {key: value for key, value in (("reason_code", reason_code), ("reason", reason)) if value}
    record(
        [
            EventDraft(
                kind=f"{object_type(row)}.{event}",
                object_type=object_type(row),
                object_id=row.pk,
                object_version=row.version + 1,
                audience=audience_of(row),
                by=by,
                at=at,
                body={"from": row.state, "to": step.target, **why, **(body(row) if body else {})},
            )
            for row, step in changed
        ]
    )


def _compare_and_set(
    rows: Sequence[Any], step: Transition, facts: Mapping[str, Any], row_facts: Mapping[int, Mapping[str, Any]]
) -> set[int]:
    """One UPDATE for all rows, by state and version; the primary keys that matched."""
    model = type(rows[0])
    table = connection.ops.quote_name(model._meta.db_table)
    sets, parameters = ["state = %s", "version = t.version + 1"], [step.target]
    for name, value in facts.items():
        column, prepared, _type = _column(model, name, value)
        sets.append(f"{column} = %s")
        parameters.append(prepared)
    arrays, names = ["%s::bigint[]", "%s::integer[]"], ["id", "seen"]
    values: list[Any] = [[row.pk for row in rows], [row.version for row in rows]]
    for number, name in enumerate(_common_names(rows, row_facts)):
        prepared_rows = [_column(model, name, row_facts[row.pk][name]) for row in rows]
        column, _value, db_type = prepared_rows[0]
        sets.append(f"{column} = v.fact_{number}")
        names.append(f"fact_{number}")
        arrays.append(f"%s::{db_type}[]")
        values.append([prepared for _column_name, prepared, _type in prepared_rows])
    # Only names and types of our own model are composed; every value is a parameter.
    statement = sql.SQL(
        "update {table} t set {sets} from unnest({arrays}) as v({names}) "
        "where t.id = v.id and t.version = v.seen and t.state = any(%s) returning t.id"
    ).format(
        table=sql.SQL(table),
        sets=sql.SQL(", ".join(sets)),
        arrays=sql.SQL(", ".join(arrays)),
        names=sql.SQL(", ".join(names)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *values, sorted(step.sources)])
        return {row[0] for row in cursor.fetchall()}


def _common_names(rows: Sequence[Any], row_facts: Mapping[int, Mapping[str, Any]]) -> list[str]:
    if not row_facts:
        return []
    names = sorted(row_facts[rows[0].pk])
    assert all(sorted(row_facts[row.pk]) == names for row in rows), "every row names the same facts"
    return names


def _column(model: type[models.Model], name: str, value: Any) -> tuple[str, Any, str]:
    found = model._meta.get_field(name)
    assert isinstance(found, models.Field), "a fact is a column"
    prepared = found.get_db_prep_save(getattr(value, "pk", value), connection)
    db_type = found.rel_db_type(connection) if found.is_relation else found.db_type(connection)
    return connection.ops.quote_name(str(found.column)), prepared, str(db_type)


def _mirror(
    changed: Iterable[tuple[Any, Transition]], facts: Mapping[str, Any], row_facts: Mapping[int, Mapping[str, Any]]
) -> None:
    """Bring the instances in memory to what the database now says."""
    for row, step in changed:
        row.state, row.version = step.target, row.version + 1
        for name, value in {**facts, **row_facts.get(row.pk, {})}.items():
            setattr(row, name, value)
