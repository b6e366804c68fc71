"""
The embedded PostgreSQL 18: initialised, started, probed and stopped by us.

Nobody is trusted: the two roles of the application are told by the operating system's user (peer, over a Unix socket
in a private folder); the superuser has a random password that lies in a file of the launcher. No TCP port is opened.
"""

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from yingshou.runtime import processes, roles
from yingshou.runtime.binaries import Binaries, make_private
from yingshou.runtime.places import (
    APPLICATION_ROLE,
    DATABASE,
    OWNER_ROLE,
    PORT,
    REPORT_ROLE,
    SEALING_ROLE,
    Places,
    current_user,
)
from yingshou.runtime.problems import CannotStart

_SUPERUSER = "yingshou_launcher"
_MAJOR = "18"
# Answers that come from a living server which does not serve yet.
_NOT_YET = ("starting up", "not yet accepting", "recovery", "shutting down")

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "300",
    "shared_buffers": "'128MB'",
    "jit": "off",
    "random_page_cost": "1.1",
    "max_wal_size": "'2GB'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "password_encryption": "'scram-sha-256'",
    "idle_in_transaction_session_timeout": "'60s'",
    # Statements and the values in an error's detail are business data: they do not belong in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "'%m [%p] '",
}


class PostgresServer:
    """
    One server on one data folder.

    :param options: settings that replace the defaults, as `{"fsync": "off"}` for tests
    """

    def __init__(self, where: Places, binaries: Binaries, options: Mapping[str, str] | None = None) -> None:
        self.where = where
        self.binaries = binaries
        self.options = {**_SETTINGS, "unix_socket_directories": f"'{where.sockets}'", **(options or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.where.postgres_data

    @property
    def initialised(self) -> bool:
        """Whether the data folder has been made."""
        return (self.data / "PG_VERSION").exists()

    def initialise(self) -> None:
        """
        Make the data folder, with checksums and our own access rules; does nothing if it is there and ours.

        :raises CannotStart: if the folder holds something else or another version
        """
        ids = self.where.owner_ids()
        if self.where.user is not None:
            make_private(self.where.home.parent, ids)
        make_private(self.where.home, ids)
        for folder in (self.where.sockets, self.where.logs):
            make_private(folder, ids)
        if self.initialised:
            self._check_folder()
        elif self.data.exists() and any(self.data.iterdir()):
            raise CannotStart(
                f"The folder {self.data} holds something that is not a database of Yingshou; move it away, "
                "or start over with make reset."
            )
        else:
            self._initdb(ids)
        self._write_configuration(ids)

    def _check_folder(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != _MAJOR:
            raise CannotStart(
                f"The folder {self.data} was made by PostgreSQL {version}, this is {_MAJOR}; "
                "move it away, or start over with make reset."
            )
        if not self._secret_file.exists() or not (self.data / "global" / "pg_control").exists():
            raise CannotStart(
                f"The database folder {self.data} is incomplete or was not made by Yingshou; "
                "restore it from a backup, or start over with make reset."
            )

    @property
    def _secret_file(self) -> Path:
        return self.where.home / "launcher.json"

    def _initdb(self, ids: tuple[int, int] | None) -> None:
        password = secrets.token_urlsafe(32)
        self._write_private(self._secret_file, json.dumps({"password": password}), ids=None)
        password_file = self.where.home / "new-password"
        self._write_private(password_file, password + "\n", ids=ids)
        try:
            done = processes.spawn(
                [
                    str(self.binaries.postgres / "initdb"), "-D", str(self.data), "-U", _SUPERUSER,
                    "--pwfile", str(password_file), "--auth-local=scram-sha-256", "--auth-host=reject",
                    "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                    "--data-checksums", "--no-instructions",
                ],
                environment=self._environment(), ids=ids, folder="/", output=subprocess.PIPE,
            )  # fmt: skip
            output, _ = done.communicate(timeout=120)
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode != 0:
            raise CannotStart(_why("PostgreSQL could not make its data folder", output.decode(errors="replace")))

    def _write_configuration(self, ids: tuple[int, int] | None) -> None:
        lines = [f"{name} = {value}" for name, value in sorted(self.options.items())]
        user = current_user()
        access = [
            f"local all {_SUPERUSER} scram-sha-256",
            f"local all {OWNER_ROLE},{APPLICATION_ROLE},{SEALING_ROLE},{REPORT_ROLE} peer map=yingshou",
        ]
        names = [f"yingshou {user} {role}" for role in (OWNER_ROLE, APPLICATION_ROLE, SEALING_ROLE, REPORT_ROLE)]
        self._write_private(self.data / "postgresql.conf", "\n".join(lines) + "\n", ids=ids)
        self._write_private(self.data / "pg_hba.conf", "\n".join(access) + "\n", ids=ids)
        self._write_private(self.data / "pg_ident.conf", "\n".join(names) + "\n", ids=ids)

    @staticmethod
    def _write_private(file: Path, text: str, *, ids: tuple[int, int] | None) -> None:
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        if ids is not None:
            os.chown(file, *ids)

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

    def connect(self, database: str = "postgres", role: str = _SUPERUSER) -> Connection:
        """Open a connection; the superuser's password is read from the launcher's file."""
        password = ""
        if role == _SUPERUSER:
            password = json.loads(self._secret_file.read_text())["password"]
        connection = psycopg2.connect(
            host=str(self.where.sockets), port=PORT, dbname=database, user=role, password=password, connect_timeout=5
        )
        connection.autocommit = True
        return connection

    @contextmanager
    def cursor(self, database: str = "postgres", role: str = _SUPERUSER) -> Iterator[Any]:
        """Run statements outside a transaction on a connection of their own."""
        connection = self.connect(database, role)
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def answers(self) -> bool:
        """Whether this very server serves: told by a connection, never by a process number in a file."""
        try:
            with self.cursor() as cursor:
                cursor.execute("show data_directory")
                return Path(cursor.fetchone()[0]) == self.data
        except (psycopg2.Error, OSError, ValueError):
            return False

    def _alive(self) -> bool:
        """Whether a server answers at all, even to say that it is not ready."""
        try:
            self.connect().close()
        except psycopg2.OperationalError as error:
            return any(phrase in str(error) for phrase in _NOT_YET)
        except (OSError, ValueError):
            return False
        return True

    def start(self, *, dies_with_parent: bool = True, timeout: float = 120.0) -> None:
        """
        Start the server and return once it serves. A server of this folder that still runs is stopped first.

        :raises CannotStart: if it does not come up
        """
        if self._alive():
            self.stop_stray()
        self._remove_stale_lock()
        log = self.where.logs / "postgres.log"
        with log.open("ab") as output:
            self.process = processes.spawn(
                [str(self.binaries.postgres / "postgres"), "-D", str(self.data)],
                environment=self._environment(), ids=self.where.owner_ids(), folder="/", output=output,
                death_signal=signal.SIGINT if dies_with_parent else None,
            )  # fmt: skip
        deadline = time.monotonic() + timeout
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise CannotStart(_why("PostgreSQL did not start", _tail(log)))
            time.sleep(0.05)

    def _postmaster(self) -> int | None:
        """Return the process number in the lock file if it is a PostgreSQL server on this folder."""
        try:
            number = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return number if str(self.data).encode() in command else None

    def _remove_stale_lock(self) -> None:
        if self._postmaster() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop_stray(self, grace: float = 30.0) -> None:
        """
        Stop a server of this folder that was not started by this object.

        :raises CannotStart: if it does not end
        """
        number = self._postmaster()
        if number is None:
            return
        os.kill(number, signal.SIGINT)
        deadline = time.monotonic() + grace
        while self._postmaster() == number:
            if time.monotonic() > deadline:
                raise CannotStart(f"A PostgreSQL server of the folder {self.data} still runs (process {number}).")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server that this object started: connections are ended, nothing committed is lost."""
        if self.process is not None:
            processes.stop(self.process, gently=signal.SIGINT, grace=30.0)
            self.process = None

    def prepare(self, database: str = DATABASE) -> bool:
        """
        Make roles and database where missing.

        :returns: whether the database is new
        """
        with self.cursor() as cursor:
            cursor.execute(roles.create_roles_sql())
            cursor.execute("select 1 from pg_database where datname = %s", [database])
            if cursor.fetchone():
                return False
            cursor.execute(roles.create_database_sql(database))
        with self.cursor(database) as cursor:
            cursor.execute(roles.grants_sql(database))
        return True


def _tail(file: Path, lines: int = 6) -> str:
    try:
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _why(what: str, output: str) -> str:
    """Make one sentence from a server's last words."""
    if "No space left on device" in output:
        return f"{what}: the disk is full; free some space and start again."
    reasons = [line for line in output.splitlines() if "FATAL" in line or "error" in line.lower()]
    last = reasons[-1] if reasons else (output.splitlines() or ["it said nothing"])[-1]
    return f"{what}: {last.strip().rstrip('.')}."
