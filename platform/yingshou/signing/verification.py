"""
The whole check of a signature over a document: format, algorithm, path, usage, holder, validity, revocation, digest, value.

Pure: no database, no network, no clock. The same function accepts a signature when it arrives and answers years later,
from the stored evidence, whether it was good then.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from yingshou.kernel.canonical import canonical_json
from yingshou.signing import cms
from yingshou.signing.algorithms import SignatureAlgorithm, browser_algorithm, digest_of, verify_raw
from yingshou.signing.certificates import (
    CertificateFacts,
    read_certificate,
    require_organisation,
    require_signing_usage,
)
from yingshou.signing.errors import (
    DigestMismatch,
    InvalidSignature,
    MalformedSignature,
    OtherOrganisation,
    Replayed,
)
from yingshou.signing.ocsp import StatusFacts
from yingshou.signing.revocation import RevocationFacts, require_not_revoked
from yingshou.signing.trust import TrustStore, require_validity

# Version of these rules; stored with each evidence, so that a later reader knows what was checked.
VERIFIER: Final = "yingshou-cms/1"
# The signing time is the server's, put into the attributes at "prepare"; the answer must come within this time.
MAX_AGE: Final = timedelta(minutes=30)
MAX_AHEAD: Final = timedelta(seconds=5)


@dataclass(frozen=True)
class Expected:
    """What the signed document must say about itself, so that a good signature cannot stand for another document."""

    uscc: str
    nonce: str
    purpose: str
    object_type: str
    object_id: int
    object_version: int


@dataclass(frozen=True)
class VerifiedSignature:
    """A signature that passed every check, with what the evidence keeps of it."""

    certificate: CertificateFacts
    chain: tuple[CertificateFacts, ...]
    revocation_lists: tuple[RevocationFacts | StatusFacts, ...]
    algorithm: SignatureAlgorithm
    signed_at: datetime
    digest: bytes
    value: bytes


@dataclass(frozen=True)
class VerifiedCertificate:
    """A certificate that may sign for an organisation at a moment."""

    certificate: CertificateFacts
    chain: tuple[CertificateFacts, ...]
    revocation_lists: tuple[RevocationFacts | StatusFacts, ...]


def verify_certificate(
    der: bytes,
    others: Iterable[bytes],
    *,
    uscc: str,
    trust: TrustStore,
    revocation_lists: Iterable[RevocationFacts | StatusFacts],
    moment: datetime,
    may_wait: bool = False,
) -> VerifiedCertificate:
    """
    Check that a certificate may sign for the organisation with credit code ``uscc`` at ``moment``.

    :param may_wait: whether an unknown standing is let through, because the answer is fetched before anything takes effect

    :raises SignatureRefused: MalformedSignature, WeakAlgorithm, UnknownAuthority, WrongKeyUsage, OtherOrganisation,
        OutsideValidity, Revoked or RevocationUnknown, in this order of checking
    """
    facts = read_certificate(der)
    chain = trust.path(facts, others, moment)
    require_signing_usage(facts)
    require_organisation(facts, uscc)
    require_validity(chain, moment)
    return VerifiedCertificate(facts, chain, require_not_revoked(chain, revocation_lists, moment, may_wait=may_wait))


def verify(
    signature: bytes,
    payload: bytes,
    *,
    expected: Expected,
    trust: TrustStore,
    revocation_lists: Iterable[RevocationFacts | StatusFacts],
    moment: datetime,
    arrived_at: datetime | None = None,
    may_wait: bool = False,
) -> VerifiedSignature:
    """
    Check a detached CMS over canonical JSON.

    :param moment: as of when; for stored evidence the moment it was verified first
    :param arrived_at: when the signature arrived, if that was earlier: it may have waited for its proof since
    :param may_wait: whether an unknown standing of a certificate is let through for now
    :raises SignatureRefused: the class, and its code, say what is wrong
    """
    parsed = cms.parse(signature)
    holder = verify_certificate(
        parsed.signer,
        parsed.others,
        uscc=expected.uscc,
        trust=trust,
        revocation_lists=revocation_lists,
        moment=moment,
        may_wait=may_wait,
    )
    require_validity(holder.chain, parsed.signed_at)
    if digest_of(parsed.algorithm.digest, payload) != parsed.message_digest:
        raise DigestMismatch
    if parsed.certificate_sha256 != holder.certificate.sha256:
        # The attributes are bound to another certificate: a substitution, whatever the key says.
        raise InvalidSignature
    verify_raw(
        holder.certificate.public_key,
        parsed.algorithm,
        parsed.value,
        parsed.attributes,
        names=holder.certificate.names,
    )
    require_document(payload, expected)
    _require_timely(parsed.signed_at, arrived_at or moment)
    return VerifiedSignature(
        certificate=holder.certificate,
        chain=holder.chain,
        revocation_lists=holder.revocation_lists,
        algorithm=parsed.algorithm,
        signed_at=parsed.signed_at,
        digest=parsed.message_digest,
        value=parsed.value,
    )


def verify_raw_document(
    payload: bytes,
    signature: bytes,
    *,
    certificate: bytes,
    others: Sequence[bytes],
    expected: Expected,
    trust: TrustStore,
    revocation: Iterable[RevocationFacts | StatusFacts],
    moment: datetime,
    arrived_at: datetime | None = None,
    may_wait: bool = False,
) -> VerifiedSignature:
    """
    Check a bare signature value over canonical JSON, as the service of the electronic licence and machines return it.

    The key decides the algorithm (``browser_algorithm``); the signing time is the server's, ``prepared_at`` inside the
    document, as the attributes of a CMS have it. No digest travels beside the value, so that an altered document is
    answered with SIG-003.

    :param signature: RSA PKCS#1 v1.5, or for ECDSA and SM2 the DER of r and s
    :param others: the certificates that lead to the root, in any order
    :param moment: as of when; for stored evidence the moment it was verified first
    :param arrived_at: when the signature arrived, if that was earlier: it may have waited for its proof since
    :param may_wait: whether an unknown standing of a certificate is let through for now
    :raises SignatureRefused: the class, and its code, say what is wrong
    """
    if len(others) >= cms.MAX_CERTIFICATES:
        raise MalformedSignature(detail="certificates")
    holder = verify_certificate(
        certificate,
        others,
        uscc=expected.uscc,
        trust=trust,
        revocation_lists=revocation,
        moment=moment,
        may_wait=may_wait,
    )
    signed_at = _prepared_at(payload)
    require_validity(holder.chain, signed_at)
    key = holder.certificate.public_key
    algorithm = browser_algorithm(key)
    verify_raw(key, algorithm, signature, payload, names=holder.certificate.names)
    require_document(payload, expected)
    _require_timely(signed_at, arrived_at or moment)
    return VerifiedSignature(
        certificate=holder.certificate,
        chain=holder.chain,
        revocation_lists=holder.revocation_lists,
        algorithm=algorithm,
        signed_at=signed_at,
        digest=digest_of(algorithm.digest, payload),
        value=signature,
    )


def _prepared_at(payload: bytes) -> datetime:
    """When the server made the document; whole seconds, as in the attributes of a CMS."""
    try:
        found = datetime.fromisoformat(json.loads(payload)["prepared_at"]).replace(microsecond=0)
        if found.utcoffset() is None:
            raise DigestMismatch
    except (ValueError, TypeError, KeyError) as error:
        raise DigestMismatch from error
    return found


def _require_timely(signed_at: datetime, moment: datetime) -> None:
    if not moment - MAX_AGE <= signed_at <= moment + MAX_AHEAD:
        raise Replayed


def require_document(payload: bytes, expected: Expected) -> None:
    """
    Check that the signed document is the expected one: holder, purpose, nonce, object and its version.

    :raises DigestMismatch: if it is not canonical JSON of our shape
    :raises OtherOrganisation: if it was signed for another organisation
    :raises Replayed: if it is another document, another version, or carries another nonce
    """
    try:
        document = json.loads(payload)
        found = Expected(
            uscc=document["organisation"]["uscc"],
            nonce=document["nonce"],
            purpose=document["purpose"]["code"],
            object_type=document["object"]["type"],
            object_id=int(document["object"]["id"]),
            object_version=int(document["object"]["version"]),
        )
        canonical = canonical_json(document) == payload
    except (ValueError, TypeError, KeyError) as error:
        raise DigestMismatch from error
    if not canonical:
        raise DigestMismatch
    if found.uscc != expected.uscc:
        raise OtherOrganisation(uscc=expected.uscc)
    if found != expected:
        raise Replayed
