"""
`make run`: servers, first start, then web, worker and scheduler under one process that ends none too late.

A signal (Ctrl-C, SIGTERM) ends everything in order: programs first, then Redis, then PostgreSQL. If the supervisor
itself is killed, the kernel tells every child (PR_SET_PDEATHSIG).
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO

from yingshou.runtime import binaries, checks, children, processes, simulators
from yingshou.runtime.places import PROJECT, Places, data_folder, embedded_environment, local_keys, places
from yingshou.runtime.postgres import PostgresServer
from yingshou.runtime.problems import CannotStart
from yingshou.runtime.redis_server import RedisServer

_LOOK_EVERY = 0.3
_LONG_LOG = 20 * 1024 * 1024
# What lies in the data folder of this installation; `reset` removes these names and nothing else.
_OURS = (
    "keys.json", "files", "logs", "metrics", "static", "static.sha256", "sign-ins.txt", "signers",
    *(one.name for one in simulators.SIMULATORS), simulators.CLOCK_FILE,
)  # fmt: skip
_EXCEPTION = re.compile(r"^[\w.]*(Error|Exception|ImproperlyConfigured|Problem)\b.*:")


class Stopped(BaseException):
    """A signal asked for the end."""


def say(text: str) -> None:
    """Tell the person at the terminal; a terminal that has gone away stops nothing."""
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


class Supervisor:
    """
    Runs the platform on one machine.

    :param environment: the variables of this process; DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL name servers of
        one's own, otherwise embedded ones are started
    """

    def __init__(self, environment: Mapping[str, str], host: str, port: int) -> None:
        self.environment = dict(environment)
        self.host = host
        self.port = port
        self.where: Places = places()
        self.data = data_folder()
        self.logs = self.data / "logs"
        self.postgres: PostgresServer | None = None
        self.redis: RedisServer | None = None
        self.children: list[children.Child] = []
        self._lock: IO[str] | None = None

    @property
    def address(self) -> str:
        """Where a browser finds the platform."""
        host = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{host}:{self.port}"

    def run(self) -> None:
        """
        Start everything, watch it, and stop everything on a signal.

        :raises CannotStart: with the sentence to print
        """
        with self._signals():
            try:
                self._start()
                self._watch()
            except Stopped:
                say("Stopping …")
            except OSError as error:
                sentence = checks.explain(error)
                if sentence is None:
                    raise
                raise sentence from error
            finally:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                self.stop()
        say("Stopped.")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def end(_number: int, _frame: FrameType | None) -> None:
            raise Stopped

        numbers = [signal.SIGINT, signal.SIGTERM]
        # Whoever starts it with nohup wants it to outlive the terminal.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        former = {number: signal.signal(number, end) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _start(self) -> None:
        began = time.monotonic()
        if "DATABASE_URL" in self.environment and "DATABASE_OWNER_URL" not in self.environment:
            raise CannotStart(
                "DATABASE_URL is set without DATABASE_OWNER_URL, the owner's address, which migrations need; "
                "see manage.py database_roles."
            )
        checks.check_port(self.host, self.port)
        checks.check_libraries()
        checks.check_disk(self.data)
        checks.check_disk(self.where.home)
        # Business files and the sample city's key files are nobody else's on this machine.
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True, mode=0o700)
        self._claim()
        self._put_long_logs_aside()
        self._start_servers()
        self._complete_environment()
        self._prepare()
        shutil.rmtree(self.data / "metrics", ignore_errors=True)
        (self.data / "metrics").mkdir()
        services = simulators.arrange(self.environment, self.logs, self.data)
        self.children = [
            *children.programs(self.environment, self.logs, self.data, self.host, self.port),
            *services,
        ]
        web, *others = self.children
        web.start()
        # The first page comes first: the others would compete for the same cores while they load.
        self._wait_until_served()
        for child in others:
            child.start()
        say(f"Yingshou serves at {self.address} (started in {time.monotonic() - began:.1f} s; logs: {self.logs}).")
        self._tell_sign_ins()
        say("Ctrl-C stops it; make reset starts over.")

    def _put_long_logs_aside(self) -> None:
        """Keep one former log of each program, so that logs cannot fill the disk over the years."""
        for folder in (self.logs, self.where.logs):
            for log in folder.glob("*.log"):
                if log.stat().st_size > _LONG_LOG:
                    log.replace(log.with_suffix(".log.1"))

    def _claim(self) -> None:
        """Make sure that no other supervisor works on this folder."""
        self._lock = (self.data / "supervisor.lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(f"Yingshou already runs from this folder ({self.data}); stop it first.") from error

    def _start_servers(self) -> None:
        own_database = "DATABASE_URL" in self.environment
        own_redis = "REDIS_URL" in self.environment
        if own_database and own_redis:
            return
        found = binaries.find(self.where)
        if not own_database:
            self.postgres = PostgresServer(self.where, found)
            if not self.postgres.initialised:
                say("Making the database …")
            self.postgres.initialise()
            self.postgres.start()
            self.postgres.prepare()
        if not own_redis:
            self.redis = RedisServer(self.where, found)
            self.redis.start()

    def _complete_environment(self) -> None:
        for name, value in {**embedded_environment(self.where), **local_keys(self.data)}.items():
            self.environment.setdefault(name, value)
        self.environment.setdefault("DJANGO_SETTINGS_MODULE", "yingshou.config.settings.dev")
        self.environment.setdefault("YINGSHOU_DATA_DIR", str(self.data))
        self.environment.setdefault("YINGSHOU_PUBLIC_URL", self.address)
        self.environment["PYTHONUNBUFFERED"] = "1"

    def _prepare(self) -> None:
        """Migrate, collect static files and load the sample city in one process, then forget the owner's address."""
        say("Preparing (migrations, static files, sample city) …")
        log = self.logs / "prepare.log"
        with log.open("wb") as output:
            child = processes.spawn(
                [sys.executable, str(PROJECT / "manage.py"), "prepare_start"],
                environment=self.environment,
                folder=PROJECT,
                output=output,
            )
        try:
            code = child.wait()
        finally:
            processes.stop(child, grace=5)
        if code != 0:
            if "No space left" in log.read_text(errors="replace"):
                raise CannotStart("The disk is full; free some space and start again.")
            raise CannotStart(f"The first start failed: {_last_words(log)} (the whole text is in {log})")
        # What the web and the workers do not have, they cannot leak: they run as the restricted role alone.
        self.environment.pop("DATABASE_OWNER_URL", None)

    def _wait_until_served(self, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
            web = self.children[0]
            if web.process is not None and web.process.poll() is not None:
                raise CannotStart(f"The web server ended at its start: {_last_words(web.log)} (see {web.log})")
        raise CannotStart(f"The web server does not answer; see {self.children[0].log}.")

    def _tell_sign_ins(self) -> None:
        """Print what the sample city's loader left for the person who tries the platform."""
        with contextlib.suppress(OSError):
            say((self.data / "sign-ins.txt").read_text().rstrip())

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY)
            for child in self.children:
                child.look(say)
            self._look_at_servers()

    def _look_at_servers(self) -> None:
        servers: list[tuple[str, subprocess.Popen[bytes] | None, Callable[[], None]]] = []
        if self.postgres is not None:
            servers.append(("PostgreSQL", self.postgres.process, self.postgres.start))
        if self.redis is not None:
            servers.append(("Redis", self.redis.process, self.redis.start))
        for name, process, start in servers:
            if process is None or process.poll() is not None:
                say(f"{name} ended and starts again; nothing committed is lost.")
                try:
                    start()
                except CannotStart as problem:
                    say(str(problem))
                    time.sleep(2)

    def stop(self) -> None:
        """Stop whatever runs: programs together, then the servers they need."""
        for child in self.children:
            child.ask_to_end()
        for child in self.children:
            child.stop()
        if self.redis is not None:
            self.redis.stop()
        if self.postgres is not None:
            self.postgres.stop()
        if self._lock is not None:
            self._lock.close()


def _last_words(file: Path) -> str:
    """Return the line of a log that says best why a program ended: its last exception, else its last line."""
    try:
        lines = [line.strip() for line in file.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    return [*lines, *exceptions][-1] if lines else "it said nothing"


def reset() -> None:
    """
    Remove the embedded servers' data and this installation's files and keys.

    :raises CannotStart: if the platform runs, or if real servers are in use
    """
    if "DATABASE_URL" in os.environ:
        raise CannotStart("make reset removes the embedded data only; DATABASE_URL names a server of your own.")
    where, data = places(), data_folder()
    if data.exists():
        with (data / "supervisor.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CannotStart("Yingshou runs from this folder; stop it before make reset.") from error
    if where.home.exists():
        found = binaries.find(where)
        server = PostgresServer(where, found)
        server.stop_stray()
    for folder in (where.home, where.sockets):
        shutil.rmtree(folder, ignore_errors=True)
    for name in _OURS:
        target = data / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    for stale in data.glob("beat-schedule*"):
        stale.unlink()
    say("The embedded data are gone; make run starts over.")
