"""How batches read: lines of their timeline, the numbers of the dry run, places in the language of the reader."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from yingshou.audit.models import AuditEvent
from yingshou.audit.wording import Line
from yingshou.documents.engine import as_amount
from yingshou.documents.findings import finding
from yingshou.documents.models import ImportBatch
from yingshou.documents.states import RowState, State
from yingshou.kernel.errors import Finding

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

HEADLINES: dict[str, StrPromise] = {
    "create": _("File uploaded"),
    "read": _("Reading begun"),
    "ask": _("A question to you before it can be checked"),
    "answer": _("Question answered"),
    "check": _("Read and checked; nothing taken over yet"),
    "fail": _("The file could not be read"),
    "accept": _("Acceptance of the good rows ordered"),
    "finish": _("Rows taken over"),
    "cancel": _("Cancelled"),
    "undo": _("Undone"),
}
TONES: dict[str, str] = {
    State.QUESTION: "amber",
    State.CHECKED: "amber",
    State.READING: "blue",
    State.ACCEPTING: "blue",
    State.DONE: "green",
    State.FAILED: "red",
}
ROW_TONES: dict[str, str] = {
    RowState.READY: "green",
    RowState.ACCEPTED: "green",
    RowState.ERROR: "red",
    RowState.KNOWN: "grey",
    RowState.DUPLICATE: "grey",
}


@dataclass(frozen=True)
class Figure:
    """One number of the dry run: how many rows, and what they add up to in each currency."""

    state: str
    label: StrPromise | str
    count: int
    sums: list[tuple[str, Decimal]]
    tone: str


def batch_line(event: AuditEvent) -> Line:
    """A line of a batch's timeline."""
    verb = event.kind.rsplit(".", 1)[-1]
    rows = event.body.get("rows")
    detail = ngettext("%(rows)s row", "%(rows)s rows", rows) % {"rows": f"{rows:,}"} if isinstance(rows, int) else ""
    return Line(
        headline=HEADLINES[verb],
        detail=detail,
        at=event.at,
        who=event.actor_label if event.actor_kind == "person" else "",
        tone="harm" if verb == "fail" else "done",
    )


def figures(batch: ImportBatch) -> list[Figure]:
    """The numbers that a person reads before accepting: new, known, twice, wrong, left out."""
    order = [
        RowState.READY,
        RowState.ACCEPTED,
        RowState.KNOWN,
        RowState.DUPLICATE,
        RowState.ERROR,
        RowState.SKIPPED,
        RowState.UNDONE,
    ]
    found = []
    for state in order:
        number = batch.count(state)
        if not number and state not in {RowState.READY, RowState.ERROR}:
            continue
        if not number and batch.state not in {State.CHECKED}:
            continue
        sums = [(total["currency"], as_amount(total["amount"])) for total in batch.totals if total["state"] == state]
        found.append(Figure(state, state.label, number, sums, ROW_TONES.get(state, "")))
    return found


@dataclass(frozen=True)
class Chip:
    """One group of rows to look at, as the component of chips shows it."""

    label: StrPromise
    url: str
    count_text: str
    tone: str
    is_current: bool


def chips(batch: ImportBatch, which: str) -> list[Chip]:
    """The groups of rows that are not empty, and the one that is shown."""
    groups: list[tuple[str, StrPromise, int, str]] = [
        ("error", _("With errors"), batch.error_count, "red"),
        ("warned", _("To be looked at"), int(batch.counts.get("WARNED", 0)), "amber"),
        ("new", _("Good"), batch.count(RowState.READY, RowState.ACCEPTED, RowState.UNDONE), "green"),
        ("known", _("Known already"), batch.known_count, ""),
        ("left", _("Left out"), batch.count(RowState.SKIPPED), ""),
    ]
    return [
        Chip(label, f"?show={name}", f"{number:,}", tone, name == which)
        for name, label, number, tone in groups
        if number or name == which
    ]


def notes(batch: ImportBatch) -> list[Finding]:
    """What the reader wants seen, about the file or a sheet as a whole."""
    return [finding({**note, "severity": "warning"}, batch.import_kind) for note in batch.notes]


def refusal(batch: ImportBatch) -> Finding | None:
    """Why the file could not be read at all."""
    return finding(batch.refusal, batch.import_kind) if batch.refusal else None
