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
from yingshou.audit.lifecycle import advance, created
from yingshou.identity.models import Organisation
from yingshou.kernel.canonical import sm3_hex
from yingshou.kernel.errors import NotVisible
from yingshou.signing import authorities, cms
from yingshou.signing.algorithms import SignatureAlgorithm, browser_algorithm, ecdsa_der
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.documents import envelope
from yingshou.signing.errors import (
    CertificateTaken,
    CertificateWithdrawn,
    MalformedSignature,
    NotYourCertificate,
    Replayed,
    SignatureRefused,
)
from yingshou.signing.models import (
    AnchorKind,
    Certificate,
    RevocationList,
    SignatureEvidence,
    SignatureFormat,
    SigningRequest,
    TrustAnchor,
)
from yingshou.signing.purposes import PURPOSES, Subject
from yingshou.signing.revocation import read_revocation_list
from yingshou.signing.states import LIFECYCLE, CertificateState
from yingshou.signing.verification import (
    MAX_AGE,
    VERIFIER,
    Expected,
    VerifiedSignature,
    verify,
    verify_certificate,
    verify_raw_document,
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


@dataclass(frozen=True)
class Origin:
    """From where a signature came; kept with the evidence, shown to the signer's own organisation alone."""

    device: str = ""
    ip: str | None = None


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
    organisation = _organisation(by)
    held = verify_certificate(
        certificate,
        _limited(chain),
        uscc=organisation.uscc,
        trust=authorities.trust_store(at),
        revocation_lists=authorities.revocation_facts(authorities.latest_lists()),
        moment=at,
    )
    _held(held.certificate, by)
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
        person_id=_signer(by)[1],
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

    Sending the same signature twice gives the same evidence.

    :param value: what WebCrypto returned; for ECDSA r and s side by side
    :raises NotVisible: if the request is not this person's
    :raises SignatureRefused: if a check fails; the class says which
    :raises ClocksDiffer: if the clocks of the platform disagree
    :raises DomainError: whatever refuses the act that was signed
    """
    request = SigningRequest.objects.visible_to(by).select_for_update(no_key=True).filter(pk=request_id).first()
    if request is None:
        raise NotVisible
    clocks.require_agreement()
    facts = read_certificate(bytes(request.certificate_der))
    raw = ecdsa_der(facts.public_key, value) if isinstance(facts.public_key, ec.EllipticCurvePublicKey) else value
    if request.used_at is not None:
        return _repeated(request, raw)
    purpose = PURPOSES.get(request.purpose)
    subject = purpose.subject(request.object_id, by=by, at=at)
    if at > request.expires_at or not _is_of(subject, request):
        raise Replayed
    evidence = _verified(request, facts, raw, by=by, at=at, origin=origin)
    evidence.audience = sorted({evidence.organisation_id, *purpose.audience(subject)})
    try:
        with transaction.atomic():
            evidence.save(force_insert=True)
    except IntegrityError as error:
        # The nonce and the version of the document are unique: somebody signed it first.
        raise Replayed from error
    SigningRequest.objects.filter(pk=request.pk).update(used_at=at)
    _record_signature(evidence, by=by, at=at)
    purpose.completed(evidence, by=by, at=at)
    return evidence


def _verified(
    request: SigningRequest, facts: CertificateFacts, value: bytes, *, by: Actor, at: datetime, origin: Origin
) -> SignatureEvidence:
    """Verify the signature value and put together its evidence, not yet stored."""
    lists = authorities.latest_lists()
    organisation = _organisation(by)
    expected = expected_of(request, organisation.uscc)
    held = authorities.revocation_facts(lists)
    if request.format == SignatureFormat.ELICENSE:
        signature = b""
        verified = verify_raw_document(
            bytes(request.payload),
            value,
            certificate=facts.der,
            others=[bytes(der) for der in request.chain],
            expected=expected,
            trust=authorities.licence_trust(at),
            revocation=held,
            moment=at,
        )
    else:
        signature = _assembled(request, facts, value)
        trust = authorities.trust_store(at)
        payload = bytes(request.payload)
        verified = verify(signature, payload, expected=expected, trust=trust, revocation_lists=held, moment=at)
    certificate = _registered(verified, by=by, at=at)
    evidence = _evidence(request, organisation, certificate, verified, signature, by=by, at=at)
    evidence.device, evidence.ip = origin.device[:300], origin.ip
    evidence.revocation_list_ids = [lists[facts.sha256] for facts in verified.revocation_lists]
    evidence.revocation_fetched_at = min(
        RevocationList.objects.filter(pk__in=evidence.revocation_list_ids).values_list("fetched_at", flat=True)
    )
    return evidence


def _assembled(request: SigningRequest, facts: CertificateFacts, value: bytes) -> bytes:
    """The detached CMS around the value that the browser returned."""
    return cms.assemble(
        attributes=bytes(request.attributes),
        value=value,
        algorithm=browser_algorithm(facts.public_key),
        certificate=facts,
        others=[bytes(der) for der in request.chain[:-1]],
    )


def expected_of(row: SigningRequest | SignatureEvidence, uscc: str) -> Expected:
    """What the signed document must say, from the row that stands for it."""
    return Expected(
        uscc=uscc,
        nonce=row.nonce,
        purpose=row.purpose,
        object_type=row.object_type,
        object_id=row.object_id,
        object_version=row.object_version,
    )


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


def _organisation(by: Actor) -> Organisation:
    return Organisation.objects.get(pk=_signer(by)[0])


def _signer(by: Actor) -> tuple[int, int]:
    """The organisation and the person who sign."""
    assert by.organisation_id is not None, "a signer acts for an organisation"
    assert by.person_id is not None, "a signer is a person"
    return by.organisation_id, by.person_id


def _held(facts: CertificateFacts, by: Actor) -> Certificate | None:
    """A certificate is one person's; row-level security hides others' rows, so the unique fingerprint has the last word."""
    held = Certificate.objects.visible_to(by).filter(sha256=facts.sha256).first()
    if held is not None and held.person_id != by.person_id:
        raise CertificateTaken
    if held is not None and held.state == CertificateState.WITHDRAWN:
        raise CertificateWithdrawn
    return held


def _registered(verified: VerifiedSignature, *, by: Actor, at: datetime) -> Certificate:
    """The signer's certificate row; the first good signature binds a certificate to its person."""
    facts = verified.certificate
    held = _held(facts, by)
    if held is not None:
        return held
    certificate = Certificate(
        organisation_id=_signer(by)[0],
        person_id=_signer(by)[1],
        der=facts.der,
        sha256=facts.sha256,
        chain=[one.der for one in verified.chain[1:]],
        serial=facts.serial,
        subject=facts.subject,
        issuer=facts.issuer,
        common_name=facts.subject_common_name,
        key_label=facts.key_label,
        not_before=facts.not_before,
        not_after=facts.not_after,
        registered_at=at,
    )
    try:
        with transaction.atomic():
            certificate.save(force_insert=True)
    except IntegrityError as error:
        # Registered a moment ago: by this person in another window, or by somebody this actor cannot see.
        held = _held(facts, by)
        if held is None:
            raise CertificateTaken from error
        return held
    created(
        [certificate], by=by, at=at, event="register", body=lambda row: {"serial": row.serial, "subject": row.subject}
    )
    return certificate


def _repeated(request: SigningRequest, value: bytes) -> SignatureEvidence:
    """The answer of the first time, if this is the very same signature sent again."""
    evidence = SignatureEvidence.objects.filter(request=request).first()
    if evidence is None or bytes(evidence.value) != value:
        raise Replayed
    return evidence


def _is_of(subject: Subject, request: SigningRequest) -> bool:
    """Whether the object is still the version, with the lines, that was prepared."""
    now = (subject.object_type, subject.object_id, subject.object_version, subject.manifest_root)
    then = (request.object_type, request.object_id, request.object_version, bytes(request.manifest_root))
    return now == then


def _evidence(
    request: SigningRequest,
    organisation: Organisation,
    certificate: Certificate,
    verified: VerifiedSignature,
    signature: bytes,
    *,
    by: Actor,
    at: datetime,
) -> SignatureEvidence:
    facts, payload = verified.certificate, bytes(request.payload)
    return SignatureEvidence(
        request=request,
        organisation=organisation,
        person_id=_signer(by)[1],
        certificate=certificate,
        purpose=request.purpose,
        object_type=request.object_type,
        object_id=request.object_id,
        object_version=request.object_version,
        nonce=request.nonce,
        payload=payload,
        payload_sha256=hashlib.sha256(payload).digest(),
        payload_sm3=bytes.fromhex(sm3_hex(payload)),
        manifest_root=bytes(request.manifest_root),
        manifest_size=request.manifest_size,
        format=request.format,
        cms=signature,
        assertion=bytes(request.assertion),
        assertion_signature=bytes(request.assertion_signature),
        algorithm=verified.algorithm.label,
        algorithm_oid=verified.algorithm.oid,
        value=verified.value,
        certificate_der=facts.der,
        chain=[one.der for one in verified.chain[1:]],
        serial=facts.serial,
        subject=facts.subject,
        issuer=facts.issuer,
        subject_uscc=organisation.uscc,
        organisation_name=organisation.name,
        signer_name=by.label or facts.subject_common_name,
        key_usages=list(facts.key_usages),
        not_before=facts.not_before,
        not_after=facts.not_after,
        signed_at=verified.signed_at,
        verified_at=at,
        verifier=VERIFIER,
    )


def _record_signature(evidence: SignatureEvidence, *, by: Actor, at: datetime) -> None:
    record(
        [
            EventDraft(
                kind="signing.signatureevidence.sign",
                object_type="signing.signatureevidence",
                object_id=evidence.pk,
                object_version=None,
                audience=evidence.audience,
                by=by,
                at=at,
                body={
                    "purpose": evidence.purpose,
                    "object_type": evidence.object_type,
                    "object_id": evidence.object_id,
                    "object_version": evidence.object_version,
                    "lines": evidence.manifest_size,
                    "root": bytes(evidence.manifest_root).hex(),
                    "certificate_serial": evidence.serial,
                },
            )
        ]
    )
