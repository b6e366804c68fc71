"""Receipts: what the page shows and the file says, checked by the commands of `docs/security.md` and nothing of ours."""

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.yingshou.evidence.history import BY, ORGANISATION, seal_all, tamper, write
from yingshou.audit.models import AuditEvent
from yingshou.evidence import leaves, selectors
from yingshou.evidence.keys import seal_key
from yingshou.evidence.notes import BadNote, read
from yingshou.kernel import merkle_log
from yingshou.runtime.places import PROJECT
from yingshou.tenancy.actor import Actor, acting_as

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "sealing"])


def _receipt(number: int) -> dict[str, Any]:
    with acting_as(BY), transaction.atomic():
        event = AuditEvent.objects.visible_to(BY).get(object_id=number)
        found = selectors.receipt(event)
        assert found is not None
        assert found.intact
        document: dict[str, Any] = json.loads(json.dumps(found.document()))
        return document


def _check(receipt: dict[str, Any], folder: Path) -> str:
    text = (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh receipt\n(.*?)```", text, re.DOTALL)
    (folder / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    done = subprocess.run(
        ["/bin/sh", "-c", commands[0]], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("count", [1, 2, 300])
def test_the_documented_commands_accept_a_receipt(count: int, tmp_path: Path) -> None:
    write(count)
    seal_all()
    answer = _check(_receipt(max(1, count - 1)), tmp_path)
    assert "NOT" not in answer
    assert "in the tree of the checkpoint" in answer
    assert "Signature Verified Successfully" in answer


def test_a_withheld_field_stays_hidden_and_the_rest_verifies(tmp_path: Path) -> None:
    write(10)
    seal_all()
    receipt = _receipt(4)
    fields = {field["name"]: field for field in receipt["fields"]}
    amount = fields["body.amount"]
    salt = bytes.fromhex(amount.pop("salt"))
    amount["commitment"] = leaves.commitment(salt, "body.amount", amount.pop("value")).hex()
    assert "1200.00" not in json.dumps(receipt)
    assert "NOT" not in _check(receipt, tmp_path)


@pytest.mark.parametrize("what", ["value", "name", "salt", "proof", "position", "size", "root", "signature"])
def test_any_alteration_of_a_receipt_is_told(what: str, tmp_path: Path) -> None:
    write(10)
    seal_all()
    receipt = _receipt(4)
    if what in {"value", "name"}:
        receipt["fields"][3][what] += "x"
    elif what == "salt":
        receipt["fields"][3]["salt"] = "00" * 32
    elif what == "proof":
        receipt["proof"][1] = "00" * 32
    elif what in {"position", "size"}:
        receipt[what] += 1
    elif what == "root":
        lines = receipt["checkpoint"].split("\n")
        lines[2] = "A" * 43 + "="
        receipt["checkpoint"] = "\n".join(lines)
    else:
        receipt["checkpoint"] = receipt["checkpoint"].replace("history\n10", "history\n10 ", 1)
    answer = _check(receipt, tmp_path)
    assert "NOT in the tree" in answer or "Signature Verification Failure" in answer or "Error" in answer, answer


def test_an_event_altered_later_is_shown_as_altered() -> None:
    write(10)
    seal_all()
    tamper("update audit_auditevent set actor_label = 'somebody else' where object_id = 4")
    with acting_as(BY), transaction.atomic():
        found = selectors.receipt(AuditEvent.objects.visible_to(BY).get(object_id=4))
        assert found is not None
        assert not found.intact


def test_another_organisation_gets_no_receipt_and_waiting_events_have_none() -> None:
    write(1)
    other = Actor.system("test-history", ORGANISATION + 1)
    with acting_as(other), transaction.atomic():
        assert not AuditEvent.objects.visible_to(other).exists()
    with acting_as(BY), transaction.atomic():
        assert selectors.receipt(AuditEvent.objects.visible_to(BY).get()) is None


def test_the_public_log_shows_a_checkpoint_that_verifies_and_proves_its_growth(client: Client) -> None:
    assert client.get("/history/checkpoint.txt").status_code == 404
    assert client.get("/history/").status_code == 200
    write(5)
    seal_all()
    first = read(client.get("/history/checkpoint.txt").content.decode(), seal_key().public_key())
    write(300, first=100)
    seal_all()
    second = read(client.get("/history/checkpoint.txt").content.decode(), seal_key().public_key())
    assert (first.size, second.size) == (5, 305)
    answer = client.get(f"/history/consistency.json?first={first.size}&second={second.size}").json()
    proof = [base64.b64decode(one) for one in answer["proof"]]
    assert merkle_log.verify_consistency(first.size, second.size, first.root, second.root, proof)
    for query in ("first=0&second=5", "first=5&second=306", "first=x&second=5", "", "first=６&second=7"):
        assert client.get(f"/history/consistency.json?{query}").status_code == 404
    page = client.get("/history/").content.decode()
    assert "305" in page
    assert client.get("/history/events/1/").status_code == 302


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\nAAAA\n\n", "yingshou.example/history\n1\n" + "A" * 43 + "=\n\n— yingshou.example/history AAAA\n"],
)
def test_a_note_of_another_form_or_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read(text, seal_key().public_key())
