"""The list itself: what an app declares, and what the component renders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import urlencode

import django_filters
from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from yingshou.ui.counts import EXACT_TO, capped_counts, counts_and_rows, shown
from yingshou.ui.lists.columns import Cell, Column, cell_of, read
from yingshou.ui.lists.filters import Applied, Chip, ChipView, FilterGroup, FilterGroupView
from yingshou.ui.lists.keyset import Order, Page, page_of
from yingshou.ui.lists.selection import Selection
from yingshou.ui.models import SavedView

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from yingshou.tenancy.actor import Actor

M = TypeVar("M", bound=Model)

TOTAL = "total"
# The parameters of the list itself; everything else in the address belongs to filters and chips.
PLACE = frozenset({"after", "before"})
ORDER = "order"


@dataclass(frozen=True)
class Fact:
    """What can be true of a selected row: a word for some of them, a sentence when it is true of all."""

    label: StrOrPromise
    all_true: StrOrPromise


@dataclass(frozen=True)
class RowView:
    """A row as the component renders it."""

    pk: Any
    cells: Sequence[Cell]
    label: str
    amount: str
    fact: str
    row: Any


@dataclass(frozen=True)
class OrderView:
    """An order as a link."""

    label: StrOrPromise
    url: str
    is_current: bool


class List(Generic[M]):
    """
    A list of one model, declared by an app as a subclass.

    :cvar name: unique, `app.list`; saved views belong to it
    :cvar amount: where the amount of a row stands, for the sum of a selection
    :cvar fact: where the code of a row's fact stands; its words are in `facts`
    :cvar row_label: how a row is called by screen readers, where it can be selected
    """

    name: ClassVar[str]
    title: ClassVar[StrOrPromise] = ""
    order: ClassVar[type[Order]]
    columns: ClassVar[Sequence[Column]]
    chip_filters: ClassVar[Sequence[Chip]] = ()
    filterset_class: ClassVar[type[django_filters.FilterSet] | None] = None
    filter_groups: ClassVar[Sequence[FilterGroup]] = ()
    page_size: ClassVar[int] = 50
    is_selectable: ClassVar[bool] = False
    amount: ClassVar[str] = ""
    fact: ClassVar[str] = ""
    facts: ClassVar[Mapping[str, Fact]] = {}
    row_label: ClassVar[str] = "pk"
    empty_title: ClassVar[StrOrPromise] = _("Nothing here yet")
    empty_text: ClassVar[StrOrPromise] = ""

    def __init__(
        self,
        queryset: QuerySet[M],
        *,
        query: QueryDict,
        actor: Actor,
        at: datetime | None = None,
        export_url: str = "",
    ) -> None:
        self._base = queryset
        self.query = query
        self.actor = actor
        self.at = at
        self.export_url = export_url

    @classmethod
    def for_request(cls, queryset: QuerySet[M], request: HttpRequest, *, export_url: str = "") -> List[M]:
        """
        The list of a page: its filters come from the address.

        :param queryset: the rows this actor may see, already scoped
        """
        actor: Actor = getattr(request, "actor")  # noqa: B009  # set by the tenancy middleware
        return cls(queryset, query=request.GET, actor=actor, at=getattr(request, "at", None), export_url=export_url)

    @classmethod
    def from_post(cls, queryset: QuerySet[M], request: HttpRequest) -> List[M]:
        """The list a selection or an export was posted from: its filters come in the field `query`."""
        actor: Actor = getattr(request, "actor")  # noqa: B009  # set by the tenancy middleware
        query = QueryDict(request.POST.get("query", "").lstrip("?"))
        return cls(queryset, query=query, actor=actor, at=getattr(request, "at", None))

    # Rows

    @cached_property
    def chosen_order(self) -> Order:
        """The order of the address; the first declared where it names none."""
        members: list[Order] = list(self.order)
        wanted = self.query.get(ORDER, "")
        return next((member for member in members if member.parameter == wanted), members[0])

    @cached_property
    def filterset(self) -> django_filters.FilterSet | None:
        """The filter form, bound to the address."""
        return self.filterset_class(data=self.query, queryset=self._base) if self.filterset_class else None

    @cached_property
    def has_errors(self) -> bool:
        """Whether a filter of the address cannot be read; then no row is shown rather than all."""
        return self.filterset is not None and not self.filterset.form.is_valid()

    @cached_property
    def _without_chips(self) -> QuerySet[M]:
        if self.filterset is None:
            return self._base
        filtered: QuerySet[M] = self.filterset.qs
        return filtered.none() if self.has_errors else filtered

    @cached_property
    def chosen_chips(self) -> list[Chip]:
        """The chips that are on."""
        return [chip for chip in self.chip_filters if self.query.get(chip.parameter) == chip.value]

    @cached_property
    def filtered(self) -> QuerySet[M]:
        """Every row that matches, without order or page: what an export or "select all" takes."""
        queryset = self._without_chips
        for chip in self.chosen_chips:
            queryset = queryset.filter(chip.condition)
        return queryset

    @cached_property
    def ordered(self) -> QuerySet[M]:
        """Every row that matches, in the chosen order."""
        return self.filtered.order_by(*self.chosen_order.keys)

    @cached_property
    def _page(self) -> Page[M]:
        return page_of(
            self.filtered,
            self.chosen_order,
            size=self.page_size,
            after=self.query.get("after"),
            before=self.query.get("before"),
        )

    @cached_property
    def rows(self) -> list[RowView]:
        """The rows of this page."""
        return [self._row(row) for row in self._page.rows]

    @cached_property
    def objects(self) -> Sequence[M]:
        """The model instances of this page."""
        return self._page.rows

    def _row(self, row: M) -> RowView:
        return RowView(
            pk=row.pk,
            cells=[cell_of(row, column, at=self.at) for column in self.shown_columns],
            label=str(read(row, self.row_label)),
            amount=f"{read(row, self.amount):.2f}" if self.amount else "",
            fact=str(read(row, self.fact)) if self.fact else "",
            row=row,
        )

    @cached_property
    def shown_columns(self) -> list[Column]:
        """The columns of the page, in the language of the page."""
        language = get_language() or ""
        return [column for column in self.columns if column.is_on_page_in(language)]

    # Counts

    @property
    def counts(self) -> dict[str, int]:
        """How many match in all and under each chip, exact to 1,000."""
        return self._counts_and_views[0]

    @cached_property
    def _counts_and_views(self) -> tuple[dict[str, int], list[dict[str, Any]]]:
        """The counts and the person's saved views: one statement for both."""
        wanted: dict[str, QuerySet[Any]] = {TOTAL: self.filtered}
        for chip in self.chip_filters:
            queryset = self._without_chips.filter(chip.condition)
            for other in self.chosen_chips:
                if other.parameter != chip.parameter:
                    queryset = queryset.filter(other.condition)
            wanted[chip.name] = queryset
        if self.actor.person_id is None or self.actor.organisation_id is None:
            return capped_counts(wanted), []
        views = SavedView.objects.visible_to(self.actor).filter(list_name=self.name).order_by("name", "pk")
        return counts_and_rows(wanted, views.values("id", "name", "query"))

    @property
    def total(self) -> int:
        """How many match; 1,001 means "more than 1,000"."""
        return self.counts[TOTAL]

    @property
    def total_text(self) -> str:
        """How many match, as the page says it."""
        return shown(self.total)

    @property
    def is_total_exact(self) -> bool:
        """Whether the total is the number itself."""
        return self.total <= EXACT_TO

    @cached_property
    def chips(self) -> list[ChipView]:
        """The chips with their counts; a chip that is on leads back to the list without it."""
        return [
            ChipView(
                label=chip.label,
                url=self.url({chip.parameter: None if chip in self.chosen_chips else chip.value}),
                count_text=shown(self.counts[chip.name]),
                # An empty class needs nobody's eye.
                tone=chip.tone if self.counts[chip.name] else "",
                is_current=chip in self.chosen_chips,
            )
            for chip in self.chip_filters
        ]

    # Addresses

    def url(self, changes: Mapping[str, str | None] | None = None) -> str:
        """The address of the list with parameters changed; a change begins at the first page again."""
        changed = dict(changes or {})
        pairs = [
            (key, value)
            for key, values in self.query.lists()
            if key not in PLACE and key not in changed
            for value in values
            if value != ""
        ]
        pairs += [(key, value) for key, value in changed.items() if value]
        return "?" + urlencode(pairs)

    @property
    def query_text(self) -> str:
        """The filters and the order as a query string, without the place in the list."""
        return self.url()[1:]

    @property
    def next_url(self) -> str:
        """The next page, or ""."""
        return self.url({"after": self._page.after}) if self._page.after else ""

    @property
    def previous_url(self) -> str:
        """The page before, or ""."""
        return self.url({"before": self._page.before}) if self._page.before else ""

    @property
    def first_url(self) -> str:
        """The first page, or "" when this is it."""
        return self.url() if self._page.before else ""

    @property
    def shown(self) -> int:
        """How many rows this page shows."""
        return len(self.rows)

    @cached_property
    def orders(self) -> list[OrderView]:
        """The orders as links."""
        members: list[Order] = list(self.order)
        return [
            OrderView(
                label=member.label, url=self.url({ORDER: member.parameter}), is_current=member is self.chosen_order
            )
            for member in members
        ]

    # Filter form

    @cached_property
    def groups(self) -> list[FilterGroupView]:
        """The filter form's fields, grouped as declared; each field alone where nothing was declared."""
        if self.filterset is None:
            return []
        form = self.filterset.form
        declared = self.filter_groups or [
            FilterGroup(label=field.label or name, fields=[name]) for name, field in form.fields.items()
        ]
        return [
            FilterGroupView(
                label=group.label,
                fields=[form[name] for name in group.fields],
                is_active=any(self.query.get(name) for name in group.fields),
            )
            for group in declared
        ]

    @cached_property
    def kept(self) -> list[tuple[str, str]]:
        """What the filter form must carry along: chips, order, and which list a page of several shows."""
        fields = self.filterset.form.fields if self.filterset is not None else {}
        names = [key for key in self.query if key not in PLACE and key not in fields]
        return [(key, value) for key in names for value in self.query.getlist(key) if value]

    @property
    def cleared_url(self) -> str:
        """The list without any filter or chip."""
        fields = self.filterset.form.fields if self.filterset is not None else {}
        return self.url(dict.fromkeys([*fields, *(chip.parameter for chip in self.chip_filters)]))

    @cached_property
    def applied(self) -> list[Applied]:
        """The filters that are on, each with the address that takes it off."""
        if self.filterset is None:
            return []
        form = self.filterset.form
        return [
            Applied(label=field.label or name, value=_said(form[name], value), url=self.url({name: None}))
            for name, field in form.fields.items()
            for value in self.query.getlist(name)[:1]
            if value
        ]

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter or chip is on: an empty page then means "no match", not "nothing yet"."""
        return bool(self.applied or self.chosen_chips)

    # Saved views, selection

    @cached_property
    def saved_views(self) -> list[SavedView]:
        """The person's own views of this list."""
        return [SavedView(**one) for one in self._counts_and_views[1]]

    @cached_property
    def current_view(self) -> SavedView | None:
        """The saved view that the address shows, if it shows one."""
        here = self.query_text
        return next((view for view in self.saved_views if view.query == here), None)

    def selection(self, data: QueryDict) -> Selection[M]:
        """
        What was picked: the fields `id` (many), or `all`, which means every row under the posted filter.

        :param data: the posted form; ids that this list does not hold are left out
        """
        if data.get("all"):
            return Selection(queryset=self.filtered, is_all=True, query=self.query_text)
        picked = [int(value) for value in data.getlist("id") if value.isdecimal() and len(value) < 19]
        return Selection(queryset=self._base.filter(pk__in=picked), is_all=False, query=self.query_text)

    def exported(self) -> Iterator[list[Any]]:
        """The rows of an export, each as the values of its columns; read through a server-side cursor."""
        columns = self.export_columns
        for row in self.ordered.iterator(chunk_size=2000):
            yield [column.export_value(row) for column in columns]

    @cached_property
    def export_columns(self) -> list[Column]:
        """The columns of an export."""
        return [column for column in self.columns if column.in_export]


def _said(field: Any, value: str) -> str:
    """A filter's value in the words of its choices."""
    choices = dict(getattr(field.field, "choices", ()) or ())
    return str(choices.get(value, value))
