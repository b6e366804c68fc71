"""Every write of drafts: saving, forgetting what was sent, discarding, and what nobody goes on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from yingshou.documents import actions as documents
from yingshou.documents import files
from yingshou.documents.models import StoredFile
from yingshou.drafts.kinds import DraftKind, draft_kinds
from yingshou.drafts.models import KEPT_FOR, KEY_LENGTH, FormDraft
from yingshou.drafts.selectors import files_of
from yingshou.jobs.models import IdempotencyKey
from yingshou.kernel.errors import Conflict, DomainError, Invalid, NotVisible
from yingshou.tenancy.actor import Actor
from yingshou.tenancy.guards import NotPermitted
from yingshou.tenancy.permissions import PERMISSIONS

LONGEST = 200_000
MOST_PER_PERSON = 200

Values = Mapping[str, Sequence[str]]
Uploads = Mapping[str, UploadedFile[Any]]


class DraftKindUnknown(Invalid):
    """The form is none that saves itself."""

    code = "DRF-001"
    message = _("This form does not save itself.")
    cure = _("Open the page again and send the form from there.")


class DraftAlreadySent(Conflict):
    """The form was sent; it is no draft any more."""

    code = "DRF-002"
    message = _("This form was sent already.")
    cure = _("Open what you sent, or begin a new form.")


class DraftChangedElsewhere(Conflict):
    """Another window saved the same draft in between."""

    code = "DRF-003"
    message = _("Not saved: this draft was changed in another window.")
    cure = _("Reload the page to see what was saved there.")


class DraftTooLarge(Invalid):
    """More was typed than a draft holds."""

    code = "DRF-004"
    message = _("Not saved: there is more on this page than a draft can hold.")
    cure = _("Send the form, or upload many lines as a sheet.")


class TooManyDrafts(Conflict):
    """The person has begun as many forms as are kept."""

    code = "DRF-005"
    message = _("Not saved: you have begun %(limit)s forms already.")
    cure = _("Send or discard some of them, then go on with this one.")


def uploads_of(request: HttpRequest) -> dict[str, UploadedFile[Any]]:
    """The files of a post, the last one of each input."""
    return {name: found[-1] for name, found in request.FILES.lists() if found}


@dataclass(frozen=True)
class Form:
    """Which form a draft belongs to: its kind, what it changes, its variant, its key."""

    kind: str
    key: str
    subject: str = ""
    variant: str = ""

    @property
    def registered(self) -> DraftKind:
        """
        What is known of the form.

        :raises DraftKindUnknown: if no app registered it
        """
        found = dict(draft_kinds.items()).get(self.kind)
        if found is None:
            raise DraftKindUnknown
        return found


@dataclass(frozen=True)
class Saved:
    """The draft as it stands now, its files and the uploads that were refused, by the name of their input."""

    draft: FormDraft
    files: Mapping[str, StoredFile] = field(default_factory=dict)
    problems: Mapping[str, DomainError] = field(default_factory=dict)


@transaction.atomic
def save(
    form: Form,
    values: Values,
    *,
    by: Actor,
    at: datetime,
    uploads: Uploads | None = None,
    removed: Iterable[str] = (),
    revision: int | None = None,
) -> Saved:
    """
    Keep a form as it is now; nothing in it is checked.

    :param revision: the revision that the window shows; None where it does not matter
    :raises NotPermitted: if the actor may not fill in this form
    :raises NotVisible: if the actor acts for no organisation, or may not change the subject
    :raises DraftKindUnknown: if no such form saves itself
    :raises DraftAlreadySent: if the form was sent under this key
    :raises DraftChangedElsewhere: if another window saved it since
    :raises DraftTooLarge: if it holds more than a draft may
    :raises TooManyDrafts: if the person keeps the highest number already
    """
    kind = form.registered
    if by.organisation_id is None or by.person_id is None or not 0 < len(form.key) <= KEY_LENGTH:
        raise NotVisible
    if not by.may(kind.permission):
        raise NotPermitted(sentence=PERMISSIONS.get(kind.permission).sentence)
    version = kind.version_of(form.subject, by)
    kept = _kept(values, kind)
    draft = _locked(form.key, by)
    if revision is not None and draft is not None and draft.revision != revision:
        raise DraftChangedElsewhere
    if draft is None:
        if FormDraft.objects.visible_to(by).count() >= MOST_PER_PERSON:
            raise TooManyDrafts(limit=MOST_PER_PERSON)
        draft = FormDraft(
            organisation_id=by.organisation_id,
            person_id=by.person_id,
            key=form.key,
            kind=form.kind,
            subject=form.subject,
            variant=form.variant if form.variant in kind.variants else kind.variants[0],
            subject_version=version,
            begun_at=at,
            revision=0,
        )
    stored, problems = _store(uploads or {}, kind, by=by, at=at)
    draft.files = {name: pk for name, pk in draft.files.items() if name not in set(removed)} | stored
    draft.values, draft.saved_at, draft.revision = kept, at, draft.revision + 1
    draft.save()
    return Saved(draft, files_of(draft, by=by), problems)


def files_under(key: str, *, by: Actor) -> frozenset[str]:
    """The names of the inputs under which the draft of this key holds files."""
    draft = FormDraft.objects.visible_to(by).filter(key=key).first()
    return frozenset(draft.files) if draft is not None else frozenset()


@transaction.atomic
def forget(key: str, *, by: Actor) -> None:
    """
    Delete the draft of a form that is being sent, in the transaction of the sending.

    A saving that is under way waits here until the sending is committed, and then finds its key used.
    """
    _lock(key, by)
    FormDraft.objects.visible_to(by).filter(key=key).delete()


@transaction.atomic
def discard(key: str, *, by: Actor) -> bool:
    """Delete a draft of one's own; whether there was one."""
    _lock(key, by)
    deleted, _by_model = FormDraft.objects.visible_to(by).filter(key=key).delete()
    return bool(deleted)


@transaction.atomic
def expire(*, at: datetime) -> int:
    """Delete what nobody has gone on with for 90 days; how many. For the job alone: it sees every organisation's drafts."""
    deleted, _by_model = FormDraft.objects.filter(saved_at__lt=at - KEPT_FOR).delete()
    return deleted


def _lock(key: str, by: Actor) -> None:
    with connection.cursor() as cursor:
        name = f"draft:{by.organisation_id}:{by.person_id}:{key}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _locked(key: str, by: Actor) -> FormDraft | None:
    """The draft under the key, nobody else at it; refused where the key was used for sending."""
    _lock(key, by)
    sent = IdempotencyKey.objects.filter(organisation_id=by.organisation_id or 0, person_id=by.person_id or 0, key=key)
    if sent.exists():
        raise DraftAlreadySent
    return FormDraft.objects.visible_to(by).select_for_update().filter(key=key).first()


def _kept(values: Values, kind: DraftKind) -> dict[str, list[str]]:
    kept = {name: list(texts) for name, texts in values.items() if kind.takes(name)}
    if sum(len(name) + sum(map(len, texts)) for name, texts in kept.items()) > LONGEST:
        raise DraftTooLarge
    # PostgreSQL's JSON holds no null character.
    return {name: [text.replace("\x00", "") for text in texts] for name, texts in kept.items()}


def _store(
    uploads: Uploads, kind: DraftKind, *, by: Actor, at: datetime
) -> tuple[dict[str, int], dict[str, DomainError]]:
    stored: dict[str, int] = {}
    problems: dict[str, DomainError] = {}
    for name, upload in uploads.items():
        if not kind.takes_file(name):
            continue
        try:
            upload.seek(0)
            # An upload reads like a stream; the stubs do not say so.
            stream = cast(BinaryIO, upload)
            stored[name] = documents.store(upload.name or "", stream, by=by, at=at, purpose=files.FORM).pk
        except DomainError as error:
            problems[name] = error
        finally:
            upload.seek(0)
    return stored, problems
