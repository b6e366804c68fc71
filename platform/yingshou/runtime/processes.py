"""Starting and stopping child processes: none outlives its parent, none keeps its parent's rights."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _prepare(ids: tuple[int, int] | None, death_signal: int | None, parent: int) -> Callable[[], None]:
    def prepare() -> None:
        if ids is not None:
            os.setgroups([])
            os.setgid(ids[1])
            os.setuid(ids[0])
        # After the change of user, which would clear it.
        if death_signal is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def spawn(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    ids: tuple[int, int] | None = None,
    death_signal: int | None = signal.SIGTERM,
    folder: Path | str | None = None,
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """
    Start a child in a session of its own, so that a Ctrl-C at the terminal reaches only the supervisor.

    :param ids: user and group number to change to
    :param death_signal: what the kernel sends the child if this process dies without stopping it; None to let it live
    """
    return subprocess.Popen(
        list(arguments),
        env=dict(environment) if environment is not None else None,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=_prepare(ids, death_signal, os.getpid()),  # noqa: PLW1509  # forks only from the main thread
    )


def group_alive(group: int) -> bool:
    """Whether any process of a process group is left, zombies aside."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def stop(child: subprocess.Popen[bytes], *, gently: int = signal.SIGTERM, grace: float = 20.0) -> None:
    """Ask a child to end, wait, then end whatever is left of its process group."""
    if child.poll() is None:
        child.send_signal(gently)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    # What the child has left of its group gets a moment to end by itself.
    if child.poll() is not None:
        _wait_for_group(child.pid, 2.0)
    if group_alive(child.pid):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    _wait_for_group(child.pid, 5.0)


def _wait_for_group(group: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while group_alive(group) and time.monotonic() < deadline:
        time.sleep(0.02)
