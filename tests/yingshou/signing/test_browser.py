"""Signing for real in Chromium: the key file, its PIN and its key never leave the page."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from playwright.sync_api import Page, Request, Route, expect

from simulators.authority.authority import Authority
from tests.factories import identity
from tests.yingshou.signing import flow
from tests.yingshou.signing.flow import Debtor, debtor, submitted, trusted
from tests.yingshou.signing.signer import PIN, KeyFile, World
from tests.yingshou.ui.axe import assert_no_axe_violations
from yingshou.approvals.models import Approval
from yingshou.signing import selectors
from yingshou.signing.models import SignatureEvidence, SignedLine, SigningRequest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def present() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def city(tmp_path: Path, present: datetime) -> World:
    flow.stale.clear()
    flow.parties.clear()
    world = World(Authority(tmp_path / "sample", present), tmp_path)
    trusted(world, present)
    return world


@dataclass
class Watch:
    """Everything a page sent, and what its console complained about."""

    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def on(self, page: Page) -> "Watch":
        page.on("request", self._keep)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return self

    def _keep(self, request: Request) -> None:
        headers = json.dumps(request.headers).encode()
        self.sent.append(
            (request.method, request.url, request.url.encode() + headers + (request.post_data_buffer or b""))
        )

    def calls(self, name: str) -> int:
        return sum(url.endswith(f"/signing/{name}/") for _method, url, _content in self.sent)

    def carries(self, secret: bytes) -> bool:
        """Whether the secret went out anywhere: as it is, as hexadecimal, or inside a base64 value of a form."""
        for _method, _url, content in self.sent:
            values = [content, *(_unpacked(value) for _name, value in parse_qsl(content.decode("latin-1")))]
            if any(secret in value or secret.hex().encode() in value for value in values):
                return True
        return False


def _unpacked(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""


def secrets_of(file: KeyFile) -> list[bytes]:
    """Pieces of the key file, of the private key and of the PIN that must stay in the page."""
    content = file.path.read_bytes()
    pieces = [content[start : start + 24] for start in range(60, len(content) - 24, 97)]
    numbers = file.key
    if isinstance(numbers, rsa.RSAPrivateKey):
        private = numbers.private_numbers()
        pieces += [one.to_bytes(256, "big").lstrip(b"\0")[:24] for one in (private.p, private.q, private.d)]
    else:
        assert isinstance(numbers, ec.EllipticCurvePrivateKey)
        pieces.append(numbers.private_numbers().private_value.to_bytes(48, "big").lstrip(b"\0")[4:28])
    return [*pieces, PIN.encode(), base64.b64encode(PIN.encode())]


def open_signing_page(page: Page, address: str, of: Debtor, approval: Approval) -> None:
    page.goto(f"{address}/account/login/")
    page.locator("input[name=login]").fill(of.username)
    page.locator("input[name=password]").fill(identity.PASSWORD)
    page.locator("input[name=password]").press("Enter")
    expect(page.locator("nav").first).to_be_visible()
    page.goto(f"{address}/signing/approvals/{approval.pk}/")


def sign_in_page(page: Page, file: KeyFile, pin: str = PIN) -> None:
    page.locator("[data-key-file]").set_input_files(file.path)
    page.locator("[data-pin]").fill(pin)
    page.locator("[data-sign]").click()


@pytest.mark.parametrize("key", ["rsa", "ec", "ec384"])
def test_sign_in_the_browser(live_server: Any, page: Page, city: World, present: datetime, key: str) -> None:
    of = debtor(city, key)
    approval = submitted(of, 100, present)
    flow.stale.add(7)
    watch = Watch().on(page)

    open_signing_page(page, live_server.url, of, approval)
    expect(page.locator("main")).to_contain_text("10,010.00")
    expect(page.locator("main")).to_contain_text("壹万零壹拾元整")
    sign_in_page(page, of.file)
    page.wait_for_url("**/result/")

    expect(page.locator("main")).to_contain_text("99")
    expect(page.locator("main")).to_contain_text("AR-7")
    with flow.acting(of.signer):
        evidence = SignatureEvidence.objects.get()
        assert selectors.judge(evidence) is None
        assert SignedLine.objects.count() == 99
    assert [secret for secret in secrets_of(of.file) if watch.carries(secret)] == []
    assert watch.carries(of.file.certificate_der[100:124]), "the detector finds what is sent"
    assert watch.carries(bytes(evidence.value)[:16]) or key != "rsa"
    assert watch.complaints == []


def test_older_key_file_and_a_second_try_after_a_wrong_pin(
    live_server: Any, page: Page, city: World, present: datetime
) -> None:
    of = debtor(city)
    approval = submitted(of, 1, present)
    watch = Watch().on(page)
    open_signing_page(page, live_server.url, of, approval)

    sign_in_page(page, of.file, "Wrong-7f3a9c")
    expect(page.locator("[data-problem]")).to_be_visible()
    assert (watch.calls("prepare"), watch.calls("complete")) == (0, 0)
    assert page.locator("[data-pin]").input_value() == ""
    assert not watch.carries(b"Wrong-7f3a9c")

    page.locator("[data-pin]").fill(PIN)
    page.locator("[data-sign]").click()
    page.wait_for_url("**/result/")
    assert watch.complaints == []


def test_file_that_is_no_key_file(live_server: Any, page: Page, city: World, present: datetime, tmp_path: Path) -> None:
    of = debtor(city)
    approval = submitted(of, 1, present)
    watch = Watch().on(page)
    open_signing_page(page, live_server.url, of, approval)
    wrong = tmp_path / "letter.p12"
    wrong.write_bytes(b"not a key file at all")

    page.locator("[data-key-file]").set_input_files(wrong)
    page.locator("[data-pin]").fill(PIN)
    page.locator("[data-sign]").click()

    expect(page.locator("[data-problem]")).to_be_visible()
    assert watch.calls("prepare") == 0


def _altered_payload(answer: dict[str, Any]) -> None:
    payload = base64.b64decode(answer["payload"]).replace(b"100.10", b"999.10")
    answer["payload"] = base64.b64encode(payload).decode()


def _altered_attributes(answer: dict[str, Any]) -> None:
    attributes = bytearray(base64.b64decode(answer["attributes"]))
    at = bytes(attributes).index(bytes.fromhex("06092a864886f70d010904")) + 15
    attributes[at] ^= 1
    answer["attributes"] = base64.b64encode(bytes(attributes)).decode()


def _two_digests(answer: dict[str, Any]) -> None:
    attributes = base64.b64decode(answer["attributes"])
    answer["attributes"] = base64.b64encode(attributes + bytes.fromhex("06092a864886f70d010904")).decode()


def _weak_digest(answer: dict[str, Any]) -> None:
    answer["digest"] = "SHA-1"


@pytest.mark.parametrize("swap", [_altered_payload, _altered_attributes, _two_digests, _weak_digest])
def test_swapped_digest_is_not_signed(live_server: Any, page: Page, city: World, present: datetime, swap: Any) -> None:
    of = debtor(city)
    approval = submitted(of, 1, present)
    watch = Watch().on(page)
    open_signing_page(page, live_server.url, of, approval)

    def tampered(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        swap(body)
        route.fulfill(response=answer, json=body)

    page.route("**/signing/prepare/", tampered)
    sign_in_page(page, of.file)

    expect(page.locator("[data-problem]")).to_be_visible()
    assert (watch.calls("prepare"), watch.calls("complete")) == (1, 0)
    with flow.acting(of.signer):
        assert not SignatureEvidence.objects.exists()


def test_other_document_than_the_page_shows_is_not_signed(
    live_server: Any, page: Page, city: World, present: datetime
) -> None:
    of = debtor(city)
    shown, hidden = submitted(of, 1, present), submitted(of, 2, present, start=50)
    watch = Watch().on(page)
    open_signing_page(page, live_server.url, of, shown)

    def swapped(route: Route) -> None:
        body = (route.request.post_data or "").replace(f"object={shown.pk}&", f"object={hidden.pk}&")
        route.continue_(post_data=body)

    page.route("**/signing/prepare/", swapped)
    sign_in_page(page, of.file)

    expect(page.locator("[data-problem]")).to_be_visible()
    assert watch.calls("complete") == 0
    with flow.acting(of.signer):
        assert SigningRequest.objects.get().object_id == hidden.pk


def test_refusal_of_the_server_is_said_in_place(live_server: Any, page: Page, city: World, present: datetime) -> None:
    of = debtor(city)
    approval = submitted(of, 1, present)
    foreign = city.key_file("other", uscc="91110000MA1FL00018")
    watch = Watch().on(page)
    open_signing_page(page, live_server.url, of, approval)

    sign_in_page(page, foreign)

    expect(page.locator("[data-problem]")).to_contain_text("SIG-007")
    assert watch.calls("complete") == 0


def test_register_a_certificate_on_a_phone(live_server: Any, page: Page, city: World, present: datetime) -> None:
    of = debtor(city, "ec")
    approval = submitted(of, 1, present)
    page.set_viewport_size({"width": 375, "height": 740})
    watch = Watch().on(page)
    open_signing_page(page, live_server.url, of, approval)
    page.goto(f"{live_server.url}/signing/certificates/register/")

    sign_in_page(page, of.file)
    page.wait_for_url("**/signing/certificates/")

    expect(page.locator("[data-state=valid]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert [secret for secret in secrets_of(of.file) if watch.carries(secret)] == []
    assert watch.complaints == []


def test_pages_are_accessible_in_both_widths(live_server: Any, page: Page, city: World, present: datetime) -> None:
    of = debtor(city)
    done, waiting = submitted(of, 3, present), submitted(of, 2, present, start=50)
    flow.stale.add(2)
    evidence = flow.signed(of, done, present)
    open_signing_page(page, live_server.url, of, waiting)

    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 800})
        for path in (
            f"approvals/{waiting.pk}/",
            f"approvals/{done.pk}/result/",
            "certificates/",
            "certificates/register/",
            f"evidence/{evidence.pk}/",
        ):
            page.goto(f"{live_server.url}/signing/{path}")
            assert_no_axe_violations(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
