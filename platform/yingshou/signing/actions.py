"""
Every write: prepare a signature, complete it, keep a refusal, withdraw a certificate, maintain trust and revocation lists.

A signature has three steps. *Prepare* (a transaction) freezes the document and builds the signed attributes.
*Revocation lists* are read outside any transaction. *Complete* (a transaction) verifies everything again, stores the
evidence and carries out what was signed.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from django.db import IntegrityError, transaction

from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import advance
from yingshou.kernel.errors import NotVisible
from yingshou.signing import authorities, cms
from yingshou.signing.algorithms import SignatureAlgorithm, browser_algorithm, ecdsa_der
from yingshou.signing.certificates import read_certificate
from yingshou.signing.documents import envelope
from yingshou.signing.errors import (
    MalformedSignature,
    NotYourCertificate,
    Replayed,
    SignatureRefused,
)
from yingshou.signing.keeping import (
    Given,
    Origin,
    Proof,
    organisation_of,
    proofs_are_fetched,
    record_signature,
    require_held,
    signer_of,
    verified_evidence,
)
from yingshou.signing.models import (
    AnchorKind,
    Certificate,
    RevocationList,
    SignatureEvidence,
    SigningRequest,
    TrustAnchor,
)
from yingshou.signing.purposes import PURPOSES, Subject
from yingshou.signing.revocation import read_revocation_list
from yingshou.signing.states import LIFECYCLE
from yingshou.signing.verification import (
    MAX_AGE,
    verify_certificate,
)
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor

# Time to find the key file and type the PIN; shorter than the age a signature may have when it arrives.
REQUEST_LIFE: Final = timedelta(minutes=15)
assert REQUEST_LIFE < MAX_AGE, "a request must run out before its signature counts as old"


@dataclass(frozen=True)
class Prepared:
    """What the browser needs to sign: the exact document and attributes, and how to sign them."""

    request: SigningRequest
    algorithm: SignatureAlgorithm


@transaction.atomic
def prepare(
    purpose: str, object_id: int, certificate: bytes, chain: Sequence[bytes], *, by: Actor, at: datetime
) -> Prepared:
    """
    Freeze what this person would sign with this certificate, once, for a quarter of an hour.

    :param chain: the other certificates of the key file
    :raises NotVisible: if there is no such object, or none this actor may see
    :raises NotAllowed: if the actor may not sign it
    :raises SignatureRefused: if the certificate may not sign it; the class says why
    :raises ClocksDiffer: if the clocks of the platform disagree
    """
    subject = PURPOSES.get(purpose).subject(object_id, by=by, at=at)
    clocks.require_agreement()
    organisation = organisation_of(by)
    held = verify_certificate(
        certificate,
        _limited(chain),
        uscc=organisation.uscc,
        trust=authorities.trust_store(at),
        revocation_lists=authorities.revocation_facts(authorities.latest_lists()),
        moment=at,
        may_wait=proofs_are_fetched(),
    )
    require_held(held.certificate, by)
    algorithm = browser_algorithm(held.certificate.public_key)
    nonce = secrets.token_hex(32)
    payload = envelope(
        subject,
        purpose=purpose,
        uscc=organisation.uscc,
        organisation_name=organisation.name,
        nonce=nonce,
        prepared_at=at,
    )
    request = SigningRequest.objects.create(
        organisation=organisation,
        person_id=signer_of(by)[1],
        purpose=purpose,
        object_type=subject.object_type,
        object_id=subject.object_id,
        object_version=subject.object_version,
        nonce=nonce,
        payload=payload,
        manifest_root=subject.manifest_root,
        manifest_size=subject.manifest_size,
        certificate_der=certificate,
        chain=[facts.der for facts in held.chain[1:]],
        attributes=cms.signed_attributes(
            payload=payload, algorithm=algorithm, certificate=held.certificate, signed_at=at
        ),
        created_at=at,
        expires_at=at + REQUEST_LIFE,
    )
    return Prepared(request, algorithm)


@transaction.atomic
def complete(request_id: int, value: bytes, *, by: Actor, at: datetime, origin: Origin) -> SignatureEvidence:
    """
    Verify a signature, store its evidence and carry out what was signed, all or nothing.

    For signatures whose proof lies here already; `waiting.sign` also fetches it from other services. Sending the same
    signature twice gives the same evidence.

    :param value: what WebCrypto returned; for ECDSA r and s side by side
    :raises NotVisible: if the request is not this person's
    :raises SignatureRefused: if a check fails; the class says which
    :raises ClocksDiffer: if the clocks of the platform disagree
    :raises DomainError: whatever refuses the act that was signed
    """
    given = open_request(request_id, value, by=by)
    if given.request.used_at is not None:
        return repeated(given)
    subject = require_current(given.request, by=by, at=at)
    evidence = verified_evidence(given, Proof(), by=by, at=at, arrived_at=at, origin=origin)
    store(evidence, subject, by=by, at=at)
    return evidence


def open_request(request_id: int, value: bytes, *, by: Actor) -> Given:
    """
    Lock the request that a signature answers, and bring the value into the form that is kept.

    :raises NotVisible: if the request is not this person's
    :raises ClocksDiffer: if the clocks of the platform disagree
    """
    request = SigningRequest.objects.visible_to(by).select_for_update(no_key=True).filter(pk=request_id).first()
    if request is None:
        raise NotVisible
    clocks.require_agreement()
    facts = read_certificate(bytes(request.certificate_der))
    key = facts.public_key
    return Given(request, facts, ecdsa_der(key, value) if isinstance(key, ec.EllipticCurvePublicKey) else value)


def require_current(request: SigningRequest, *, by: Actor, at: datetime) -> Subject:
    """
    What is signed, if it is still what was prepared.

    :raises Replayed: if the request ran out, or belongs to another version of the document
    """
    subject = PURPOSES.get(request.purpose).subject(request.object_id, by=by, at=at)
    now = (subject.object_type, subject.object_id, subject.object_version, subject.manifest_root)
    then = (request.object_type, request.object_id, request.object_version, bytes(request.manifest_root))
    if at > request.expires_at or now != then:
        raise Replayed
    return subject


def store(evidence: SignatureEvidence, subject: Subject, *, by: Actor, at: datetime) -> None:
    """
    Keep verified evidence and carry out what was signed, in the caller's transaction.

    :raises Replayed: if somebody signed this version of the document first
    :raises DomainError: whatever refuses the act that was signed
    """
    purpose = PURPOSES.get(evidence.purpose)
    evidence.audience = sorted({evidence.organisation_id, *purpose.audience(subject)})
    try:
        with transaction.atomic():
            evidence.save(force_insert=True)
    except IntegrityError as error:
        # The nonce and the version of the document are unique: somebody signed it first.
        raise Replayed from error
    SigningRequest.objects.filter(pk=evidence.request_id, used_at=None).update(used_at=evidence.arrived_at)
    record_signature(evidence, by=by, at=at)
    purpose.completed(evidence, by=by, at=at)


def repeated(given: Given) -> SignatureEvidence:
    """
    The answer of the first time, if this is the very same signature sent again.

    :raises Replayed: if it is another one
    """
    evidence = SignatureEvidence.objects.filter(request=given.request).first()
    if evidence is None or bytes(evidence.value) != given.value:
        raise Replayed
    return evidence


@transaction.atomic
def keep_refusal(request_id: int, error: SignatureRefused, *, by: Actor, at: datetime) -> None:
    """Record that a signature was refused and why; called after the transaction of the attempt was rolled back."""
    request = SigningRequest.objects.visible_to(by).filter(pk=request_id).first()
    if request is None or by.organisation_id is None:
        return
    record(
        [
            EventDraft(
                kind="signing.signingrequest.refuse",
                object_type="signing.signingrequest",
                object_id=request.pk,
                object_version=None,
                audience=[by.organisation_id],
                by=by,
                at=at,
                body={
                    "code": error.code,
                    "purpose": request.purpose,
                    "object_type": request.object_type,
                    "object_id": request.object_id,
                    "certificate_sha256": hashlib.sha256(bytes(request.certificate_der)).hexdigest(),
                },
            )
        ]
    )


@transaction.atomic
def withdraw_certificate(certificate_id: int, *, by: Actor, at: datetime) -> Certificate:
    """
    Take a certificate out of use here; what it signed stays signed.

    :raises NotVisible: if it is not of the actor's organisation
    :raises NotYourCertificate: if it is another person's and the actor is no administrator
    :raises IllegalTransition: if it was withdrawn before
    """
    found = Certificate.objects.visible_to(by).locked([certificate_id])
    if not found:
        raise NotVisible
    if found[0].person_id != by.person_id and not by.may("signing.withdraw_any"):
        raise NotYourCertificate
    advance(LIFECYCLE, found, "withdraw", by=by, at=at, facts={"withdrawn_at": at}).only()
    return found[0]


@transaction.atomic
def trust_authority(der: bytes, *, at: datetime, kind: AnchorKind = AnchorKind.ROOT) -> TrustAnchor:
    """
    Put an authority on the trust list; doing it twice changes nothing.

    :raises MalformedSignature: if it is not a certificate of an authority
    """
    facts = read_certificate(der)
    if "key_cert_sign" not in facts.key_usages:
        raise MalformedSignature(detail="not an authority")
    anchor, _new = TrustAnchor.objects.get_or_create(
        sha256=facts.sha256,
        defaults={
            "kind": kind,
            "der": der,
            "subject": facts.subject,
            "not_before": facts.not_before,
            "not_after": facts.not_after,
            "trusted_from": facts.not_before,
        },
    )
    return anchor


@transaction.atomic
def store_revocation_lists(lists: Sequence[bytes], *, at: datetime) -> int:
    """
    Keep revocation lists that are not known yet; returns how many were new.

    Whether a list is genuine is decided each time it is used, against the authority of the certificate in question.

    :raises MalformedSignature: if one is not a complete revocation list
    """
    facts = [read_revocation_list(der) for der in lists]
    known = {
        bytes(one)
        for one in RevocationList.objects.filter(sha256__in=[one.sha256 for one in facts]).values_list(
            "sha256", flat=True
        )
    }
    new = [one for one in facts if one.sha256 not in known]
    RevocationList.objects.bulk_create(
        [
            RevocationList(
                issuer=one.issuer,
                number=one.number,
                this_update=one.this_update,
                next_update=one.next_update,
                der=one.der,
                sha256=one.sha256,
                fetched_at=at,
            )
            for one in new
        ],
        ignore_conflicts=True,
    )
    return len(new)


def _limited(chain: Sequence[bytes]) -> Sequence[bytes]:
    if len(chain) >= cms.MAX_CERTIFICATES:
        raise MalformedSignature(detail="certificates")
    return chain
