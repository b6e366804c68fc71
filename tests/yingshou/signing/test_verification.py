"""Good signatures are accepted, here and by OpenSSL; what OpenSSL makes is accepted here."""

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulators.authority.sm2 import Sm2Key
from tests.yingshou.signing.signer import EXPECTED, KeyFile, World, document, sign, to_der
from yingshou.signing.presenters import pem
from yingshou.signing.verification import VerifiedSignature, verify

KEYS = ["rsa", "ec", "ec384"]


def check(world: World, signature: bytes, payload: bytes, moment: datetime) -> VerifiedSignature:
    return verify(signature, payload, expected=EXPECTED, trust=world.trust, revocation_lists=world.lists, moment=moment)


@pytest.mark.parametrize("key", KEYS)
def test_good_signature_is_verified(world: World, now: datetime, key: str) -> None:
    file, payload = world.key_file(key=key), document()

    verified = check(world, sign(file, payload, now), payload, now)

    assert verified.certificate.der == file.certificate_der
    assert verified.signed_at == now
    assert [facts.subject_common_name for facts in verified.chain[1:]] == [
        "Yingshou Sample Issuing CA",
        "Yingshou Sample Root CA",
    ]
    assert len(verified.revocation_lists) == 2


@pytest.mark.parametrize("key", KEYS)
def test_openssl_verifies_our_signature(world: World, now: datetime, key: str, tmp_path: Path) -> None:
    payload = document()
    (tmp_path / "document.json").write_bytes(payload)
    (tmp_path / "signature.p7s").write_bytes(sign(world.key_file(key=key), payload, now))
    (tmp_path / "chain.pem").write_bytes(pem([to_der(world.authority.root)]))

    done = _openssl_verify(tmp_path, now)
    (tmp_path / "document.json").write_bytes(payload + b" ")
    altered = _openssl_verify(tmp_path, now)

    assert done.returncode == 0, done.stderr
    assert "Verification successful" in done.stderr
    assert altered.returncode != 0


@pytest.mark.parametrize(("key", "options"), [
    ("rsa", []),
    ("ec", []),
    ("rsa", ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32", "-keyopt", "rsa_mgf1_md:sha256"]),
])  # fmt: skip
def test_signature_made_by_openssl_is_verified(
    world: World, now: datetime, key: str, options: list[str], tmp_path: Path
) -> None:
    payload = document()
    signature = openssl_sign(world.key_file(key=key), payload, tmp_path, "-md", "sha256", options=options)
    # OpenSSL puts the machine's clock into the attributes.
    moment = datetime.now(now.tzinfo)

    verified = check(world, signature, payload, moment)

    assert verified.algorithm.family == ("rsa-pss" if options else {"rsa": "rsa", "ec": "ecdsa"}[key])
    assert abs(verified.signed_at - moment) < timedelta(minutes=1)


def openssl_sign(
    file: KeyFile, payload: bytes, folder: Path, *arguments: str, options: list[str] | None = None
) -> bytes:
    """A CAdES signature made by the command line of OpenSSL."""
    assert not isinstance(file.key, Sm2Key)
    key = file.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(key)
    (folder / "cert.pem").write_bytes(pem([file.certificate_der]))
    (folder / "others.pem").write_bytes(pem(file.others))
    (folder / "payload").write_bytes(payload)
    command = ["openssl", "cms", "-sign", "-binary", "-cades", "-nosmimecap", "-outform", "DER", "-in", "payload"]
    command += ["-signer", "cert.pem", "-inkey", "key.pem", "-certfile", "others.pem", "-out", "made.p7s", *arguments]
    done = subprocess.run([*command, *(options or [])], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "made.p7s").read_bytes()


def _openssl_verify(folder: Path, moment: datetime) -> "subprocess.CompletedProcess[str]":
    command = ["openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "signature.p7s"]
    command += ["-content", "document.json", "-CAfile", "chain.pem", "-attime", str(int(moment.timestamp()))]
    return subprocess.run([*command, "-out", "/dev/null"], cwd=folder, capture_output=True, text=True, check=False)
