"""
The contract between the import engine and the apps that import something.

An app registers one :class:`ImportKind` per sheet it understands, in its ``contributions.py``::

    import_kinds.register("receivables", ImportKind(name="receivables", title=_("Receivables"), …))

What the engine does, in this order, each step a job that may be killed and resumed at any instant:

1. **read**: a limited child process finds the header row, maps headers to columns, parses every cell; rows arrive by COPY in
   chunks of 2,000 in ``documents_importrow``.
2. **check**: the engine marks exact doubles within the file (DUPLICATE) and rows this organisation accepted before (KNOWN);
   then the checks of the kind run over the whole batch: the conditions in one pass, the others as one statement each.
3. **dry run page**: a person sees counts, totals, what is new, known, wrong and where, and accepts all good rows, or cancels.
4. **accept**: ``kind.accept(chunk)`` is called for each chunk of READY rows (2,000 by default) inside one transaction that also
   moves the batch's cursor; a crash repeats at most an uncommitted chunk, so nothing is doubled.
5. **undo**: ``kind.undo(undo)`` once, in one transaction, for the whole batch.

The SQL contract
================
SQL of a kind never names ``documents_importrow``; it selects from ``{rows}``, which the engine replaces by a sub-select with one
typed column per :class:`Column` (``column.name``, type ``column.cell.sql_type``; NULL when empty or unreadable) and:

========== ======== =====================================================================================
``row_id`` bigint   key of the import row; what checks and acceptance hand back
``seq``    bigint   place within the batch, 1…n over all sheets
``sheet``  text     name of the sheet
``row_no`` integer  row as the user sees it in the spreadsheet, from 1
========== ======== =====================================================================================

In a check ``{rows}`` holds every row of the batch that is READY or in ERROR (all problems of a row are shown at once, so columns
may be NULL; a comparison with NULL reports nothing). In ``accept`` it holds the READY rows of the chunk: required columns are
never NULL there. Parameters are psycopg2 named parameters: ``%(batch)s``, ``%(organisation)s``, ``%(person)s``, ``%(at)s``,
``%(options)s`` (jsonb text of what was chosen at upload), ``%(answers)s`` (what was answered since); a literal percent sign is written ``%%``. Row-level security is
in force: the statements run for the batch's organisation (``app_kind()`` = 'system').

What several statements need and what costs time to compute, a kind names once in ``derived`` (name to SQL expression over its
columns): ``{rows}`` then holds it as one more column.

A check that looks at a row alone is a ``condition`` over the columns; all such checks together are one pass over the rows. One
that compares rows with each other or with the platform selects ``row_id`` and ``params`` (jsonb or NULL; its keys fill the
message)::

    Check(code="RCV-004", column="debtor_uscc", message=_("Creditor and debtor are the same organisation"), cure=_("…"),
          sql="select row_id, null::jsonb as params from {rows} where debtor_uscc = creditor_uscc")

``accept`` creates its objects with few set-based statements and then tells the engine what became of each row::

    def accept(chunk: Chunk) -> None:
        chunk.execute("create temporary table made on commit drop as "
                      "select nextval('receivables_receivable_id_seq') as result_id, * from {rows}")
        chunk.execute("insert into receivables_receivable (...) select ... from made")
        chunk.mark_accepted("receivables.receivable", "select row_id, result_id from made")

A row that turns out to exist already (lost race, unique fingerprint) is handed back by ``chunk.mark_known(select, code=…)``; one
that must be refused after all by ``chunk.mark_refused(select, code=…)``. Every READY row of the chunk must be marked one way,
otherwise the engine raises and the chunk rolls back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from yingshou.documents.cells import CellType
from yingshou.kernel.registry import Registry

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    from yingshou.tenancy.actor import Actor

    Words = StrPromise | str


class Effect(StrEnum):
    """What a check's hit does to the row."""

    ERROR = "error"
    WARNING = "warning"
    KNOWN = "known"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column of the sheet.

    ``name`` is an SQL identifier, ``label`` the header printed in the template (English msgid; its translation is recognised
    too), ``aliases`` every other header people use, in Chinese and English, without units (``(元)``, ``(万元)`` and marks such
    as ``*`` are stripped before comparing; 万元 multiplies an amount by 10,000). ``width`` is in characters.
    """

    name: str
    label: Words
    cell: CellType
    aliases: tuple[str, ...] = ()
    required: bool = False
    help: Words = ""
    example: str = ""
    width: int = 18


@dataclass(frozen=True, slots=True)
class Check:
    """
    What the batch's rows are asked: a ``condition`` that is true of a wrong row, or ``sql`` over the whole batch that selects
    ``row_id, params`` of the rows it objects to.

    ``column`` names the cell to point at (None: the row); ``message`` and ``cure`` are msgids with ``%(name)s`` placeholders filled
    from ``params``, a jsonb expression where the check is a condition.

    :raises ValueError: if it has both or neither
    """

    code: str
    message: Words
    cure: Words
    sql: str = ""
    column: str | None = None
    effect: Effect = Effect.ERROR
    condition: str = ""
    params: str = "null::jsonb"

    def __post_init__(self) -> None:
        if bool(self.sql) == bool(self.condition):
            raise ValueError(f"check {self.code} needs a condition or a statement, and not both")


@dataclass(frozen=True, slots=True)
class UploadOption:
    """A choice asked at upload (radio buttons); the chosen value is ``options[name]`` of the batch. The first is the default."""

    name: str
    label: Words
    values: Sequence[tuple[str, Words]]


class Chunk(Protocol):
    """READY rows of one batch handed to ``accept``, inside the transaction that moves the cursor."""

    @property
    def batch_id(self) -> int:
        """The batch."""

    @property
    def organisation_id(self) -> int:
        """The organisation it belongs to."""

    @property
    def person_id(self) -> int | None:
        """Who accepted it, or takes it back."""

    @property
    def options(self) -> Mapping[str, str]:
        """What was chosen at upload."""

    @property
    def at(self) -> datetime:
        """The instant of the acceptance or of the undoing."""

    @property
    def by(self) -> Actor:
        """The actor of the job."""

    @property
    def size(self) -> int:
        """How many rows there are."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement, ``{rows}`` replaced, own params added to the engine's; the number of rows it touched."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""

    def mark_accepted(self, result_type: str, select: str) -> int:
        """Mark rows ACCEPTED; ``select`` yields ``row_id, result_id``."""

    def mark_known(self, select: str, *, code: str) -> int:
        """Mark rows KNOWN (already on the platform); ``select`` yields ``row_id``; ``code`` names one of the kind's checks."""

    def mark_refused(self, select: str, *, code: str) -> int:
        """Mark rows ERROR; ``select`` yields ``row_id``; ``code`` names one of the kind's checks."""


class Undo(Protocol):
    """
    The accepted rows of one batch handed to ``undo``; ``{rows}`` selects ``row_id, result_type, result_id``.

    The kind locks its objects, raises a ``DomainError`` when somebody acted on one of them, and otherwise takes all back.
    """

    @property
    def batch_id(self) -> int:
        """The batch."""

    @property
    def organisation_id(self) -> int:
        """The organisation it belongs to."""

    @property
    def person_id(self) -> int | None:
        """Who accepted it, or takes it back."""

    @property
    def at(self) -> datetime:
        """The instant of the acceptance or of the undoing."""

    @property
    def by(self) -> Actor:
        """The actor of the job."""

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> int:
        """Run one statement with ``{rows}`` replaced."""

    def fetch(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and return its rows."""


@dataclass(frozen=True, slots=True)
class ImportKind:
    """
    A sheet the platform understands.

    ``permission`` is needed to upload, map, accept and undo. ``amount_column`` and ``currency_column`` name the columns whose
    totals the dry run shows (currency None: all CNY). ``template_version`` is written into every template and shown when an
    older one comes back. ``identity_columns`` make two rows "the same row" (empty: all columns). ``result_url`` turns a batch
    id into the page that lists what was imported. ``example_rows`` overrides the example row made of the columns' examples.

    ``source`` says what an upload is: a ``sheet``, or ``einvoices`` (files of electronic invoices, each of them one row, read into
    the columns by their names). ``ask``, where there is one, looks at the rows once they are read and returns what has to be asked
    before they can be checked, or None; the answer stands in ``batch.answers`` and in ``%(answers)s``. ``answer_url`` is the page
    that asks, ``upload_url`` the page that takes the files, where the kind has its own.
    """

    name: str
    title: Words
    permission: str
    columns: Sequence[Column]
    accept: Callable[[Chunk], None]
    undo: Callable[[Undo], None]
    checks: Sequence[Check] = ()
    derived: Mapping[str, str] = field(default_factory=dict)
    template_version: str = "1"
    description: Words = ""
    amount_column: str | None = None
    currency_column: str | None = None
    identity_columns: tuple[str, ...] = ()
    options: Sequence[UploadOption] = ()
    chunk_size: int = 2000
    maximum_rows: int = 100_000
    result_url: Callable[[int], str] | None = None
    notes: Sequence[Words] = field(default_factory=tuple)
    source: str = "sheet"
    ask: Callable[[Undo], Mapping[str, Any] | None] | None = None
    answer_url: Callable[[int], str] | None = None
    upload_url: Callable[[], str] | None = None

    @property
    def has_template(self) -> bool:
        """Whether there is a sheet to fill in."""
        return self.source == "sheet"

    def column(self, name: str) -> Column:
        """
        The column of that name.

        :raises KeyError: if the kind has no such column
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def check(self, code: str) -> Check | None:
        """The check with that code, if the kind has one."""
        return next((check for check in self.checks if check.code == code), None)


import_kinds: Registry[ImportKind] = Registry("import kinds")
