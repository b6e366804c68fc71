"""What an attacker, or a signer with a wrongly set up program, can do with SM2 alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from simulators.authority.authority import AnyKey
from simulators.authority.sm2 import SIGNATURE, Sm2Key
from simulators.authority.sm2_authority import resigned, resigned_list
from tests.yingshou.signing import gm_form
from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.forgeries import (
    Bench,
    Case,
    crl,
    edited,
    forgery,
    lists_with,
    signed_with,
    simple,
    value_of,
)
from tests.yingshou.signing.malformed import FORGERIES
from tests.yingshou.signing.signer import USCC, Sm2KeyFile, document, sign, signed_certificate
from yingshou.signing import cms as our_cms
from yingshou.signing.algorithms import SignatureAlgorithm
from yingshou.signing.revocation import read_revocation_list
from yingshou.signing.sm2 import N

__all__ = ["FORGERIES"]

SM2 = frozenset({"sm2"})
KNOWN = 0x1234567


# --- SIG-012: the right key under another user identifier ---------------------------------------------------------
for name, identifier in {
    "identifier_empty": b"",
    "identifier_of_the_standards_example": b"ALICE123@YAHOO.COM",
    "identifier_is_the_credit_code": USCC.encode(),
    "identifier_is_the_persons_name": "签章人 good".encode(),
    "signers_digest_left_out": None,
}.items():
    simple(
        name,
        "SIG-012",
        lambda bench, identifier=identifier: bench.case(  # type: ignore[misc]
            signature=sign(Sm2KeyFile(bench.world.key_file().path, identifier), document(), NOW)
        ),
        "sm2",
    )


@forgery("SIG-003", SM2)
def identifier_nobody_uses(bench: Bench) -> Case:
    return bench.case(signature=sign(Sm2KeyFile(bench.world.key_file().path, b"0000"), document(), NOW))


@forgery("SIG-003", SM2)
def other_key_under_a_mistaken_identifier(bench: Bench) -> Case:
    theirs = bench.world.key_file("colleague").key
    assert isinstance(theirs, Sm2Key)

    def change(signed: cms.SignedData) -> None:
        signer = signed["signer_infos"][0]
        signer["signature"] = theirs.sign(bytes(signer["signed_attrs"].untag().dump()), b"")

    return bench.case(signature=edited(sign(bench.world.key_file(), document(), NOW), change))


# --- SIG-010: mixtures ------------------------------------------------------------------------------------------------
def labelled(digest: str, algorithm: str) -> Callable[[Bench], Case]:
    """A good signature whose digest and algorithm are called otherwise."""

    def change(signed: cms.SignedData) -> None:
        named = algos.DigestAlgorithm({"algorithm": digest})
        signed["digest_algorithms"] = [named]
        signed["signer_infos"][0]["digest_algorithm"] = named
        signed["signer_infos"][0]["signature_algorithm"] = {"algorithm": algorithm}

    return lambda bench: bench.case(signature=edited(sign(bench.world.key_file(), document(), NOW), change))


simple("sm2_with_sha256", "SIG-010", labelled("sha256", SIGNATURE))
simple("sm3_with_ecdsa", "SIG-010", labelled("1.2.156.10197.1.401", "sha256_ecdsa"))
simple("sm3_with_rsa", "SIG-010", labelled("1.2.156.10197.1.401", "rsassa_pkcs1v15"))
simple("sm3_with_pss", "SIG-010", labelled("1.2.156.10197.1.401", "rsassa_pss"))


def holder(key: AnyKey, issuer: AnyKey, authority: x509.Name, *more: "Extension") -> bytes:
    """A signer's certificate for our organisation, by any issuer."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "签章人"),
                      x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, USCC)])  # fmt: skip
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(authority).serial_number(77)
    builder = builder.not_valid_before(NOW - timedelta(days=2)).not_valid_after(NOW + timedelta(days=2))
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    for value, critical in ((x509.BasicConstraints(False, None), True), (usage, True), *more):
        builder = builder.add_extension(value, critical)
    return signed_certificate(builder, key, issuer)


def presented(certificate: Callable[[Bench], bytes]) -> Callable[[Bench], Case]:
    """A certificate stands in for the signer's in an otherwise good signature."""

    def make(bench: Bench) -> Case:
        parsed = asn1.Certificate.load(certificate(bench))

        def change(signed: cms.SignedData) -> None:
            signed["certificates"] = [parsed]
            identifier = {"issuer": parsed.issuer, "serial_number": parsed.serial_number}
            signed["signer_infos"][0]["sid"] = cms.SignerIdentifier("issuer_and_serial_number", identifier)

        return bench.case(signature=edited(sign(bench.world.key_file(), document(), NOW), change))

    return make


def _sm2_under_ecdsa(bench: Bench) -> bytes:
    # The other half of the sample authority has its files beside the SM2 ones.
    made = holder(Sm2Key(KNOWN), ec.derive_private_key(KNOWN, ec.SECP256R1()), bench.world.authority.issuing.subject)
    parsed = asn1.Certificate.load(made)
    parsed["tbs_certificate"]["subject_public_key_info"] = Sm2Key(KNOWN).spki
    return bytes(parsed.dump(force=True))


def _rsa_under_sm2(bench: Bench) -> bytes:
    key = ec.derive_private_key(KNOWN, ec.SECP256R1())
    return holder(key, bench.world.authority_key("issuing"), bench.world.authority.issuing.subject)


simple("sm2_key_certified_with_ecdsa", "SIG-010", presented(_sm2_under_ecdsa), "sm2")
simple("other_key_certified_with_sm2", "SIG-010", presented(_rsa_under_sm2), "sm2")


# --- keys and certificates that are none ------------------------------------------------------------------------------
def spki(change: Callable[[bytes], bytes]) -> Callable[[Bench], Case]:
    """A certificate of the issuing authority over a changed public key."""

    def certificate(bench: Bench) -> bytes:
        good = bench.world.key_file().certificate_der
        own = asn1.Certificate.load(good)["tbs_certificate"]["subject_public_key_info"].dump()
        changed = change(own)
        assert len(changed) == len(own)
        issuer = bench.world.authority_key("issuing")
        assert isinstance(issuer, Sm2Key)
        return resigned(good.replace(own, changed), issuer)

    return presented(certificate)


simple("key_off_the_curve", "SIG-001", spki(lambda own: own[:-1] + bytes([own[-1] ^ 1])), "sm2")
simple("key_of_zeros", "SIG-001", spki(lambda own: own[:-64] + bytes(64)), "sm2")
simple("key_with_other_point_form", "SIG-001", spki(lambda own: own[:-65] + b"\x06" + own[-64:]), "sm2")
simple("key_of_another_curve", "SIG-010", spki(lambda own: own.replace(b"\x82\x2d", b"\x82\x2e")), "sm2")


@forgery("SIG-001", SM2)
def certificate_with_sm2_parameters(bench: Bench) -> Case:
    def certificate(_bench: Bench) -> bytes:
        parsed = asn1.Certificate.load(bench.world.key_file().certificate_der)
        named = {"algorithm": SIGNATURE, "parameters": core.Any(core.Integer(1))}
        parsed["tbs_certificate"]["signature"] = named
        parsed["signature_algorithm"] = named
        return bytes(parsed.dump(force=True))

    return presented(certificate)(bench)


@forgery("SIG-001", SM2)
def certificate_whose_two_algorithms_differ(bench: Bench) -> Case:
    def certificate(_bench: Bench) -> bytes:
        parsed = asn1.Certificate.load(bench.world.key_file().certificate_der)
        parsed["tbs_certificate"]["signature"] = {"algorithm": SIGNATURE, "parameters": core.Any(core.Null())}
        return bytes(parsed.dump(force=True))

    return presented(certificate)(bench)


# --- SIG-006: paths -----------------------------------------------------------------------------------------------------
@forgery("SIG-006", SM2)
def certificate_signed_under_another_identifier(bench: Bench) -> Case:
    file, issuer = bench.world.key_file(), bench.world.authority_key("issuing")
    assert isinstance(file.key, Sm2Key)
    assert isinstance(issuer, Sm2Key)
    der = resigned(file.certificate_der, issuer, identifier=b"")
    return bench.case(signature=signed_with(der, file.key, file.others))


@forgery("SIG-006", SM2)
def certificate_altered_after_signing(bench: Bench) -> Case:
    file = bench.world.key_file(uscc="91110000MA1FL00018")
    der = file.certificate_der.replace(b"91110000MA1FL00018", USCC.encode())
    return bench.case(signature=signed_with(der, file.key, file.others))


Extension = tuple[x509.ExtensionType, bool]


def through(*changes: Extension, **times: timedelta) -> Callable[[Bench], Case]:
    """A signer under an issuing authority of the root's own making that has a fault."""

    def make(bench: Bench) -> Case:
        key, between = Sm2Key.generate(), Sm2Key.generate()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "between")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(bench.world.authority.root.subject)
        builder = builder.not_valid_before(NOW - times.get("starts", timedelta(days=9))).serial_number(5)
        builder = builder.not_valid_after(NOW + times.get("ends", timedelta(days=9)))
        for value, critical in changes:
            builder = builder.add_extension(value, critical)
        authority = signed_certificate(builder, between, bench.world.authority_key("root"))
        return bench.case(signature=signed_with(holder(key, between, name), key, [authority]))

    return make


MAY_ISSUE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
MAY_SIGN = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
AUTHORITY: Extension = (x509.BasicConstraints(True, 0), True)
NAMES = x509.NameConstraints([x509.DirectoryName(x509.Name([]))], None)
BAD_AUTHORITIES: dict[str, list[Extension]] = {
    "authority_without_constraints": [(MAY_ISSUE, True)],
    "authority_with_constraints_to_be_ignored": [(x509.BasicConstraints(True, 0), False), (MAY_ISSUE, True)],
    "authority_that_is_none": [(x509.BasicConstraints(False, None), True), (MAY_ISSUE, True)],
    "authority_that_may_not_issue": [AUTHORITY, (MAY_SIGN, True)],
    "authority_limited_to_names": [AUTHORITY, (MAY_ISSUE, True), (NAMES, True)],
    "authority_with_an_unknown_critical_extension": [
        AUTHORITY, (MAY_ISSUE, True), (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\5\0"), True),
    ],
    "authority_with_another_key_identifier": [
        AUTHORITY, (MAY_ISSUE, True), (x509.AuthorityKeyIdentifier(b"another", None, None), False),
    ],
}  # fmt: skip
for name, changes in BAD_AUTHORITIES.items():
    simple(name, "SIG-006", through(*changes), "sm2")

simple(
    "authority_expired_before_the_signer",
    "SIG-006",
    through(AUTHORITY, (MAY_ISSUE, True), ends=timedelta(days=-5)),
    "sm2",
)
simple("good_authority_without_a_list", "SIG-005", through(AUTHORITY, (MAY_ISSUE, True)), "sm2")


# --- SIG-005: lists -----------------------------------------------------------------------------------------------------
@forgery("SIG-005", SM2)
def list_signed_with_another_kind_of_key(bench: Bench) -> Case:
    key = ec.derive_private_key(KNOWN, ec.SECP256R1())
    return bench.case(lists=lists_with(bench, issuing=crl(bench.world, "issuing", signed_by=key)))


@forgery("SIG-005", SM2)
def list_signed_under_another_identifier(bench: Bench) -> Case:
    key = bench.world.authority_key("issuing")
    assert isinstance(key, Sm2Key)
    forged = read_revocation_list(resigned_list(crl(bench.world, "issuing").der, key, b""))
    return bench.case(lists=lists_with(bench, issuing=forged))


# --- values -------------------------------------------------------------------------------------------------------------
def numbers(change: Callable[[int, int], tuple[int, int]]) -> Callable[[Bench], Case]:
    return value_of(lambda value: encode_dss_signature(*change(*decode_dss_signature(value))))


simple("value_with_r_beyond_the_order", "SIG-003", numbers(lambda r, s: (r + N, s)), "sm2")
simple("value_with_s_beyond_the_order", "SIG-003", numbers(lambda r, s: (r, s + N)), "sm2")
simple("value_with_s_negated", "SIG-003", numbers(lambda r, s: (r, N - s)), "sm2")
simple("value_whose_sum_vanishes", "SIG-003", numbers(lambda r, s: (r, N - r)), "sm2")
simple("value_with_numbers_exchanged", "SIG-003", numbers(lambda r, s: (s, r)), "sm2")
simple("value_of_the_order", "SIG-003", numbers(lambda r, s: (N, N)), "sm2")
simple("sm2_value_with_trailing_byte", "SIG-001", value_of(lambda value: value + b"\0"), "sm2")
simple(
    "value_as_two_bare_numbers",
    "SIG-001",
    value_of(lambda value: b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(value))),
    "sm2",
)


@forgery("SIG-003", SM2)
def value_of_another_family(bench: Bench) -> Case:
    """The certificate's key is SM2, the signature says ECDSA and would be one."""
    file, ecdsa = bench.world.key_file(), SignatureAlgorithm("ecdsa", "sha256", "1.2.840.10045.4.3.2")
    facts: Any = file.certificate
    attributes = our_cms.signed_attributes(payload=document(), algorithm=ecdsa, certificate=facts, signed_at=NOW)
    value = file.value(attributes, ecdsa)
    return bench.case(
        signature=our_cms.assemble(
            attributes=attributes, value=value, algorithm=ecdsa, certificate=facts, others=file.others
        )
    )


# --- GM/T 0010 ----------------------------------------------------------------------------------------------------------
def gm(file_key: str = "rsa", **kinds: str) -> Callable[[Bench], Case]:
    return lambda bench: bench.case(
        signature=gm_form.gm_signature(bench.world.key_file(key=file_key), document(), NOW, **kinds)
    )


simple("gm_outside_only", "SIG-001", gm(inner="data", attribute="data"))
simple("gm_inside_only", "SIG-001", gm(outer="1.2.840.113549.1.7.2"))
simple("gm_attribute_of_cms", "SIG-001", gm(attribute="data"))
simple("gm_enveloped", "SIG-001", gm(outer="1.2.156.10197.6.1.4.2.3"))
simple("gm_with_rsa", "SIG-001", gm(), "rsa")
