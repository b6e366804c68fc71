"""
What the simulated services share: HTTP on the loopback network, the sample city's clock, and faults that tests switch on.

`POST /control` with `{"faults": ["down"]}` replaces the set of faults; `GET /control` shows it with what can be chosen.
"""

import argparse
import json
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

LARGEST_QUESTION: Final = 256 * 1024
# Every service knows these two; "slow" answers after this many seconds.
COMMON_FAULTS: Final = frozenset({"down", "slow"})
SLOW_SECONDS: Final = 8.0


@dataclass(frozen=True)
class Reply:
    """What a service answers."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200


class Service(ABC):
    """One service: it answers questions, and misbehaves as told."""

    faults: Collection[str] = ()

    def __init__(self, clock: Path | None = None) -> None:
        self._clock = clock
        self.active: frozenset[str] = frozenset()

    def now(self) -> datetime:
        """The city's time: the machine's, moved by what the file says."""
        moved = 0
        if self._clock is not None and self._clock.exists():
            moved = int(self._clock.read_text().strip() or 0)
        return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=moved)

    @abstractmethod
    def answer(self, method: str, path: str, body: bytes) -> Reply | None:
        """Answer one question; None where there is nothing at this address."""

    def control(self, method: str, body: bytes) -> Reply:
        """Show or replace the active faults."""
        known = COMMON_FAULTS | set(self.faults)
        if method == "POST":
            wanted = frozenset(json.loads(body)["faults"])
            if not wanted <= known:
                return Reply(json.dumps({"unknown": sorted(wanted - known)}).encode(), status=400)
            self.active = wanted
        return Reply(json.dumps({"active": sorted(self.active), "known": sorted(known)}).encode())


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    timeout = 30

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_QUESTION:
            self.send_error(413)
            return
        self._handle(self.rfile.read(int(length)))

    def _handle(self, body: bytes) -> None:
        service, path = self.server.service, self.path.partition("?")[0]
        if path == "/control":
            reply: Reply | None = service.control(self.command, body)
        elif "down" in service.active:
            self.close_connection = True
            return
        else:
            if "slow" in service.active:
                time.sleep(SLOW_SECONDS)
            reply = service.answer(self.command, self.path, body)
        if reply is None:
            self.send_error(404)
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # the library's name
        sys.stderr.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {format % args}\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, service: Service) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.service = service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that left early is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the command `serve`."""
    serve = commands.add_parser("serve", help="answer over HTTP on the loopback network until told to end")
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--clock", type=Path, help="file with the seconds by which the clock is moved")
    return serve


def run(service: Service, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = _Server(port, service)
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for the loop, which this very thread runs.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)
    server.server_close()
