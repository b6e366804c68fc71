"""
Where the embedded servers live, and the addresses by which the application reaches them.

As root, PostgreSQL (which refuses to run as root) and Redis run as `nobody` below `/var/lib/yingshou`; otherwise they
run as the person who started them, in the ignored folder `.data` of the project.
"""

import base64
import hashlib
import json
import os
import pwd
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from yingshou.runtime.problems import CannotStart

PROJECT = Path(__file__).resolve().parents[3]
SYSTEM_HOME = Path("/var/lib/yingshou")
SERVER_USER = "nobody"
DATABASE = "yingshou"
OWNER_ROLE = "yingshou_owner"
APPLICATION_ROLE = "yingshou_app"
SEALING_ROLE = "yingshou_seal"
REPORT_ROLE = "yingshou_report"
# A Unix socket's path may have 107 bytes; PostgreSQL appends `/.s.PGSQL.5432.lock`.
_LONGEST_FOLDER = 80
PORT = 5432


def as_root() -> bool:
    """Whether this process runs as root."""
    return os.geteuid() == 0


def current_user() -> str:
    """
    Return the operating-system name of the present user, for PostgreSQL's peer map.

    :raises CannotStart: if the user has no name
    """
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        raise CannotStart(
            f"The user number {os.geteuid()} has no name on this machine; run as a named user."
        ) from error


@dataclass(frozen=True)
class Places:
    """
    The folders of one set of embedded servers.

    :param home: everything of this set: data, sockets, logs, secrets of the servers
    :param binaries: where copies of the binaries lie when the servers run as another user; None otherwise
    :param user: the operating-system user that the servers run as; None for the present one
    """

    home: Path
    sockets: Path
    binaries: Path | None
    user: str | None

    @property
    def postgres_data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "postgres"

    @property
    def redis_data(self) -> Path:
        """Redis' working folder."""
        return self.home / "redis"

    @property
    def redis_socket(self) -> Path:
        """Redis' Unix socket."""
        return self.sockets / "redis.sock"

    @property
    def logs(self) -> Path:
        """Where the servers write their logs."""
        return self.home / "logs"

    def database_url(self, role: str, database: str = DATABASE) -> str:
        """Return the address of a database for a role; who may use it is told by the operating system (peer)."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    @property
    def redis_url(self) -> str:
        """Return the address of Redis on its Unix socket."""
        return f"unix://{self.redis_socket}?db=0"

    def owner_ids(self) -> tuple[int, int] | None:
        """Return user and group number of the servers' user, or None if the servers run as the present user."""
        if self.user is None:
            return None
        entry = pwd.getpwnam(self.user)
        return entry.pw_uid, entry.pw_gid


def places(kind: str = "", project: Path = PROJECT) -> Places:
    """
    Return the folders of this project's servers; another `kind` (as "test") has folders of its own.

    Two copies of the project on one machine never share a folder: the name is made from the project's path.
    `$YINGSHOU_INSTANCE` names another set of one copy.
    """
    kind = kind or os.environ.get("YINGSHOU_INSTANCE", "")
    mark = hashlib.sha256(str(project).encode()).hexdigest()[:8]
    suffix = f"-{kind}" if kind else ""
    if as_root():
        home = SYSTEM_HOME / f"{mark}{suffix}"
        return Places(home=home, sockets=home / "run", binaries=SYSTEM_HOME / "binaries", user=SERVER_USER)
    home = project / ".data" / f"servers{suffix}"
    sockets = home / "run"
    if len(str(sockets)) > _LONGEST_FOLDER:
        sockets = Path(f"/tmp/yingshou-{os.geteuid()}-{mark}{suffix}")  # noqa: S108  # made 0700 and its owner checked
    return Places(home=home, sockets=sockets, binaries=None, user=None)


def data_folder(project: Path = PROJECT) -> Path:
    """Return the folder of files, keys and collected static files: `$YINGSHOU_DATA_DIR` or `.data`."""
    return Path(os.environ.get("YINGSHOU_DATA_DIR") or project / ".data")


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def local_keys(folder: Path) -> dict[str, str]:
    """
    Return the keys of this installation, made on first use and kept in a file that only its owner reads.

    :raises CannotStart: if the file is there and is not ours
    """
    file = folder / "keys.json"
    if file.exists():
        try:
            keys = json.loads(file.read_text())
            return {str(name): str(value) for name, value in keys.items()}
        except (ValueError, AttributeError, OSError) as error:
            raise CannotStart(
                f"The key file {file} cannot be read; restore it, or start over with make reset."
            ) from error
    keys = {
        "YINGSHOU_SECRET_KEY": secrets.token_urlsafe(64),
        "YINGSHOU_FIELD_KEYS": _new_key(),
        "YINGSHOU_HMAC_KEY": _new_key(),
        "YINGSHOU_NUMBER_KEY": _new_key(),
        "YINGSHOU_SEAL_KEY": _new_key(),
    }
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(keys, stream, indent=1)
    return keys


def embedded_environment(where: Places) -> dict[str, str]:
    """Return the variables that lead the application to the embedded servers."""
    return {
        "DATABASE_URL": where.database_url(APPLICATION_ROLE),
        "DATABASE_OWNER_URL": where.database_url(OWNER_ROLE),
        "DATABASE_SEAL_URL": where.database_url(SEALING_ROLE),
        "DATABASE_REPORT_URL": where.database_url(REPORT_ROLE),
        "REDIS_URL": where.redis_url,
    }


def use_embedded_servers(environment: MutableMapping[str, str] = os.environ) -> None:
    """Point the process to the embedded servers and this installation's keys, where no others are named."""
    if "DATABASE_URL" not in environment:
        for name, value in embedded_environment(places()).items():
            environment.setdefault(name, value)
    folder = data_folder()
    if (folder / "keys.json").exists() and "YINGSHOU_SECRET_KEY" not in environment:
        for name, value in local_keys(folder).items():
            environment.setdefault(name, value)
