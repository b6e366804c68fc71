"""The children of `make run` and how one that died is started again."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from yingshou.runtime import processes
from yingshou.runtime.places import PROJECT

_LONGEST_WAIT = 30.0
# A child that has lived this long has started well: its next death begins a new count.
_SETTLED = 60.0


@dataclass
class Backoff:
    """How long to wait before the next start: one second, then twice as long each time, up to thirty."""

    deaths: int = 0

    def died(self, lived: float) -> float:
        """Note a death after so many seconds of life; return the seconds to wait."""
        self.deaths = 1 if lived >= _SETTLED else self.deaths + 1
        return float(min(_LONGEST_WAIT, 2.0 ** (self.deaths - 1)))


@dataclass
class Child:
    """One program under supervision."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    grace: float = 15.0
    backoff: Backoff = field(default_factory=Backoff)
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_again_at: float | None = None

    def start(self) -> None:
        """Start the program; what it prints goes to its log."""
        with self.log.open("ab") as output:
            self.process = processes.spawn(self.arguments, environment=self.environment, folder=PROJECT, output=output)
        self.started_at = time.monotonic()
        self.start_again_at = None

    def look(self, say: Callable[[str], None]) -> None:
        """Start the program again if it has died and its waiting time is over."""
        if self.process is None:
            if self.start_again_at is not None and time.monotonic() >= self.start_again_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        # Whatever the dead program has left of its group must not stand beside its successor.
        processes.stop(self.process, grace=0)
        self.process = None
        wait = self.backoff.died(time.monotonic() - self.started_at)
        self.start_again_at = time.monotonic() + wait
        say(f"{self.name} ended (code {code}) and starts again in {wait:.0f} s; see {self.log}.")

    def ask_to_end(self) -> None:
        """Ask the program to end, without waiting."""
        self.start_again_at = None
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        """Wait for the end, then end whatever is left."""
        if self.process is not None:
            processes.stop(self.process, grace=self.grace)
            self.process = None


def programs(environment: Mapping[str, str], logs: Path, data: Path, host: str, port: int) -> list[Child]:
    """Return web server, worker and scheduler."""
    python = sys.executable
    metrics = data / "metrics"
    celery = [python, "-m", "celery", "--quiet", "-A", "yingshou.config.celery"]
    web = [
        python, "-m", "gunicorn", "yingshou.config.wsgi:application",
        "--config", "python:yingshou.config.gunicorn", "--bind", f"{host}:{port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--no-control-socket",
        "--graceful-timeout", "10", "--timeout", "120", "--max-requests", "20000", "--max-requests-jitter", "2000",
        "--worker-tmp-dir", "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp",  # noqa: S108
    ]  # fmt: skip
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "INFO", "--schedule", str(data / "beat-schedule"), "--pidfile", ""]
    return [
        Child("web", web, {**environment, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}, logs / "web.log"),
        Child("worker", worker, environment, logs / "worker.log"),
        Child("scheduler", beat, environment, logs / "scheduler.log"),
    ]
