"""The one write of the front pages: keeping a day's visits."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction


@transaction.atomic
def keep_visits(day: date, number: int, *, at: datetime) -> None:
    """Keep a day's number; a smaller one, after Redis was lost, does not replace a greater one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into home_dailyvisits (day, count, counted_at) values (%s, %s, %s) on conflict (day) do update "
            "set count = greatest(home_dailyvisits.count, excluded.count), counted_at = excluded.counted_at",
            [day, number, at],
        )
