"""How the pages phrase what the registries gave: totals, the longest wait, the way in for each role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.home.modes import WHO_LABELS, Mode, Who
from yingshou.notifications.todo import TodoGroup
from yingshou.ui.counts import EXACT_TO, shown

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

START_SENTENCES: dict[Who, StrOrPromise] = {
    Who.SUPPLIER: _("Register your company, or sign in, and bring your first receivables in."),
    Who.DEBTOR: _("Register, or sign in, and confirm what your suppliers have brought in."),
    Who.FUNDER: _("Register as a funder; financing calls will reach you when financing opens."),
    Who.FINANCE: _("Register your department; the link to the procurement system follows."),
    Who.CENTRAL_BANK: _("Register your branch; applications will reach you when relending opens."),
}


@dataclass(frozen=True)
class TodoLine:
    """A group as the list shows it."""

    group: TodoGroup
    count_text: str
    is_primary: bool


@dataclass(frozen=True)
class TodoPage:
    """The head of the list."""

    lines: list[TodoLine]
    total: int
    total_text: str
    oldest_at: datetime | None


def todo_page(groups: Sequence[TodoGroup]) -> TodoPage:
    """The list with its total; one group at most keeps the page's primary button."""
    total = sum(group.count for group in groups)
    capped = any(group.count > EXACT_TO for group in groups)
    wanted = next((group for group in groups if group.primary), None)
    return TodoPage(
        lines=[TodoLine(group, shown(group.count), group is wanted) for group in groups],
        total=total,
        total_text=f"{EXACT_TO:,}+" if capped else f"{total:,}",
        oldest_at=min((group.oldest_at for group in groups if group.oldest_at), default=None),
    )


@dataclass(frozen=True)
class Start:
    """The way in for one role."""

    label: StrOrPromise
    sentence: StrOrPromise
    url: str


def starts_of(mode: Mode, *, is_signed_in: bool) -> list[Start]:
    """Where each role of a mode begins: registering, or one's own page for somebody who is signed in."""
    url = "/" if is_signed_in else reverse("identity:register")
    return [Start(WHO_LABELS[who], START_SENTENCES[who], url) for who in mode.starts]
