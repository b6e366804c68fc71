"""The licence service as a process, a phone that talks to it, and an organisation whose licence somebody holds."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

from django.db import transaction

from tests.factories import identity
from yingshou.identity.middleware import actor_of
from yingshou.identity.models import Membership, Organisation
from yingshou.jobs import http
from yingshou.signing import actions, elicence_actions
from yingshou.signing.elicence_models import AskedFor, LicenceHolder, LicenceRequest
from yingshou.signing.models import AnchorKind
from yingshou.signing.states import HolderState
from yingshou.tenancy.actor import Actor, Duty, acting_as

PROJECT = Path(__file__).resolve().parents[3]
APP, SECRET, PIN = "test-app", "test-secret", "246810"
BROWSER = "the browser's secret"
STRANGER = Actor.anonymous("test-request")


@dataclass
class Phone:
    """Opens the link of a code, and decides."""

    link: str

    def read(self) -> str:
        """What the page says."""
        with urlopen(self.link, timeout=20) as answer:  # the test's own service
            return str(answer.read().decode())

    def decide(self, holder: str, *, pin: str = PIN, decision: str = "confirm") -> str:
        """Choose a licence, type the PIN, confirm or refuse; what the page says then."""
        parts = urlsplit(self.link)
        ticket = parse_qs(parts.query)["ticket"][0]
        form = {"ticket": ticket, "licence": holder, "pin": pin, "decision": decision}
        address = parts._replace(query="").geturl()
        with urlopen(address, data=urlencode(form).encode(), timeout=20) as answer:  # as above
            return str(answer.read().decode())


@dataclass
class LicenceService:
    """One service; ends and starts again on the same port with the same folder."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    log: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def clock(self) -> Path:
        """By how many seconds the service's clock is moved."""
        return self.folder / "clock"

    def start(self) -> None:
        command = [sys.executable, "-m", "simulators.elicence", "--folder", str(self.folder), "serve"]
        command += ["--port", str(self.port), "--app", APP, "--secret", SECRET, "--clock", str(self.clock)]
        self.process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urlopen(f"{self.address}/healthz", timeout=1).close()  # the test's own service
            except OSError:
                time.sleep(0.05)
            else:
                http.forget_failures()
                return
        raise AssertionError("the service does not start")

    def kill(self) -> None:
        """Kill it as a crash does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.kill()

    def faults(self, *names: str) -> None:
        """Switch exactly these faults on."""
        body = json.dumps({"faults": names}).encode()
        urlopen(Request(f"{self.address}/control", data=body), timeout=5).close()  # as above

    def hold(self, rows: Sequence[dict[str, Any]]) -> None:
        """Say who holds licences."""
        (self.folder / "holders.json").write_text(json.dumps(rows))

    @property
    def root(self) -> bytes:
        text = (self.folder / "authority" / "root.pem").read_text()
        return base64.b64decode(re.sub(r"-----[A-Z ]+-----|\s", "", text))


def new_service(folder: Path) -> LicenceService:
    """A service that runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    found = LicenceService(folder, port)
    found.start()
    return found


def connect(service: LicenceService, settings: Any) -> None:
    """Tell the platform where the service is, and trust its authority."""
    service.faults()
    service.clock.write_text("0")
    settings.ELICENCE_URL = f"{service.address}/"
    settings.ELICENCE_APP, settings.ELICENCE_SECRET = APP, SECRET
    settings.OUTGOING_ALLOWED = [*settings.OUTGOING_ALLOWED, settings.ELICENCE_URL]
    settings.OUTGOING_PRIVATE = [*settings.OUTGOING_PRIVATE, settings.ELICENCE_URL]
    with acting_as(Actor.system("test")), transaction.atomic():
        actions.trust_authority(service.root, at=now(), kind=AnchorKind.ELICENCE)


def now() -> datetime:
    """The present second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class Firm:
    """An organisation with its licence in one person's hands, who signs."""

    service: LicenceService
    organisation: Organisation
    membership: Membership
    administrator: Membership
    holder_no: str = "H-1"

    @property
    def signer(self) -> Actor:
        return actor_of(self.membership, "test-request")

    @property
    def held(self) -> str:
        """The licence as the phone page offers it."""
        return f"{self.organisation.uscc}-{self.holder_no}"

    def row(self, **changes: Any) -> dict[str, Any]:
        return {
            "uscc": self.organisation.uscc,
            "organisation": self.organisation.name,
            "holder": "证照管理员",
            "holder_no": self.holder_no,
            "licence_serial": f"LIC-{self.organisation.uscc}",
            "pin": PIN,
            **changes,
        }

    def ask(self, asked_for: AskedFor, by: Actor, **options: Any) -> str:
        """Begin a request and tell the service."""
        at = now()
        with acting_as(by):
            wanted = elicence_actions.Wanted(asked_for, BROWSER, **options)
            reference = elicence_actions.begin(wanted, by=by, at=at)
            elicence_actions.open_at_service(reference, by=by, at=at)
        return reference

    def phone(self, reference: str) -> Phone:
        return Phone(request_of(reference).link)

    def link(self) -> LicenceHolder:
        """Link the holder to the signer, with the administrator's leave."""
        reference = self.ask(AskedFor.LINK, self.signer)
        self.phone(reference).decide(self.held)
        looked(reference, self.signer)
        with acting_as(self.signer):
            asked = elicence_actions.ask_link(reference, by=self.signer, at=now())
        administrator = actor_of(self.administrator, "test-request")
        with acting_as(administrator):
            return elicence_actions.decide_link(asked.pk, "link", by=administrator, at=now())


def firm(service: LicenceService, *duties: Duty, linked: bool = False) -> Firm:
    """A new organisation; its licence is listed at the service."""
    organisation = identity.organisation()
    administrator = identity.membership(organisation, [Duty.ADMINISTRATOR])
    membership = identity.membership(organisation, duties or [Duty.CHECKER, Duty.SIGNER])
    made = Firm(service, organisation, membership, administrator)
    service.hold([made.row()])
    if linked:
        with acting_as(Actor.system("test")), transaction.atomic():
            LicenceHolder.objects.create(
                organisation=organisation,
                person=membership.person,
                provider="sample",
                holder_no=made.holder_no,
                holder_name="证照管理员",
                licence_serial=f"LIC-{organisation.uscc}",
                asked_at=now(),
                decided_at=now(),
                state=HolderState.LINKED,
                version=2,
            )
    return made


def request_of(reference: str) -> LicenceRequest:
    """The stored request."""
    with acting_as(Actor.system("test")), transaction.atomic():
        return LicenceRequest.objects.get(reference=reference)


def looked(reference: str, by: Actor, at: datetime | None = None) -> LicenceRequest:
    """Ask the service how it stands."""
    with acting_as(by):
        return elicence_actions.look(reference, by=by, at=at or now())
