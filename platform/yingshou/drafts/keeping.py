"""The decorator of a view whose form saves itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import HttpResponseBase, QueryDict
from django.utils.translation import gettext_lazy as _

from yingshou.documents.models import StoredFile
from yingshou.drafts import actions, selectors
from yingshou.drafts.forms import query_of
from yingshou.drafts.kinds import draft_kinds
from yingshou.drafts.models import KEY_LENGTH, FormDraft
from yingshou.jobs.idempotency import FIELD
from yingshou.kernel.clock import SHANGHAI, business_date
from yingshou.kernel.errors import Conflict, DomainError, Invalid
from yingshou.tenancy.guards import AppRequest


@dataclass(frozen=True)
class Begun:
    """
    A form as its page shows it.

    :param key: the key that the form is kept and will be sent under
    :param restored: what was typed, where the page opens with a draft
    :param files: files that are kept already, by the name of their input
    :param problems: why uploads were refused, by the name of their input
    :param is_outdated: whether what the form changes was changed since the draft was begun
    :param saved_words: when the draft that the page opens with was saved: 14:22, or with its day
    """

    kind: str
    key: str
    subject: str = ""
    variant: str = ""
    draft: FormDraft | None = None
    restored: QueryDict | None = None
    files: Mapping[str, StoredFile] = field(default_factory=dict)
    problems: Mapping[str, DomainError] = field(default_factory=dict)
    is_outdated: bool = False
    saved_words: str = ""

    @property
    def revision(self) -> int:
        """How often it was saved."""
        return self.draft.revision if self.draft else 0

    @property
    def can_begin_another(self) -> bool:
        """Whether there can be several at a time: of something new, not of one thing that is changed."""
        return not self.subject

    @property
    def fresh_url(self) -> str:
        """The same form without what was typed."""
        plain = draft_kinds.get(self.kind).address(self.subject, self.variant)
        return f"{plain}{'&' if '?' in plain else '?'}fresh=1"


class FileGone(Invalid):
    """A file that the page shows as kept is not kept any more: its draft was discarded or has expired."""

    code = "DRF-006"
    message = _("This file is no longer kept.")
    cure = _("Choose it again.")


class DraftRequest(AppRequest):
    """A request of a form that saves itself. For annotations only."""

    begun: Begun


def drafted(
    kind: str, *, subject: str = "", variant: str = ""
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """
    Open the form with its draft, and keep what is posted before anything is checked, so that neither a form with errors
    nor a failure loses it. Stands between `@page` and `@idempotent`; the view calls `actions.forget` when it has done its work.

    :param subject: the argument of the address that names what the form changes
    :param variant: the parameter of the address that names the variant
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def kept(request: DraftRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            wanted = request.GET.get(variant, "") if variant else ""
            known = draft_kinds.get(kind).variants
            where = (str(kwargs.get(subject, "")), wanted if wanted in known else known[0])
            request.begun = (
                _posted(request, kind, *where) if request.method == "POST" else _opened(request, kind, *where)
            )
            return view(request, *args, **kwargs)

        return kept

    return decorate


def _opened(request: AppRequest, kind: str, subject: str, variant: str) -> Begun:
    by, wanted = request.actor, request.GET.get("draft", "")
    draft = None
    if wanted:
        draft = selectors.with_key(wanted, by=by)
        if draft is not None and (draft.kind, draft.subject, draft.variant) != (kind, subject, variant):
            draft = None
    elif "fresh" not in request.GET:
        draft = selectors.newest(kind, subject, variant, by=by)
    if draft is None:
        return Begun(kind, uuid.uuid4().hex, subject, variant)
    return Begun(
        kind,
        draft.key,
        subject,
        variant,
        draft,
        restored=query_of(draft.values),
        files=selectors.files_of(draft, by=by),
        is_outdated=bool(subject) and draft_kinds.get(kind).version_of(subject, by) != draft.subject_version,
        saved_words=_moment(draft.saved_at, request.at),
    )


def _posted(request: AppRequest, kind: str, subject: str, variant: str) -> Begun:
    key, by = request.POST.get(FIELD, ""), request.actor
    if not 0 < len(key) <= KEY_LENGTH:
        # The form is refused for its key a step later.
        return Begun(kind, key, subject, variant)
    form = actions.Form(kind, key, subject, variant)
    uploads = actions.uploads_of(request)
    values = {name: request.POST.getlist(name) for name in request.POST}
    try:
        saved = actions.save(form, values, by=by, at=request.at, uploads=uploads)
    except (Conflict, Invalid):
        # Sent already, or more than is kept: what was posted is answered by the view all the same.
        return Begun(kind, key, subject, variant)
    gone = {name: FileGone(place=name) for name in request.POST.getlist("draft_kept") if name not in saved.files}
    return Begun(kind, key, subject, variant, saved.draft, files=saved.files, problems={**gone, **saved.problems})


def _moment(saved_at: datetime, at: datetime) -> str:
    """The time of day; with the day where it was another."""
    local = saved_at.astimezone(SHANGHAI)
    return f"{local:%H:%M}" if business_date(saved_at) == business_date(at) else f"{local:%m-%d %H:%M}"
