"""
Many receivables quickly: a few made by the real actions, then copied row by row in SQL by the owner, so that every
constraint holds and the copies follow the schema by themselves.
"""

from collections.abc import Mapping, Sequence

from django.db import connections
from psycopg2 import sql

STEP = 100_000


def copy_rows(table: str, template_ids: Sequence[int], numbers: range, changes: Mapping[str, str]) -> None:
    """
    Copy template rows once per number.

    :param changes: SQL expressions per column over `t` (the template) and `n` (the number)
    """
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select column_name from information_schema.columns where table_name = %s and is_generated = 'NEVER'",
            [table],
        )
        columns = [name for (name,) in cursor.fetchall() if name != "id" or "id" in changes]
        chosen = [
            sql.SQL(changes[name]) if name in changes else sql.SQL("t.{}").format(sql.Identifier(name))
            for name in columns
        ]
        statement = sql.SQL(
            "insert into {table} ({columns}) overriding system value select {chosen} "
            "from generate_series(%s::bigint, %s::bigint) n "
            "join (select t.*, row_number() over (order by t.id) - 1 as turn, count(*) over () as turns "
            "from {table} t where t.id = any(%s)) t on t.turn = n %% t.turns"
        ).format(
            table=sql.Identifier(table),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            chosen=sql.SQL(", ").join(chosen),
        )
        for start in range(numbers.start, numbers.stop, STEP):
            end = min(start + STEP, numbers.stop) - 1
            cursor.execute(statement, [start, end, list(template_ids)])


def settle(*tables: str) -> None:
    """Let the planner know what is there now."""
    with connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("vacuum analyze {}").format(sql.Identifier(table)))
