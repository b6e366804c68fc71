"""A signature in the form of GM/T 0010: the structure of a CMS under content types and an algorithm name of its own."""

from datetime import datetime

from asn1crypto import cms, core

from tests.yingshou.signing.signer import KeyFile
from yingshou.signing import cms as our_cms
from yingshou.signing.algorithms import browser_algorithm

DATA, SIGNED_DATA = "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"
ALGORITHM = "1.2.156.10197.1.301.1"


def gm_signature(
    file: KeyFile,
    payload: bytes,
    at: datetime,
    *,
    outer: str = SIGNED_DATA,
    inner: str = DATA,
    attribute: str = DATA,
) -> bytes:
    """Sign, and name the content types as asked."""
    facts = file.certificate
    algorithm = browser_algorithm(facts.public_key)
    ours = our_cms.signed_attributes(payload=payload, algorithm=algorithm, certificate=facts, signed_at=at)
    found = [one for one in cms.CMSAttributes.load(ours) if one["type"].native != "content_type"]
    kind = cms.CMSAttribute({"type": "content_type", "values": [attribute]})
    attributes = bytes(cms.CMSAttributes([kind, *found]).dump())
    value = file.value(attributes, algorithm)
    made = our_cms.assemble(
        attributes=attributes, value=value, algorithm=algorithm, certificate=facts, others=file.others
    )
    signed = cms.ContentInfo.load(made)["content"]
    signed["encap_content_info"] = {"content_type": inner}
    if algorithm.family == "sm2":
        signed["signer_infos"][0]["signature_algorithm"] = {"algorithm": ALGORITHM}
    body = bytes(core.ObjectIdentifier(outer).dump()) + _element(0xA0, bytes(signed.untag().dump(force=True)))
    return _element(0x30, body)


def _element(tag: int, body: bytes) -> bytes:
    size = len(body)
    encoded = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(encoded)]) + encoded) + body
