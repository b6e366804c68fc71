"""Filters of a list: chips with counts, and groups of fields that open like a menu."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import django_filters
from django.db.models import Q, QuerySet

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Chip:
    """
    A filter that is one click.

    :param parameter: its name in the address; chips of one parameter exclude each other
    :param value: its value in the address
    :param condition: which rows it keeps
    :param tone: green, amber, red or none
    """

    parameter: str
    value: str
    label: StrOrPromise
    condition: Q
    tone: str = ""

    @property
    def name(self) -> str:
        """Unique within a list."""
        return f"{self.parameter}={self.value}"


@dataclass(frozen=True)
class ChipView:
    """A chip as the component renders it."""

    label: StrOrPromise
    url: str
    count_text: str
    tone: str
    is_current: bool


@dataclass(frozen=True)
class FilterGroup:
    """Fields of the filter form that open together: "Due date" with from and to."""

    label: StrOrPromise
    fields: Sequence[str]


@dataclass(frozen=True)
class FilterGroupView:
    """A group as the component renders it."""

    label: StrOrPromise
    fields: Sequence[Any]
    is_active: bool


@dataclass(frozen=True)
class Applied:
    """A filter that is on, with the address that takes it off."""

    label: StrOrPromise
    value: str
    url: str


def contains_filter(
    label: StrOrPromise, find: Callable[[QuerySet[Any], str], QuerySet[Any]]
) -> django_filters.CharFilter:
    """A text filter that leaves the search to the app, because only it knows an index that can answer."""

    def method(queryset: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return find(queryset, value.strip()) if value.strip() else queryset

    return django_filters.CharFilter(label=label, method=method)
