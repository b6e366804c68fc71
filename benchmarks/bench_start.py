"""
`start`: `make run`'s supervisor from nothing to the sign-in page (`first_seconds`: initdb, migrate, load), and again with
the sample city present (`seconds`). Bounds: 90 and 20 seconds.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from yingshou.runtime.places import PROJECT, places

INSTANCE = "bench-start"


def run() -> dict[str, Any]:
    """Start twice on a fresh folder."""
    folder = Path(tempfile.mkdtemp(prefix="yingshou-start-"))
    home = places(INSTANCE).home
    shutil.rmtree(home, ignore_errors=True)
    try:
        first = _start(folder)
        second = _start(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)
    return {"bench": "start", "seconds": round(second, 2), "first_seconds": round(first, 2)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def _start(folder: Path) -> float:
    """Seconds from the command to status 200 of the sign-in page; the run is stopped again."""
    port = _free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "REDIS_URL"))}
    began = time.monotonic()
    with (folder / "run.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "yingshou.runtime", "run"],
            cwd=PROJECT,
            env={
                **inherited,
                "PORT": str(port),
                "YINGSHOU_INSTANCE": INSTANCE,
                "YINGSHOU_DATA_DIR": str(folder / "data"),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _serves(f"http://127.0.0.1:{port}/account/login/"):
            if child.poll() is not None or time.monotonic() - began > 300:
                raise RuntimeError((folder / "run.log").read_text()[-2000:])
            time.sleep(0.05)
        return time.monotonic() - began
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)


def _serves(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
