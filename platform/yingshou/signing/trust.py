"""
The path from a certificate to an authority we trust (RFC 5280), built by ``cryptography``'s verifier; by our own for
SM2, which it does not know.

Names, basic constraints, path length, name constraints and critical extensions are their work; which authority is
trusted, whether each certificate was valid at the moment, and whether each key is strong are ours, so that each has
its own code.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification

from yingshou.signing import sm2_path
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.errors import OutsideValidity, UnknownAuthority
from yingshou.signing.sm2 import Sm2PublicKey

MAX_DEPTH: Final = sm2_path.MAX_DEPTH


@dataclass(frozen=True)
class TrustStore:
    """The authorities of the trust list: roots, and issuing authorities that help where a key file lacks its chain."""

    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()

    @cached_property
    def _verifier_store(self) -> verification.Store:
        return verification.Store([facts.parsed for facts in self._roots if not _is_sm2(facts)])

    @cached_property
    def _roots(self) -> tuple[CertificateFacts, ...]:
        return tuple(read_certificate(der) for der in self.roots)

    @cached_property
    def fingerprints(self) -> frozenset[bytes]:
        """SHA-256 of each root."""
        return frozenset(hashlib.sha256(der).digest() for der in self.roots)

    def path(
        self, leaf: CertificateFacts, intermediates: Iterable[bytes], moment: datetime
    ) -> tuple[CertificateFacts, ...]:
        """
        Build the path from ``leaf`` to a root; the root comes last. One that holds at ``moment`` is preferred.

        A path that held at another moment of the leaf's life is returned as well, so that "expired" and "unknown
        authority" stay two answers: ``require_validity`` tells them apart.

        :raises UnknownAuthority: if there is none, whatever the moment
        """
        helpers = [read_certificate(der) for der in {*intermediates, *self.intermediates}]
        helpers = [facts for facts in helpers if _is_sm2(facts) == _is_sm2(leaf)]
        for instant in (moment, leaf.not_before, leaf.not_after):
            chain = self._path_at(leaf, helpers, instant)
            if chain is not None:
                return chain
        raise UnknownAuthority

    def _path_at(
        self, leaf: CertificateFacts, helpers: Sequence[CertificateFacts], moment: datetime
    ) -> tuple[CertificateFacts, ...] | None:
        roots = [facts for facts in self._roots if _is_sm2(facts) == _is_sm2(leaf)]
        if not roots:
            return None
        if _is_sm2(leaf):
            return sm2_path.find(leaf, helpers, roots, moment)
        builder = verification.PolicyBuilder().store(self._verifier_store).time(moment).max_chain_depth(MAX_DEPTH)
        builder = builder.extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        try:
            found = builder.build_client_verifier().verify(leaf.parsed, [facts.parsed for facts in helpers])
        except verification.VerificationError:
            return None
        chain = tuple(read_certificate(_der(certificate)) for certificate in found.chain)
        # A certificate on the trust list is an authority; it does not vouch for a document by itself.
        return chain if len(chain) > 1 and chain[-1].sha256 in self.fingerprints else None


def _is_sm2(facts: CertificateFacts) -> bool:
    """Chains are pure: every certificate of one is of the same side."""
    return isinstance(facts.public_key, Sm2PublicKey)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def require_validity(chain: Sequence[CertificateFacts], moment: datetime) -> None:
    """
    Check that every certificate of a path was valid at ``moment``.

    :raises OutsideValidity: naming the validity of the first that was not
    """
    for facts in chain:
        if not facts.valid_at(moment):
            raise OutsideValidity(
                valid_from=facts.not_before.date().isoformat(), valid_to=facts.not_after.date().isoformat()
            )
