"""Certificates, lists and containers with SM2: made here, and real ones that nobody here wrote."""

import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import core, pem
from asn1crypto import x509 as asn1

from simulators.authority.sm2 import SIGNATURE, Sm2Key
from tests.yingshou.signing.gm_form import ALGORITHM, gm_signature
from tests.yingshou.signing.signer import EXPECTED, World, document, sign
from yingshou.signing import sm2
from yingshou.signing.certificates import CertificateFacts, read_certificate, require_signing_usage
from yingshou.signing.errors import MalformedSignature, UnknownAuthority, WeakAlgorithm, WrongKeyUsage
from yingshou.signing.revocation import genuine
from yingshou.signing.sm2 import Sm2PublicKey
from yingshou.signing.trust import TrustStore
from yingshou.signing.verification import VerifiedSignature, verify, verify_raw_document


def check(world: World, signature: bytes, payload: bytes, moment: datetime) -> VerifiedSignature:
    return verify(signature, payload, expected=EXPECTED, trust=world.trust, revocation_lists=world.lists, moment=moment)


def test_good_signature_is_verified(sm2_world: World, now: datetime) -> None:
    file, payload = sm2_world.key_file(), document()

    verified = check(sm2_world, sign(file, payload, now), payload, now)

    assert verified.algorithm.label == "SM2 SM3"
    assert verified.certificate.key_label == "SM2"
    assert verified.digest == sm2.sm3(payload)
    assert [facts.subject_common_name for facts in verified.chain[1:]] == [
        "Yingshou Sample SM2 Issuing CA",
        "Yingshou Sample SM2 Root CA",
    ]
    assert len(verified.revocation_lists) == 2


def test_good_signature_in_the_form_of_gm_t_0010_is_verified(sm2_world: World, now: datetime) -> None:
    payload = document()

    verified = check(sm2_world, gm_signature(sm2_world.key_file(), payload, now), payload, now)

    assert verified.algorithm.oid == ALGORITHM
    assert verified.signed_at == now


@pytest.mark.parametrize("key", ["rsa", "ec", "ec384", "sm2"])
def test_bare_signature_is_verified(world: World, sm2_world: World, now: datetime, key: str) -> None:
    signer = sm2_world if key == "sm2" else world
    file, payload = signer.key_file(key=key), document()

    verified = verify_raw_document(
        payload, file.raw_value(payload), certificate=file.certificate_der, others=file.others,
        expected=EXPECTED, trust=signer.trust, revocation=signer.lists, moment=now,
    )  # fmt: skip

    assert verified.signed_at == now
    assert verified.algorithm.family == {"ec": "ecdsa", "ec384": "ecdsa"}.get(key, key)
    assert len(verified.chain) == 3


def test_both_sides_stand_on_one_trust_list(world: World, sm2_world: World, now: datetime) -> None:
    both = TrustStore((*world.trust.roots, *sm2_world.trust.roots))
    lists, payload = [*world.lists, *sm2_world.lists], document()

    for side, other in ((world, sm2_world), (sm2_world, world)):
        signature = sign(side.key_file(), payload, now)
        found = verify(signature, payload, expected=EXPECTED, trust=both, revocation_lists=lists, moment=now)
        assert found.chain[-1].der == side.trust.roots[0]
        with pytest.raises(UnknownAuthority):
            verify(signature, payload, expected=EXPECTED, trust=other.trust, revocation_lists=lists, moment=now)


def test_algorithm_with_null_for_parameters_is_read(sm2_world: World, now: datetime) -> None:
    """Many authorities write NULL where the standard has nothing."""
    parsed = asn1.Certificate.load(sm2_world.key_file().certificate_der)
    named = {"algorithm": SIGNATURE, "parameters": core.Any(core.Null())}
    parsed["tbs_certificate"]["signature"], parsed["signature_algorithm"] = named, named
    issuer = sm2_world.authority_key("issuing")
    assert isinstance(issuer, Sm2Key)
    parsed["signature_value"] = issuer.sign(parsed["tbs_certificate"].dump(force=True))
    facts = read_certificate(bytes(parsed.dump(force=True)))

    assert len(sm2_world.trust.path(facts, sm2_world.key_file().others, now)) == 3


def test_serial_number_of_zero_is_refused(sm2_world: World) -> None:
    parsed = asn1.Certificate.load(sm2_world.key_file().certificate_der)
    parsed["tbs_certificate"]["serial_number"] = 0

    with pytest.raises(MalformedSignature):
        read_certificate(bytes(parsed.dump(force=True)))


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificates and vectors of others, unpacked."""
    folder = tmp_path_factory.mktemp("sm2")
    with tarfile.open(real_data / "sm2-certificates.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def found(folder: Path, name: str) -> list[bytes]:
    (file,) = folder.rglob(f"certs/{name}")
    return [der for kind, _headers, der in pem.unarmor(file.read_bytes(), multiple=True) if kind == "CERTIFICATE"]


def facts_of(folder: Path, name: str) -> CertificateFacts:
    return read_certificate(found(folder, name)[0])


@pytest.mark.realdata
def test_real_chain_leads_to_its_root(real: Path) -> None:
    issuing, root = found(real, "sm2-chain-ca.crt")
    leaf = facts_of(real, "sm2-leaf.crt")
    moment = datetime(2026, 11, 20, tzinfo=UTC)

    path = TrustStore((root,)).path(leaf, [issuing], moment)

    assert [one.subject_common_name for one in path] == ["*.alipay.com", "www.middle.com", "www.example.com"]
    with pytest.raises(UnknownAuthority):
        TrustStore((root,)).path(leaf, [], moment)
    with pytest.raises(UnknownAuthority):
        # Neither certificate was valid then: a path that never held is none.
        TrustStore((found(real, "sm2/chain-ca.crt")[1],)).path(leaf, [issuing], moment)


@pytest.mark.realdata
def test_real_pairs_of_signing_and_encryption_certificates(real: Path) -> None:
    """Chinese USB keys hold two certificates; only one of them may sign."""
    authority = found(real, "sm2/chain-ca.crt")[1]
    moment = datetime(2026, 11, 20, tzinfo=UTC)

    for who in ("client", "server"):
        signing, encryption = facts_of(real, f"sm2/{who}_sign.crt"), facts_of(real, f"sm2/{who}_enc.crt")
        assert len(TrustStore((authority,)).path(signing, [], moment)) == 2
        require_signing_usage(signing)
        with pytest.raises(WrongKeyUsage):
            require_signing_usage(encryption)
        expired = facts_of(real, f"sm2/{who}_sign_expire.crt")
        assert not expired.valid_at(moment)


@pytest.mark.realdata
def test_real_certificates_in_forms_that_are_refused(real: Path) -> None:
    for name in ("sm2-cert.pem", "sm2-root-cert.pem", "sm2-noza-cert.pem", "sm2-noza-root-cert.pem"):
        with pytest.raises(WeakAlgorithm):  # the curve stands in the place of the algorithm
            facts_of(real, name)
    with pytest.raises(MalformedSignature):  # serial number 0
        facts_of(real, "sm2/chain-ca.crt")


@pytest.mark.realdata
def test_real_vectors_agree(real: Path) -> None:
    (file,) = real.rglob("evppkey_sm2.txt")
    text = file.read_text()
    key = Sm2Key.from_pem(
        text[text.index("-----BEGIN") : text.index("-----END")].encode() + b"-----END PRIVATE KEY-----\n"
    )
    public = Sm2PublicKey.from_spki(bytes(key.spki.dump()))
    vectors = re.findall(r"Verify = \w+\nCtrl = digest:SM3\nInput = (\w+)\nOutput = (\w+)", text)

    assert len(vectors) == 2
    for digest, value in vectors:
        assert sm2.signed_digest(public, bytes.fromhex(value)) == int(digest, 16) % sm2.N


def test_revocation_list_counts_for_its_own_authority_alone(
    sm2_world: World, world: World, sm2_stranger: World
) -> None:
    _root, issuing = sm2_world.lists
    own, other, strange = (read_certificate(side.key_file().others[0]) for side in (sm2_world, world, sm2_stranger))

    assert genuine(issuing, own)
    assert not genuine(issuing, other)
    assert not genuine(issuing, strange)
