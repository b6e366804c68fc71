"""
Putting the database back after a test that really commits.

The application's role has no TRUNCATE, so Django's flush fails; and a flush would also take away what migrations put
in. The owner truncates the tables that a test filled; if a test changed rows that migrations made, the database is
copied anew from the template.
"""

from typing import Any

import psycopg2
from django.core.cache import cache
from django.db import connections
from django.test import TestCase, TransactionTestCase

from tests.harness import environment
from tests.harness.cluster import Cluster
from yingshou.runtime.places import OWNER_ROLE
from yingshou.tenancy.actor import Actor, acting_as

_TABLES = "select format('%I', tablename) from pg_tables where schemaname = 'public' order by 1"
_REFERENCES = """
select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
where contype = 'f' and connamespace = 'public'::regnamespace and conrelid <> confrelid
"""


class Resetter:
    """Knows what the fresh database held, and brings it back to that."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self.cluster = cluster
        self.template = template
        self.database = environment.DATABASE
        self._connection: Any = None
        self._open()

    def _open(self) -> None:
        self._connection = self.cluster.server.connect(self.database, OWNER_ROLE)
        with self._connection.cursor() as cursor:
            cursor.execute(_TABLES)
            self.tables = [name for (name,) in cursor.fetchall()]
            filled = self._filled(cursor, self.tables)
            self.kept = {name: self._state(cursor, name) for name in filled}
            cursor.execute(_REFERENCES)
            self.references = cursor.fetchall()

    @staticmethod
    def _filled(cursor: Any, tables: list[str]) -> list[str]:
        if not tables:
            return []
        parts = [f"select '{name}' where exists (select from {name})" for name in tables]
        cursor.execute(" union all ".join(parts))
        return [name for (name,) in cursor.fetchall()]

    @staticmethod
    def _state(cursor: Any, table: str) -> tuple[int, str]:
        cursor.execute(f"select count(*), coalesce(sum(xmin::text::bigint), 0)::text from {table}")
        row: tuple[int, str] = cursor.fetchone()
        return row

    def _closure(self, tables: set[str]) -> set[str]:
        """Return the tables and all that refer to them: TRUNCATE wants them together."""
        grown = set(tables)
        while True:
            more = {child for child, parent in self.references if parent in grown} - grown
            if not more:
                return grown
            grown |= more

    def reset(self) -> None:
        """Bring the database back to what the template holds."""
        cache.clear()
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("set lock_timeout = '5s'")
                filled = set(self._filled(cursor, [name for name in self.tables if name not in self.kept]))
                closure = self._closure(filled)
                changed = any(self._state(cursor, name) != state for name, state in self.kept.items())
                if changed or closure & set(self.kept):
                    raise _Changed
                if closure:
                    cursor.execute(f"truncate {', '.join(sorted(closure))} restart identity")
        except (_Changed, psycopg2.Error):
            self.renew()

    def renew(self) -> None:
        """Copy the database anew; whoever is still connected is cut off."""
        self._connection.close()
        for connection in connections.all(initialized_only=True):
            connection.close()
        self.cluster.copy(self.template, self.database)
        self._open()

    def close(self) -> None:
        """Close the owner's connection."""
        self._connection.close()


class _Changed(Exception):
    """A test changed rows that migrations made."""


resetter: Resetter | None = None
_leave_atomics = TestCase._fixture_teardown  # type: ignore[attr-defined]


def _reset_after_commit(_case: TransactionTestCase) -> None:
    assert resetter is not None, "a test that uses the database ran before the database was made"
    for connection in connections.all(initialized_only=True):
        connection.close()
    resetter.reset()


def _roll_back(case: TestCase) -> None:
    # The constraints are checked before the rollback: a query, and queries need an actor.
    with acting_as(Actor.system("test-teardown")):
        _leave_atomics(case)


# At import time: a fixture would put the originals back before pytest-django's own teardown has run.
TransactionTestCase._fixture_teardown = _reset_after_commit  # type: ignore[attr-defined]
TestCase._fixture_teardown = _roll_back  # type: ignore[attr-defined]
