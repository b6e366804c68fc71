"""
The books: statements about the stored rows that hold at every moment. Each is one query that yields the rows for which its
statement does not hold, so that whoever changed a row behind the application is named with it (`docs/operations.md`).

They are read as the role that sees every organisation's rows and writes none, in one snapshot. The database asserts what it
can by constraints; a book says the same again, since a constraint can be dropped, and what no constraint can say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.db import connections, transaction
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.lifecycle import Lifecycle
from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REPORT: Final = "report"
# Named one by one up to here; whoever must read more has to read the table anyway.
MOST_NAMED: Final = 1_000

Sql = str | Callable[[], str]


@dataclass(frozen=True)
class Book:
    """
    One statement.

    :param sentence: what holds, as people read it
    :param sql: yields `object_type, object_id, detail` of what breaks it; may use `%(at)s`, so a percent sign is doubled
    """

    code: str
    sentence: StrOrPromise
    sql: Sql

    @property
    def statement(self) -> str:
        """The query, composed where it depends on what other apps registered."""
        return self.sql if isinstance(self.sql, str) else self.sql()


@dataclass(frozen=True)
class Violation:
    """A row for which a book's statement does not hold; `detail` is figures, no sentence."""

    book: str
    object_type: str
    object_id: int
    detail: str


@dataclass(frozen=True)
class Read:
    """One book, read: what breaks it, whether more does than is named, and how long it took."""

    book: Book
    violations: tuple[Violation, ...]
    more: bool
    seconds: float


@dataclass(frozen=True)
class Report:
    """All books, read in one snapshot."""

    read: tuple[Read, ...]
    at: datetime

    @property
    def violations(self) -> list[Violation]:
        """What was named, book by book."""
        return [one for read in self.read for one in read.violations]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(read.seconds for read in self.read)

    @property
    def good(self) -> bool:
        """Whether every statement holds."""
        return not self.violations


BOOKS: Registry[Book] = Registry("books")
# How the rows of a model come into the books, for the models that have none of their own.
ACCOUNTED: Registry[str] = Registry("models accounted for")
# Reason type -> SQL that yields the ids of reasons that live; an access grant must have one.
REASONS: Registry[str] = Registry("living reasons of access")


def register(code: str, sentence: StrOrPromise, sql: Sql) -> None:
    """
    Register a book. Called in `contributions.py`.

    :raises AlreadyRegistered: if the code is taken
    """
    BOOKS.register(code, Book(code=code, sentence=sentence, sql=sql))


def accounted(model: str, why: str) -> None:
    """
    Say why the rows of a model need no event of their own, or why its `version` is not the count of its events.

    :param model: `app_label.ModelName`
    :raises AlreadyRegistered: if it was said before
    """
    ACCOUNTED.register(model, why)


def living_reason(reason_type: str, sql: str) -> None:
    """
    Register a kind of reason for which objects are opened to other organisations.

    :param sql: yields the ids of those that live
    :raises AlreadyRegistered: if the kind has one
    """
    REASONS.register(reason_type, sql)


def life(
    model: str, table: str, lifecycle: Lifecycle, *, edits: Iterable[str] = (), begins: Iterable[str] = ()
) -> None:
    """
    Register the two books of a model with a life: its version counts its events, and they lead through the declared table.

    :param edits: events that change facts and leave the state
    :param begins: states in which a row may begin, beside the initial ones of the table
    :raises AlreadyRegistered: if it has them
    """
    accounted(model, "life")
    kind = lifecycle.name
    register(f"{kind}.versions", _("The version of a row is the number of its events."), _versions(kind, table))
    register(
        f"{kind}.path",
        _("The events of a row lead from its beginning to its present state, by steps that exist."),
        _path(kind, table, lifecycle, edits, sorted({*lifecycle.initial, *begins})),
    )


def _versions(kind: str, table: str) -> str:
    # Names and states are constants of our own code.
    return f"""
        select '{kind}', coalesce(r.id, e.object_id), concat('version=', r.version, ' events=', coalesce(e.events, 0))
        from {table} r full join (
            select object_id, count(*) as events from audit_auditevent
            where object_type = '{kind}' and object_version is not null group by object_id
        ) e on e.object_id = r.id
        where r.version is distinct from e.events
    """  # noqa: S608


def _path(kind: str, table: str, lifecycle: Lifecycle, edits: Iterable[str], begins: Iterable[str]) -> str:
    steps = [
        (step.event, str(source), str(step.target)) for step in lifecycle.transitions for source in sorted(step.sources)
    ]
    steps += [(edit, state, state) for edit in edits for state in lifecycle.states]
    known = ", ".join(f"('{kind}.{event}', '{source}', '{target}')" for event, source, target in steps)
    first = ", ".join(f"'{state}'" for state in begins)
    return f"""
        with told as (
            select object_id, object_version, kind, body ->> 'from' as came, body ->> 'to' as went,
                lag(body ->> 'to') over life as before, row_number() over life as place
            from audit_auditevent where object_type = '{kind}' and object_version is not null
            window life as (partition by object_id order by object_version)
        ), steps (kind, came, went) as (values {known})
        select '{kind}', t.object_id, concat('event=', t.kind, ' version=', t.object_version, ' from=', t.came, ' to=', t.went)
        from told t left join steps s on s.kind = t.kind and s.came = t.came and s.went = t.went
        where case when t.place = 1 then t.came is not null or t.went not in ({first})
              else t.came is distinct from t.before or s.kind is null end
        union all
        select '{kind}', r.id, concat('state=', r.state, ' told=', t.went)
        from {table} r join told t on t.object_id = r.id and t.object_version = r.version
        where r.state is distinct from t.went
    """  # noqa: S608


def verify(*, at: datetime, without: Collection[str] = ()) -> Report:
    """
    Read all books in one snapshot.

    :param without: codes of books that are left out
    """
    read = []
    with transaction.atomic(using=REPORT), connections[REPORT].cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute("set local work_mem = '128MB'")
        for code, book in sorted(BOOKS.items()):
            if code in without:
                continue
            began = time.monotonic()
            cursor.execute(query(book), {"at": at})
            rows = cursor.fetchall()
            found = tuple(Violation(code, *row) for row in rows[:MOST_NAMED])
            read.append(Read(book, found, len(rows) > MOST_NAMED, time.monotonic() - began))
    return Report(tuple(read), at)


def query(book: Book) -> str:
    """The book's query, in a fixed order and not without end."""
    return (
        f"select object_type, object_id, detail from ({book.statement}) found (object_type, object_id, detail) "  # noqa: S608
        f"order by 1, 2, 3 limit {MOST_NAMED + 1}"
    )


def reasons_sql() -> str:
    """Access grants that are open although nothing that opened them lives."""
    living = " union all ".join(
        f"select '{kind}', id from ({sql}) of_kind (id)"  # noqa: S608
        for kind, sql in REASONS.items()
    )
    return f"""
        select g.object_type, g.object_id, concat('organisation=', g.organisation_id, ' reason=', g.reason_type, ' ', g.reason_id)
        from tenancy_accessgrant g
        where g.starts_at <= %(at)s and (g.ends_at is null or g.ends_at > %(at)s)
          and not exists (select 1 from ({living or "select '', 0::bigint where false"}) l (kind, id)
                          where l.kind = g.reason_type and l.id = g.reason_id)
    """  # noqa: S608
