"""Every write of files and imports that a person asks for; the jobs' own steps are in ``steps.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from yingshou.audit.lifecycle import advance, created
from yingshou.documents import files
from yingshou.documents.kinds import ImportKind, import_kinds
from yingshou.documents.models import AnnotatedCopy, ImportBatch, Layout, StoredFile
from yingshou.documents.reader.delimited import ENCODINGS
from yingshou.documents.states import LIFECYCLE, OPEN
from yingshou.jobs import queue
from yingshou.jobs.models import Job, JobState
from yingshou.kernel.errors import Invalid, NotAllowed, NotVisible
from yingshou.tenancy.actor import Actor, ActorKind

READ_JOB = "documents.read"
ACCEPT_JOB = "documents.accept"
UNDO_JOB = "documents.undo"
COPY_JOB = "documents.copy"


class MappingIncomplete(Invalid):
    """A required column has no column of the sheet, or two have the same."""

    code = "IMP-501"
    message = _("These columns still need a column of your sheet: %(columns)s.")
    cure = _("Choose one for each of them; a column of the sheet can be used once.")


class EncodingUnknown(Invalid):
    """The chosen encoding is not among those offered."""

    code = "IMP-502"
    message = _("“%(encoding)s” is not one of the encodings offered.")
    cure = _("Choose one from the list.")


class NothingToAccept(Invalid):
    """No row of the batch is new."""

    code = "IMP-503"
    message = _("No row of this file is new.")
    cure = _("Correct the rows with errors in the annotated copy and upload it, or cancel.")


class OptionUnknown(Invalid):
    """An upload option has a value that the kind does not offer."""

    code = "IMP-504"
    message = _("“%(value)s” is not one of the choices for “%(label)s”.")
    cure = _("Choose one of them.")


class MayNotImport(NotAllowed):
    """The actor's duties do not cover this kind of import."""

    code = "ACC-001"
    message = _("Your duties do not include this import: %(title)s.")


def _own_organisation(by: Actor) -> int:
    if by.organisation_id is None:
        raise NotVisible
    return by.organisation_id


def _allowed(kind: ImportKind, by: Actor) -> None:
    if by.kind is not ActorKind.SYSTEM and not by.may(kind.permission):
        raise MayNotImport(title=str(kind.title))


@transaction.atomic
def store(name: str, stream: BinaryIO, *, by: Actor, at: datetime, purpose: str = files.EVIDENCE) -> StoredFile:
    """
    Keep an upload under its hash; the same file again gives the same row.

    :raises FileEmpty: no bytes
    :raises FileTooLarge: beyond the purpose's limit
    :raises FileTypeRefused: the content does not fit the purpose
    :raises FileInfected: a registered scanner objected
    :raises NotVisible: if the actor acts for no organisation
    """
    organisation_id = _own_organisation(by)
    shown = plain_name(name)
    content = files.write(stream, shown, purpose)
    files.lock(content.sha256)
    if not files.path_of(content.sha256).exists():
        # Deleted between the writing and the lock, because nobody referred to it any more.
        stream.seek(0)
        files.write(stream, shown, purpose)
    stored, _new = StoredFile.objects.get_or_create(
        organisation_id=organisation_id,
        sha256=content.sha256,
        name=shown,
        defaults={
            "person_id": by.person_id,
            "sm3": content.sm3,
            "size": content.size,
            "media_type": content.media_type,
            "purpose": purpose,
            "stored_at": at,
        },
    )
    return stored


def plain_name(name: str) -> str:
    """A file's name as it may be shown and handed out: no path, no invisible or control characters, at most 150."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in bare if character.isprintable() and character not in '"<>|:*?;')
    return kept.strip(" .")[-150:] or "file"


@transaction.atomic
def share(file_ids: Sequence[int], organisation_ids: Sequence[int], *, by: Actor) -> int:
    """
    Let other organisations read own files; how many files that were. Sharing twice changes nothing.

    :raises NotVisible: if one of the files is not the actor's own
    """
    own = list(
        StoredFile.objects.select_for_update()
        .filter(pk__in=file_ids, organisation_id=_own_organisation(by))
        .order_by("pk")
    )
    if len(own) != len(set(file_ids)):
        raise NotVisible
    for stored in own:
        wanted = sorted({*stored.audience, *organisation_ids} - {stored.organisation_id})
        if wanted != stored.audience:
            stored.audience = wanted
            stored.save(update_fields=["audience"])
    return len(own)


def chosen_options(kind: ImportKind, options: Mapping[str, str]) -> dict[str, str]:
    """
    The kind's upload options with their defaults.

    :raises OptionUnknown: a value that the kind does not offer
    """
    chosen: dict[str, str] = {}
    for option in kind.options:
        values = [value for value, _label in option.values]
        value = options.get(option.name) or values[0]
        if value not in values:
            raise OptionUnknown(value=value, label=str(option.label))
        chosen[option.name] = value
    return chosen


@transaction.atomic
def receive(
    kind_name: str, stored: StoredFile, *, by: Actor, at: datetime, options: Mapping[str, str] | None = None
) -> ImportBatch:
    """
    Begin an import of a stored file. A file that is being imported right now is not begun twice: its batch is returned.

    :raises MayNotImport: if the actor's duties do not cover the kind
    :raises NotVisible: if the file is another organisation's
    :raises OptionUnknown: a value that the kind does not offer
    """
    kind = import_kinds.get(kind_name)
    _allowed(kind, by)
    organisation_id = _own_organisation(by)
    chosen = chosen_options(kind, options or {})
    owner = StoredFile.objects.select_for_update().filter(pk=stored.pk, organisation_id=organisation_id).first()
    if owner is None:
        raise NotVisible
    same = ImportBatch.objects.filter(
        organisation_id=organisation_id, kind=kind.name, file__sha256=owner.sha256, state__in=OPEN, options=chosen
    )
    batch = same.order_by("-pk").first()
    if batch is not None:
        return batch
    batch = ImportBatch.objects.create(
        organisation_id=organisation_id,
        person_id=by.person_id,
        kind=kind.name,
        file=owner,
        options=chosen,
        created_at=at,
    )
    created([batch], by=by, at=at, event="create", body=lambda row: {"kind": row.kind, "sha256": owner.sha256})
    _read_again(batch, by=by, at=at)
    return batch


def _read_again(batch: ImportBatch, *, by: Actor, at: datetime) -> None:
    key = {"batch": batch.pk, "version": batch.version}
    job_id = queue.enqueue(READ_JOB, key=key, organisation_id=batch.organisation_id, by=by, at=at)
    ImportBatch.objects.filter(pk=batch.pk).update(job_id=job_id)
    batch.job_id = job_id


def _own_batch(batch_id: int, by: Actor) -> tuple[ImportBatch, ImportKind]:
    batch = ImportBatch.objects.visible_to(by).locked(batch_id)
    if batch is None:
        raise NotVisible
    kind = batch.import_kind
    _allowed(kind, by)
    return batch, kind


@transaction.atomic
def map_columns(batch_id: int, mapping: Mapping[int, str], *, by: Actor, at: datetime) -> ImportBatch:
    """
    Say which column of the sheet is which, remember it as a layout, and read the file again.

    :param mapping: column of the sheet, from 0, to the kind's column name
    :raises MappingIncomplete: a required column is missing or a column is used twice
    :raises IllegalTransition: if the batch asks for nothing
    :raises NotVisible: if the batch is another organisation's
    """
    batch, kind = _own_batch(batch_id, by)
    question = batch.question or {}
    names = list(mapping.values())
    known = {column.name for column in kind.columns}
    missing = [column for column in kind.columns if column.required and column.name not in names]
    if missing or len(set(names)) != len(names) or not set(names) <= known:
        labels = [str(column.label) for column in missing] or names
        raise MappingIncomplete(columns=", ".join(labels))
    advance(LIFECYCLE, [batch], "answer", by=by, at=at, facts={"question": None}).only()
    Layout.objects.update_or_create(
        organisation_id=batch.organisation_id,
        kind=kind.name,
        fingerprint=str(question.get("fingerprint", "")),
        defaults={
            "headers": question.get("headers", []),
            "mapping": {str(index): name for index, name in mapping.items()},
            "person_id": by.person_id,
            "saved_at": at,
        },
    )
    _read_again(batch, by=by, at=at)
    return batch


@transaction.atomic
def choose_encoding(batch_id: int, encoding: str, *, by: Actor, at: datetime) -> ImportBatch:
    """
    Say in which encoding a text is written, and read it again.

    :raises EncodingUnknown: an encoding that is not offered
    :raises IllegalTransition: if the batch asks for nothing
    :raises NotVisible: if the batch is another organisation's
    """
    batch, _kind = _own_batch(batch_id, by)
    if encoding not in ENCODINGS:
        raise EncodingUnknown(encoding=encoding)
    advance(LIFECYCLE, [batch], "answer", by=by, at=at, facts={"question": None, "encoding": encoding}).only()
    _read_again(batch, by=by, at=at)
    return batch


@transaction.atomic
def answer(batch_id: int, answers: Mapping[str, Any], *, by: Actor, at: datetime) -> ImportBatch:
    """
    Say what the kind asked, and read the file again with it.

    :raises IllegalTransition: if the batch asks for nothing
    :raises NotVisible: if the batch is another organisation's
    """
    batch, _kind = _own_batch(batch_id, by)
    facts = {"question": None, "answers": dict(answers)}
    advance(LIFECYCLE, [batch], "answer", by=by, at=at, facts=facts).only()
    _read_again(batch, by=by, at=at)
    return batch


@transaction.atomic
def accept(batch_id: int, *, by: Actor, at: datetime) -> ImportBatch:
    """
    Take over every row that is new; rows with errors stay behind.

    :raises NothingToAccept: if no row is new
    :raises IllegalTransition: if the batch is not checked
    :raises NotVisible: if the batch is another organisation's
    """
    batch, _kind = _own_batch(batch_id, by)
    LIFECYCLE.check(batch.state, "accept")
    if not batch.ready_count:
        raise NothingToAccept
    key = {"batch": batch.pk}
    job_id = queue.enqueue(ACCEPT_JOB, key=key, organisation_id=batch.organisation_id, by=by, at=at)
    facts = {"accepted_at": at, "accepted_by_id": by.person_id, "job_id": job_id}
    advance(LIFECYCLE, [batch], "accept", by=by, at=at, facts=facts, body=lambda row: {"rows": row.ready_count}).only()
    return batch


@transaction.atomic
def cancel(batch_id: int, *, by: Actor, at: datetime) -> ImportBatch:
    """
    Drop the batch; nothing was taken over.

    :raises IllegalTransition: if it was accepted already
    :raises NotVisible: if the batch is another organisation's
    """
    batch, _kind = _own_batch(batch_id, by)
    advance(LIFECYCLE, [batch], "cancel", by=by, at=at).only()
    return batch


@transaction.atomic
def undo(batch_id: int, *, by: Actor, at: datetime) -> ImportBatch:
    """
    Ask for everything the batch made to be taken back. It succeeds only while nobody acted on any of it.

    :raises IllegalTransition: if the batch was not taken over
    :raises NotVisible: if the batch is another organisation's
    """
    batch, _kind = _own_batch(batch_id, by)
    LIFECYCLE.check(batch.state, "undo")
    key = {"batch": batch.pk, "version": batch.version, "at": at.isoformat()}
    job_id = queue.enqueue(UNDO_JOB, key=key, organisation_id=batch.organisation_id, by=by, at=at)
    ImportBatch.objects.filter(pk=batch.pk).update(job_id=job_id)
    batch.job_id = job_id
    return batch


@transaction.atomic
def annotate(batch_id: int, language: str, *, by: Actor, at: datetime) -> AnnotatedCopy:
    """
    Ask for the file with a reason beside each row that is not taken over. Asking again gives the one that is there or under way;
    one that could not be made is tried anew.

    :raises NotVisible: if the batch is another organisation's, or nothing of its file was read
    """
    batch = ImportBatch.objects.visible_to(by).locked(batch_id)
    if batch is None or not batch.sheets:
        raise NotVisible
    copy, _new = AnnotatedCopy.objects.get_or_create(
        batch=batch,
        batch_version=batch.version,
        language=language,
        defaults={"organisation_id": batch.organisation_id, "person_id": by.person_id, "asked_at": at},
    )
    job = Job.objects.filter(pk=copy.job_id or 0).first()
    if copy.file_id is None and (job is None or job.state == JobState.FAILED):
        key = {"copy": copy.pk, "at": at.isoformat()}
        copy.job_id = queue.enqueue(COPY_JOB, key=key, organisation_id=batch.organisation_id, by=by, at=at)
        copy.person_id = by.person_id
        copy.save(update_fields=["job_id", "person_id"])
    return copy
