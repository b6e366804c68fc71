"""
One embedded PostgreSQL for all test processes of this folder, and one migrated template database.

The first process to come starts the server, the last one to leave stops it; both are told by locks, which the kernel
gives back however a process ends. The template is made by the owner's migrations and kept as long as no migration,
model or policy changes.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from psycopg2 import sql

from tests.harness import environment
from yingshou.runtime import binaries, postgres
from yingshou.runtime.binaries import make_private
from yingshou.runtime.places import OWNER_ROLE, PROJECT, REPORT_ROLE, SYSTEM_HOME, Places, as_root

_KEPT_TEMPLATES = 2
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
         "idle_in_transaction_session_timeout": "0", "shared_buffers": "'256MB'", "max_connections": "600"}  # fmt: skip


class Cluster:
    """The shared test server, as one process sees it; or another one, for the tests that kill it."""

    def __init__(self, where: Places = environment.CLUSTER, options: Mapping[str, str] = _FAST) -> None:
        self.where = where
        self.server = postgres.PostgresServer(self.where, binaries.find(self.where), options)
        self._use: IO[str] | None = None

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        with (self.where.home / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def join(self) -> None:
        """Start the server unless it runs, and count this process as a user."""
        if as_root():
            make_private(SYSTEM_HOME, self.where.owner_ids())
        make_private(self.where.home, self.where.owner_ids())
        with self._lock("start"):
            self._use = (self.where.home / "users.lock").open("w")
            fcntl.flock(self._use, fcntl.LOCK_SH)
            if not self.server.answers():
                self.server.initialise()
                self.server.start(dies_with_parent=False)
            with self.server.cursor() as cursor:
                cursor.execute("select 1 from pg_roles where rolname = %s", [REPORT_ROLE])
                if not cursor.fetchone():
                    self.server.prepare("postgres_unused")
                # The owner copies databases here; nowhere else may it create any.
                cursor.execute(f"alter role {OWNER_ROLE} createdb")

    def leave(self) -> None:
        """Drop this process's database, and stop the server if nobody else uses it."""
        self.drop(environment.DATABASE)
        assert self._use is not None
        with self._lock("start"):
            self._use.close()
            with (self.where.home / "users.lock").open("w") as users:
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                self.server.process = None
                self.server.stop_stray()

    def drop(self, database: str) -> None:
        """Drop a database, whoever is still connected."""
        with self.server.cursor() as cursor:
            cursor.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database)))

    def copy(self, template: str, database: str) -> None:
        """Make a database from a template; a former one of that name goes."""
        self.drop(database)
        with self.server.cursor() as cursor:
            cursor.execute(
                sql.SQL("create database {} owner {} template {}").format(
                    sql.Identifier(database), sql.Identifier(OWNER_ROLE), sql.Identifier(template)
                )
            )

    def template(self) -> str:
        """Return the name of the migrated template database, made now if it is missing."""
        name = f"template_{_fingerprint()}"
        with self._lock("template"), self.server.cursor() as cursor:
            self._drop_leftovers()
            cursor.execute("select 1 from pg_database where datname = %s", [name])
            if cursor.fetchone():
                cursor.execute(f"comment on database {name} is %s", [str(time.time())])
                return name
            building = f"building_{os.getpid()}"
            self.drop(building)
            self.server.prepare(building)
            _migrate(building, self.where)
            cursor.execute(f"alter database {building} rename to {name}")
            cursor.execute(f"comment on database {name} is %s", [str(time.time())])
            self._drop_old_templates(name)
        return name

    def _drop_old_templates(self, name: str) -> None:
        with self.server.cursor() as cursor:
            cursor.execute(
                "select datname from pg_database where datname like 'template\\_%%' and datname <> %s "
                "order by shobj_description(oid, 'pg_database') desc nulls last offset %s",
                [name, _KEPT_TEMPLATES],
            )
            for (old,) in cursor.fetchall():
                self.drop(old)

    def _drop_leftovers(self) -> None:
        """Drop the databases of test processes that were killed."""
        with self.server.cursor() as cursor:
            cursor.execute("select datname from pg_database where datname ~ '^(test|building)_[0-9]+'")
            for (name,) in cursor.fetchall():
                found = re.match(r"^(?:test|building)_(\d+)", name)
                if found and not Path(f"/proc/{found[1]}").exists():
                    self.drop(name)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    sources = [*(PROJECT / "platform").rglob("*.py"), *(PROJECT / "receivables").rglob("*.py")]
    for file in sorted(sources):
        inside = file.relative_to(PROJECT).parts
        if {"migrations", "models", "tenancy", "settings"} & set(inside) or file.stem in {
            "models", "policies", "roles", "permissions", "permission_rows",
        }:  # fmt: skip
            digest.update(file.read_bytes())
    digest.update((PROJECT / "requirements" / "base.txt").read_bytes())
    return digest.hexdigest()[:16]


def _migrate(database: str, where: Places) -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "manage.py"), "migrate", "--database", "owner", "--verbosity", "0"],
        env={**os.environ, **environment.variables(database, where)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The migrations failed:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
