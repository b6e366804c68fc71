"""The steps that jobs run: read and check, take over, take back. Each may be killed at any instant and begun again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from yingshou.audit.lifecycle import advance
from yingshou.documents import actions, engine, files, workbooks
from yingshou.documents.intake import Bounds, Message, Reader, bounds_of, reading_plan
from yingshou.documents.kinds import ImportKind
from yingshou.documents.models import AnnotatedCopy, ImportBatch, Layout
from yingshou.documents.states import LIFECYCLE, RowState, State
from yingshou.jobs import domain_events
from yingshou.kernel.errors import Invalid, NotVisible
from yingshou.tenancy.actor import Actor

logger = logging.getLogger(__name__)

Progress = Callable[[int, int | None, str], None]
QUESTIONS = frozenset({"encoding_unclear"})
MOST_NOTES = 200
# A reader process that is killed from outside goes on where it was, so often.
READER_ATTEMPTS = 3
# Something that the person who imports wants to know; what happened is in the key.
NEWS = "documents.import"


class CopyNotMade(Invalid):
    """The original could not be read a second time."""

    code = "IMP-505"
    message = _("The file with the reasons could not be made: the original cannot be read any more.")
    cure = _("Ask for it again; if that does not help, correct your own file by the list of rows on this page.")


def _tell(batch: ImportBatch, what: str, *, by: Actor, at: datetime, person_id: int | None = None) -> None:
    """Let whoever brings the news know, in the transaction of what happened."""
    key = {"batch": batch.pk, "version": batch.version, "what": what, "person": person_id or batch.person_id}
    domain_events.publish(NEWS, key=key, organisation_id=batch.organisation_id, by=by, at=at)


def silent(_done: int, _total: int | None, _note: str) -> None:
    """Report to nobody."""


def _locked(batch_id: int) -> ImportBatch:
    batch = ImportBatch.objects.locked(batch_id)
    if batch is None:
        raise NotVisible
    return batch


def read(
    batch_id: int, *, by: Actor, at: datetime, progress: Progress = silent, bounds: Bounds | None = None
) -> ImportBatch:
    """
    Read the file into rows and check them: the batch ends CHECKED, in QUESTION or FAILED.

    :raises NotVisible: if there is no such batch for this actor
    """
    with transaction.atomic():
        batch = _locked(batch_id)
        if batch.state == State.RECEIVED:
            engine.forget_rows(batch)
            facts = {"rows_read": 0, "notes": [], "sheets": [], "refusal": None}
            advance(LIFECYCLE, [batch], "read", by=by, at=at, facts=facts).only()
        if batch.state != State.READING:
            return batch
        layouts = {
            layout.fingerprint: layout.mapping
            for layout in Layout.objects.filter(organisation_id=batch.organisation_id, kind=batch.kind)
        }
        stored = batch.file
    kind = batch.import_kind
    bounds = bounds or bounds_of(kind)
    path = files.path_of(stored.sha256)
    if not path.exists():
        return _fail(batch, {"key": "damaged", "params": {"part": "-"}}, by=by, at=at)
    for _attempt in range(READER_ATTEMPTS):
        plan = reading_plan(
            kind, path, stored.name, layouts=layouts, encoding=batch.encoding, skip=batch.rows_read, bounds=bounds
        )
        story = _take_in(batch, kind, plan, bounds, progress)
        if not story.last.get("killed"):
            break
    return _conclude(batch, kind, story, by=by, at=at)


class Story:
    """What the reader said besides rows."""

    def __init__(self) -> None:
        self.sheets: list[Message] = []
        self.notes: list[Message] = []
        self.unmapped: list[Message] = []
        self.last: Message = {}
        self.meta: dict[str, str] = {}

    def hear(self, message: Message) -> None:
        """Sort one message."""
        what = message["type"]
        if what == "sheet":
            self.sheets.append(message)
        elif what == "note":
            self.notes.append(message)
        elif what == "meta":
            self.meta = message["facts"]
        elif what == "sheet_unmapped":
            self.unmapped.append(message)
        elif what == "sheet_ignored":
            params = {"count": len(message["missing"])}
            self.notes.append(
                {"key": "sheet_ignored", "sheet": message["sheet"], "row": message["row"], "params": params}
            )
        elif what in {"end", "refused"}:
            self.last = message


def _take_in(batch: ImportBatch, kind: ImportKind, plan: dict[str, Any], bounds: Bounds, progress: Progress) -> Story:
    story = Story()
    with Reader(plan, bounds) as reader:
        for chunk in reader.chunks():
            if chunk.message is not None:
                story.hear(chunk.message)
            if not chunk.rows:
                continue
            with transaction.atomic():
                batch.rows_read = engine.copy_chunk(batch, kind, chunk.rows)
                ImportBatch.objects.filter(pk=batch.pk).update(rows_read=batch.rows_read)
                progress(batch.rows_read, None, "")
    return story


def _conclude(batch: ImportBatch, kind: ImportKind, story: Story, *, by: Actor, at: datetime) -> ImportBatch:
    if story.last.get("type") == "refused":
        if story.last["key"] in QUESTIONS:
            return _ask(batch, {"about": "encoding", **story.last["params"], "row": story.last["row"]}, by=by, at=at)
        return _fail(batch, story.last, by=by, at=at)
    if story.unmapped:
        best = max(story.unmapped, key=lambda message: len(message["mapping"]))
        return _ask(batch, {"about": "columns", **best}, by=by, at=at)
    with transaction.atomic():
        batch.sheets = story.sheets
        asked = engine.ask_kind(batch, kind, at=at, by=by)
    if asked is not None:
        if "refused" in asked:
            return _fail(batch, {"key": asked["refused"], "params": asked["params"]}, by=by, at=at)
        return _ask(batch, asked, by=by, at=at)
    with transaction.atomic():
        batch = _locked(batch.pk)
        if batch.state != State.READING:
            return batch
        batch.sheets = story.sheets
        version = story.meta.get("version", kind.template_version)
        if version != kind.template_version:
            params = {"version": version, "present": kind.template_version}
            story.notes.append({"key": "old_template", "params": params})
        engine.run_checks(batch, kind, at)
        counts, totals = engine.count(batch, kind)
        facts = {
            "sheets": story.sheets,
            "notes": story.notes[:MOST_NOTES],
            "counts": counts,
            "totals": totals,
            "checked_at": at,
        }
        advance(LIFECYCLE, [batch], "check", by=by, at=at, facts=facts, body=lambda _row: {"counts": counts}).only()
        _tell(batch, "check", by=by, at=at)
    return batch


def _ask(batch: ImportBatch, question: Message, *, by: Actor, at: datetime) -> ImportBatch:
    with transaction.atomic():
        batch = _locked(batch.pk)
        engine.forget_rows(batch)
        advance(LIFECYCLE, [batch], "ask", by=by, at=at, facts={"question": question, "rows_read": 0}).only()
        _tell(batch, "ask", by=by, at=at)
    return batch


def _fail(batch: ImportBatch, refusal: Message, *, by: Actor, at: datetime) -> ImportBatch:
    with transaction.atomic():
        batch = _locked(batch.pk)
        engine.forget_rows(batch)
        facts = {"refusal": refusal, "rows_read": 0, "finished_at": at}
        advance(LIFECYCLE, [batch], "fail", by=by, at=at, facts=facts, body=lambda _row: {"key": refusal["key"]}).only()
        _tell(batch, "fail", by=by, at=at)
    return batch


def accept(batch_id: int, *, by: Actor, at: datetime, progress: Progress = silent) -> ImportBatch:
    """
    Take over all rows that are new, chunk by chunk.

    :raises RowsLeftOver: if the kind left a row unmarked
    :raises NotVisible: if there is no such batch for this actor
    """
    more = True
    while more:
        with transaction.atomic():
            batch = _locked(batch_id)
            if batch.state != State.ACCEPTING:
                return batch
            kind = batch.import_kind
            total = batch.rows_read
            more = engine.accept_chunk(batch, kind, at=batch.accepted_at or at, by=by)
            if more:
                ImportBatch.objects.filter(pk=batch.pk).update(accept_cursor=batch.accept_cursor)
                progress(batch.accept_cursor, total, "")
    with transaction.atomic():
        batch = _locked(batch_id)
        if batch.state == State.ACCEPTING:
            counts, totals = engine.count(batch, batch.import_kind)
            facts = {"counts": counts, "totals": totals, "finished_at": at}
            rows = counts.get(RowState.ACCEPTED, 0)
            advance(LIFECYCLE, [batch], "finish", by=by, at=at, facts=facts, body=lambda _row: {"rows": rows}).only()
            _tell(batch, "finish", by=by, at=at, person_id=batch.accepted_by_id)
    return batch


def undo(batch_id: int, *, by: Actor, at: datetime) -> ImportBatch:
    """
    Take back all the batch made, in one transaction.

    :raises DomainError: the kind's own, when somebody acted on one of its objects
    :raises NotVisible: if there is no such batch for this actor
    """
    with transaction.atomic():
        batch = _locked(batch_id)
        if batch.state != State.DONE:
            return batch
        kind = batch.import_kind
        rows = engine.undo_rows(batch, kind, at=at, by=by)
        counts, totals = engine.count(batch, kind)
        facts = {"undone_at": at, "undone_by_id": by.person_id, "counts": counts, "totals": totals}
        advance(LIFECYCLE, [batch], "undo", by=by, at=at, facts=facts, body=lambda _row: {"rows": rows}).only()
    return batch


def copy(copy_id: int, *, by: Actor, at: datetime, progress: Progress = silent) -> AnnotatedCopy:
    """
    Write the user's own file with the reasons and keep it. The same rows give the same bytes, so that doing it twice leaves one.

    :raises CopyNotMade: if the original cannot be read a second time
    :raises NotVisible: if there is no such copy for this actor
    """
    with transaction.atomic():
        found = AnnotatedCopy.objects.select_related("batch", "batch__file").filter(pk=copy_id).first()
        if found is None:
            raise NotVisible
        if found.file_id is not None:
            return found
        with override(found.language):
            writer = workbooks.Annotated(found.batch)
            original = found.batch.file.name
            # Outside the f-string, where the collector of texts does not look.
            ending = gettext("with reasons")
            name = f"{original.rpartition('.')[0] or original}-{ending}.xlsx"
    with override(found.language), writer.write(progress) as content:
        if not writer.is_whole:
            raise CopyNotMade
        with transaction.atomic():
            found = AnnotatedCopy.objects.select_for_update(of=("self",)).select_related("batch").get(pk=copy_id)
            found.file = actions.store(name, content, by=by, at=at, purpose=files.COPY)
            found.save(update_fields=["file"])
            _tell(found.batch, "copy", by=by, at=at, person_id=found.person_id)
    return found
