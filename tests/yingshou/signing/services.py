"""The authority's and the timestamp authority's simulators as processes, for tests of what they prove."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness import servers
from yingshou.runtime import processes
from yingshou.runtime.places import PROJECT


@dataclass
class Simulated:
    """One simulator on a port of its own that keeps through kills."""

    name: str
    folder: Path
    clock: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        command = [
            sys.executable, "-m", f"simulators.{self.name}", "--folder", str(self.folder),
            "serve", "--port", str(self.port), "--clock", str(self.clock),
        ]  # fmt: skip
        with (self.clock.parent / f"{self.name}.log").open("ab") as log:
            self.process = processes.spawn(command, folder=PROJECT, output=log)
        servers.wait_for(f"{self.address}control", child=self.process)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def misbehave(self, *faults: str) -> None:
        """Replace the active faults."""
        body = json.dumps({"faults": faults}).encode()
        with urllib.request.urlopen(f"{self.address}control", data=body, timeout=10) as answer:
            assert json.load(answer)["active"] == sorted(faults)


@contextmanager
def running(name: str, folder: Path, scratch: Path, moved_by: float) -> Iterator[Simulated]:
    """A simulator whose clock is moved."""
    clock = scratch / f"{name}-clock"
    clock.write_text(str(int(moved_by)))
    one = Simulated(name, folder, clock, servers.free_port())
    one.start()
    try:
        yield one
    finally:
        one.kill()


def moved_to(at: float) -> float:
    """By how many seconds a clock that says `at` is ahead."""
    return at - time.time()
