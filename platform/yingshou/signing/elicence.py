"""
What the service of electronic business licences answers, and the whole check of it (rule book: domain 6.3).

The service returns an assertion: which licence, in which state, in whose hands, answered which request about which text.
It is canonical JSON, signed with SM2 by the key of the licence, whose certificate leads to an authority on a trust list
of its own. Pure: no database, no network, no clock.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from yingshou.kernel.canonical import canonical_json
from yingshou.kernel.errors import Conflict, Invalid, NotAllowed, NotVisible
from yingshou.signing import cms
from yingshou.signing.algorithms import browser_algorithm, verify_raw
from yingshou.signing.certificates import CertificateFacts
from yingshou.signing.errors import (
    DigestMismatch,
    MalformedSignature,
    OtherOrganisation,
    Replayed,
    SignatureRefused,
    WeakAlgorithm,
)
from yingshou.signing.ocsp import StatusFacts
from yingshou.signing.revocation import RevocationFacts
from yingshou.signing.sm2 import Sm2PublicKey
from yingshou.signing.trust import TrustStore
from yingshou.signing.verification import verify_certificate

FORMAT: Final = "elicence-assertion/1"
# The one state of a licence under which its holder may act: 存续 (also written 在业).
IN_FORCE: Final = frozenset({"存续", "在业"})
# Clocks of the service run a little apart from ours.
SKEW: Final = timedelta(minutes=2)
MAX_ASSERTION: Final = 16 * 1024


class ServiceAway(SignatureRefused, Conflict):
    """The service of electronic licences does not answer."""

    code = "ELC-001"
    message = _("The service of electronic business licences does not answer.")
    cure = _(
        "Try again in some minutes. What you confirmed on the phone is not lost: the platform asks the service again. "
        "Meanwhile you can use your password, or sign with your certificate file."
    )


class LicenceNotInForce(SignatureRefused, Invalid):
    """The licence was revoked, cancelled or struck off."""

    code = "ELC-002"
    message = _("The business licence is not in force; the authority lists it as “%(status)s”.")
    cure = _(
        "Ask the market supervision authority about the state of the licence; nobody can act with it here meanwhile."
    )


class HolderRefused(SignatureRefused, Conflict):
    """The holder refused on the phone."""

    code = "ELC-003"
    message = _("It was refused on the phone; nothing was signed.")
    cure = _("If that was a mistake, get a new code and confirm.")


class CodeRanOut(SignatureRefused, Conflict):
    """Nobody confirmed in time."""

    code = "ELC-004"
    message = _("Nobody confirmed in time; the code has run out.")
    cure = _("Get a new code and scan it within two minutes.")


class HolderNotLinked(SignatureRefused, NotAllowed):
    """The licence is in the hands of somebody who is not linked to the person who signs."""

    code = "ELC-005"
    message = _("This licence is held by %(holder)s, who is not linked to your account.")
    cure = _("Link your licence under “Electronic licence”; an administrator of your organisation agrees once.")


class OrganisationUnknown(SignatureRefused, NotAllowed):
    """The organisation of the licence is not on the platform."""

    code = "ELC-006"
    message = _("%(organisation)s (%(uscc)s) is not registered on this platform.")
    cure = _("Register the organisation first; its administrator can then invite you and link your licence.")


class NobodyLinked(SignatureRefused, NotAllowed):
    """The organisation is known, but this holder is not linked to one of its people."""

    code = "ELC-007"
    message = _("%(holder)s holds the licence of %(organisation)s, but is not linked to a person of it here.")
    cure = _(
        "Sign in with your password and link the licence; an administrator agrees once. Without an account, ask an "
        "administrator of your organisation for an invitation."
    )


class NotSetUp(NotVisible):
    """No service of electronic licences is set up."""

    code = "ELC-008"
    message = _("Electronic business licences cannot be used on this installation.")
    cure = _("Use your password, or sign with your certificate file.")


class LinkEnded(SignatureRefused, NotAllowed):
    """The person's work for the organisation ended, or the person may not sign in any more."""

    code = "ELC-009"
    message = _("The person linked to this licence can no longer act for %(organisation)s.")
    cure = _("Ask an administrator of your organisation.")


@dataclass(frozen=True)
class Answer:
    """What the service sent for a request that the holder confirmed; nothing of it is checked yet."""

    assertion: bytes
    assertion_signature: bytes
    signature: bytes
    certificate: bytes
    others: tuple[bytes, ...]


@dataclass(frozen=True)
class Asked:
    """What was asked, against which the answer is checked."""

    app: str
    reference: str
    kind: str
    nonce: str
    digest: str
    asked_at: datetime
    expires_at: datetime
    uscc: str = ""


@dataclass(frozen=True)
class Asserted:
    """An assertion that passed every check."""

    uscc: str
    organisation: str
    holder_no: str
    holder: str
    licence_serial: str
    status: str
    issued_at: datetime
    certificate: CertificateFacts
    chain: tuple[CertificateFacts, ...]


def verify_answer(
    answer: Answer,
    asked: Asked,
    *,
    trust: TrustStore,
    revocation: Iterable[RevocationFacts | StatusFacts],
    moment: datetime,
) -> Asserted:
    """
    Check an assertion: certificate and chain, credit code, signature, request, nonce, digest, freshness, state of the licence.

    :param trust: the authorities of electronic licences alone
    :param moment: when the answer arrived; for stored evidence the moment it was verified first
    :raises SignatureRefused: the class, and its code, say what is wrong
    """
    said = _read(answer.assertion)
    uscc = _text(said, "organisation", "uscc")
    if len(answer.others) >= cms.MAX_CERTIFICATES:
        raise MalformedSignature(detail="certificates")
    held = verify_certificate(
        answer.certificate, answer.others, uscc=uscc, trust=trust, revocation_lists=revocation, moment=moment
    )
    key = held.certificate.public_key
    if not isinstance(key, Sm2PublicKey):
        raise WeakAlgorithm(detail=held.certificate.key_label)
    verify_raw(key, browser_algorithm(key), answer.assertion_signature, answer.assertion, names=held.certificate.names)
    if asked.uscc and asked.uscc != uscc:
        raise OtherOrganisation(uscc=asked.uscc)
    issued_at = _require_asked(said, asked)
    status = _text(said, "licence", "status")
    if status not in IN_FORCE:
        raise LicenceNotInForce(status=status)
    return Asserted(
        uscc=uscc,
        organisation=_text(said, "organisation", "name"),
        holder_no=_text(said, "holder", "no"),
        holder=_text(said, "holder", "name"),
        licence_serial=_text(said, "licence", "serial"),
        status=status,
        issued_at=issued_at,
        certificate=held.certificate,
        chain=held.chain,
    )


def _require_asked(said: dict[str, Any], asked: Asked) -> datetime:
    """Whether it answers this very request, in its time; when it was issued."""
    found = tuple(_text(said, name) for name in ("app", "reference", "kind", "nonce"))
    if found != (asked.app, asked.reference, asked.kind, asked.nonce):
        raise Replayed
    if (_text(said, "digest", "algorithm"), _text(said, "digest", "value")) != ("SM3", asked.digest):
        raise DigestMismatch
    try:
        issued_at = datetime.fromisoformat(_text(said, "issued_at"))
        in_time = asked.asked_at - SKEW <= issued_at <= asked.expires_at + SKEW
    except (ValueError, TypeError) as error:
        raise MalformedSignature(detail="assertion") from error
    if not in_time:
        raise Replayed
    return issued_at


def holder_of(assertion: bytes) -> tuple[str, str]:
    """Name of the holder and number of the licence in an assertion that was verified before."""
    said = _read(assertion)
    return _text(said, "holder", "name"), _text(said, "licence", "serial")


def asked_of(assertion: bytes, *, nonce: str, digest: str, uscc: str) -> Asked:
    """What a stored assertion must answer: the document it was kept with; the request itself is gone by then."""
    said = _read(assertion)
    try:
        issued_at = datetime.fromisoformat(_text(said, "issued_at"))
    except ValueError as error:
        raise MalformedSignature(detail="assertion") from error
    return Asked(
        app=_text(said, "app"),
        reference=_text(said, "reference"),
        kind=_text(said, "kind"),
        nonce=nonce,
        digest=digest,
        asked_at=issued_at,
        expires_at=issued_at,
        uscc=uscc,
    )


def _read(assertion: bytes) -> dict[str, Any]:
    """
    Parse an assertion strictly.

    :raises MalformedSignature: if it is not canonical JSON of our shape
    """
    if len(assertion) > MAX_ASSERTION:
        raise MalformedSignature(detail="assertion")
    try:
        said = json.loads(assertion)
        canonical = canonical_json(said) == assertion
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedSignature(detail="assertion") from error
    if not isinstance(said, dict) or not canonical or said.get("format") != FORMAT:
        raise MalformedSignature(detail="assertion")
    return said


def _text(said: dict[str, Any], *path: str) -> str:
    found: Any = said
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found or len(found) > 300:
        raise MalformedSignature(detail="assertion")
    return found


def chain_of(certificates: Sequence[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    """
    Part the certificates of an answer: that of the licence, and those above it.

    :raises MalformedSignature: if there is none, or too many
    """
    if not 1 <= len(certificates) <= cms.MAX_CERTIFICATES:
        raise MalformedSignature(detail="certificates")
    return certificates[0], tuple(certificates[1:])
