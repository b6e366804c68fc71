"""Reads of the import pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yingshou.documents.engine import as_amount
from yingshou.documents.findings import row_findings
from yingshou.documents.kinds import ImportKind, import_kinds
from yingshou.documents.models import AnnotatedCopy, ImportBatch, ImportRow
from yingshou.documents.states import RowState
from yingshou.jobs.models import Job
from yingshou.kernel.errors import Finding
from yingshou.tenancy.actor import Actor

PAGE = 25
ROWS_PAGE = 50
SHOWN_COLUMNS = 5
FILTERS: dict[str, Sequence[str]] = {
    "error": (RowState.ERROR,),
    "new": (RowState.READY, RowState.ACCEPTED, RowState.UNDONE),
    "known": (RowState.KNOWN, RowState.DUPLICATE),
    "left": (RowState.SKIPPED,),
}


@dataclass(frozen=True)
class RowLine:
    """One row as the dry run shows it."""

    seq: int
    sheet: str
    row_no: int
    state: str
    label: str
    cells: list[tuple[str, str]]
    findings: list[Finding]


def kinds_for(actor: Actor) -> list[ImportKind]:
    """What the actor may upload."""
    return [kind for _name, kind in import_kinds.items() if actor.may(kind.permission)]


def batches(actor: Actor, before: int | None) -> tuple[list[ImportBatch], int | None]:
    """One page of the organisation's batches, newest first, and where the next page begins."""
    found = ImportBatch.objects.visible_to(actor).select_related("file").order_by("-pk")
    if before:
        found = found.filter(pk__lt=before)
    page = list(found[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None


@dataclass(frozen=True)
class Copy:
    """The annotated copy of a batch as it now is: the file, or the job that makes it."""

    file_id: int | None
    job: Job | None


def copy_of(batch: ImportBatch, language: str, actor: Actor) -> Copy | None:
    """The copy that was asked for of the batch as it now is, in the reader's language."""
    found = AnnotatedCopy.objects.filter(
        batch=batch, batch_version=batch.version, language=language, organisation_id=actor.organisation_id or 0
    ).first()
    if found is None:
        return None
    return Copy(found.file_id, Job.objects.visible_to(actor).filter(pk=found.job_id or 0).first())


def row_lines(batch: ImportBatch, which: str, after: int) -> tuple[list[str], list[RowLine], int | None]:
    """One page of a batch's rows of one sort: the labels of its columns, the rows, and where the next page begins."""
    kind = batch.import_kind
    names = {int(sheet["sheet_no"]): str(sheet["sheet"]) for sheet in batch.sheets}
    found = ImportRow.objects.filter(batch_id=batch.pk, seq__gt=after)
    if which == "warned":
        found = found.filter(state=RowState.READY, problems__isnull=False)
    else:
        found = found.filter(state__in=FILTERS[which])
    rows = list(found.order_by("seq")[: ROWS_PAGE + 1])
    page = rows[:ROWS_PAGE]
    places = _telling_columns(kind, page)
    lines = [_line(row, kind, names, places) for row in page]
    labels = [str(kind.columns[place].label) for place in places]
    return labels, lines, page[-1].seq if len(rows) > ROWS_PAGE else None


def _telling_columns(kind: ImportKind, rows: Sequence[ImportRow]) -> list[int]:
    """The few columns by which a person knows a row: required ones and the amount first, then what is filled in at all."""
    filled = [place for place in range(len(kind.columns)) if any(_shown(kind, place, row) for row in rows)]
    filled.sort(key=lambda place: not (kind.columns[place].required or kind.columns[place].name == kind.amount_column))
    return sorted(filled[:SHOWN_COLUMNS])


def _line(row: ImportRow, kind: ImportKind, names: Mapping[int, str], places: Sequence[int]) -> RowLine:
    sheet = names.get(row.sheet_no, "")
    findings = row_findings(row.problems, kind, sheet, row.row_no)
    cells = [(str(kind.columns[place].label), _shown(kind, place, row)) for place in places]
    return RowLine(row.seq, sheet, row.row_no, row.state, str(RowState(row.state).label), cells, findings)


def _shown(kind: ImportKind, place: int, row: ImportRow) -> str:
    raw: list[Any] | None = row.raw
    if raw is not None and row.state == RowState.ERROR:
        return str(raw[place])
    value = row.data[place]
    if value is None:
        return ""
    return f"{as_amount(int(value)):,.2f}" if kind.columns[place].cell.parser == "amount" else str(value)


def recognised(batch: ImportBatch) -> list[dict[str, Any]]:
    """Per sheet: which header was taken for which column, and which were left out."""
    kind = batch.import_kind
    found = []
    for sheet in batch.sheets:
        headers = sheet["headers"]
        pairs = [
            (headers[int(index)] if int(index) < len(headers) else "", str(kind.column(name).label))
            for index, name in sheet["mapping"].items()
        ]
        ignored = [header for index, header in enumerate(headers) if header and str(index) not in sheet["mapping"]]
        found.append(
            {
                "sheet": sheet["sheet"],
                "row": sheet["row"],
                "pairs": pairs,
                "ignored": ignored,
                "remembered": sheet["remembered"],
            }
        )
    return found
