"""
A signature whose proof comes from other services: accept it, fetch the proof, let it take effect; or give it back.

*Accept* (a transaction) verifies all that can be verified here, keeps the signature and asks for a job, so that nothing
is lost whatever dies next. *Fetch* (no transaction) asks for the standing of the certificates and the timestamp.
*Conclude* (a transaction) verifies everything again with the proof, stores the evidence and carries out what was signed.
While the proof is missing nothing takes effect; after a day the signature is given back with the reason.
"""

import itertools
import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from yingshou.approvals.states import Waits
from yingshou.audit.events import EventDraft, record
from yingshou.jobs import http
from yingshou.jobs.domain_events import publish
from yingshou.jobs.queue import enqueue
from yingshou.kernel.errors import Conflict, DomainError, NotVisible
from yingshou.signing import actions, ocsp, sources, timestamps
from yingshou.signing.approvals import AlreadySigned
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.errors import Replayed, RevocationUnknown
from yingshou.signing.keeping import Given, Origin, Proof, proofs_are_fetched, require_held, verified, verified_evidence
from yingshou.signing.models import SignatureEvidence, WaitingSignature
from yingshou.signing.ocsp import StatusFacts
from yingshou.signing.purposes import PURPOSES
from yingshou.signing.timestamps import TimestampInvalid
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor
from yingshou.tenancy.clocks import ClocksDiffer

logger = logging.getLogger(__name__)

# How long a proof is waited for before the signature is given back.
PATIENCE: Final = timedelta(hours=24)
# The request that brings the signature fetches the proof itself; the job follows only where that came to nothing.
JOB_AFTER: Final = timedelta(seconds=20)
JOB: Final = "signing.fetch_proof"
# The domain event of a signature that waited and came to nothing.
GIVEN_BACK: Final = "signing.given_back"
# For each service while somebody looks at the page, and in the job.
SECONDS_IN_REQUEST: Final = 3.0
SECONDS_IN_JOB: Final = 10.0


class WaitedTooLong(Conflict):
    """The proof of a signature did not come within a day; nothing took effect."""

    code = "SGN-007"
    message = _("The proof of this signature did not come within 24 hours, so it did not take effect.")
    cure = _("Sign again. If the services still do not answer, the platform's staff can say since when.")


class SignerGone(Conflict):
    """Who signed no longer belongs to the organisation, or lost the duty, before the proof came."""

    code = "SGN-008"
    message = _("Who signed this may no longer sign for the organisation, so the signature did not take effect.")
    cure = _("Let a colleague with the duties signer and checker sign it.")


def sign(
    request_id: int, value: bytes, *, by: Actor, at: datetime, origin: Origin
) -> SignatureEvidence | WaitingSignature:
    """
    Take a signature: verify it, fetch its proof, carry out what was signed; or keep it waiting for its proof.

    Never inside a transaction where proof is fetched. Sending the same signature twice gives the same answer.

    :raises SignatureRefused: if a check fails; the class says which
    :raises DomainError: whatever refuses the act that was signed
    """
    if not proofs_are_fetched():
        return actions.complete(request_id, value, by=by, at=at, origin=origin)
    found = accept(request_id, value, by=by, at=at, origin=origin)
    if isinstance(found, SignatureEvidence) or found.ended_at is not None:
        return found
    return attempt(found.pk, by=by, at=at, seconds=SECONDS_IN_REQUEST)


@transaction.atomic
def accept(
    request_id: int, value: bytes, *, by: Actor, at: datetime, origin: Origin
) -> WaitingSignature | SignatureEvidence:
    """
    Verify what can be verified without other services, keep the signature, and ask for the job that fetches its proof.

    :raises NotVisible: if the request is not this person's
    :raises AlreadySigned: if another signature over the same object waits
    :raises SignatureRefused: if a check fails; the class says which
    """
    given = actions.open_request(request_id, value, by=by)
    request = given.request
    if request.used_at is not None:
        return _repeated(given)
    actions.require_current(request, by=by, at=at)
    verified(given, Proof(), by=by, at=at, arrived_at=at, may_wait=True)
    require_held(given.certificate, by)
    purpose = PURPOSES.get(request.purpose)
    purpose.accepted(request.object_id, due_at=at + PATIENCE, by=by, at=at)
    row = WaitingSignature(
        request=request,
        organisation_id=request.organisation_id,
        person_id=request.person_id,
        purpose=request.purpose,
        object_type=request.object_type,
        object_id=request.object_id,
        object_version=purpose.resumed(request.object_id, by=by, at=at).object_version,
        value=given.value,
        device=origin.device[:300],
        ip=origin.ip,
        arrived_at=at,
        due_at=at + PATIENCE,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadySigned(who=by.label) from error
    type(request).objects.filter(pk=request.pk).update(used_at=at)
    enqueue(JOB, key={"waiting": row.pk}, organisation_id=row.organisation_id, by=by, at=at, run_at=at + JOB_AFTER)
    return row


def attempt(waiting_id: int, *, by: Actor, at: datetime, seconds: float) -> SignatureEvidence | WaitingSignature:
    """
    Fetch the proof once more and let the signature take effect; or note what is still missing.

    :param by: the signer
    :param seconds: for each service
    :raises DomainError: if it can take effect no more; it was given back then, and this is the reason
    """
    row = _row(waiting_id, by)
    if row.ended_at is not None:
        return row
    proof, waits = _fetch(row, at=at, seconds=seconds)
    if waits is None:
        try:
            return conclude(waiting_id, proof, by=by, at=at)
        except RevocationUnknown:
            waits = Waits.REVOCATION
        except TimestampInvalid:
            # The service's fault, not the signer's: another token is asked for.
            proof, waits = Proof(), Waits.TIMESTAMP
        except ClocksDiffer:
            waits = Waits.STARTED
        except DomainError as error:
            give_back(waiting_id, error, by=by, at=at)
            raise
    _note(row, proof, waits, by=by, at=at)
    if at >= row.due_at:
        give_back(waiting_id, WaitedTooLong(), by=by, at=at)
    return _row(waiting_id, by)


@transaction.atomic
def conclude(waiting_id: int, proof: Proof, *, by: Actor, at: datetime) -> SignatureEvidence:
    """
    Verify everything again with the proof, store the evidence, and carry out what was signed.

    :raises SignatureRefused: if a check fails; the class says which
    :raises Replayed: if the object was decided otherwise meanwhile
    :raises DomainError: whatever refuses the act that was signed
    """
    row = WaitingSignature.objects.visible_to(by).select_for_update(no_key=True).filter(pk=waiting_id).first()
    if row is None:
        raise NotVisible
    request = row.request
    if row.ended_at is not None:
        evidence = SignatureEvidence.objects.filter(request=request).first()
        if evidence is None:
            raise Replayed
        return evidence
    clocks.require_agreement()
    subject = PURPOSES.get(row.purpose).resumed(row.object_id, by=by, at=at)
    now = (subject.object_type, subject.object_id, subject.object_version, subject.manifest_root)
    if now != (row.object_type, row.object_id, row.object_version, bytes(request.manifest_root)):
        raise Replayed
    given = Given(request, read_certificate(bytes(request.certificate_der)), bytes(row.value))
    origin = Origin(device=row.device, ip=row.ip)
    evidence = verified_evidence(given, proof, by=by, at=at, arrived_at=row.arrived_at, origin=origin)
    actions.store(evidence, subject, by=by, at=at)
    WaitingSignature.objects.filter(pk=row.pk).update(ended_at=at)
    return evidence


@transaction.atomic
def give_back(waiting_id: int, error: DomainError, *, by: Actor, at: datetime) -> None:
    """End the waiting without effect: the object waits for a signature again, and the reason stays readable."""
    row = WaitingSignature.objects.visible_to(by).select_for_update(no_key=True).filter(pk=waiting_id).first()
    if row is None or row.ended_at is not None:
        return
    WaitingSignature.objects.filter(pk=row.pk).update(ended_at=at, problem=error.as_dict())
    PURPOSES.get(row.purpose).given_back(row.object_id, reason=error.message_text, by=by, at=at)
    said = {
        "waiting": row.pk,
        "person": row.person_id,
        "object_type": row.object_type,
        "object": row.object_id,
        "code": error.code,
    }
    publish(GIVEN_BACK, key=said, organisation_id=row.organisation_id, by=by, at=at)
    record(
        [
            EventDraft(
                kind="signing.waitingsignature.give_back",
                object_type="signing.waitingsignature",
                object_id=row.pk,
                object_version=None,
                audience=[row.organisation_id],
                by=by,
                at=at,
                body={
                    "code": error.code,
                    "purpose": row.purpose,
                    "object_type": row.object_type,
                    "object_id": row.object_id,
                },
            )
        ]
    )


def _repeated(given: Given) -> WaitingSignature | SignatureEvidence:
    """The answer of the first time, whether it took effect or still waits."""
    row = WaitingSignature.objects.filter(request=given.request).first()
    if row is None or SignatureEvidence.objects.filter(request=given.request).exists():
        return actions.repeated(given)
    if bytes(row.value) != given.value:
        raise Replayed
    return row


@transaction.atomic
def _row(waiting_id: int, by: Actor) -> WaitingSignature:
    row = WaitingSignature.objects.visible_to(by).select_related("request").filter(pk=waiting_id).first()
    if row is None:
        raise NotVisible
    return row


def _fetch(row: WaitingSignature, *, at: datetime, seconds: float) -> tuple[Proof, Waits | None]:
    """What other services say now, and what is missing of it; None where nothing is. No transaction is open here."""
    chain = [read_certificate(bytes(der)) for der in (row.request.certificate_der, *row.request.chain)]
    statuses, is_covered = _statuses(chain, seconds=seconds)
    if not is_covered:
        sources.fetch(at=at, seconds=seconds)
        sources.refresh(at=at)
    token = bytes(row.timestamp_token)
    waits = None
    if settings.SIGNING_TSA_URL and not token:
        try:
            token = timestamps.request(timestamps.imprint_of(bytes(row.value)), seconds=seconds)
        except http.OutgoingProblem as problem:
            logger.warning("timestamp_not_fetched", extra={"address": settings.SIGNING_TSA_URL, "why": str(problem)})
            if settings.SIGNING_TIMESTAMP_REQUIRED:
                waits = Waits.TIMESTAMP
    return Proof(token=token, statuses=statuses), waits


def _statuses(chain: list[CertificateFacts], *, seconds: float) -> tuple[list[StatusFacts], bool]:
    """The answers about each certificate but the root, and whether there is one about every certificate."""
    found = []
    for certificate, authority in itertools.pairwise(chain):
        address = ocsp.address_of(certificate, settings.SIGNING_OCSP_URL)
        if not address:
            continue
        try:
            found.append(ocsp.fetch(certificate, authority, address, seconds=seconds))
        except http.OutgoingProblem as problem:
            logger.warning("standing_not_fetched", extra={"address": address, "why": str(problem)})
    return found, len(found) == len(chain) - 1


@transaction.atomic
def _note(row: WaitingSignature, proof: Proof, waits: Waits, *, by: Actor, at: datetime) -> None:
    """Keep a token that came, what is missing, and that it was tried."""
    WaitingSignature.objects.filter(pk=row.pk, ended_at=None).update(
        attempts=row.attempts + 1, attempted_at=at, waits=waits, timestamp_token=proof.token
    )
    PURPOSES.get(row.purpose).lacks(row.object_id, waits, by=by)
