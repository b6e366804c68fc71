"""
The embedded Redis: broker and cache on a Unix socket in a private folder.

It keeps nothing on disk: PostgreSQL remembers every job, and a sweeper sends again what Redis lost.
"""

import signal
import subprocess
import time
from pathlib import Path

import redis

from yingshou.runtime import processes
from yingshou.runtime.binaries import Binaries, make_private
from yingshou.runtime.places import Places
from yingshou.runtime.problems import CannotStart

# Without the commands that read or change the server itself. FLUSHDB is Django's cache.clear(); INFO is the health
# check's and Celery's; scripts stay, because the client library's lock, which Celery uses, is one.
_ACCESS = "user default on nopass ~* &* +@all -@dangerous +flushdb +info"


class RedisServer:
    """One server; the access list replaces trust in whoever reaches the socket."""

    def __init__(self, where: Places, binaries: Binaries) -> None:
        self.where = where
        self.binaries = binaries
        self.process: subprocess.Popen[bytes] | None = None

    def _configuration(self) -> str:
        return "\n".join(
            [
                "port 0",
                f"unixsocket {self.where.redis_socket}",
                "unixsocketperm 700",
                f"dir {self.where.redis_data}",
                'save ""',
                "appendonly no",
                "daemonize no",
                "databases 16",
                "maxmemory 512mb",
                # Only the cache's entries have an expiry; messages have none and are never evicted.
                "maxmemory-policy volatile-lru",
                _ACCESS,
                "",
            ]
        )

    def answers(self) -> bool:
        """Whether the server answers a ping."""
        client = redis.Redis(unix_socket_path=str(self.where.redis_socket), socket_timeout=2)
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()

    def start(self, *, timeout: float = 20.0) -> None:
        """
        Start the server and return once it answers.

        :raises CannotStart: if it does not come up
        """
        ids = self.where.owner_ids()
        for folder in (self.where.home, self.where.sockets, self.where.redis_data, self.where.logs):
            make_private(folder, ids)
        self.where.redis_socket.unlink(missing_ok=True)
        log = self.where.logs / "redis.log"
        configuration = self.where.home / "redis.conf"
        configuration.write_text(self._configuration())
        configuration.chmod(0o644)
        with log.open("ab") as output:
            self.process = processes.spawn(
                [str(self.binaries.redis), str(configuration)],
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                ids=ids,
                folder="/",
                output=output,
            )
        deadline = time.monotonic() + timeout
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise CannotStart(f"Redis did not start: see {log}.")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server that this object started."""
        if self.process is not None:
            processes.stop(self.process, gently=signal.SIGTERM, grace=10.0)
            self.process = None
            Path(self.where.redis_socket).unlink(missing_ok=True)
