"""`make run` as a process: it serves, survives, stops with every child, and says in one sentence what is wrong."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import environment, servers
from yingshou.runtime.places import PROJECT, Places, places


class Running:
    """One `python -m yingshou.runtime run` on folders of its own."""

    def __init__(self, folder: Path, instance: str, **extra: str) -> None:
        self.folder = folder
        self.port = servers.free_port()
        self.where: Places = places(instance)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.endswith("_URL")},
            "YINGSHOU_INSTANCE": instance,
            "YINGSHOU_DATA_DIR": str(folder),
            "YINGSHOU_SAMPLE_CITY": "no",
            "YINGSHOU_DEBUG": "yes",
            "DJANGO_SETTINGS_MODULE": "yingshou.config.settings.dev",
            "PORT": str(self.port),
            **extra,
        }
        self.log = folder.parent / f"{folder.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "yingshou.runtime", "run"],
                env=self.environment, cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        return self.process

    def serve(self) -> "subprocess.Popen[bytes]":
        process = self.start()
        try:
            until(lambda: b"serves at" in self.log.read_bytes() or process.poll() is not None, 180)
            assert process.poll() is None
        except AssertionError as error:
            raise AssertionError(self.log.read_text()) from error
        return process

    def refused(self) -> str:
        """Run until it gives up; return what it said."""
        process = self.start()
        assert process.wait(120) == 1
        return self.log.read_text()

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            status: int = answer.status
            return status

    def clean(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(40)
            self.process.kill()
        until(lambda: not descendants_by_text(str(self.where.home)), 30)
        shutil.rmtree(self.where.home, ignore_errors=True)


def until(condition: object, seconds: float) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    assert callable(condition)
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


def _processes() -> Iterator[tuple[int, int, str, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield int(entry.name), int(fields[1]), fields[0], command


def descendants(parent: int) -> dict[int, str]:
    """Return the living processes below one, by number, with their commands."""
    found: dict[int, str] = {}
    everything = [(number, above, command) for number, above, state, command in _processes() if state != "Z"]
    wanted = {parent}
    while wanted:
        below = {number: command for number, above, command in everything if above in wanted and number not in found}
        found |= below
        wanted = set(below)
    return found


def descendants_by_text(text: str) -> list[int]:
    """Return the living processes whose command contains a text."""
    return [number for number, _above, state, command in _processes() if text in command and state != "Z"]


def _alive(numbers: "list[int] | dict[int, str]") -> list[int]:
    living = {number for number, _above, state, _command in _processes() if state != "Z"}
    return [number for number in numbers if number in living]


def _child(parent: int, text: str) -> int:
    for entry in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if text in Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode():
            return int(entry)
    return 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A supervisor with embedded servers of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    one = Running(folder, f"supervisor{os.getpid()}")
    yield one
    one.clean()


_RUN_SQL = """
import sys, psycopg2
connection = psycopg2.connect(sys.argv[1])
connection.autocommit = True
cursor = connection.cursor()
cursor.execute(sys.argv[2])
print(cursor.fetchall() if cursor.description else "")
"""
_HOLD_LOCK = """
import fcntl, sys, time
held = open(sys.argv[1])
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def _psql(where: Places, statement: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _RUN_SQL, where.database_url("yingshou_owner"), statement],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_it_serves_survives_deaths_keeps_data_and_leaves_no_child(running: Running) -> None:
    first = running.serve()

    assert (running.get("/healthz"), running.get("/readyz")) == (200, 200)
    _psql(running.where, "create table kept (id bigint); insert into kept values (7)")
    worker = _child(first.pid, "celery.py worker") or _child(first.pid, " worker ")
    os.kill(worker, signal.SIGKILL)
    until(lambda: _child(first.pid, " worker ") not in {0, worker}, 60)
    database = _child(first.pid, "bin/postgres")
    os.kill(database, signal.SIGKILL)
    until(lambda: _child(first.pid, "bin/postgres") not in {0, database}, 60)
    until(lambda: _ready(running), 60)
    children = descendants(first.pid)
    assert len(children) >= 8, children

    first.send_signal(signal.SIGINT)

    assert first.wait(120) == 0
    assert _alive(children) == []
    assert "Stopped." in running.log.read_text()

    second = running.serve()

    assert _psql(running.where, "select id from kept") == "[(7,)]"
    children = descendants(second.pid)
    second.kill()
    until(lambda: _alive(children) == [], 60)


def _ready(running: Running) -> bool:
    try:
        return running.get("/readyz") == 200
    except OSError:
        return False


def test_port_taken_is_one_sentence_and_nothing_starts(running: Running) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", running.port))
        other.listen()

        said = running.refused()

    assert said.strip() == (
        f"Port {running.port} is taken by another program; choose another one, as in make run PORT={running.port + 1}."
    )
    assert not running.where.home.exists()


def test_port_that_is_no_number_is_one_sentence(running: Running) -> None:
    running.environment["PORT"] = "http"

    assert running.refused().strip() == "PORT must be a number, not 'http'."


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"PG_VERSION": "15\n"}, "was made by PostgreSQL 15, this is 18"),
        ({"PG_VERSION": "18\n"}, "is incomplete or was not made by Yingshou"),
        ({"letters.txt": "mine"}, "holds something that is not a database of Yingshou"),
    ],
)
def test_foreign_or_broken_data_folder_is_left_alone(running: Running, files: dict[str, str], sentence: str) -> None:
    data = running.where.postgres_data
    data.mkdir(parents=True)
    ids = running.where.owner_ids()
    if ids is not None:
        os.chown(running.where.home, *ids)
    for name, text in files.items():
        (data / name).write_text(text)

    said = running.refused()

    assert sentence in said
    assert len(said.strip().splitlines()) <= 2
    assert {file.name: file.read_text() for file in data.iterdir()} == files


def test_two_supervisors_on_one_folder_are_refused(running: Running, tmp_path: Path) -> None:
    running.folder.joinpath("supervisor.lock").touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD_LOCK, str(running.folder / "supervisor.lock")],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()

        assert "already runs from this folder" in running.refused()
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.django_db(transaction=True)
def test_servers_of_ones_own_are_used_and_left_running(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    addresses = {name: value for name, value in environment.variables().items() if name.endswith("_URL")}
    running = Running(folder, f"own{os.getpid()}", **addresses)
    try:
        process = running.serve()

        assert running.get("/readyz") == 200
        assert not running.where.home.exists()
        assert _child(process.pid, "bin/postgres") == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        running.clean()
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(environment.REDIS.redis_socket))


def test_database_without_its_owner_is_one_sentence(running: Running) -> None:
    running.environment["DATABASE_URL"] = "postgresql://yingshou_app@localhost/yingshou"

    assert "DATABASE_URL is set without DATABASE_OWNER_URL" in running.refused()


@pytest.mark.parametrize(("handler", "ends"), [("SIG_DFL", True), ("SIG_IGN", False)], ids=["terminal", "nohup"])
def test_closed_terminal_ends_it_unless_started_with_nohup(handler: str, ends: bool) -> None:
    code = (
        "import signal, time\n"
        f"signal.signal(signal.SIGHUP, signal.{handler})\n"
        "from yingshou.runtime.supervisor import Stopped, Supervisor\n"
        "supervisor = Supervisor({}, '127.0.0.1', 1)\n"
        "try:\n"
        "    with supervisor._signals():\n"
        "        signal.raise_signal(signal.SIGHUP)\n"
        "        print('runs on')\n"
        "except Stopped:\n"
        "    print('ends')\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)

    assert done.stdout == ("ends\n" if ends else "runs on\n")


def test_reset_starts_over_and_refuses_servers_of_ones_own(running: Running) -> None:
    (running.folder / "keys.json").write_text("{}")
    (running.folder / "files").mkdir()
    (running.folder / "mine.txt").write_text("stays")
    running.where.home.mkdir(parents=True)
    command = [sys.executable, "-m", "yingshou.runtime", "reset"]

    real = subprocess.run(command, env={**running.environment, "DATABASE_URL": "postgresql://h/n"}, cwd=PROJECT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    done = subprocess.run(command, env=running.environment, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert real.returncode == 1
    assert "embedded data only" in real.stderr
    assert done.returncode == 0, done.stderr
    assert not running.where.home.exists()
    assert sorted(file.name for file in running.folder.iterdir()) == ["mine.txt", "supervisor.lock"]
