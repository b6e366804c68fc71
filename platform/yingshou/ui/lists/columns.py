"""What a list shows of a row, once for the page and once for the export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from yingshou.ui.templatetags import ui as wording

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NOTHING = "–"

# A dotted path from the row, or a function of the row.
Source = str | Callable[[Any], Any]


class Kind(StrEnum):
    """How values of a column are written."""

    TEXT = "text"
    AMOUNT = "amount"
    COUNT = "count"
    DATE = "date"
    INSTANT = "instant"
    WAIT = "wait"


@dataclass(frozen=True)
class Column:
    """
    One column.

    :param name: stable, for tests and exports
    :param label: the header, with the unit for amounts
    :param value: where the value comes from; choices show their word (`get_state_display`)
    :param sub: a second, quiet line
    :param href: where the cell leads
    :param tone: the tag's tone; the value becomes a tag where it is not empty
    :param template: a template of its own for the cell, with `row`, `value` and `cell`
    :param export: what the export writes; the value where not given
    :param in_export: whether an export has it; on_page: whether the page has it
    :param is_lead: the title of a row where tables become cards
    :param amber_after: days of waiting after which a WAIT is marked
    :param only: the language of the pages that have it, where a language's pages are laid out in their own way
    """

    name: str
    label: StrOrPromise
    value: Source
    kind: Kind = Kind.TEXT
    sub: Source | None = None
    href: Callable[[Any], str] | None = None
    tone: Source | None = None
    template: str = ""
    export: Source | None = None
    in_export: bool = True
    on_page: bool = True
    is_lead: bool = False
    amber_after: int | None = None
    only: str = ""

    def is_on_page_in(self, language: str) -> bool:
        """Whether a page in this language has the column."""
        return self.on_page and language.startswith(self.only)

    @property
    def css(self) -> str:
        """The class of its cells."""
        if self.is_number:
            return "y-num-cell"
        if self.is_lead:
            return "y-lead"
        return "y-nowrap" if self.kind in {Kind.DATE, Kind.INSTANT, Kind.WAIT} else ""

    @property
    def is_number(self) -> bool:
        """Whether the column is right-aligned."""
        return self.kind in {Kind.AMOUNT, Kind.COUNT}

    def export_value(self, row: Model) -> Any:
        """What a spreadsheet gets: numbers and days as such, everything else as text."""
        value = read(row, self.value if self.export is None else self.export)
        if value is None or isinstance(value, bool | int | Decimal | date):
            return value
        return str(value)


@dataclass(frozen=True)
class Cell:
    """One cell as the component renders it."""

    column: Column
    value: Any
    text: str
    sub: str
    href: str
    tone: str

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: a phone then leaves it out."""
        return self.text == NOTHING and not self.sub and not self.column.is_lead


def cell_of(row: Model, column: Column, *, at: datetime | None) -> Cell:
    """A row's cell; `at` is the moment of the page, for waiting times."""
    value = read(row, column.value)
    tone = str(read(row, column.tone) or "") if column.tone is not None else ""
    if column.kind is Kind.WAIT and column.amber_after is not None and not tone:
        tone = wording.wait_tone(value, at, column.amber_after, "")
    return Cell(
        column=column,
        value=value,
        text=_text(column.kind, value, at),
        sub=str(read(row, column.sub) or "") if column.sub is not None else "",
        href=column.href(row) if column.href is not None else "",
        tone=tone,
    )


def read(row: Any, source: Source) -> Any:
    """A value of a row, by path or function; a path through nothing gives nothing."""
    if callable(source):
        return source(row)
    value = row
    for part in source.split("."):
        if value is None:
            return None
        value = getattr(value, part)
        if callable(value):
            value = value()
    return value


def _text(kind: Kind, value: Any, at: datetime | None) -> str:
    if value is None or value == "":
        return NOTHING
    if kind is Kind.AMOUNT:
        return wording.amount(value)
    if kind is Kind.COUNT:
        return wording.number(value)
    if kind is Kind.DATE:
        return wording.day(value)
    if kind is Kind.INSTANT:
        return wording.minute(value)
    if kind is Kind.WAIT:
        return str(wording.waiting(value, at))
    return str(value)
