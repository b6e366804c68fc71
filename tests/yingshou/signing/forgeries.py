"""Every way we know to make a signature that must not count, each with the code that refuses it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from asn1crypto import algos, cms, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from simulators.authority.authority import AnyKey
from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.signer import (
    EXPECTED,
    USCC,
    KeyFile,
    World,
    document,
    sign,
    signed_certificate,
    signed_list,
    value_by,
)
from yingshou.kernel.canonical import canonical_json
from yingshou.signing import cms as our_cms
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.certificates import read_certificate
from yingshou.signing.revocation import RevocationFacts, read_revocation_list
from yingshou.signing.trust import TrustStore
from yingshou.signing.verification import Expected, VerifiedSignature, verify

OTHER_USCC = "91110000MA1FL00018"


BOTH = frozenset({"rsa", "sm2"})


@dataclass
class Case:
    """What is presented for verification; whatever a forgery does not change is good."""

    signature: bytes
    payload: bytes
    trust: TrustStore
    lists: list[RevocationFacts]
    expected: Expected = EXPECTED
    moment: Any = NOW

    def verified(self) -> VerifiedSignature:
        """Ask the one check of a CMS."""
        return verify(
            self.signature,
            self.payload,
            expected=self.expected,
            trust=self.trust,
            revocation_lists=self.lists,
            moment=self.moment,
        )


@dataclass(frozen=True)
class Forgery:
    """A named attack and the code it must be refused with."""

    name: str
    code: str
    make: Callable[["Bench"], Case] = field(repr=False)
    # What an attacker can do to one family of algorithms alone is tried with that family alone.
    sides: frozenset[str] = BOTH


@dataclass(frozen=True)
class Bench:
    """What an attacker has: a good authority's customer, and an authority of the attacker's own."""

    world: World
    stranger: World

    def case(self, *, file: KeyFile | None = None, payload: bytes | None = None, **changes: Any) -> Case:
        payload = document() if payload is None else payload
        if "signature" in changes:
            signature = changes.pop("signature")
        else:
            signature = sign(file or self.world.key_file(), payload, NOW)
        return replace(Case(signature, payload, self.world.trust, self.world.lists), **changes)

    def fault(self, fault: str) -> Case:
        return self.case(file=self.world.key_file(fault=fault))


FORGERIES: list[Forgery] = []


def forgery(code: str, sides: frozenset[str] = BOTH) -> Callable[[Callable[[Bench], Case]], Callable[[Bench], Case]]:
    def add(make: Callable[[Bench], Case]) -> Callable[[Bench], Case]:
        FORGERIES.append(Forgery(make.__name__, code, make, sides))
        return make

    return add


def simple(name: str, code: str, make: Callable[[Bench], Case], *sides: str) -> None:
    FORGERIES.append(Forgery(name, code, make, frozenset(sides) or BOTH))


def edited(signature: bytes, change: Callable[[cms.SignedData], None]) -> bytes:
    """The CMS with one thing changed and everything else as it was."""
    content = cms.ContentInfo.load(signature)
    change(content["content"])
    return bytes(content.dump(force=True))


def signer_of(signed: cms.SignedData) -> cms.SignerInfo:
    return signed["signer_infos"][0]


def good(bench: Bench) -> bytes:
    return sign(bench.world.key_file(), document(), NOW)


# --- SIG-002: other content ---------------------------------------------------------------------------------------
def _presented(payload: bytes) -> Callable[[Bench], Case]:
    return lambda bench: bench.case(signature=good(bench), payload=payload)


simple("amount_altered", "SIG-002", _presented(document(lines={"count": 3, "root": "00" * 32})))
simple("byte_appended", "SIG-002", _presented(document() + b"\n"))
simple("payload_emptied", "SIG-002", _presented(b""))
simple("other_documents_signature", "SIG-002", _presented(document(nonce="n-2")))
simple("signed_but_not_json", "SIG-002", lambda bench: bench.case(payload=b"I confirm everything"))
simple(
    "signed_but_not_canonical", "SIG-002", lambda bench: bench.case(payload=json.dumps(json.loads(document())).encode())
)
simple("signed_but_without_object", "SIG-002", lambda bench: bench.case(payload=canonical_json({"nonce": "n-1"})))


# --- SIG-009: used before, another version, too late --------------------------------------------------------------
for name, changed in {
    "replay_onto_next_version": replace(EXPECTED, object_version=3),
    "replay_onto_other_object": replace(EXPECTED, object_id=8),
    "replay_onto_other_type": replace(EXPECTED, object_type="receivables.receivable"),
    "replay_for_other_purpose": replace(EXPECTED, purpose="signing.register"),
    "nonce_of_other_request": replace(EXPECTED, nonce="n-2"),
}.items():
    simple(name, "SIG-009", lambda bench, changed=changed: bench.case(expected=changed))  # type: ignore[misc]


@forgery("SIG-009")
def signature_arrives_an_hour_late(bench: Bench) -> Case:
    return bench.case(moment=NOW + timedelta(hours=1))


@forgery("SIG-009")
def signing_time_in_the_future(bench: Bench) -> Case:
    return bench.case(signature=sign(bench.world.key_file(), document(), NOW + timedelta(minutes=10)))


# --- SIG-007: another organisation ---------------------------------------------------------------------------------
simple("certificate_of_other_organisation", "SIG-007", lambda b: b.case(file=b.world.key_file(uscc=OTHER_USCC)))
simple("subject_with_two_codes", "SIG-007", lambda b: b.fault("two-codes"))
simple("subject_without_code", "SIG-007", lambda b: b.fault("no-code"))
simple("expected_of_other_tenant", "SIG-007", lambda b: b.case(expected=replace(EXPECTED, uscc=OTHER_USCC)))


@forgery("SIG-007")
def document_of_other_organisation(bench: Bench) -> Case:
    return bench.case(payload=document(organisation={"uscc": OTHER_USCC, "name": "other"}))


# --- SIG-004: not valid at signing time ----------------------------------------------------------------------------
simple("certificate_expired", "SIG-004", lambda b: b.fault("expired"))
simple("certificate_not_yet_valid", "SIG-004", lambda b: b.fault("not-yet-valid"))


@forgery("SIG-004")
def signing_time_back_dated_into_validity(bench: Bench) -> Case:
    return bench.case(signature=sign(bench.world.key_file(fault="expired"), document(), NOW - timedelta(days=200)))


@forgery("SIG-004")
def signed_before_the_certificate_existed(bench: Bench) -> Case:
    return bench.case(signature=sign(bench.world.key_file(), document(), NOW - timedelta(days=5)))


# --- SIG-005: revoked, or nobody can tell --------------------------------------------------------------------------
def crl(
    world: World, name: str, *, serials: tuple[int, ...] = (), signed_by: Any = None, **times: timedelta
) -> RevocationFacts:
    """A revocation list in the name of ``name``, by default signed by it."""
    issuer = {"root": world.authority.root, "issuing": world.authority.issuing}[name].subject
    builder = pyca.CertificateRevocationListBuilder().issuer_name(issuer)
    builder = builder.last_update(NOW + times.get("starts", timedelta(hours=-1)))
    builder = builder.next_update(NOW + times.get("ends", timedelta(days=1)))
    builder = builder.add_extension(pyca.CRLNumber(99), critical=False)
    for serial in serials:
        revoked = pyca.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - timedelta(days=2))
        builder = builder.add_revoked_certificate(revoked.build())
    return read_revocation_list(signed_list(builder, signed_by or world.authority_key(name)))


def lists_with(bench: Bench, **replaced: Any) -> list[RevocationFacts]:
    return [replaced.get(name) or crl(bench.world, name) for name in ("root", "issuing")]


@forgery("SIG-005")
def certificate_revoked(bench: Bench) -> Case:
    serial = bench.world.key_file().certificate.parsed.serial_number
    return bench.case(lists=lists_with(bench, issuing=crl(bench.world, "issuing", serials=(serial,))))


@forgery("SIG-005")
def issuing_authority_revoked(bench: Bench) -> Case:
    serial = bench.world.authority.issuing.serial_number
    return bench.case(lists=lists_with(bench, root=crl(bench.world, "root", serials=(serial,))))


@forgery("SIG-005")
def older_list_hides_the_revocation(bench: Bench) -> Case:
    serial = bench.world.key_file().certificate.parsed.serial_number
    newer = crl(bench.world, "issuing", serials=(serial,), starts=timedelta(minutes=-1))
    return bench.case(lists=[*lists_with(bench), newer])


@forgery("SIG-005")
def no_lists_at_all(bench: Bench) -> Case:
    return bench.case(lists=[])


@forgery("SIG-005")
def list_of_the_issuing_authority_missing(bench: Bench) -> Case:
    return bench.case(lists=[crl(bench.world, "root")])


@forgery("SIG-005")
def list_of_the_root_missing(bench: Bench) -> Case:
    return bench.case(lists=[crl(bench.world, "issuing")])


@forgery("SIG-005")
def list_out_of_date(bench: Bench) -> Case:
    stale = crl(bench.world, "issuing", starts=timedelta(days=-9), ends=timedelta(seconds=-1))
    return bench.case(lists=lists_with(bench, issuing=stale))


@forgery("SIG-005")
def list_from_the_future(bench: Bench) -> Case:
    return bench.case(lists=lists_with(bench, issuing=crl(bench.world, "issuing", starts=timedelta(hours=2))))


@forgery("SIG-005")
def list_forged_by_an_authority_of_the_same_name(bench: Bench) -> Case:
    return bench.case(lists=lists_with(bench, issuing=crl(bench.stranger, "issuing")))


@forgery("SIG-005")
def list_signed_by_the_signer_itself(bench: Bench) -> Case:
    key = bench.world.key_file().key
    return bench.case(lists=lists_with(bench, issuing=crl(bench.world, "issuing", signed_by=key)))


@forgery("SIG-005")
def list_altered_after_signing(bench: Bench) -> Case:
    der = bytearray(crl(bench.world, "issuing").der)
    der[-1] ^= 1
    return bench.case(lists=lists_with(bench, issuing=read_revocation_list(bytes(der))))


# --- SIG-006: no path to a trusted authority -----------------------------------------------------------------------
simple("unknown_authority_of_the_same_name", "SIG-006", lambda b: b.case(file=b.stranger.key_file()))
simple("unknown_critical_extension", "SIG-006", lambda b: b.fault("unknown-critical"))
simple("empty_trust_list", "SIG-006", lambda b: b.case(trust=TrustStore(roots=())))


def issued_by(issuer: KeyFile | None, key: AnyKey, *, ca: bool = False) -> bytes:
    """A certificate for our organisation that its issuer (None: itself) had no right to issue."""
    name = pyca.Name(
        [
            pyca.NameAttribute(NameOID.COMMON_NAME, "签章人"),
            pyca.NameAttribute(NameOID.SERIAL_NUMBER, USCC),
        ]
    )
    builder = pyca.CertificateBuilder().subject_name(name)
    builder = builder.issuer_name(issuer.certificate.parsed.subject if issuer else name)
    builder = (
        builder.serial_number(7).not_valid_before(NOW - timedelta(days=2)).not_valid_after(NOW + timedelta(days=2))
    )
    builder = builder.add_extension(pyca.BasicConstraints(ca, None), critical=True)
    usage = pyca.KeyUsage(True, True, False, False, False, ca, ca, False, False)
    return signed_certificate(builder.add_extension(usage, critical=True), key, issuer.key if issuer else key)


def signed_with(certificate: bytes, key: AnyKey, others: list[bytes]) -> bytes:
    facts = read_certificate(certificate)
    algorithm = browser_algorithm(facts.public_key)
    attributes = our_cms.signed_attributes(payload=document(), algorithm=algorithm, certificate=facts, signed_at=NOW)
    value = value_by(key, attributes)
    return our_cms.assemble(attributes=attributes, value=value, algorithm=algorithm, certificate=facts, others=others)


@forgery("SIG-006")
def self_signed(bench: Bench) -> Case:
    key = bench.world.new_key()
    return bench.case(signature=signed_with(issued_by(None, key), key, []))


@forgery("SIG-006")
def issued_by_a_signers_certificate(bench: Bench) -> Case:
    key, file = bench.world.new_key(), bench.world.key_file()
    others = [file.certificate_der, *file.others]
    return bench.case(signature=signed_with(issued_by(file, key), key, others))


@forgery("SIG-006")
def path_longer_than_the_authority_allows(bench: Bench) -> Case:
    key, authority = bench.world.new_key(), bench.world.key_file(fault="authority")
    return bench.case(
        signature=signed_with(issued_by(authority, key), key, [authority.certificate_der, *authority.others])
    )


# --- SIG-008: not for signing documents ----------------------------------------------------------------------------
# The second of the pair on a Chinese USB key is for encryption.
for fault in ("no-non-repudiation", "no-digital-signature", "encryption", "no-key-usage", "server-purpose"):
    simple(fault.replace("-", "_"), "SIG-008", lambda bench, fault=fault: bench.fault(fault))  # type: ignore[misc]


@forgery("SIG-008")
def authoritys_own_certificate(bench: Bench) -> Case:
    return bench.fault("authority")


# --- SIG-010: weak ------------------------------------------------------------------------------------------------
def weak_certificate(fault: str) -> Callable[[Bench], Case]:
    """The weak certificate stands in for the signer's in an otherwise good signature."""

    def make(bench: Bench) -> Case:
        der = KeyFile(bench.world.key_file(fault=fault).path).certificate_der
        parsed = x509.Certificate.load(der)

        def change(signed: cms.SignedData) -> None:
            signed["certificates"] = [parsed]
            identifier = {"issuer": parsed.issuer, "serial_number": parsed.serial_number}
            signer_of(signed)["sid"] = cms.SignerIdentifier("issuer_and_serial_number", identifier)

        return bench.case(signature=edited(good(bench), change))

    return make


for fault in ("sha1", "rsa1024", "ec521", "ed25519"):
    simple(f"certificate_{fault}", "SIG-010", weak_certificate(fault), "rsa")


def digest_of(name: str) -> Callable[[Bench], Case]:
    def change(signed: cms.SignedData) -> None:
        weak = algos.DigestAlgorithm({"algorithm": name})
        signer_of(signed)["digest_algorithm"] = weak
        signer_of(signed)["signature_algorithm"] = {"algorithm": f"{name}_rsa"}
        signed["digest_algorithms"] = [weak]

    return lambda bench: bench.case(signature=edited(good(bench), change))


simple("digest_sha1", "SIG-010", digest_of("sha1"))
simple("digest_md5", "SIG-010", digest_of("md5"), "rsa")


def algorithm_of(value: dict[str, Any]) -> Callable[[Bench], Case]:
    def change(signed: cms.SignedData) -> None:
        signer_of(signed)["signature_algorithm"] = value

    return lambda bench: bench.case(signature=edited(good(bench), change))


def pss(digest: str = "sha256", mask: str = "sha256", salt: int = 32) -> dict[str, Any]:
    parameters = {
        "hash_algorithm": {"algorithm": digest},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
        "salt_length": salt,
    }
    return {"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(parameters)}


simple("pss_without_salt", "SIG-010", algorithm_of(pss(salt=0)), "rsa")
simple("pss_with_sha1_mask", "SIG-010", algorithm_of(pss(mask="sha1")), "rsa")
simple("signature_algorithm_dsa", "SIG-010", algorithm_of({"algorithm": "sha256_dsa"}))


# --- SIG-003: the value does not match ------------------------------------------------------------------------------
simple("pkcs1_value_labelled_pss", "SIG-003", algorithm_of(pss()), "rsa")
simple("rsa_value_labelled_ecdsa", "SIG-003", algorithm_of({"algorithm": "sha256_ecdsa"}), "rsa")


def value_of(change_value: Callable[[bytes], bytes], key: str = "rsa") -> Callable[[Bench], Case]:
    def make(bench: Bench) -> Case:
        def change(signed: cms.SignedData) -> None:
            signer_of(signed)["signature"] = change_value(bytes(signer_of(signed)["signature"].native))

        return bench.case(signature=edited(sign(bench.world.key_file(key=key), document(), NOW), change))

    return make


simple("value_with_one_bit_flipped", "SIG-003", value_of(lambda value: value[:-1] + bytes([value[-1] ^ 1])))
simple("value_of_zeros", "SIG-003", value_of(lambda value: bytes(len(value))), "rsa")
simple("value_one_byte_short", "SIG-003", value_of(lambda value: value[1:]), "rsa")
simple("value_padded_with_zero", "SIG-003", value_of(lambda value: b"\0" + value), "rsa")
simple("ecdsa_value_of_other_numbers", "SIG-003", value_of(lambda value: encode_dss_signature(5, 7), "ec"))


@forgery("SIG-003")
def signed_by_another_key(bench: Bench) -> Case:
    ours, theirs = bench.world.key_file(), bench.world.key_file("colleague")
    value = cms.ContentInfo.load(sign(theirs, document(), NOW))["content"]["signer_infos"][0]["signature"].native

    def change(signed: cms.SignedData) -> None:
        signer_of(signed)["signature"] = value

    return bench.case(signature=edited(sign(ours, document(), NOW), change))


@forgery("SIG-003")
def signing_time_altered_after_signing(bench: Bench) -> Case:
    def change(signed: cms.SignedData) -> None:
        for attribute in signer_of(signed)["signed_attrs"]:
            if attribute["type"].native == "signing_time":
                attribute["values"] = [cms.Time(name="utc_time", value=NOW - timedelta(minutes=5))]

    return bench.case(signature=edited(good(bench), change))


@forgery("SIG-003")
def attributes_name_another_certificate(bench: Bench) -> Case:
    ours, theirs = bench.world.key_file(), bench.world.key_file("colleague")
    algorithm = browser_algorithm(ours.certificate.public_key)
    attributes = our_cms.signed_attributes(
        payload=document(), algorithm=algorithm, certificate=theirs.certificate, signed_at=NOW
    )
    signature = our_cms.assemble(
        attributes=attributes,
        value=ours.value(attributes, algorithm),
        algorithm=algorithm,
        certificate=ours.certificate,
        others=ours.others,
    )
    return bench.case(signature=signature)
