"""The guarded client against a real server on the loopback network that behaves as it is told."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import transaction

from yingshou.jobs import http
from yingshou.tenancy.actor import Actor, acting_as


class Handler(BaseHTTPRequestHandler):
    """One path, one behaviour."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Host"]))  # type: ignore[attr-defined]  # kept by the fixture
        behaviour = self.path.rpartition("/")[2]
        if behaviour == "redirect":
            self.send_response(302)
            self.send_header("Location", "/api/good")
            self.end_headers()
        elif behaviour == "large":
            self.answer(b"x" * 5000)
        elif behaviour == "endless":
            self.send_response(200)
            self.end_headers()
            while not self.wfile.closed:
                self.wfile.write(b"x" * 4096)
        elif behaviour == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x")
                time.sleep(0.05)
        elif behaviour == "header-drip":
            for _ in range(1000):
                self.wfile.write(b"H")
                time.sleep(0.05)
        elif behaviour == "short":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")
        elif behaviour == "broken":
            self.send_response(500)
            self.end_headers()
        else:
            self.answer(b"fine")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response; charset=x")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


class Server(ThreadingHTTPServer):
    """A server that notes what it was asked, and takes a client's leaving for what it is."""

    daemon_threads = True

    def __init__(self, host: str, port: int = 0) -> None:
        super().__init__((host, port), Handler)
        self.seen: list[tuple[str, str]] = []

    def handle_error(self, *_: Any) -> None:
        """A client that left is what the tests do."""


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    http.forget_failures()
    one = Server("127.0.0.1")
    threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True).start()
    settings.OUTGOING_ALLOWED = []
    settings.OUTGOING_PRIVATE = [base(one)]
    yield one
    one.shutdown()
    one.server_close()
    http.forget_failures()


def base(server: Server, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.server_port}/api/"


def test_listed_address_answers(server: Server) -> None:
    got = http.call(f"{base(server)}good", accept=["application/ocsp-response"])
    sent = http.call(f"{base(server)}good", body=b"asked", content_type="application/ocsp-request")

    assert (got.body, got.content_type) == (b"fine", "application/ocsp-response")
    assert sent.body == b"asked"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("redirect", http.WrongAnswer),
        ("broken", http.WrongAnswer),
        ("large", http.TooLarge),
        ("endless", http.TooLarge),
        ("drip", http.TooSlow),
        ("header-drip", http.TooSlow),
        ("short", http.Unreachable),
    ],
)
def test_bad_answer_is_a_problem_of_its_kind(server: Server, path: str, problem: type[Exception]) -> None:
    began = time.monotonic()

    with pytest.raises(problem):
        http.call(f"{base(server)}{path}", max_bytes=1000, seconds=0.3)

    assert time.monotonic() - began < 0.6
    assert [seen for seen, _host in server.seen] == [f"/api/{path}"]


def test_other_content_than_expected_is_refused(server: Server) -> None:
    with pytest.raises(http.WrongAnswer):
        http.call(f"{base(server)}good", accept=["application/timestamp-reply"])


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/other",
        "http://127.0.0.1:{port}/api/../other",
        "http://127.0.0.1:{port}/api/%2e%2e/other",
        "http://127.0.0.1:{port}/api/%2F..",
        "http://127.0.0.1:{port}/apiary",
        "http://127.0.0.1:{port}/api/good#part",
        "http://127.0.0.1:{port}/api/go\r\nHost: other",
        "http://127.0.0.1:{port}\\@example.org/api/good",
        "http://user@127.0.0.1:{port}/api/good",
        "http://localhost:{port}/api/good",
        "http://2130706433:{port}/api/good",
        "https://127.0.0.1:{port}/api/good",
        "http://127.0.0.1:1/api/good",
        "ftp://127.0.0.1:{port}/api/good",
        "file:///etc/passwd",
        "http:///api/good",
        "http://127.0.0.1:99999/api/good",
        "http://169.254.169.254/latest/meta-data/",
        "",
    ],
)
def test_address_that_is_not_listed_is_never_called(server: Server, address: str) -> None:
    with pytest.raises(http.AddressRefused):
        http.call(address.format(port=server.server_port))

    assert server.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.8", "192.168.1.1"])
def test_private_address_is_refused_unless_listed_as_private(server: Server, settings: Any, host: str) -> None:
    settings.OUTGOING_ALLOWED, settings.OUTGOING_PRIVATE = [base(server, host)], []

    with pytest.raises(http.AddressRefused):
        http.call(f"{base(server, host)}good")

    assert server.seen == []


def test_addresses_of_cloud_metadata_are_refused_even_if_listed(settings: Any) -> None:
    settings.OUTGOING_PRIVATE = ["http://169.254.169.254/"]

    with pytest.raises(http.AddressRefused):
        http.call("http://169.254.169.254/latest/")


def resolver(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let the system's resolver answer as told, one answer after the other; the list of what it was asked."""
    asked: list[str] = []

    def answer(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        rows = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (row, port)) for row in rows]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def test_name_that_leads_partly_inside_is_refused(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_ALLOWED = [base(server, "tsa.example.org")]
    resolver(monkeypatch, ["203.0.114.9", "127.0.0.1"])

    with pytest.raises(http.AddressRefused):
        http.call(f"{base(server, 'tsa.example.org')}good")

    assert server.seen == []


def test_name_that_changes_its_answer_gains_nothing(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was checked is the address that is called: the second answer is never asked for."""
    other = Server("127.0.0.2", server.server_port)
    threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
    settings.OUTGOING_PRIVATE = [base(server, "tsa.example.org")]
    resolver(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
    try:
        http.call(f"{base(server, 'tsa.example.org')}good")
    finally:
        other.shutdown()
        other.server_close()

    assert server.seen == []
    assert other.seen == [("/api/good", f"tsa.example.org:{server.server_port}")]


def hang(*_: Any, **__: Any) -> None:
    """What a resolver does whose servers are away."""
    time.sleep(5)


def test_resolver_that_hangs_is_left_behind(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    http.forget_failures()
    settings.OUTGOING_ALLOWED = ["http://tsa.example.org/"]
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()

    with pytest.raises(http.TooSlow):
        http.call("http://tsa.example.org/", seconds=0.2)

    assert time.monotonic() - began < 1


def test_dead_address_rests_after_five_failures_and_is_called_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        with pytest.raises(http.WrongAnswer):
            http.call(f"{base(server)}broken")
    with pytest.raises(http.Resting):
        http.call(f"{base(server)}good")
    asked = len(server.seen)
    rested = time.monotonic() + http.REST_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: rested)

    answer = http.call(f"{base(server)}good")

    assert asked == 5
    assert answer.body == b"fine"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_called_inside_a_transaction(server: Server) -> None:
    with acting_as(Actor.system("test")), transaction.atomic(), pytest.raises(http.InsideTransaction):
        http.call(f"{base(server)}good")

    assert server.seen == []
