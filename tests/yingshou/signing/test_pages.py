"""The pages: what they show to whom, and what their two calls refuse."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from simulators.authority.authority import Authority
from tests.factories import identity
from tests.yingshou.signing import flow
from tests.yingshou.signing.flow import Debtor, debtor, signed, submitted, trusted
from tests.yingshou.signing.signer import World
from yingshou.kernel import merkle
from yingshou.signing import sources
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.models import SignatureEvidence, SignedLine
from yingshou.tenancy.actor import Actor, Duty, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def present() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def city(tmp_path: Path, present: datetime) -> World:
    """An authority of today, because pages use today's clock."""
    flow.stale.clear()
    flow.parties.clear()
    world = World(Authority(tmp_path / "sample", present), tmp_path)
    trusted(world, present)
    return world


def signed_in(username: str) -> Client:
    client = Client()
    answer = client.post(reverse("account_login"), {"login": username, "password": identity.PASSWORD})
    assert answer.status_code == 302, answer.content[:500]
    return client


def reader(organisation: Any, *duties: Duty) -> Client:
    return signed_in(identity.membership(organisation, duties).person.username)


def two_calls(of: Debtor, approval_id: int, client: Client, **headers: str) -> tuple[Any, Any]:
    """Prepare and complete as the signing page's script does; both answers."""
    ready = client.post(
        reverse("signing:prepare"),
        {
            "purpose": "approvals.approve",
            "object": approval_id,
            "certificate": base64.b64encode(of.file.certificate_der).decode(),
            "chain": [base64.b64encode(der).decode() for der in of.file.others],
        },
    ).json()
    attributes = base64.b64decode(ready["attributes"])
    value = of.file.browser_value(attributes, browser_algorithm(of.file.certificate.public_key))
    sent = {"request": ready["request"], "signature": base64.b64encode(value).decode()}
    return ready, client.post(reverse("signing:complete"), sent, headers=headers)


@pytest.mark.parametrize(("proxies", "expected"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_evidence_keeps_the_signers_address_not_the_proxys(
    city: World, present: datetime, settings: Any, proxies: int, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    of = debtor(city, "ec")
    approval = submitted(of, 1, present)

    two_calls(of, approval.pk, signed_in(of.username), **{"X-Forwarded-For": "198.51.100.66, 203.0.113.9"})

    with acting_as(of.signer), transaction.atomic():
        assert SignatureEvidence.objects.get().ip == expected


def test_sign_through_the_two_calls(city: World, present: datetime) -> None:
    of = debtor(city, "ec")
    approval = submitted(of, 3, present)
    flow.stale.add(3)
    client = signed_in(of.username)

    shown = client.get(reverse("signing:sign", args=[approval.pk]))
    ready, done = two_calls(of, approval.pk, client)
    result = client.get(done.json()["url"]).content.decode()

    assert "require-trusted-types-for 'script'" in shown.headers["Content-Security-Policy"]
    assert "AR-3" in result
    assert "STALE" in result
    document = json.loads(base64.b64decode(ready["payload"]))
    assert document["lines"]["root"] in shown.content.decode()
    assert document["totals"] == [{"amount": "300.30", "currency": "CNY"}]
    assert set(document["purpose"]) == {"code", "zh", "en"}


def test_key_file_and_pin_have_no_name(city: World, present: datetime) -> None:
    of = debtor(city)
    approval = submitted(of, 1, present)

    page = signed_in(of.username).get(reverse("signing:sign", args=[approval.pk])).content.decode()

    fields = re.findall(
        r"<input[^>]*>", page[page.index("data-signing") : page.index("</form>", page.index("data-signing"))]
    )
    assert len(fields) == 3
    assert [field for field in fields if "name=" in field] == [fields[0]]
    assert 'name="csrfmiddlewaretoken"' in fields[0]


def test_key_file_script_is_the_one_with_this_hash() -> None:
    script = Path(settings.BASE_DIR) / "static/vendor/forge-1.4.3/key-file.js"
    template = (Path(settings.BASE_DIR) / "templates/signing/scripts.html").read_text(encoding="utf-8")

    digest = base64.b64encode(hashlib.sha384(script.read_bytes()).digest()).decode()

    assert f'integrity="sha384-{digest}"' in template


@pytest.mark.parametrize(
    ("call", "fields", "status", "code"),
    [
        ("prepare", {}, 404, "NOT-FOUND"),
        ("prepare", {"purpose": "approvals.approve", "object": "x"}, 404, "NOT-FOUND"),
        ("prepare", {"purpose": "approvals.approve", "object": "1", "certificate": "%%"}, 422, "SIG-001"),
        ("prepare", {"purpose": "approvals.approve", "object": "999", "certificate": "MAA="}, 404, "NOT-FOUND"),
        ("complete", {"request": "1"}, 422, "SIG-001"),
        ("complete", {"request": "999", "signature": "AAAA"}, 404, "NOT-FOUND"),
        ("complete", {"request": "9" * 40, "signature": "AAAA"}, 404, "NOT-FOUND"),
    ],
)
def test_calls_refuse_nonsense(city: World, call: str, fields: dict[str, str], status: int, code: str) -> None:
    of = debtor(city)

    answer = signed_in(of.username).post(reverse(f"signing:{call}"), fields)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {"message_zh", "message_en", "cure_zh", "cure_en"} <= set(answer.json())


def test_evidence_is_shown_to_parties_and_to_nobody_else(city: World, present: datetime) -> None:
    of, supplier, stranger = debtor(city), identity.organisation(), identity.organisation()
    flow.parties[1] = [supplier.pk]
    evidence = signed(of, submitted(of, 2, present), present)
    address = reverse("signing:evidence", args=[evidence.pk])

    own = signed_in(of.username).get(address).content.decode()
    theirs = reader(supplier, Duty.VIEWER).get(address).content.decode()
    foreign = reader(stranger, Duty.VIEWER).get(address)
    missing = reader(stranger, Duty.VIEWER).get(reverse("signing:evidence", args=[evidence.pk + 999]))

    assert "127.0.0.1" in own
    assert "200.20" in own
    assert "127.0.0.1" not in theirs
    assert "200.20" not in theirs
    assert theirs.count("proof.json") == 2  # one link, one mention in the instructions
    assert (foreign.status_code, missing.status_code) == (404, 404)


def test_downloads_prove_one_line_without_the_platform(city: World, present: datetime) -> None:
    of, supplier = debtor(city), identity.organisation()
    flow.parties[2] = [supplier.pk]
    evidence = signed(of, submitted(of, 3, present), present)
    client = reader(supplier, Duty.VIEWER)
    with flow.acting(Actor.system("test", organisation_id=of.organisation.pk)):
        mine, foreign = (SignedLine.objects.get(object_id=pk).pk for pk in (2, 1))

    document = client.get(reverse("signing:line_file", args=[mine, "line.json"])).content
    proof = client.get(reverse("signing:line_file", args=[mine, "proof.json"])).json()
    files = {
        part: client.get(reverse("signing:evidence_file", args=[evidence.pk, part]))
        for part in ("signature.p7s", "document.json", "chain.pem", "revocation-1.crl", "revocation-2.crl", "nothing")
    }

    path = [bytes.fromhex(one) for one in proof["path"]]
    leaf = merkle.leaf_hash(document)
    assert merkle.verify(leaf, proof["index"], proof["size"], path, bytes.fromhex(proof["root"]))
    assert json.loads(files["document.json"].content)["lines"]["root"] == proof["root"]
    assert [answer.status_code for answer in files.values()] == [200] * 5 + [404]
    assert "attachment" in files["signature.p7s"].headers["Content-Disposition"]
    assert client.get(reverse("signing:line_file", args=[foreign, "line.json"])).status_code == 404


def test_certificates_page_lists_and_withdraws(city: World, present: datetime) -> None:
    of = debtor(city)
    evidence = signed(of, submitted(of, 1, present), present)
    client = signed_in(of.username)

    page = client.get(reverse("signing:certificates")).content.decode()
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page[page.index("/withdraw/") :])
    assert key is not None
    address = reverse("signing:withdraw", args=[evidence.certificate_id])
    answer = client.post(address, {"idempotency_key": key.group(1)})
    after = client.get(reverse("signing:certificates")).content.decode()

    assert evidence.serial in page
    assert 'data-state="valid"' in page
    assert answer.status_code == 302
    assert 'data-state="withdrawn"' in after


def test_auditor_sees_a_certificate_and_is_told_why_it_cannot_be_withdrawn(city: World, present: datetime) -> None:
    of = debtor(city)
    evidence = signed(of, submitted(of, 1, present), present)
    client = reader(of.organisation, Duty.AUDITOR)
    listed = client.get(reverse("signing:certificates")).content.decode()
    address = reverse("signing:withdraw", args=[evidence.certificate_id])

    answer = client.post(address, {"idempotency_key": "k1"})
    foreign = reader(identity.organisation(), Duty.AUDITOR).post(address, {"idempotency_key": "k2"})

    assert evidence.serial in listed
    assert address not in listed
    assert answer.status_code == 403
    assert "SGN-005" in answer.content.decode()
    assert foreign.status_code == 404


def test_manifest_lists_the_documents_under_the_root(city: World, present: datetime) -> None:
    of = debtor(city)
    approval = submitted(of, 3, present)

    found = signed_in(of.username).get(reverse("signing:manifest", args=[approval.pk])).json()

    assert found["root"] == bytes(approval.manifest_root).hex()
    assert [document["id"] for document in found["documents"]] == [1, 2, 3]


def test_system_refresh_keeps_new_lists_once(city: World, present: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SIGNING_REVOCATION_FOLDER", city.authority.folder, raising=False)
    city.authority.publish()

    with acting_as(Actor.system("test")):
        assert [sources.refresh(at=present, force=True), sources.refresh(at=present, force=True)] == [2, 0]
