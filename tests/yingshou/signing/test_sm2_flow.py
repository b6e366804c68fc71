"""From the request to the evidence with an SM2 key, as a program that holds one does over the same addresses as the browser."""

import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.yingshou.signing.flow import acting, completed, debtor, prepared, signed, signed_value, submitted, trusted
from tests.yingshou.signing.signer import Sm2KeyFile, World
from yingshou.signing import presenters, selectors
from yingshou.signing.errors import WrongUserId
from yingshou.signing.models import Certificate, SignatureEvidence, SignedLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(sm2_world: World, now: datetime) -> datetime:
    trusted(sm2_world, now)
    return now


def test_signature_takes_effect_and_verifies_again(sm2_world: World, at: datetime) -> None:
    of = debtor(sm2_world, "sm2")
    approval = submitted(of, 3, at)

    evidence = signed(of, approval, at)

    with acting(of.signer):
        approval.refresh_from_db()
        assert (approval.state, approval.signature_id) == ("APPROVED", evidence.pk)
        assert (evidence.algorithm, evidence.algorithm_oid) == ("SM2 SM3", "1.2.156.10197.1.501")
        assert Certificate.objects.get().key_label == "SM2"
        assert selectors.judge(evidence) is None
        lines = list(SignedLine.objects.filter(evidence=evidence).select_related("evidence"))
        assert [selectors.judge_line(line) for line in lines] == [None] * 3


def test_wrong_identifier_is_refused_and_nothing_is_signed(sm2_world: World, at: datetime) -> None:
    of = debtor(sm2_world, "sm2")
    approval = submitted(of, 1, at)
    ready = prepared(of, approval.pk, at)
    mistaken = Sm2KeyFile(of.file.path, b"").value(bytes(ready.request.attributes), ready.algorithm)

    with pytest.raises(WrongUserId):
        completed(of, ready, mistaken, at)

    with acting(of.signer):
        approval.refresh_from_db()
        assert approval.state == "SUBMITTED"
        assert not SignatureEvidence.objects.exists()
    # The request is not used up: the same person sets the identifier right and goes on.
    assert completed(of, ready, signed_value(of, ready), at).object_id == approval.pk


def test_command_of_the_page_verifies_the_stored_evidence(sm2_world: World, at: datetime, tmp_path: Path) -> None:
    of = debtor(sm2_world, "sm2")
    evidence = signed(of, submitted(of, 1, at), at)
    (tmp_path / "signature.p7s").write_bytes(bytes(evidence.cms))
    (tmp_path / "document.json").write_bytes(bytes(evidence.payload))
    command = ["bash", "-e", "-c", presenters.openssl_command(evidence)]

    good = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    (tmp_path / "document.json").write_bytes(bytes(evidence.payload) + b" ")
    altered = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert good.returncode == 0, good.stderr
    assert "Signature Verified Successfully" in good.stdout
    assert altered.returncode != 0
