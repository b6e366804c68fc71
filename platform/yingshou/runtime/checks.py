"""What can be known before anything is started: port, disk, libraries. Each problem is one sentence."""

import ctypes
import errno
import shutil
import socket
from pathlib import Path

from yingshou.runtime.problems import CannotStart

NEEDED_BYTES = 300 * 1024 * 1024
_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
APT_LINE = "apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def check_port(host: str, port: int) -> None:
    """
    Try the port.

    :raises CannotStart: if it is taken, not allowed or no port at all
    """
    if not 0 < port < 65536:
        raise CannotStart(f"{port} is not a port number; use one between 1024 and 65535, as in make run PORT=8001.")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = "is not allowed for this user" if error.errno == errno.EACCES else "is taken by another program"
            raise CannotStart(
                f"Port {port} {reason}; choose another one, as in make run PORT={port + 1 if port < 65535 else 8000}."
            ) from error


def check_disk(folder: Path, needed: int = NEEDED_BYTES) -> None:
    """
    Look at the free space where data will be written.

    :param needed: bytes
    :raises CannotStart: if there is less
    """
    present = folder
    while not present.exists():
        present = present.parent
    free = shutil.disk_usage(present).free
    if free < needed:
        raise CannotStart(
            f"The disk of {present} is full: {free // 2**20} MB are free and {needed // 2**20} MB are needed; "
            "free some space and start again."
        )


def check_libraries(names: tuple[str, ...] = _LIBRARIES) -> None:
    """
    Load the system libraries that PDF rendering needs.

    :raises CannotStart: if one is missing
    """
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError as error:
            raise CannotStart(f"The system library {name} is missing; as root run: {APT_LINE}") from error


def explain(error: OSError) -> CannotStart | None:
    """Turn an error of the operating system into a sentence, where one helps."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return CannotStart("The disk is full; free some space and start again.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} and error.filename:
        return CannotStart(f"{error.filename} cannot be written by this user; correct its owner and start again.")
    return None
