"""Signatures that are not of the one accepted shape: each must be refused before anything in it is believed."""

from collections.abc import Callable

from asn1crypto import algos, cms, core

from tests.yingshou.signing.conftest import NOW
from tests.yingshou.signing.forgeries import FORGERIES, Bench, Case, edited, forgery, good, signer_of, simple, value_of
from tests.yingshou.signing.signer import KeyFile, document
from yingshou.signing import cms as our_cms
from yingshou.signing.algorithms import browser_algorithm

__all__ = ["FORGERIES"]


def with_attributes(file: KeyFile, change: Callable[[list[cms.CMSAttribute]], list[cms.CMSAttribute]]) -> bytes:
    """A CMS whose signed attributes were chosen by the attacker, properly signed with the attacker's own good key."""
    algorithm, certificate = browser_algorithm(file.certificate.public_key), file.certificate
    ours = our_cms.signed_attributes(payload=document(), algorithm=algorithm, certificate=certificate, signed_at=NOW)
    attributes = bytes(cms.CMSAttributes(change(list(cms.CMSAttributes.load(ours)))).dump())
    return our_cms.assemble(
        attributes=attributes,
        value=file.value(attributes, algorithm),
        algorithm=algorithm,
        certificate=certificate,
        others=file.others,
    )


def shape(name: str, change: Callable[[cms.SignedData], None], *sides: str) -> None:
    simple(name, "SIG-001", lambda bench: bench.case(signature=edited(good(bench), change)), *sides)


def raw(name: str, change: Callable[[bytes], bytes]) -> None:
    simple(name, "SIG-001", lambda bench: bench.case(signature=change(good(bench))))


def _two_signers(signed: cms.SignedData) -> None:
    again = cms.SignerInfo.load(signer_of(signed).dump())
    again["signature"] = b"\1" * 256
    signed["signer_infos"] = [signer_of(signed), again]


def _no_signed_attributes(signed: cms.SignedData) -> None:
    del signer_of(signed)["signed_attrs"]


def _unsigned_attribute(signed: cms.SignedData) -> None:
    extra = cms.CMSAttribute({"type": "1.2.3.4", "values": [core.Any(core.Null())]})
    signer_of(signed)["unsigned_attrs"] = [extra]


def _content_inside(signed: cms.SignedData) -> None:
    signed["encap_content_info"] = {"content_type": "data", "content": document()}


def _no_certificate(signed: cms.SignedData) -> None:
    del signed["certificates"]


def _someone_elses_serial(signed: cms.SignedData) -> None:
    signer_of(signed)["sid"].chosen["serial_number"] = 1


def _other_digest_announced(signed: cms.SignedData) -> None:
    signed["digest_algorithms"] = [algos.DigestAlgorithm({"algorithm": "sha512"})]


def _digest_unlike_algorithm(signed: cms.SignedData) -> None:
    signer_of(signed)["signature_algorithm"] = {"algorithm": "sha384_rsa"}


shape("two_signers", _two_signers)
shape("no_signed_attributes", _no_signed_attributes)
shape("unsigned_attribute", _unsigned_attribute)
shape("content_inside", _content_inside)
shape("no_certificate", _no_certificate)
shape("someone_elses_serial", _someone_elses_serial)
shape("other_digest_announced", _other_digest_announced)
shape("digest_unlike_algorithm", _digest_unlike_algorithm, "rsa")

raw("nothing", lambda signature: b"")
raw("text", lambda signature: b"-----BEGIN CMS-----")
raw("truncated", lambda signature: signature[:-1])
raw("trailing_byte", lambda signature: signature + b"\0")
raw("indefinite_length", lambda signature: b"\x30\x80" + signature[4:] + b"\0\0")
raw("length_not_minimal", lambda signature: b"\x30\x83\x00" + signature[2:4] + signature[4:])
raw(
    "other_content_type",
    lambda signature: signature.replace(bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010703"), 1),
)


def attributes(name: str, change: Callable[[list[cms.CMSAttribute]], list[cms.CMSAttribute]]) -> None:
    simple(name, "SIG-001", lambda bench: bench.case(signature=with_attributes(bench.world.key_file(), change)))


def _without(kind: str) -> Callable[[list[cms.CMSAttribute]], list[cms.CMSAttribute]]:
    return lambda found: [attribute for attribute in found if attribute["type"].native != kind]


def _second_digest(found: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    return [*found, cms.CMSAttribute({"type": "message_digest", "values": [b"\0" * 32]})]


def _two_values(found: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    ours = next(one for one in found if one["type"].native == "message_digest")
    twice = cms.CMSAttribute({"type": "message_digest", "values": [b"\0" * 32, ours["values"][0].native]})
    return [*_without("message_digest")(found), twice]


def _unknown(found: list[cms.CMSAttribute]) -> list[cms.CMSAttribute]:
    return [*found, cms.CMSAttribute({"type": "1.2.3.4", "values": [core.Any(core.Null())]})]


attributes("attribute_twice", _second_digest)
attributes("attribute_with_two_values", _two_values)
attributes("attribute_unknown", _unknown)
for kind in ("signing_time", "message_digest", "content_type", "signing_certificate_v2"):
    attributes(f"without_{kind}", _without(kind))


@forgery("SIG-001")
def attributes_out_of_order(bench: Bench) -> Case:
    signature = good(bench)
    found = cms.ContentInfo.load(signature)["content"]["signer_infos"][0]["signed_attrs"]
    held, parts = bytes(found.contents), [bytes(one.dump()) for one in found]
    assert held == b"".join(parts)
    return bench.case(signature=signature.replace(held, b"".join(reversed(parts))))


simple("ecdsa_value_with_padded_number", "SIG-001", value_of(lambda v: b"\x30\x07\x02\x02\x00\x05\x02\x01\x07", "ec"))
simple("ecdsa_value_of_zero", "SIG-001", value_of(lambda v: b"\x30\x06\x02\x01\x00\x02\x01\x07", "ec"))
simple("ecdsa_value_negative", "SIG-001", value_of(lambda v: b"\x30\x06\x02\x01\xff\x02\x01\x07", "ec"))
simple("ecdsa_value_as_browser_sends_it", "SIG-001", value_of(lambda v: b"\1" * 64, "ec"))
