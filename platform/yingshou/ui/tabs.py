"""Views of one thing, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Tab:
    """One view, as `<c-tabs>` shows it; an empty count is not shown."""

    label: StrOrPromise
    url: str
    count: str
    is_current: bool
