"""
Keeping a signature: check it with the proof that was fetched, and put its evidence together.

Everything here runs inside the transaction of an action and asks nobody outside.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from yingshou.audit.events import EventDraft, record
from yingshou.audit.lifecycle import created
from yingshou.identity.models import Organisation
from yingshou.kernel.canonical import sm3_hex
from yingshou.signing import authorities, cms, timestamps
from yingshou.signing.algorithms import browser_algorithm
from yingshou.signing.certificates import CertificateFacts
from yingshou.signing.errors import CertificateTaken, CertificateWithdrawn
from yingshou.signing.models import (
    Certificate,
    RevocationList,
    SignatureEvidence,
    SignatureFormat,
    SigningRequest,
)
from yingshou.signing.ocsp import StatusFacts
from yingshou.signing.revocation import RevocationFacts
from yingshou.signing.states import CertificateState
from yingshou.signing.timestamps import TimestampInvalid
from yingshou.signing.verification import (
    VERIFIER,
    Expected,
    VerifiedSignature,
    verify,
    verify_raw_document,
)
from yingshou.tenancy.actor import Actor


@dataclass(frozen=True)
class Origin:
    """From where a signature came; kept with the evidence, shown to the signer's own organisation alone."""

    device: str = ""
    ip: str | None = None


@dataclass(frozen=True)
class Given:
    """A signature as it arrived: the request it answers, the certificate, and the value in the form that is kept."""

    request: SigningRequest
    certificate: CertificateFacts
    value: bytes


@dataclass(frozen=True)
class Proof:
    """What other services said about a signature: its time, and that its certificates were not revoked."""

    token: bytes = b""
    statuses: Sequence[StatusFacts] = ()


def proofs_are_fetched() -> bool:
    """Whether this installation asks other services for proof; otherwise what lies here must do."""
    return bool(
        settings.SIGNING_TSA_URL or settings.SIGNING_OCSP_URL or settings.SIGNING_CRL_URLS or settings.OUTGOING_ALLOWED
    )


def verified(
    given: Given, proof: Proof, *, by: Actor, at: datetime, arrived_at: datetime, may_wait: bool = False
) -> tuple[VerifiedSignature, bytes]:
    """
    Verify a signature with the proof at hand; the result, and the CMS around the value where there is one.

    :param may_wait: whether an unknown standing of a certificate is let through for now
    :raises SignatureRefused: if a check fails; the class says which
    """
    request, facts = given.request, given.certificate
    payload = bytes(request.payload)
    expected = expected_of(request, organisation_of(by).uscc)
    lists = authorities.revocation_facts(authorities.latest_lists())
    held: list[RevocationFacts | StatusFacts] = [*lists, *proof.statuses]
    if request.format == SignatureFormat.ELICENSE:
        found = verify_raw_document(
            payload,
            given.value,
            certificate=facts.der,
            others=[bytes(der) for der in request.chain],
            expected=expected,
            trust=authorities.licence_trust(at),
            revocation=held,
            moment=at,
            arrived_at=arrived_at,
            may_wait=may_wait,
        )
        return found, b""
    signature = _assembled(request, facts, given.value)
    found = verify(
        signature,
        payload,
        expected=expected,
        trust=authorities.trust_store(at),
        revocation_lists=held,
        moment=at,
        arrived_at=arrived_at,
        may_wait=may_wait,
    )
    return found, signature


def verified_evidence(
    given: Given, proof: Proof, *, by: Actor, at: datetime, arrived_at: datetime, origin: Origin
) -> SignatureEvidence:
    """
    Verify a signature with its proof and put together its evidence, not yet stored.

    :raises SignatureRefused: if a check fails; the class says which
    """
    found, signature = verified(given, proof, by=by, at=at, arrived_at=arrived_at)
    certificate = _registered(found, by=by, at=at)
    evidence = _evidence(given.request, organisation_of(by), certificate, found, signature, by=by, at=at)
    evidence.arrived_at = arrived_at
    evidence.device, evidence.ip = origin.device[:300], origin.ip
    _add_revocation(evidence, found, at=at)
    _add_timestamp(evidence, proof.token, at=at)
    return evidence


def _add_revocation(evidence: SignatureEvidence, found: VerifiedSignature, *, at: datetime) -> None:
    ids = authorities.latest_lists()
    lists = [one for one in found.revocation_lists if isinstance(one, RevocationFacts)]
    evidence.ocsp_responses = [one.der for one in found.revocation_lists if isinstance(one, StatusFacts)]
    evidence.revocation_list_ids = [ids[one.sha256] for one in lists]
    fetched = RevocationList.objects.filter(pk__in=evidence.revocation_list_ids).values_list("fetched_at", flat=True)
    evidence.revocation_fetched_at = min([*fetched, at])


def _add_timestamp(evidence: SignatureEvidence, token: bytes, *, at: datetime) -> None:
    if not token:
        if settings.SIGNING_TIMESTAMP_REQUIRED:
            raise TimestampInvalid(detail=_("there is none"))
        return
    facts = timestamps.verify(
        token,
        timestamps.imprint_of(bytes(evidence.value)),
        authorities.timestamp_trust(at),
        at,
        earliest=evidence.signed_at,
    )
    evidence.timestamp_token, evidence.timestamp_at = token, facts.at
    evidence.timestamp_authority = facts.authority


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


def organisation_of(by: Actor) -> Organisation:
    """The organisation that signs."""
    return Organisation.objects.get(pk=signer_of(by)[0])


def signer_of(by: Actor) -> tuple[int, int]:
    """The organisation and the person who sign."""
    assert by.organisation_id is not None, "a signer acts for an organisation"
    assert by.person_id is not None, "a signer is a person"
    return by.organisation_id, by.person_id


def require_held(facts: CertificateFacts, by: Actor) -> Certificate | None:
    """
    The row of a certificate, if it is known here; None for one that is new.

    It is one person's; row-level security hides others' rows, so the unique fingerprint has the last word.

    :raises CertificateTaken: if it is somebody else's
    :raises CertificateWithdrawn: if its holder took it out of use
    """
    held = Certificate.objects.visible_to(by).filter(sha256=facts.sha256).first()
    if held is not None and held.person_id != by.person_id:
        raise CertificateTaken
    if held is not None and held.state == CertificateState.WITHDRAWN:
        raise CertificateWithdrawn
    return held


def _registered(verified: VerifiedSignature, *, by: Actor, at: datetime) -> Certificate:
    """The signer's certificate row; the first good signature binds a certificate to its person."""
    facts = verified.certificate
    held = require_held(facts, by)
    if held is not None:
        return held
    certificate = Certificate(
        organisation_id=signer_of(by)[0],
        person_id=signer_of(by)[1],
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
        held = require_held(facts, by)
        if held is None:
            raise CertificateTaken from error
        return held
    created(
        [certificate], by=by, at=at, event="register", body=lambda row: {"serial": row.serial, "subject": row.subject}
    )
    return certificate


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
        person_id=signer_of(by)[1],
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


def record_signature(evidence: SignatureEvidence, *, by: Actor, at: datetime) -> None:
    """Write the event of a signature."""
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
