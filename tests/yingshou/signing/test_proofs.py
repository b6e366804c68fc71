"""Forged and unfit proofs, each refused with its code: timestamps (SIG-011) and answers about certificates (SIG-005)."""

import hashlib
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulators.authority.responder import Responder
from simulators.timestamp.authority import TimestampAuthority, TimestampService
from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.signer import World, to_der
from yingshou.signing import timestamps
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.errors import MalformedSignature, RevocationUnknown, Revoked
from yingshou.signing.ocsp import StatusFacts, read_status
from yingshou.signing.revocation import RevocationFacts, require_not_revoked
from yingshou.signing.timestamps import TimestampInvalid
from yingshou.signing.trust import TrustStore

IMPRINT = hashlib.sha256(b"the signature value").digest()


class AtNow:
    """Simulators in this process, their clock where the tests' stands."""

    moment = NOW

    def now(self) -> datetime:
        return self.moment


class Stamps(AtNow, TimestampService):
    """The timestamp authority."""


class Answers(AtNow, Responder):
    """The authority's responder."""


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Stamps:
    return Stamps(TimestampAuthority(tmp_path_factory.mktemp("stamps"), NOW))


@pytest.fixture
def teller(stamps: Stamps) -> TrustStore:
    stamps.active = frozenset()
    return TrustStore(roots=(to_der(stamps.authority.identity().root),))


def token(stamps: Stamps, *faults: str) -> bytes:
    stamps.active = frozenset(faults)
    return bytes(stamps.token(IMPRINT, 7).dump())


def test_good_token_says_when_and_who(stamps: Stamps, teller: TrustStore) -> None:
    facts = timestamps.verify(token(stamps), IMPRINT, teller, NOW, earliest=NOW)

    assert (facts.at, facts.authority) == (NOW, "Yingshou Sample Timestamps")
    assert len(facts.chain) == 2


@pytest.mark.parametrize(
    "fault",
    ["wrong-imprint", "no-certificate", "untrusted", "expired", "wrong-usage", "early", "tampered"],
)
def test_unfit_token_is_refused(stamps: Stamps, teller: TrustStore, fault: str) -> None:
    with pytest.raises(TimestampInvalid) as refused:
        timestamps.verify(token(stamps, fault), IMPRINT, teller, NOW, earliest=NOW)

    assert refused.value.code == "SIG-011"


def _with_one_byte_more(good: bytes) -> bytes:
    return good + b"\x00"


def _cut(good: bytes) -> bytes:
    return good[:-1]


def _other_last_byte(good: bytes) -> bytes:
    return good[:-1] + bytes([good[-1] ^ 1])


@pytest.mark.parametrize(
    "change", [_with_one_byte_more, _cut, _other_last_byte, lambda _good: b"", lambda _good: b"\x30\x80"]
)
def test_damaged_token_is_refused(stamps: Stamps, teller: TrustStore, change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TimestampInvalid):
        timestamps.verify(change(token(stamps)), IMPRINT, teller, NOW)


def test_token_of_another_signature_or_another_list_is_refused(
    stamps: Stamps, teller: TrustStore, world: World
) -> None:
    good = token(stamps)

    for imprint, trust, moment in (
        (hashlib.sha256(b"another value").digest(), teller, NOW),
        (IMPRINT, world.trust, NOW),
        (IMPRINT, TrustStore(roots=()), NOW),
        (IMPRINT, teller, NOW - timedelta(hours=1)),
    ):
        with pytest.raises(TimestampInvalid):
            timestamps.verify(good, imprint, trust, moment)


def test_only_the_operators_policies_count_where_some_are_named(
    stamps: Stamps, teller: TrustStore, settings: Any
) -> None:
    settings.SIGNING_TSA_POLICIES = ["1.3.6.1.4.1.99999.3161.1"]

    assert timestamps.verify(token(stamps), IMPRINT, teller, NOW).policy == "1.3.6.1.4.1.99999.3161.1"
    with pytest.raises(TimestampInvalid):
        timestamps.verify(token(stamps, "wrong-policy"), IMPRINT, teller, NOW)


@pytest.fixture(scope="module")
def path(world: World) -> tuple[CertificateFacts, CertificateFacts]:
    """A signer's certificate and its authority; what stands above is not asked about here."""
    return world.key_file("asked-about").certificate, read_certificate(to_der(world.authority.issuing))


def answer(
    world: World, path: tuple[CertificateFacts, CertificateFacts], *faults: str, moment: datetime = NOW
) -> StatusFacts:
    responder = Answers(world.authority.folder)
    responder.active, responder.moment = frozenset(faults), moment
    asked = x509_ocsp.OCSPRequestBuilder().add_certificate(path[0].parsed, path[1].parsed, hashes.SHA1()).build()
    reply = responder.answer("POST", "/ocsp/", asked.public_bytes(Encoding.DER))
    assert reply is not None
    return read_status(reply.body)


def test_good_answer_covers_the_certificate(world: World, path: tuple[CertificateFacts, CertificateFacts]) -> None:
    good = answer(world, path)

    assert require_not_revoked(path, [good], NOW) == (good,)


@pytest.mark.parametrize("fault", ["stale", "unknown", "wrong-certificate", "wrong-signer"])
def test_unfit_answer_covers_nothing(world: World, path: tuple[CertificateFacts, CertificateFacts], fault: str) -> None:
    with pytest.raises(RevocationUnknown) as refused:
        require_not_revoked(path, [answer(world, path, fault)], NOW)

    assert refused.value.code == "SIG-005"


def test_answer_about_another_certificate_or_of_another_authority_covers_nothing(
    world: World, stranger: World, path: tuple[CertificateFacts, CertificateFacts]
) -> None:
    other = (world.key_file("another-one").certificate, path[1])
    foreign = (path[0], read_certificate(to_der(stranger.authority.issuing)))

    for chain in (other, foreign):
        with pytest.raises(RevocationUnknown):
            require_not_revoked(chain, [answer(world, path)], NOW)


def test_revocation_counts_wherever_it_is_said(world: World, path: tuple[CertificateFacts, CertificateFacts]) -> None:
    good, later = answer(world, path), answer(world, path, "revoked", moment=NOW + timedelta(minutes=1))

    sayings: list[list[RevocationFacts | StatusFacts]] = [[later], [good, later], [later, good], [*world.lists, later]]
    for said in sayings:
        with pytest.raises(Revoked):
            require_not_revoked(path, said, NOW + timedelta(minutes=2))


def test_error_is_no_answer(world: World, path: tuple[CertificateFacts, CertificateFacts]) -> None:
    with pytest.raises(MalformedSignature):
        answer(world, path, "error")
    with pytest.raises(MalformedSignature):
        read_status(b"no answer")


@pytest.mark.parametrize(("appointed", "counts"), [(True, True), (False, False)])
def test_responder_counts_only_if_the_authority_appointed_it(
    world: World, path: tuple[CertificateFacts, CertificateFacts], appointed: bool, counts: bool
) -> None:
    certificate, authority = path
    key, issuer_key = ec.generate_private_key(ec.SECP256R1()), world.authority_key("issuing")
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    purpose = ExtendedKeyUsageOID.OCSP_SIGNING if appointed else ExtendedKeyUsageOID.EMAIL_PROTECTION
    responder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "responder")]))
        .issuer_name(authority.parsed.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=7000))
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    good = (
        x509_ocsp.OCSPResponseBuilder()
        .add_response(
            certificate.parsed, authority.parsed, hashes.SHA256(), x509_ocsp.OCSPCertStatus.GOOD, NOW,
            NOW + timedelta(hours=1), None, None,
        )
        .responder_id(x509_ocsp.OCSPResponderEncoding.HASH, responder)
        .certificates([responder])
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    facts = read_status(good.public_bytes(Encoding.DER))

    with nullcontext() if counts else pytest.raises(RevocationUnknown):
        assert require_not_revoked(path, [facts], NOW) == (facts,)
