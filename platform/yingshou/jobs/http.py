"""
The one way out: HTTP to addresses the operator has listed, and to no other.

An address must begin with a listed base; its host is resolved once, every answer of the resolver is checked, and the
connection goes to the very address that was checked, so that a name that changes its answer (DNS rebinding) gains
nothing. Redirects are not followed, the answer has a largest size, a largest time and the types the caller expects, and
nothing is called while a transaction is open. Whoever calls from a job has its retries; five failures in a row rest an
address for some seconds, so that a dead service holds nobody up.
"""

import contextlib
import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import connections

MAX_BYTES: Final = 1024 * 1024
SECONDS: Final = 5.0
FAILURES_BEFORE_REST: Final = 5
REST_SECONDS: Final = 10.0
_PORTS: Final = {"http": 80, "https": 443}
_AGENT: Final = "Yingshou"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingProblem(Exception):
    """The parent of everything that can go wrong on the way out; a job that raises it is tried again."""


class AddressRefused(OutgoingProblem):
    """The address is on no list, is not plainly written, or leads into a private network."""


class Unreachable(OutgoingProblem):
    """No connection, or one that ended early."""


class TooSlow(OutgoingProblem):
    """The whole answer did not come within the time."""


class TooLarge(OutgoingProblem):
    """The answer is larger than the caller takes."""


class WrongAnswer(OutgoingProblem):
    """Another status than 200 (a redirect is one), or content of another type than expected."""


class Resting(OutgoingProblem):
    """The last calls of this address all failed: it is left alone for some seconds."""


class InsideTransaction(RuntimeError):
    """A programmer's error: a service that hangs would hold locks."""


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    body: bytes
    content_type: str


def call(
    url: str,
    *,
    body: bytes | None = None,
    content_type: str = "",
    accept: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
    seconds: float = SECONDS,
) -> Answer:
    """
    Ask a listed address: GET, or POST where there is a body.

    :param accept: the types of content that may come back; any where none is named
    :param seconds: for everything together, from the resolver to the last byte
    :raises OutgoingProblem: the class says what went wrong
    :raises InsideTransaction: if a transaction is open
    """
    if any(one.in_atomic_block for one in connections.all(initialized_only=True)):
        raise InsideTransaction("no outgoing call inside a transaction")
    parts, private = _allowed(url)
    circuit = _circuit(parts)
    circuit.require_closed()
    deadline = time.monotonic() + seconds
    try:
        answer = _exchange(parts, private, deadline, body=body, content_type=content_type, max_bytes=max_bytes)
    except OutgoingProblem:
        circuit.failed()
        raise
    except TimeoutError as error:
        circuit.failed()
        raise TooSlow(f"{parts.hostname} did not answer within {seconds:g} s") from error
    except (OSError, http.client.HTTPException) as error:
        circuit.failed()
        raise Unreachable(f"{parts.hostname}: {type(error).__name__}") from error
    circuit.worked()
    if accept and answer.content_type not in accept:
        raise WrongAnswer(f"{parts.hostname} sent {answer.content_type or 'no type'}")
    return answer


def is_allowed(url: str) -> bool:
    """Whether the address is on the operator's list; nothing is resolved."""
    try:
        _allowed(url)
    except AddressRefused:
        return False
    return True


def _allowed(url: str) -> tuple[SplitResult, bool]:
    """The parts of a listed address, and whether its base may lead into a private network."""
    parts = _plain(url)
    private = any(_under(parts, _plain(base)) for base in settings.OUTGOING_PRIVATE)
    if private or any(_under(parts, _plain(base)) for base in settings.OUTGOING_ALLOWED):
        return parts, private
    raise AddressRefused(f"{parts.scheme}://{parts.hostname} is not on the list of outgoing addresses")


def _plain(url: str) -> SplitResult:
    """Take an address apart; whatever two readers could read differently is refused."""
    try:
        parts = urlsplit(url)
        odd = (
            not url.isascii()
            or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url)
            or "\\" in url
            or "@" in parts.netloc
            or parts.scheme not in _PORTS
            or not parts.hostname
            or parts.port == 0
            or bool(parts.fragment)
            or ".." in parts.path
            or "//" in parts.path
            or "%2e" in parts.path.lower()
            or "%2f" in parts.path.lower()
        )
    except ValueError as error:
        raise AddressRefused("the address cannot be read") from error
    if odd:
        raise AddressRefused("the address is not plainly written")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _under(parts: SplitResult, base: SplitResult) -> bool:
    if (parts.scheme, parts.hostname, _port(parts)) != (base.scheme, base.hostname, _port(base)):
        return False
    folder = base.path.rstrip("/")
    return parts.path == folder or parts.path.startswith(f"{folder}/") or not folder


def _exchange(
    parts: SplitResult, private: bool, deadline: float, *, body: bytes | None, content_type: str, max_bytes: int
) -> Answer:
    assert parts.hostname is not None, "an address without a host is refused before"
    address = _checked_address(parts.hostname, _port(parts), private, deadline)
    connection = _Pinned(parts, address, deadline)
    try:
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity", "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = content_type
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET" if body is None else "POST", target, body=body, headers=headers)
        with contextlib.closing(connection.getresponse()) as response:
            if response.status != http.client.OK:
                raise WrongAnswer(f"{parts.hostname} answered with status {response.status}")
            content = response.read(max_bytes + 1)
            if len(content) > max_bytes:
                raise TooLarge(f"{parts.hostname} sent more than {max_bytes} bytes")
            if response.length:
                raise Unreachable(f"{parts.hostname} ended its answer early")
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(body=content, content_type=kind)
    finally:
        connection.close()


def _checked_address(host: str, port: int, private: bool, deadline: float) -> str:
    """Resolve a host; one answer that is refused refuses them all, as nobody knows which the resolver gives next."""
    found = [ipaddress.ip_address(text.partition("%")[0]) for text in _resolve(host, port, deadline)]
    for address in found:
        if not _may_be_called(address, private):
            raise AddressRefused(f"{host} leads to {address}, which is not a public address")
    if not found:
        raise Unreachable(f"{host} has no address")
    return str(found[0])


def _may_be_called(address: Address, private: bool) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    # Where machines of a cloud keep their secrets: no list opens it.
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return private or (address.is_global and not address.is_reserved)


def _resolve(host: str, port: int, deadline: float) -> list[str]:
    """The addresses of a host, in time: the system's resolver knows no limit, so it is left behind when it hangs."""
    found: list[str] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            failures.append(error)
        else:
            found.extend(str(row[4][0]) for row in rows)

    resolver = threading.Thread(target=ask, daemon=True)
    resolver.start()
    resolver.join(max(0.0, deadline - time.monotonic()))
    if failures:
        raise Unreachable(f"{host} cannot be resolved") from failures[0]
    if resolver.is_alive():
        raise TimeoutError
    return found


class _InTime(io.RawIOBase):
    """Reads from a socket with what is left of the time, so that a drop a second does not add up."""

    def __init__(self, raw: io.RawIOBase, before_each: Callable[[], None]) -> None:
        self._raw, self._before_each = raw, before_each

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int | None:  # type: ignore[override]  # what io.BufferedReader hands in
        self._before_each()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one checked address, whatever the name says by then."""

    def __init__(self, parts: SplitResult, address: str, deadline: float) -> None:
        assert parts.hostname is not None, "an address without a host is refused before"
        super().__init__(parts.hostname, _port(parts))
        self._secure = parts.scheme == "https"
        self._address = address
        self._deadline = deadline

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connect(self) -> None:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(self._left())
        # Not create_connection, which would ask the resolver once more.
        self.sock.connect((self._address, self.port))
        if self._secure:
            self.sock.settimeout(self._left())
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def send(self, data: object) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self._left())
        super().send(data)  # type: ignore[arg-type]  # the library's own union of buffers

    def getresponse(self) -> http.client.HTTPResponse:
        sock = self.sock

        def limit() -> None:
            sock.settimeout(self._left())

        class Limited:
            """What the response reads from."""

            @staticmethod
            def makefile(_mode: str) -> io.BufferedReader:
                return io.BufferedReader(_InTime(sock.makefile("rb", buffering=0), limit))

        response = http.client.HTTPResponse(Limited(), method="POST")  # type: ignore[arg-type]  # it only calls makefile
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        return response


@dataclass
class _Circuit:
    """How an address did lately, in this process."""

    failures: int = 0
    rests_until: float = 0.0

    def require_closed(self) -> None:
        if self.failures >= FAILURES_BEFORE_REST and time.monotonic() < self.rests_until:
            raise Resting(f"{self.failures} calls in a row failed; the address rests for some seconds")

    def failed(self) -> None:
        self.failures += 1
        self.rests_until = time.monotonic() + REST_SECONDS

    def worked(self) -> None:
        self.failures = 0


_circuits: dict[tuple[str, str, int], _Circuit] = {}


def _circuit(parts: SplitResult) -> _Circuit:
    return _circuits.setdefault((parts.scheme, parts.hostname or "", _port(parts)), _Circuit())


def forget_failures() -> None:
    """Call resting addresses again at once; for tests, and for an operator's shell."""
    _circuits.clear()
