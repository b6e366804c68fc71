"""
The detached CMS signature (RFC 5652) with the signed attributes of CAdES-B: build it, and read it back strictly.

GM/T 0010 writes the same structure with content types of its own; they are read as well, for SM2. One shape is accepted: one signer named by issuer and serial number, content absent, the attributes content-type,
message-digest, signing-time and signing-certificate-v2 once each, no others, nothing unsigned beside the
certificates. What has no meaning here cannot carry one by mistake.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import cms, core, tsp, x509

from yingshou.signing.algorithms import (
    SignatureAlgorithm,
    digest_identifier,
    digest_of,
    read_algorithm,
    read_digest,
)
from yingshou.signing.certificates import CertificateFacts
from yingshou.signing.der import require_strict
from yingshou.signing.errors import MalformedSignature

ATTRIBUTES: Final = frozenset({"content_type", "message_digest", "signing_time", "signing_certificate_v2"})
MAX_CERTIFICATES: Final = 6
# The content type of the whole, and that of the content it must go with; the second row is GM/T 0010's.
_DATA_OF: Final = {"signed_data": "data", "1.2.156.10197.6.1.4.2.2": "1.2.156.10197.6.1.4.2.1"}


@dataclass(frozen=True)
class ParsedSignature:
    """The parts of a signature, read but not verified."""

    signer: bytes
    others: tuple[bytes, ...]
    attributes: bytes
    message_digest: bytes
    certificate_sha256: bytes
    signed_at: datetime
    algorithm: SignatureAlgorithm
    value: bytes


def signed_attributes(
    *, payload: bytes, algorithm: SignatureAlgorithm, certificate: CertificateFacts, signed_at: datetime
) -> bytes:
    """
    Build what the signer signs: the DER of the set of signed attributes, its tag that of a set (RFC 5652, 5.4).

    :param signed_at: the moment of the request, whole seconds
    """
    parsed = x509.Certificate.load(certificate.der)
    identifier = tsp.ESSCertIDv2(
        {
            "cert_hash": certificate.sha256,
            "issuer_serial": {
                "issuer": [x509.GeneralName("directory_name", parsed.issuer)],
                "serial_number": parsed.serial_number,
            },
        }
    )
    moment = signed_at.astimezone(UTC).replace(microsecond=0)
    time_form = "utc_time" if moment.year < 2050 else "general_time"
    values: dict[str, Any] = {
        "content_type": "data",
        "message_digest": digest_of(algorithm.digest, payload),
        "signing_time": cms.Time(name=time_form, value=moment),
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [identifier]}),
    }
    attributes = cms.CMSAttributes(
        [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()]
    )
    encoded = bytes(attributes.dump())
    require_strict(encoded)
    return encoded


def assemble(
    *,
    attributes: bytes,
    value: bytes,
    algorithm: SignatureAlgorithm,
    certificate: CertificateFacts,
    others: Iterable[bytes],
) -> bytes:
    """Put the signature value the browser returned and the prepared attributes together as a detached CMS."""
    parsed = x509.Certificate.load(certificate.der)
    digest = digest_identifier(algorithm.digest)
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": parsed.issuer, "serial_number": parsed.serial_number}
            ),
            "digest_algorithm": digest,
            "signed_attrs": cms.CMSAttributes.load(attributes),
            "signature_algorithm": {"algorithm": algorithm.oid},
            "signature": value,
        }
    )
    certificates = sorted({certificate.der, *others})
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": [x509.Certificate.load(der) for der in certificates],
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def parse(der: bytes) -> ParsedSignature:
    """
    Read a detached signature.

    :raises MalformedSignature: if it is not strict DER of the one accepted shape
    :raises WeakAlgorithm: if an algorithm is not on the list
    """
    require_strict(der)
    try:
        content = cms.ContentInfo.load(der, strict=True)
        kind = str(content["content_type"].native)
        _require(kind in _DATA_OF, "content type")
        if kind == "signed_data":
            return _signed_data(content["content"], _DATA_OF[kind])
        parsed = _signed_data(content["content"].parse(cms.SignedData), _DATA_OF[kind])
        _require(parsed.algorithm.family == "sm2", "content type")
        return parsed
    except (ValueError, TypeError, KeyError) as error:
        raise MalformedSignature(detail="CMS") from error


def _signed_data(signed: cms.SignedData, data: str) -> ParsedSignature:
    _require(signed["version"].native == "v1", "version")
    encapsulated = signed["encap_content_info"]
    _require(encapsulated["content_type"].native == data, "content type")
    _require(isinstance(encapsulated["content"], core.Void), "content inside the signature")
    _require(isinstance(signed["crls"], core.Void), "revocation list inside the signature")
    _require(len(signed["signer_infos"]) == 1, "number of signers")
    _require(len(signed["digest_algorithms"]) == 1, "digest algorithms")
    signer = signed["signer_infos"][0]
    _require(signer["version"].native == "v1" and signer["sid"].name == "issuer_and_serial_number", "signer")
    _require(isinstance(signer["unsigned_attrs"], core.Void), "unsigned attributes")
    digest = read_digest(signer["digest_algorithm"])
    _require(read_digest(signed["digest_algorithms"][0]) == digest, "digest algorithm")
    attributes = _attributes(signer["signed_attrs"], data)
    own, others = _certificates(signed["certificates"], signer["sid"].chosen)
    return ParsedSignature(
        signer=own,
        others=others,
        attributes=bytes(signer["signed_attrs"].untag().dump()),
        message_digest=bytes(attributes["message_digest"].native),
        certificate_sha256=_certificate_hash(attributes["signing_certificate_v2"]),
        signed_at=attributes["signing_time"].native,
        algorithm=read_algorithm(signer["signature_algorithm"], digest),
        value=bytes(signer["signature"].native),
    )


def _attributes(signed_attributes: Any, data: str) -> dict[str, Any]:
    """Read the signed attributes: exactly the four we know, each once, each with one value."""
    _require(isinstance(signed_attributes, cms.CMSAttributes), "signed attributes")
    require_strict(bytes(signed_attributes.untag().dump()))
    names = [str(attribute["type"].native) for attribute in signed_attributes]
    _require(sorted(names) == sorted(ATTRIBUTES), "signed attributes")
    _require(all(len(attribute["values"]) == 1 for attribute in signed_attributes), "signed attributes")
    values = {name: attribute["values"][0] for name, attribute in zip(names, signed_attributes, strict=True)}
    _require(values["content_type"].native == data, "content type")
    return values


def _certificates(held: Any, sid: Any) -> tuple[bytes, tuple[bytes, ...]]:
    _require(isinstance(held, cms.CertificateSet) and 1 <= len(held) <= MAX_CERTIFICATES, "certificates")
    _require(all(choice.name == "certificate" for choice in held), "certificates")
    parsed = [choice.chosen for choice in held]
    issuer, serial = sid["issuer"].dump(), sid["serial_number"].native
    own = [item for item in parsed if item.serial_number == serial and item.issuer.dump() == issuer]
    _require(len(own) == 1, "certificate of the signer")
    others = tuple(bytes(item.dump()) for item in parsed if item is not own[0])
    return bytes(own[0].dump()), others


def _certificate_hash(attribute: Any) -> bytes:
    _require(len(attribute["certs"]) == 1, "signing certificate")
    identifier = attribute["certs"][0]
    _require(identifier["hash_algorithm"]["algorithm"].native == "sha256", "signing certificate")
    return bytes(identifier["cert_hash"].native)


def _require(condition: bool, detail: str) -> None:
    if not condition:
        raise MalformedSignature(detail=detail)
