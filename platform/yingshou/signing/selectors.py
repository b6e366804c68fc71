"""Reads: the seal beside an object, whether stored evidence still verifies, certificates with their present standing."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from yingshou.kernel.errors import DomainError
from yingshou.kernel.merkle import leaf_hash
from yingshou.kernel.merkle import verify as verify_inclusion
from yingshou.signing import authorities, elicence, timestamps
from yingshou.signing.certificates import read_certificate
from yingshou.signing.errors import DigestMismatch, InvalidSignature, OutsideValidity, Revoked
from yingshou.signing.models import Certificate, SignatureEvidence, SignatureFormat, SignedLine, WaitingSignature
from yingshou.signing.ocsp import StatusFacts, read_status
from yingshou.signing.revocation import RevocationFacts, require_not_revoked
from yingshou.signing.sm2 import sm3
from yingshou.signing.states import CertificateState
from yingshou.signing.timestamps import TimestampInvalid
from yingshou.signing.trust import TrustStore, require_validity
from yingshou.signing.verification import Expected, VerifiedSignature, verify, verify_raw_document
from yingshou.tenancy.actor import Actor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_JUDGED_MAXIMUM: Final = 4096
# Evidence that verified, by the hash of everything that was verified: altered rows hash differently and are judged anew.
_judged: OrderedDict[bytes, None] = OrderedDict()


@dataclass(frozen=True)
class Seal:
    """
    What ``<c-seal>`` shows.

    :param state: ``valid``, ``expired`` (signed in time, certificate expired since), ``broken`` or ``unsigned``
    """

    state: str
    signer_name: str = ""
    organisation_name: str = ""
    signed_at: datetime | None = None
    certificate_issuer: str = ""
    certificate_serial: str = ""
    algorithm: str = ""
    problem: str = ""
    url: str = ""

    @property
    def signer_label(self) -> str:
        """Who signed for whom, in one line."""
        return f"{self.organisation_name} {self.signer_name}".strip()


@dataclass(frozen=True)
class Standing:
    """A certificate and where it stands now: valid, expired, revoked, withdrawn or unknown."""

    certificate: Certificate
    state: str
    label: "StrOrPromise"
    tone: str


def seals(object_type: str, object_ids: Iterable[int], *, by: Actor, at: datetime) -> dict[int, Seal]:
    """The latest signature over each object that the actor may see; an object without one is left out."""
    lines = (
        SignedLine.objects.visible_to(by)
        .filter(object_type=object_type, object_id__in=list(object_ids))
        .order_by("object_id", "-evidence_id")
        .distinct("object_id")
        .select_related("evidence")
    )
    return {line.object_id: seal_of_line(line, at=at) for line in lines}


def seal_of_evidence(evidence_id: int, *, by: Actor, at: datetime) -> Seal | None:
    """The seal of one signature, or None where the actor may not see it."""
    evidence = SignatureEvidence.objects.visible_to(by).filter(pk=evidence_id).first()
    return None if evidence is None else seal_of(evidence, judge(evidence), at=at)


def seal_of_line(line: SignedLine, *, at: datetime) -> Seal:
    """The seal of one signed line: the signature over the manifest, and the line's place in it."""
    return seal_of(line.evidence, judge(line.evidence) or judge_line(line), at=at)


def seal_of(evidence: SignatureEvidence, problem: DomainError | None, *, at: datetime) -> Seal:
    """The seal of evidence that was judged."""
    if problem is not None:
        state = "broken"
    else:
        state = "valid" if at <= evidence.not_after else "expired"
    return Seal(
        state=state,
        signer_name=evidence.signer_name,
        organisation_name=evidence.organisation_name,
        signed_at=evidence.signed_at,
        certificate_issuer=common_name(evidence.issuer),
        certificate_serial=evidence.serial,
        algorithm=evidence.algorithm,
        problem=problem.message_text if problem else "",
        url=reverse("signing:evidence", args=[evidence.pk]),
    )


def judge(evidence: SignatureEvidence) -> DomainError | None:
    """
    Verify stored evidence again, as of the moment it was verified first, from what is stored; None if it holds.

    What the pages show (who, when, which document) must be what the signature says, so a row altered beside the
    signature is found as well.
    """
    fingerprint = _fingerprint(evidence)
    if fingerprint in _judged:
        _judged.move_to_end(fingerprint)
        return None
    try:
        verified = _verified(evidence)
        _require_timestamp(evidence, verified.value)
    except DomainError as error:
        return error
    shown = (evidence.signed_at, evidence.serial, bytes(evidence.certificate_der), evidence.not_after)
    facts = verified.certificate
    if shown != (verified.signed_at, facts.serial, facts.der, facts.not_after):
        return InvalidSignature()
    if f'"root":"{bytes(evidence.manifest_root).hex()}"'.encode() not in bytes(evidence.payload):
        return DigestMismatch()
    _judged[fingerprint] = None
    while len(_judged) > _JUDGED_MAXIMUM:
        _judged.popitem(last=False)
    return None


def _verified(evidence: SignatureEvidence) -> VerifiedSignature:
    expected = Expected(
        uscc=evidence.subject_uscc,
        nonce=evidence.nonce,
        purpose=evidence.purpose,
        object_type=evidence.object_type,
        object_id=evidence.object_id,
        object_version=evidence.object_version,
    )
    payload, moment = bytes(evidence.payload), evidence.verified_at
    lists: list[RevocationFacts | StatusFacts] = [
        *authorities.lists_by_id(evidence.revocation_list_ids),
        *(read_status(bytes(der)) for der in evidence.ocsp_responses),
    ]
    if evidence.format != SignatureFormat.ELICENSE:
        trust = authorities.trust_store(moment)
        return verify(
            bytes(evidence.cms),
            payload,
            expected=expected,
            trust=trust,
            revocation_lists=lists,
            moment=moment,
            arrived_at=evidence.arrived_at,
        )
    trust = authorities.licence_trust(moment)
    certificate, others = bytes(evidence.certificate_der), tuple(bytes(der) for der in evidence.chain)
    answer = elicence.Answer(
        bytes(evidence.assertion), bytes(evidence.assertion_signature), bytes(evidence.value), certificate, others
    )
    asked = elicence.asked_of(
        answer.assertion, nonce=evidence.nonce, digest=sm3(payload).hex(), uscc=evidence.subject_uscc
    )
    elicence.verify_answer(answer, asked, trust=trust, revocation=lists, moment=moment)
    return verify_raw_document(
        payload,
        answer.signature,
        certificate=certificate,
        others=others,
        expected=expected,
        trust=trust,
        revocation=lists,
        moment=moment,
        arrived_at=evidence.arrived_at,
    )


def _require_timestamp(evidence: SignatureEvidence, value: bytes) -> None:
    """
    Check the stored token again, as of the moment it was verified first; nothing where none was asked for.

    :raises TimestampInvalid: if it is not, or no longer, the one over this signature, or the row says another time
    """
    token = bytes(evidence.timestamp_token)
    if not token and evidence.timestamp_at is None:
        return
    facts = timestamps.verify(
        token,
        timestamps.imprint_of(value),
        authorities.timestamp_trust(evidence.verified_at),
        evidence.verified_at,
        earliest=evidence.signed_at,
    )
    if (facts.at, facts.authority) != (evidence.timestamp_at, evidence.timestamp_authority):
        raise TimestampInvalid(detail=_("it says another time than the record"))


def waiting_for_proof(object_type: str, object_id: int, *, by: Actor) -> WaitingSignature | None:
    """The signature over an object that waits for its proof, if there is one."""
    rows = WaitingSignature.objects.visible_to(by).open().select_related("person")
    return rows.filter(object_type=object_type, object_id=object_id).first()


def last_waiting(object_type: str, *, by: Actor) -> WaitingSignature | None:
    """The last signature of this person over an object of a kind, whatever became of it."""
    rows = WaitingSignature.objects.visible_to(by).filter(person_id=by.person_id or 0, object_type=object_type)
    return rows.order_by("-pk").first()


def timestamp_roots(evidence: SignatureEvidence) -> list[bytes]:
    """The authorities that a stored token leads to, root last."""
    trust = authorities.timestamp_trust(evidence.verified_at)
    facts = timestamps.verify(
        bytes(evidence.timestamp_token),
        timestamps.imprint_of(bytes(evidence.value)),
        trust,
        evidence.verified_at,
    )
    return [one.der for one in facts.chain[1:]]


def judge_line(line: SignedLine) -> DomainError | None:
    """Whether the line's document is in the signed manifest, at its place."""
    leaf = leaf_hash(line.document.encode())
    evidence = line.evidence
    included = leaf == bytes(line.leaf_hash) and verify_inclusion(
        leaf, line.leaf_index, evidence.manifest_size, line.proof_hashes, bytes(evidence.manifest_root)
    )
    return None if included else DigestMismatch()


def _fingerprint(evidence: SignatureEvidence) -> bytes:
    told = (
        evidence.subject_uscc,
        evidence.nonce,
        evidence.purpose,
        evidence.object_type,
        evidence.object_id,
        evidence.object_version,
        evidence.serial,
        evidence.signed_at,
        evidence.verified_at,
        evidence.not_after,
        evidence.revocation_list_ids,
        bytes(evidence.manifest_root),
        bytes(evidence.certificate_der),
        bytes(evidence.cms),
        bytes(evidence.payload),
        evidence.format,
        bytes(evidence.value),
        bytes(evidence.assertion),
        bytes(evidence.assertion_signature),
        [bytes(der) for der in evidence.chain],
        [bytes(der) for der in evidence.ocsp_responses],
        bytes(evidence.timestamp_token),
        evidence.timestamp_at,
        evidence.timestamp_authority,
        evidence.arrived_at,
    )
    return hashlib.sha256(repr(told).encode()).digest()


def standings(certificates: Sequence[Certificate], *, at: datetime) -> list[Standing]:
    """Certificates with their present standing, by the trust list and the latest revocation lists."""
    trust = authorities.trust_store(at)
    lists = authorities.revocation_facts(authorities.latest_lists())
    return [Standing(certificate, *_standing(certificate, trust, lists, at)) for certificate in certificates]


def _standing(
    certificate: Certificate, trust: TrustStore, lists: Sequence[RevocationFacts], at: datetime
) -> tuple[str, "StrOrPromise", str]:
    if certificate.state == CertificateState.WITHDRAWN:
        return "withdrawn", _("Certificate withdrawn"), "grey"
    try:
        facts = read_certificate(bytes(certificate.der))
        chain = trust.path(facts, [bytes(der) for der in certificate.chain], at)
        require_validity(chain, at)
        require_not_revoked(chain, lists, at)
    except OutsideValidity:
        return "expired", _("Certificate expired"), "amber"
    except Revoked:
        return "revoked", _("Certificate revoked"), "red"
    except DomainError:
        return "unknown", _("Cannot be checked now"), "amber"
    return "valid", _("Certificate valid"), "green"


def common_name(subject: str) -> str:
    """The part of a distinguished name that people know an authority by."""
    for part in subject.split(","):
        if part.startswith("CN="):
            return part.removeprefix("CN=")
    return subject or str(_("unknown"))
