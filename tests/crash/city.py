"""
Servers of their own for the tests that kill them: PostgreSQL with every safety on, Redis, a worker with its scheduler.

Nothing here is simulated: each kill is `kill -9` of a real process, and what comes back is what the product starts.
"""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg2
from django.db import connections

from tests.harness import environment, servers
from tests.harness.cluster import Cluster
from yingshou.runtime import binaries
from yingshou.runtime.places import Places, places
from yingshou.runtime.problems import CannotStart
from yingshou.runtime.redis_server import RedisServer

# Only room is saved: data reach the disk as in production.
_OPTIONS = {"shared_buffers": "'64MB'", "max_connections": "60"}
_READER = b"yingshou.documents.reader"
TARGETS = ("worker", "child", "reader", "backend", "postgres", "redis")


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    state: str
    read: int
    taken: int


class City:
    """The servers, the worker, and the ways to kill each."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.cluster = Cluster(places("crash"), _OPTIONS)
        home = Path(f"/tmp/yingshou-crash-{os.getpid()}")  # made 0700; a socket's path must be short
        self.redis = RedisServer(
            Places(home=home, sockets=home, binaries=None, user=None), binaries.find(environment.REDIS)
        )
        self.include = ""
        self._worker = contextlib.ExitStack()
        self._process: Any = None
        self._watch: Any = None
        self._turn: IO[str] | None = None
        self._starts = 0

    # --- life -------------------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Start the servers on a fresh copy of the migrated template; one test at a time on the machine."""
        self.cluster.join()
        self._turn = (self.cluster.where.home / "turn.lock").open("w")
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        self.cluster.copy(self.cluster.template(), self.database)
        self.redis.start()

    def close(self) -> None:
        """Stop everything that `open` and `start_worker` began."""
        self._worker.close()
        self.redis.stop()
        self.forget()
        self.cluster.drop(self.database)
        if self._turn is not None:
            self._turn.close()
        self.cluster.leave()

    def start_worker(self) -> None:
        """Start the worker with its scheduler; the former one is dead."""
        self._worker.close()
        self._starts += 1
        folder = self.folder / f"worker-{self._starts}"
        folder.mkdir()
        self._worker = contextlib.ExitStack()
        self._process = self._worker.enter_context(servers.running_worker(folder, self.variables()))

    def variables(self) -> dict[str, str]:
        """What leads a process to these servers."""
        return {
            **environment.variables(self.database, self.cluster.where),
            "REDIS_URL": self.redis.where.redis_url,
            "DJANGO_SETTINGS_MODULE": "tests.crash.settings",
            "CRASH_TEST_INCLUDE": self.include,
        }

    # --- looking ----------------------------------------------------------------------------------------------------
    def fetch(self, statement: str, *values: object) -> tuple[Any, ...]:
        """One row, read as the superuser, whom no row-level security limits."""
        deadline = time.monotonic() + 60
        while True:
            try:
                if self._watch is None:
                    self._watch = self.cluster.server.connect(self.database)
                with self._watch.cursor() as cursor:
                    cursor.execute(statement, values)
                    row: tuple[Any, ...] = cursor.fetchone()
                    return row
            except psycopg2.Error:
                self.forget()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def forget(self) -> None:
        """Drop connections of this process that a kill may have cut."""
        if self._watch is not None:
            with contextlib.suppress(psycopg2.Error):
                self._watch.close()
        self._watch = None
        connections["default"].close()
        connections["report"].close()

    def progress(self, batch: int) -> Progress:
        """How far a batch is, by what is committed."""
        return Progress(
            *self.fetch("select state, rows_read, accept_cursor from documents_importbatch where id = %s", batch)
        )

    def wait(self, batch: int, reached: Any, seconds: float = 180.0) -> Progress:
        """
        Wait until a batch is where the test wants it.

        :raises TimeoutError: with the last state seen and what became of its jobs
        """
        deadline = time.monotonic() + seconds
        while True:
            now = self.progress(batch)
            if reached(now):
                return now
            if time.monotonic() > deadline:
                jobs = self.fetch(
                    "select string_agg(name || ' ' || state || ' ' || attempts || ' ' || error, '; ') from jobs_job"
                )
                raise TimeoutError(f"{now}; {jobs[0]}")
            time.sleep(0.02)

    # --- killing ----------------------------------------------------------------------------------------------------
    def kill(self, target: str) -> bool:
        """`kill -9` one of the targets and bring back what nobody else would; False where it was not there to kill."""
        return bool(getattr(self, f"_kill_{target}")())

    def _kill_worker(self) -> bool:
        os.killpg(self._process.pid, signal.SIGKILL)
        self.start_worker()
        return True

    def _kill_child(self) -> bool:
        reader = self._reader()
        return reader is not None and _killed(_parent(reader))

    def _kill_reader(self) -> bool:
        reader = self._reader()
        return reader is not None and _killed(reader)

    def _kill_backend(self) -> bool:
        (pid,) = self.fetch("select max(backend_pid) from jobs_job where state = 'RUNNING'")
        return pid is not None and _killed(pid)

    def stop_postgres(self, by: signal.Signals) -> None:
        """End the server, and leave it so."""
        number = int((self.cluster.server.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(number, by)
        if self.cluster.server.process is not None:
            # A dead child that nobody waited for still has its number, and the next server would believe it alive.
            self.cluster.server.process.wait()
        if by != signal.SIGKILL:
            self.cluster.server.stop_stray()
        self.forget()

    def _kill_postgres(self) -> bool:
        self.stop_postgres(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while True:
            # The orphans of the killed server end by themselves, and hold its memory until then.
            try:
                self.cluster.server.start(dies_with_parent=False)
                return True
            except CannotStart:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _kill_redis(self) -> bool:
        assert self.redis.process is not None
        self.redis.process.kill()
        self.redis.process.wait()
        self.redis.start()
        return True

    def _reader(self) -> int | None:
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if _READER in (entry / "cmdline").read_bytes() and os.getpgid(int(entry.name)) == self._process.pid:
                    return int(entry.name)
            except OSError:
                continue
        return None


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def running_city(folder: Path) -> Iterator[City]:
    """Servers to be killed, and this process's Django led to them."""
    city = City(folder, f"test_{os.getpid()}_crash")
    # The one that acts, and the one that reads the books afterwards.
    led = [connections[alias] for alias in ("default", "report")]
    kept = [{name: one.settings_dict[name] for name in ("HOST", "NAME")} for one in led]
    try:
        city.open()
        for one in led:
            one.close()
            one.settings_dict |= {"HOST": str(city.cluster.where.sockets), "NAME": city.database}
        yield city
    finally:
        for one, before in zip(led, kept, strict=True):
            one.close()
            one.settings_dict |= before
        city.close()
