"""
The path from a certificate with an SM2 key to an SM2 authority: the strict part of RFC 5280 that such chains need.

Every certificate of the path carries an SM2 key and was signed with SM2 and SM3 (``read_certificate`` refuses mixtures).
What this module does not understand it refuses: a critical extension it does not know, and constraints on names.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509

from yingshou.signing import sm2
from yingshou.signing.algorithms import require_canonical_ecdsa
from yingshou.signing.certificates import CertificateFacts
from yingshou.signing.errors import SignatureRefused
from yingshou.signing.sm2 import Sm2PublicKey

# Issuing authorities between the signer and the root.
MAX_DEPTH: Final = 4
_UNDERSTOOD: Final = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)


def find(
    leaf: CertificateFacts, helpers: Sequence[CertificateFacts], roots: Sequence[CertificateFacts], moment: datetime
) -> tuple[CertificateFacts, ...] | None:
    """
    Return a path that holds at ``moment``, from ``leaf`` to one of ``roots``; None if there is none.

    A root does not vouch for a document by itself: the path has two certificates at least.
    """
    if not (leaf.valid_at(moment) and _understood(leaf)):
        return None
    return _continued((leaf,), helpers, roots, moment)


def _continued(
    path: tuple[CertificateFacts, ...],
    helpers: Sequence[CertificateFacts],
    roots: Sequence[CertificateFacts],
    moment: datetime,
) -> tuple[CertificateFacts, ...] | None:
    for root in roots:
        if _may_follow(root, path, moment):
            return (*path, root)
    if len(path) > MAX_DEPTH:
        return None
    for helper in helpers:
        found = _continued((*path, helper), helpers, roots, moment) if _may_follow(helper, path, moment) else None
        if found is not None:
            return found
    return None


def _may_follow(authority: CertificateFacts, path: tuple[CertificateFacts, ...], moment: datetime) -> bool:
    """Whether ``authority`` is one, at ``moment``, and issued the last certificate of ``path``."""
    below = sum(one.parsed.subject != one.parsed.issuer for one in path[1:])
    return (
        authority.sha256 not in {one.sha256 for one in path}
        and authority.parsed.subject == path[-1].parsed.issuer
        and authority.valid_at(moment)
        and _is_authority(authority, below)
        and _signed(path[-1], authority)
    )


def _is_authority(facts: CertificateFacts, below: int) -> bool:
    """Whether a certificate may issue others with so many issuing authorities between it and the signer."""
    constraints = [one for one in facts.parsed.extensions if isinstance(one.value, x509.BasicConstraints)]
    if len(constraints) != 1 or not constraints[0].critical or not _understood(facts):
        return False
    value = constraints[0].value
    long_enough = value.path_length is None or below <= value.path_length
    return value.ca and long_enough and "key_cert_sign" in facts.key_usages


def _understood(facts: CertificateFacts) -> bool:
    return not any(
        isinstance(one.value, x509.NameConstraints) or (one.critical and not isinstance(one.value, _UNDERSTOOD))
        for one in facts.parsed.extensions
    )


@lru_cache(maxsize=4096)
def _signed(facts: CertificateFacts, authority: CertificateFacts) -> bool:
    """Whether the key of ``authority`` signed the certificate; pure, so asked once for each pair."""
    ours, theirs = _key_identifiers(facts, authority)
    if ours is not None and theirs is not None and ours != theirs:
        return False
    if not isinstance(authority.public_key, Sm2PublicKey):
        return False
    try:
        require_canonical_ecdsa(facts.parsed.signature)
        sm2.verify(authority.public_key, facts.parsed.signature, facts.parsed.tbs_certificate_bytes)
    except SignatureRefused:
        return False
    return True


def _key_identifiers(facts: CertificateFacts, authority: CertificateFacts) -> tuple[bytes | None, bytes | None]:
    """Return which key the certificate says it was signed with, and what the authority calls its own."""
    named = [one.value for one in facts.parsed.extensions if isinstance(one.value, x509.AuthorityKeyIdentifier)]
    own = [one.value for one in authority.parsed.extensions if isinstance(one.value, x509.SubjectKeyIdentifier)]
    return (named[0].key_identifier if named else None), (own[0].digest if own else None)
