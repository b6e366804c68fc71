"""Reading drafts: the one a form opens with, and all that a person has begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from yingshou.documents.models import StoredFile
from yingshou.drafts.kinds import address_of, draft_kinds
from yingshou.drafts.models import FormDraft
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# What the newest drafts page shows, and what counting stops at.
MOST = 200


@dataclass(frozen=True)
class Entry:
    """A draft as a list shows it."""

    key: str
    title: StrOrPromise
    what: str
    subject: str
    url: str
    saved_at: datetime
    ends_at: datetime
    file_count: int


def newest(kind: str, subject: str, variant: str, *, by: Actor) -> FormDraft | None:
    """The draft that was saved last for this form and this object."""
    found = FormDraft.objects.visible_to(by).filter(kind=kind, subject=subject, variant=variant)
    return found.order_by("-saved_at", "-pk").first()


def with_key(key: str, *, by: Actor) -> FormDraft | None:
    """The person's own draft with this key."""
    return FormDraft.objects.visible_to(by).filter(key=key).first()


def begun(by: Actor, *, kinds: Sequence[str] = ()) -> QuerySet[FormDraft]:
    """Everything the person has begun in this organisation, of some kinds only where they are named."""
    rows = FormDraft.objects.visible_to(by)
    return (rows.filter(kind__in=kinds) if kinds else rows).order_by("-saved_at", "-pk")


def entries(by: Actor) -> list[Entry]:
    """The person's drafts of forms that exist, newest first."""
    known = dict(draft_kinds.items())
    return [
        Entry(
            key=draft.key,
            title=known[draft.kind].title,
            what=known[draft.kind].describe(draft.values),
            subject=draft.subject,
            url=address_of(draft),
            saved_at=draft.saved_at,
            ends_at=draft.ends_at,
            file_count=len(draft.files),
        )
        for draft in begun(by)[:MOST]
        if draft.kind in known and by.may(known[draft.kind].permission)
    ]


def files_of(draft: FormDraft | None, *, by: Actor) -> dict[str, StoredFile]:
    """The stored files of a draft by the name of their input; only files of the own organisation."""
    if draft is None or not draft.files:
        return {}
    held = StoredFile.objects.filter(organisation_id=by.organisation_id or 0).in_bulk(list(draft.files.values()))
    return {name: held[pk] for name, pk in draft.files.items() if pk in held}
