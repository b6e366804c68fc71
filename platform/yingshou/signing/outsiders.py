"""
Signatures of organisations that have no account here: the same document, the same checks, no person and no certificate row.

Whoever keeps such a signature keeps all that a later check needs. As with members' signatures nothing takes effect without
the proof of time that this installation requires; fetching it happens outside any transaction.
"""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from yingshou.jobs import http
from yingshou.kernel.errors import Conflict
from yingshou.signing import authorities, cms, ocsp, sources, timestamps
from yingshou.signing.algorithms import browser_algorithm, ecdsa_der
from yingshou.signing.certificates import read_certificate
from yingshou.signing.documents import envelope
from yingshou.signing.errors import MalformedSignature
from yingshou.signing.keeping import Proof, proofs_are_fetched
from yingshou.signing.ocsp import StatusFacts
from yingshou.signing.purposes import Subject
from yingshou.signing.revocation import RevocationFacts
from yingshou.signing.timestamps import TimestampFacts, TimestampInvalid
from yingshou.signing.verification import Expected, VerifiedSignature, verify, verify_certificate

# For each service, while somebody looks at the page.
SECONDS = 3.0


class ProofAway(Conflict):
    """A service that proves the time of a signature does not answer now."""

    code = "SGN-020"
    message = _("The service that proves the time of signatures does not answer now, so nothing was signed.")
    cure = _("Your answer is kept as you wrote it. Sign it again in a few minutes.")


@dataclass(frozen=True)
class Offer:
    """What the browser is given to sign."""

    payload: bytes
    attributes: bytes
    nonce: str
    chain: list[bytes]
    digest: str


@dataclass(frozen=True)
class Kept:
    """A verified signature, with its CMS and what proves its time."""

    found: VerifiedSignature
    cms: bytes
    value: bytes
    token: bytes
    timestamp: TimestampFacts | None
    statuses: list[bytes]
    list_ids: list[int]


def offer(
    subject: Subject, *, purpose: str, uscc: str, name: str, certificate: bytes, chain: Sequence[bytes], at: datetime
) -> Offer:
    """
    Freeze what this certificate would sign for the organisation with this credit code.

    :raises SignatureRefused: if the certificate may not sign for it; the class says why
    """
    if len(chain) >= cms.MAX_CERTIFICATES:
        raise MalformedSignature(detail="certificates")
    held = verify_certificate(
        certificate,
        chain,
        uscc=uscc,
        trust=authorities.trust_store(at),
        revocation_lists=authorities.revocation_facts(authorities.latest_lists()),
        moment=at,
        may_wait=proofs_are_fetched(),
    )
    algorithm = browser_algorithm(held.certificate.public_key)
    nonce = secrets.token_hex(32)
    payload = envelope(subject, purpose=purpose, uscc=uscc, organisation_name=name, nonce=nonce, prepared_at=at)
    attributes = cms.signed_attributes(payload=payload, algorithm=algorithm, certificate=held.certificate, signed_at=at)
    others = [facts.der for facts in held.chain[1:]]
    return Offer(payload, attributes, nonce, others, algorithm.digest.replace("sha", "SHA-"))


def fetch_proof(certificate: bytes, chain: Sequence[bytes], value: bytes, *, at: datetime) -> Proof:
    """
    Ask other services for the standing of the certificates and for a timestamp. Never inside a transaction.

    :param value: the signature as `kept_value` gives it
    :raises ProofAway: if a timestamp is required and its service does not answer
    """
    if not proofs_are_fetched():
        return Proof()
    statuses: list[StatusFacts] = []
    path = [read_certificate(bytes(der)) for der in (certificate, *chain)]
    for one, authority in itertools.pairwise(path):
        address = ocsp.address_of(one, settings.SIGNING_OCSP_URL)
        try:
            statuses += [ocsp.fetch(one, authority, address, seconds=SECONDS)] if address else []
        except http.OutgoingProblem:
            continue
    if len(statuses) < len(path) - 1:
        sources.fetch(at=at, seconds=SECONDS)
        sources.refresh(at=at)
    token = b""
    if settings.SIGNING_TSA_URL:
        try:
            token = timestamps.request(timestamps.imprint_of(value), seconds=SECONDS)
        except http.OutgoingProblem as error:
            if settings.SIGNING_TIMESTAMP_REQUIRED:
                raise ProofAway from error
    return Proof(token=token, statuses=statuses)


def kept_value(certificate: bytes, value: bytes) -> bytes:
    """A signature as WebCrypto returns it, in the form that is kept: for ECDSA the DER of r and s."""
    key = read_certificate(certificate).public_key
    return ecdsa_der(key, value) if isinstance(key, ec.EllipticCurvePublicKey) else value


def check(
    payload: bytes,
    attributes: bytes,
    value: bytes,
    *,
    certificate: bytes,
    chain: Sequence[bytes],
    expected: Expected,
    proof: Proof,
    at: datetime,
) -> Kept:
    """
    Verify a signature with its proof.

    :param value: as `kept_value` gives it
    :raises SignatureRefused: if a check fails; the class says which
    """
    facts = read_certificate(certificate)
    signature = cms.assemble(
        attributes=attributes,
        value=value,
        algorithm=browser_algorithm(facts.public_key),
        certificate=facts,
        others=[bytes(der) for der in chain[:-1]],
    )
    ids = authorities.latest_lists()
    found = verify(
        signature,
        payload,
        expected=expected,
        trust=authorities.trust_store(at),
        revocation_lists=[*authorities.revocation_facts(ids), *proof.statuses],
        moment=at,
    )
    stamp = None
    if proof.token:
        imprint, trust = timestamps.imprint_of(value), authorities.timestamp_trust(at)
        stamp = timestamps.verify(proof.token, imprint, trust, at, earliest=found.signed_at)
    elif settings.SIGNING_TIMESTAMP_REQUIRED:
        raise TimestampInvalid(detail=_("there is none"))
    used = found.revocation_lists
    return Kept(
        found=found,
        cms=signature,
        value=value,
        token=proof.token,
        timestamp=stamp,
        statuses=[one.der for one in used if isinstance(one, StatusFacts)],
        list_ids=[ids[one.sha256] for one in used if isinstance(one, RevocationFacts)],
    )
