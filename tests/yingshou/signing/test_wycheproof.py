"""Every Wycheproof vector of the algorithms we accept: accepted and refused exactly as its authors say."""

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from yingshou.signing.algorithms import SignatureAlgorithm, verify_raw
from yingshou.signing.errors import SignatureRefused

pytestmark = pytest.mark.realdata

FILES = {
    "rsa_signature_2048_sha256_test.json": SignatureAlgorithm("rsa", "sha256", "1.2.840.113549.1.1.11"),
    "rsa_pss_2048_sha256_mgf1_32_test.json": SignatureAlgorithm("rsa-pss", "sha256", "1.2.840.113549.1.1.10"),
    "rsa_pss_2048_sha256_mgf1_32_params_test.json": SignatureAlgorithm("rsa-pss", "sha256", "1.2.840.113549.1.1.10"),
    "ecdsa_secp256r1_sha256_test.json": SignatureAlgorithm("ecdsa", "sha256", "1.2.840.10045.4.3.2"),
}


def vectors(name: str) -> dict[str, Any]:
    archive = Path(os.environ["YINGSHOU_REAL_DATA"]) / "wycheproof.tar.gz"
    with tarfile.open(archive) as opened:
        member = next(one for one in opened.getmembers() if one.name.endswith(f"/{name}"))
        content = opened.extractfile(member)
        assert content is not None
        loaded: dict[str, Any] = json.load(content)
        return loaded


def accepted(key: Any, algorithm: SignatureAlgorithm, vector: dict[str, Any]) -> bool:
    try:
        verify_raw(key, algorithm, bytes.fromhex(vector["sig"]), bytes.fromhex(vector["msg"]))
    except SignatureRefused:
        return False
    return True


@pytest.mark.parametrize("name", FILES)
def test_vectors_agree(name: str) -> None:
    found, wrong = 0, []
    for group in vectors(name)["testGroups"]:
        der = group.get("publicKeyDer") or group["publicKeyAsn"]
        key = load_der_public_key(bytes.fromhex(der))
        for vector in group["tests"]:
            found += 1
            # We are stricter in one thing: a public exponent of 3 counts as weak (SIG-010).
            good = vector["result"] == "valid" and "SmallPublicKey" not in vector["flags"]
            if accepted(key, FILES[name], vector) != good:
                wrong.append((vector["tcId"], vector["comment"], vector["result"]))

    assert found >= 100
    assert wrong == []
