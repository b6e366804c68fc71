"""
Was a certificate revoked? Answered from what is brought: answers about it (OCSP), and lists (CRL, RFC 5280 section 5).

A list counts only if the authority of the certificate signed it and if it is fresh at the moment; without such a list
the answer is "unknown", which refuses the signature. Fetching is not done here: whoever calls brings the lists.
"""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from asn1crypto import crl
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from django.utils.translation import gettext_lazy as _

from yingshou.signing import sm2
from yingshou.signing.algorithms import HASHES, require_canonical_ecdsa, require_plain_sm2
from yingshou.signing.certificates import CertificateFacts
from yingshou.signing.errors import MalformedSignature, RevocationUnknown, Revoked, SignatureRefused
from yingshou.signing.ocsp import StatusFacts, speaks_of
from yingshou.signing.ocsp import genuine as genuine_status
from yingshou.signing.sm2 import Sm2PublicKey

# Clocks of authorities run a little ahead of ours; more than this is not a clock difference.
CLOCK_SKEW: Final = timedelta(minutes=5)
_KNOWN_EXTENSIONS: Final = (x509.CRLNumber, x509.AuthorityKeyIdentifier, x509.AuthorityInformationAccess)


@dataclass(frozen=True, eq=False)
class RevocationFacts:
    """What a revocation list says about itself; ``genuine`` checks it against the authority."""

    der: bytes
    parsed: x509.CertificateRevocationList
    sha256: bytes
    issuer: str
    number: int
    this_update: datetime
    next_update: datetime

    def fresh_at(self, moment: datetime) -> bool:
        """Whether the list had been issued and its successor was not yet due at ``moment``."""
        return self.this_update - CLOCK_SKEW <= moment < self.next_update


@lru_cache(maxsize=64)
def read_revocation_list(der: bytes) -> RevocationFacts:
    """
    Read one revocation list.

    :raises MalformedSignature: if it is not one list in DER with an end, or a partial one (delta, limited in scope)
    """
    try:
        parsed = x509.load_der_x509_crl(der)
        extensions = list(parsed.extensions)
        issuer = parsed.issuer.rfc4514_string()
    except (ValueError, x509.DuplicateExtension) as error:
        raise MalformedSignature(detail="revocation list") from error
    if any(extension.critical or not isinstance(extension.value, _KNOWN_EXTENSIONS) for extension in extensions):
        # Delta lists and lists of limited scope are marked critical: read as complete they would hide revocations.
        raise MalformedSignature(detail="revocation list of limited scope")
    if parsed.next_update_utc is None:
        # Without an end nobody can tell whether it is still the latest (RFC 5280 requires one).
        raise MalformedSignature(detail="revocation list without an end")
    numbers = [extension.value.crl_number for extension in extensions if isinstance(extension.value, x509.CRLNumber)]
    return RevocationFacts(
        der=der,
        parsed=parsed,
        sha256=hashlib.sha256(der).digest(),
        issuer=issuer,
        number=numbers[0] if numbers else 0,
        this_update=parsed.last_update_utc,
        next_update=parsed.next_update_utc,
    )


@lru_cache(maxsize=256)
def genuine(facts: RevocationFacts, authority: CertificateFacts) -> bool:
    """Whether ``authority`` itself signed the list, may sign lists, and used a strong algorithm."""
    if authority.key_usages and "crl_sign" not in authority.key_usages:
        return False
    if facts.parsed.issuer != authority.parsed.subject:
        return False
    if isinstance(authority.public_key, Sm2PublicKey):
        return _signed_with_sm2(facts, authority.public_key)
    try:
        digest = facts.parsed.signature_hash_algorithm
        if digest is None or digest.name not in HASHES:
            return False
        return facts.parsed.is_signature_valid(authority.public_key)  # type: ignore[arg-type]
    except (UnsupportedAlgorithm, TypeError, ValueError):
        return False


def _signed_with_sm2(facts: RevocationFacts, key: Sm2PublicKey) -> bool:
    if facts.parsed.signature_algorithm_oid.dotted_string != sm2.SIGNATURE_OID:
        return False
    try:
        held = crl.CertificateList.load(facts.der)
        require_plain_sm2(held["signature_algorithm"])
        if held["signature_algorithm"].dump() != held["tbs_cert_list"]["signature"].dump():
            return False
        require_canonical_ecdsa(facts.parsed.signature)
        sm2.verify(key, facts.parsed.signature, facts.parsed.tbs_certlist_bytes)
    except (SignatureRefused, ValueError):
        return False
    return True


def require_not_revoked(
    chain: Sequence[CertificateFacts],
    lists: Iterable[RevocationFacts | StatusFacts],
    moment: datetime,
    *,
    may_wait: bool = False,
) -> tuple[RevocationFacts | StatusFacts, ...]:
    """
    Check every certificate of the path but the root against what its authority says: an answer about it, or its list.

    :param chain: from the signer to the root, as ``TrustStore.path`` returns it
    :param lists: revocation lists, and answers about single certificates (OCSP)
    :param may_wait: whether a certificate that nothing covers yet is let through, because the answer is fetched next
    :returns: what answered, for the evidence
    :raises Revoked: if one is revoked; a revocation counts whatever its date, as nothing proves the signing time
    :raises RevocationUnknown: if nothing genuine and fresh covers one of them
    """
    held = list(lists)
    found = []
    for certificate, authority in itertools.pairwise(chain):
        try:
            found.append(_answer(certificate, authority, held, moment))
        except RevocationUnknown:
            if not may_wait:
                raise
    return tuple(found)


def _answer(
    certificate: CertificateFacts,
    authority: CertificateFacts,
    held: Sequence[RevocationFacts | StatusFacts],
    moment: datetime,
) -> RevocationFacts | StatusFacts:
    """The fresh answer about a certificate, else the newest fresh list; a revocation on either of them counts."""
    status = _status(certificate, authority, [one for one in held if isinstance(one, StatusFacts)], moment)
    lists = [one for one in held if isinstance(one, RevocationFacts)]
    try:
        listed = _listed(certificate, authority, lists, moment)
    except RevocationUnknown:
        if status is None:
            raise
        return status
    return status or listed


def _status(
    certificate: CertificateFacts, authority: CertificateFacts, held: Sequence[StatusFacts], moment: datetime
) -> StatusFacts | None:
    """The newest answer about this certificate; one that does not know it says nothing."""
    about = [one for one in held if speaks_of(one, certificate, authority) and genuine_status(one, authority)]
    for one in about:
        if one.revoked:
            raise Revoked(revoked_at=one.revoked_at.date().isoformat() if one.revoked_at else "–")
    fresh = [one for one in about if one.known and one.fresh_at(moment)]
    return max(fresh, key=lambda one: one.this_update) if fresh else None


def _listed(
    certificate: CertificateFacts, authority: CertificateFacts, held: Sequence[RevocationFacts], moment: datetime
) -> RevocationFacts:
    of_issuer = [facts for facts in held if facts.issuer == authority.subject]
    trusted = [facts for facts in of_issuer if genuine(facts, authority)]
    fresh = [facts for facts in trusted if facts.fresh_at(moment)]
    if not fresh:
        if not of_issuer:
            detail = _("there is no revocation list of its authority")
        elif not trusted:
            detail = _("the revocation list was not signed by its authority")
        else:
            detail = _("the revocation list of its authority is out of date")
        raise RevocationUnknown(detail=detail)
    newest = max(fresh, key=lambda facts: (facts.this_update, facts.number))
    entry = newest.parsed.get_revoked_certificate_by_serial_number(certificate.parsed.serial_number)
    if entry is not None:
        raise Revoked(revoked_at=entry.revocation_date_utc.date().isoformat())
    return newest
