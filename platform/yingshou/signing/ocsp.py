"""
Answers about a single certificate (OCSP, RFC 6960): ask, read, and check who gave the answer about which certificate.

An answer counts only if it names this certificate and its authority, if that authority signed it or a responder that the
authority itself appointed, and if it is fresh. It is kept with the evidence and checked again from there.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from yingshou.jobs import http
from yingshou.kernel.errors import DomainError
from yingshou.signing.algorithms import HASHES, SignatureAlgorithm, verify_raw
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.errors import MalformedSignature
from yingshou.signing.sm2 import Sm2PublicKey

MAX_BYTES: Final = 64 * 1024
_REQUEST: Final = "application/ocsp-request"
_RESPONSE: Final = "application/ocsp-response"
NONCE_BYTES: Final = 16
# Clocks of authorities run a little ahead of ours; more than this is not a clock difference.
CLOCK_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, eq=False)
class StatusFacts:
    """What an answer says; `speaks_of` and `genuine` check it against certificate and authority."""

    der: bytes
    parsed: ocsp.OCSPResponse
    sha256: bytes
    serial_number: int
    revoked: bool
    known: bool
    revoked_at: datetime | None
    this_update: datetime
    next_update: datetime
    nonce: bytes | None

    def fresh_at(self, moment: datetime) -> bool:
        """Whether the answer had been given and was still good at ``moment``."""
        return self.this_update - CLOCK_SKEW <= moment < self.next_update


@lru_cache(maxsize=512)
def read_status(der: bytes) -> StatusFacts:
    """
    Read one answer.

    :raises MalformedSignature: if it is no successful answer about one certificate, with an end
    """
    try:
        parsed = ocsp.load_der_ocsp_response(der)
        if parsed.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise MalformedSignature(detail="OCSP")
        answers = list(parsed.responses)
        critical = any(extension.critical for extension in (*parsed.extensions, *parsed.single_extensions))
        nonces = [one.value.nonce for one in parsed.extensions if isinstance(one.value, x509.OCSPNonce)]
    except (ValueError, x509.DuplicateExtension) as error:
        raise MalformedSignature(detail="OCSP") from error
    if len(answers) != 1 or critical or answers[0].next_update_utc is None:
        # Without an end nobody can tell how long it holds; several answers, or a condition we do not know, are not ours.
        raise MalformedSignature(detail="OCSP")
    answer = answers[0]
    end = answer.next_update_utc
    assert end is not None, "looked at above"
    return StatusFacts(
        der=der,
        parsed=parsed,
        sha256=hashlib.sha256(der).digest(),
        serial_number=answer.serial_number,
        revoked=answer.certificate_status is ocsp.OCSPCertStatus.REVOKED,
        known=answer.certificate_status is not ocsp.OCSPCertStatus.UNKNOWN,
        revoked_at=answer.revocation_time_utc,
        this_update=answer.this_update_utc,
        next_update=end,
        nonce=nonces[0] if nonces else None,
    )


def speaks_of(facts: StatusFacts, certificate: CertificateFacts, authority: CertificateFacts) -> bool:
    """Whether the answer is about this certificate of this authority: serial number, name and key of the authority."""
    if facts.serial_number != certificate.parsed.serial_number:
        return False
    try:
        algorithm = facts.parsed.hash_algorithm.name
        # The hashes only say which certificate is meant; the signature over them is what is trusted.
        return (facts.parsed.issuer_name_hash, facts.parsed.issuer_key_hash) == _named(authority, algorithm)
    except (UnsupportedAlgorithm, ValueError):
        return False


@lru_cache(maxsize=64)
def _named(authority: CertificateFacts, algorithm: str) -> tuple[bytes, bytes]:
    """The hashes of an authority's name and key (RFC 6960, 4.1.1)."""
    parsed = asn1_x509.Certificate.load(authority.der)
    # The first byte of the bit string says how many bits are unused; it is not part of the key.
    key = bytes(parsed.public_key["public_key"].contents)[1:]
    return (
        hashlib.new(algorithm, parsed.subject.dump(), usedforsecurity=False).digest(),
        hashlib.new(algorithm, key, usedforsecurity=False).digest(),
    )


@lru_cache(maxsize=512)
def genuine(facts: StatusFacts, authority: CertificateFacts) -> bool:
    """Whether the authority signed the answer, or a responder it appointed itself (RFC 6960, 4.2.2.2)."""
    try:
        digest = facts.parsed.signature_hash_algorithm
        if digest is None or digest.name not in HASHES:
            return False
        for signer in (authority, *_appointed(facts, authority)):
            if _signed_by(facts, signer, digest.name):
                return True
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return False


def _appointed(facts: StatusFacts, authority: CertificateFacts) -> list[CertificateFacts]:
    """The responders among the certificates of an answer: issued by the authority itself, for this, valid at its time."""
    found = []
    for certificate in facts.parsed.certificates[:4]:
        try:
            responder = read_certificate(certificate.public_bytes(Encoding.DER))
            certificate.verify_directly_issued_by(authority.parsed)
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (DomainError, InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and responder.valid_at(facts.parsed.produced_at_utc):
            found.append(responder)
    return found


def _signed_by(facts: StatusFacts, signer: CertificateFacts, digest: str) -> bool:
    if not isinstance(signer.public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return False
    family = "rsa" if isinstance(signer.public_key, rsa.RSAPublicKey) else "ecdsa"
    algorithm = SignatureAlgorithm(family, digest, facts.parsed.signature_algorithm_oid.dotted_string)
    try:
        verify_raw(signer.public_key, algorithm, facts.parsed.signature, facts.parsed.tbs_response_bytes)
    except DomainError:
        return False
    return True


def address_of(certificate: CertificateFacts, default: str) -> str:
    """Where to ask about a certificate: the operator's address, else the one it names itself, if that is listed."""
    if default:
        return default
    try:
        access = certificate.parsed.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    places = [one.access_location for one in access if one.access_method == AuthorityInformationAccessOID.OCSP]
    named = [place.value for place in places if isinstance(place, x509.UniformResourceIdentifier)]
    return next((address for address in named if http.is_allowed(address)), "")


def fetch(certificate: CertificateFacts, authority: CertificateFacts, address: str, *, seconds: float) -> StatusFacts:
    """
    Ask about one certificate; a nonce that comes back must be the one that was sent. Never inside a transaction.

    :raises OutgoingProblem: if the service does not answer, or answers something else
    """
    if isinstance(authority.public_key, Sm2PublicKey):
        raise http.AddressRefused("an authority with an SM2 key is asked by its list")
    nonce = secrets.token_bytes(NONCE_BYTES)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate.parsed, authority.parsed, hashes.SHA1())  # noqa: S303  # names, RFC 5019
    question = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER)
    answer = http.call(
        address, body=question, content_type=_REQUEST, accept=[_RESPONSE], max_bytes=MAX_BYTES, seconds=seconds
    )
    try:
        facts = read_status(answer.body)
    except MalformedSignature as error:
        raise http.WrongAnswer("the OCSP service sent no answer about one certificate") from error
    if facts.nonce is not None and facts.nonce != nonce:
        raise http.WrongAnswer("the OCSP service answered another question")
    if not speaks_of(facts, certificate, authority) or not genuine(facts, authority):
        raise http.WrongAnswer("the OCSP answer is about another certificate, or somebody else signed it")
    return facts
