"""Reading a certificate: the facts that the checks, the pages and the evidence need, taken once from strict DER."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yingshou.signing import sm2
from yingshou.signing.algorithms import HASHES, PublicKey, require_plain_sm2, require_strong_key
from yingshou.signing.der import require_strict
from yingshou.signing.errors import MalformedSignature, OtherOrganisation, WeakAlgorithm, WrongKeyUsage
from yingshou.signing.sm2 import Sm2PublicKey

# Document signing (RFC 9336); an extended key usage, where there is one, must name this, e-mail protection or any.
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
_SIGNING_PURPOSES: Final = frozenset(
    {DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
)
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


@dataclass(frozen=True, eq=False)
class CertificateFacts:
    """What a certificate says about itself; nothing here is verified yet."""

    der: bytes
    parsed: x509.Certificate
    public_key: PublicKey
    sha256: bytes
    serial: str
    subject: str
    issuer: str
    subject_common_name: str
    subject_organisation: str
    subject_usccs: frozenset[str]
    not_before: datetime
    not_after: datetime
    key_usages: tuple[str, ...]

    @property
    def key_label(self) -> str:
        """The kind and length of the key, as people read it: ``RSA 2048``, ``ECDSA P-256``, ``SM2``."""
        if isinstance(self.public_key, Sm2PublicKey):
            return "SM2"
        if isinstance(self.public_key, ec.EllipticCurvePublicKey):
            return f"ECDSA P-{self.public_key.curve.key_size}"
        return f"RSA {self.public_key.key_size}" if isinstance(self.public_key, rsa.RSAPublicKey) else ""

    @property
    def names(self) -> tuple[str, ...]:
        """What somebody may call the holder: the subject, the person, the organisation, the credit codes."""
        return (self.subject, self.subject_common_name, self.subject_organisation, *sorted(self.subject_usccs))

    def valid_at(self, moment: datetime) -> bool:
        """Whether ``moment`` lies within the validity, both ends included."""
        return self.not_before <= moment <= self.not_after


@lru_cache(maxsize=4096)
def read_certificate(der: bytes) -> CertificateFacts:
    """
    Read one certificate.

    :raises MalformedSignature: if it is not one certificate in strict DER
    :raises WeakAlgorithm: if its key or the algorithm that signed it is not accepted
    """
    require_strict(der)
    try:
        if asn1.Certificate.load(der).serial_number <= 0:
            # RFC 5280, 4.1.2.2; a list could not name such a certificate.
            raise MalformedSignature(detail="serial number")
        parsed = x509.load_der_x509_certificate(der)
        key_usages = _key_usages(parsed)
        names = [parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()]
        usccs = _usccs(parsed.subject)
    except (ValueError, TypeError, KeyError, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise MalformedSignature(detail="certificate") from error
    return CertificateFacts(
        der=der,
        parsed=parsed,
        public_key=_strong_key(parsed),
        sha256=hashlib.sha256(der).digest(),
        serial=f"{parsed.serial_number:X}",
        subject=names[0],
        issuer=names[1],
        subject_common_name=_first(parsed.subject, NameOID.COMMON_NAME),
        subject_organisation=_first(parsed.subject, NameOID.ORGANIZATION_NAME),
        subject_usccs=usccs,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        key_usages=key_usages,
    )


def _strong_key(parsed: x509.Certificate) -> PublicKey:
    if parsed.signature_algorithm_oid.dotted_string == sm2.SIGNATURE_OID:
        return _sm2_key(parsed)
    try:
        digest = parsed.signature_hash_algorithm
        key = parsed.public_key()
    except (UnsupportedAlgorithm, ValueError) as error:
        raise WeakAlgorithm(detail=parsed.signature_algorithm_oid.dotted_string) from error
    if digest is None or digest.name not in HASHES:
        raise WeakAlgorithm(detail=digest.name if digest else parsed.signature_algorithm_oid.dotted_string)
    require_strong_key(key)
    return key


def _sm2_key(parsed: x509.Certificate) -> Sm2PublicKey:
    """
    Read the key of a certificate signed with SM2, which ``cryptography`` parses and cannot use.

    A key of another kind under an SM2 authority is refused, as is an SM2 key under another: chains are pure.
    """
    held = asn1.Certificate.load(parsed.public_bytes(Encoding.DER))
    require_plain_sm2(held["signature_algorithm"])
    if held["signature_algorithm"].dump() != held["tbs_certificate"]["signature"].dump():
        raise MalformedSignature(detail="certificate")
    return Sm2PublicKey.from_spki(bytes(held["tbs_certificate"]["subject_public_key_info"].dump()))


def _key_usages(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        usage = parsed.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(name for name in _USAGES if getattr(usage, name))


def _values(name: x509.Name, *oids: x509.ObjectIdentifier) -> Iterable[str]:
    for oid in oids:
        for attribute in name.get_attributes_for_oid(oid):
            if isinstance(attribute.value, str):
                yield attribute.value


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return next(iter(_values(name, oid)), "")


def _usccs(subject: x509.Name) -> frozenset[str]:
    """
    Collect every credit code the subject carries, in organizationIdentifier (2.5.4.97) or serialNumber (2.5.4.5).

    ETSI EN 319 412-1 writes ``NTRCN-<code>``; Chinese authorities often write the bare code.
    """
    texts = _values(subject, NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER)
    codes = (text.removeprefix("NTRCN-") for text in texts)
    return frozenset(code for code in codes if len(code) == 18)


def require_organisation(facts: CertificateFacts, uscc: str) -> None:
    """
    Check that the certificate carries the credit code ``uscc`` and no other.

    :raises OtherOrganisation: otherwise; two different codes in one subject are refused as well
    """
    if facts.subject_usccs != {uscc}:
        raise OtherOrganisation(uscc=uscc)


def require_signing_usage(facts: CertificateFacts) -> None:
    """
    Check that the certificate was issued to sign documents: digitalSignature and nonRepudiation, not an authority's.

    :raises WrongKeyUsage: otherwise
    """
    if not {"digital_signature", "content_commitment"} <= set(facts.key_usages) or "key_cert_sign" in facts.key_usages:
        raise WrongKeyUsage
    extensions = facts.parsed.extensions
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise WrongKeyUsage
        if isinstance(value, x509.ExtendedKeyUsage) and not _SIGNING_PURPOSES & set(value):
            raise WrongKeyUsage
