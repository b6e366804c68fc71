"""Counts for pages at any size: exact to 1,000, then "1,000+", all of a page in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

# A page never counts further than this; the reader needs to know "many", not how many.
EXACT_TO = 1000


def capped_counts(querysets: Mapping[str, QuerySet[Any]], *, limit: int = EXACT_TO) -> dict[str, int]:
    """
    Count several querysets in one statement, each no further than one past the limit.

    :param querysets: by name; all on one database; one that is already a slice keeps its own limit
    :return: for each name a number from 0 to `limit` + 1; `limit` + 1 means "more than the limit"
    """
    counts = dict.fromkeys(querysets, 0)
    names: list[str] = []
    parts: list[str] = []
    values: list[Any] = []
    using = ""
    for name, queryset in querysets.items():
        sliced = queryset.query.is_sliced
        limited = queryset.values("pk") if sliced else queryset.order_by().values("pk")[: limit + 1]
        try:
            sql, params = limited.query.sql_with_params()
        except EmptyResultSet:
            continue
        using = queryset.db
        names.append(name)
        # Compiled by Django, values apart.
        parts.append(f"(select count(*) from ({sql}) counted)")  # noqa: S608
        values.extend(params)
    if names:
        with connections[using].cursor() as cursor:
            cursor.execute("select " + ", ".join(parts), values)
            row = cursor.fetchone()
        counts.update(zip(names, row or (), strict=True))
    return counts


def shown(count: int, *, limit: int = EXACT_TO) -> str:
    """A count as a page shows it: 1,000 exact, beyond that "1,000+"."""
    return f"{limit:,}+" if count > limit else f"{count:,}"
