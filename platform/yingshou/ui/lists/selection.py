"""What a person picked from a list: ids, or "all that match", which travels as the filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import Invalid

M = TypeVar("M", bound=Model)

# One signature covers at most this many lines.
LARGEST = 10_000


class TooManySelected(Invalid):
    """More rows match than one act can take."""

    code = "UI-003"
    message = _("More than %(limit)s rows match; one act can take at most that many.")
    cure = _("Narrow the filter, for example by due date, and act in several steps.")


class NothingSelected(Invalid):
    """No row was picked."""

    code = "UI-004"
    message = _("No row is selected.")
    cure = _("Select at least one row, then choose the action again.")


@dataclass(frozen=True)
class Selection(Generic[M]):
    """
    The rows an act is asked for.

    :param queryset: the rows, within the list's own scope; without limit where `is_all`
    :param is_all: whether the person chose all that match
    :param query: the filter it was chosen under
    """

    queryset: QuerySet[M]
    is_all: bool
    query: str

    def ids(self, *, limit: int = LARGEST) -> list[int]:
        """
        The primary keys, in order.

        :raises NothingSelected: if there is none
        :raises TooManySelected: if there are more than `limit`
        """
        found = list(self.queryset.order_by("pk").values_list("pk", flat=True)[: limit + 1])
        if not found:
            raise NothingSelected
        if len(found) > limit:
            raise TooManySelected(limit=f"{limit:,}")
        return found
