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
    counts, _rows = counts_and_rows(querysets, None, limit=limit)
    return counts


def counts_and_rows(
    querysets: Mapping[str, QuerySet[Any]], beside: QuerySet[Any] | None, *, limit: int = EXACT_TO
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """
    `capped_counts`, and the few rows of another query in the same statement: a page costs statements, not rows.

    :param beside: a `values(…)` queryset of a handful of rows; its values come as JSON has them
    """
    counts = dict.fromkeys(querysets, 0)
    names: list[str] = []
    parts: list[str] = []
    values: list[Any] = []
    for name, queryset in querysets.items():
        sliced = queryset.query.is_sliced
        limited = queryset.values("pk") if sliced else queryset.order_by().values("pk")[: limit + 1]
        try:
            sql, params = limited.query.sql_with_params()
        except EmptyResultSet:
            continue
        names.append(name)
        # Compiled by Django, values apart.
        parts.append(f"(select count(*) from ({sql}) counted)")  # noqa: S608
        values.extend(params)
    if beside is not None:
        sql, params = beside.query.sql_with_params()
        parts.append(f"(select coalesce(json_agg(one), '[]') from ({sql}) one)")  # noqa: S608
        values.extend(params)
    if not parts:
        return counts, []
    using = next((queryset.db for queryset in querysets.values()), "default")
    with connections[using].cursor() as cursor:
        cursor.execute("select " + ", ".join(parts), values)
        row = cursor.fetchone() or ()
    counts.update(zip(names, row, strict=False))
    return counts, list(row[-1]) if beside is not None and row else []


def shown(count: int, *, limit: int = EXACT_TO) -> str:
    """A count as a page shows it: 1,000 exact, beyond that "1,000+"."""
    return f"{limit:,}+" if count > limit else f"{count:,}"
