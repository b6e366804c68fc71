"""
Many receivables quickly: a few made by the real actions, then copied row by row in SQL by the owner, so that every
constraint holds and the copies follow the schema by themselves.
"""

from collections.abc import Mapping

from django.db import connections
from psycopg2 import sql

STEP = 100_000


def copy_rows(table: str, key: str, template: int, count: int, changes: Mapping[str, str]) -> None:
    """
    Copy one row `count` times.

    :param key: the column that finds the template
    :param changes: SQL expressions per column over `t` (the template) and `n` (0, 1, 2 ...); `mod` instead of a percent sign
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
            "from generate_series(%s::bigint, %s::bigint) n, {table} t where t.{key} = %s"
        ).format(
            table=sql.Identifier(table),
            key=sql.Identifier(key),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            chosen=sql.SQL(", ").join(chosen),
        )
        for start in range(0, count, STEP):
            cursor.execute(statement, [start, min(start + STEP, count) - 1, template])


def settle(*tables: str) -> None:
    """Let the planner know what is there now."""
    with connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("vacuum analyze {}").format(sql.Identifier(table)))
