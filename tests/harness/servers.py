"""Real processes for tests that need them: Redis, a web server, a Celery worker."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.harness import environment
from yingshou.runtime import binaries, processes
from yingshou.runtime.places import PROJECT
from yingshou.runtime.redis_server import RedisServer


def start_redis() -> RedisServer:
    """Start this test process's own Redis; what killed test processes left behind goes."""
    for folder in environment.REDIS.home.parent.glob("yingshou-test-*"):
        if not Path(f"/proc/{folder.name.rpartition('-')[2]}").exists():
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(environment.REDIS.home, ignore_errors=True)
    server = RedisServer(environment.REDIS, binaries.find(environment.REDIS))
    server.start()
    environment.DATA.mkdir(parents=True, exist_ok=True)
    return server


def free_port() -> int:
    """Return a TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def wait_for(url: str, *, seconds: float = 120.0, child: "subprocess.Popen[bytes] | None" = None) -> None:
    """
    Wait until an address answers with any status.

    :raises TimeoutError: if it does not, or if the child that should serve it has ended
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child is not None and child.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child that shares this test's database and Redis."""
    return {**os.environ, **environment.variables(), "PYTHONUNBUFFERED": "1", **(extra or {})}


@contextlib.contextmanager
def running_web(
    folder: Path, extra: Mapping[str, str] | None = None, workers: int = 1, threads: int = 4
) -> Iterator[str]:
    """Run gunicorn on the test's database; yields its address."""
    port = free_port()
    with (folder / "web.log").open("wb") as log:
        child = processes.spawn(
            [
                sys.executable, "-m", "gunicorn", "yingshou.config.wsgi:application", "--bind", f"127.0.0.1:{port}",
                "--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads),
                "--no-control-socket", "--graceful-timeout", "5",
            ],
            environment=child_environment(extra), folder=PROJECT, output=log,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz", child=child)
            yield f"http://127.0.0.1:{port}"
        finally:
            processes.stop(child, grace=8)


@contextlib.contextmanager
def running_worker(
    folder: Path, extra: Mapping[str, str] | None = None, concurrency: int = 1, beat: bool = True
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Celery worker, with the scheduler inside where `beat`, on the test's database and Redis."""
    log_file = folder / "worker.log"
    with log_file.open("wb") as log:
        child = processes.spawn(
            [
                sys.executable, "-m", "celery", "-A", "yingshou.config.celery", "worker",
                "--concurrency", str(concurrency), "--loglevel", "INFO", "--without-gossip", "--without-mingle",
                *(["--beat", "--schedule", str(folder / "beat")] if beat else []),
            ],
            environment=child_environment({"YINGSHOU_LOG_LEVEL": "INFO", **(extra or {})}), folder=PROJECT, output=log,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 120
            while b"ready" not in log_file.read_bytes():
                if child.poll() is not None or time.monotonic() > deadline:
                    raise TimeoutError(f"the worker did not start:\n{log_file.read_text(errors='replace')[-3000:]}")
                time.sleep(0.05)
            yield child
        finally:
            processes.stop(child, grace=10)
