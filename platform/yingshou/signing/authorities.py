"""The trust list and the revocation lists as the checks need them, read from the database, parsed once per process."""

from datetime import datetime

from yingshou.signing.models import AnchorKind, RevocationList, TrustAnchor, trusted_at
from yingshou.signing.revocation import RevocationFacts, read_revocation_list
from yingshou.signing.trust import TrustStore

_by_sha256: dict[bytes, RevocationFacts] = {}


def licence_trust(moment: datetime) -> TrustStore:
    """The authorities of electronic business licences, a list of its own; their answers bring the chain along."""
    rows = TrustAnchor.objects.filter(trusted_at(moment), kind=AnchorKind.ELICENCE).order_by("pk")
    return TrustStore(roots=tuple(bytes(der) for der in rows.values_list("der", flat=True)))


def timestamp_trust(moment: datetime) -> TrustStore:
    """The authorities that tell the time, a list of its own."""
    rows = TrustAnchor.objects.filter(trusted_at(moment), kind=AnchorKind.TIMESTAMP).order_by("pk")
    return TrustStore(roots=tuple(bytes(der) for der in rows.values_list("der", flat=True)))


def trust_store(moment: datetime) -> TrustStore:
    """The trust list as it stood at a moment."""
    rows = list(TrustAnchor.objects.filter(trusted_at(moment)).order_by("pk").values_list("kind", "der"))
    return TrustStore(
        roots=tuple(bytes(der) for kind, der in rows if kind == AnchorKind.ROOT),
        intermediates=tuple(bytes(der) for kind, der in rows if kind == AnchorKind.ISSUING),
    )


def latest_lists() -> dict[bytes, int]:
    """The newest list of each authority: fingerprint to row id."""
    rows = RevocationList.objects.order_by("issuer", "-this_update", "-number").distinct("issuer")
    return {bytes(sha256): pk for pk, sha256 in rows.values_list("pk", "sha256")}


def revocation_facts(ids: dict[bytes, int]) -> list[RevocationFacts]:
    """The parsed lists; each is read from the database once per process, by its fingerprint."""
    missing = [pk for sha256, pk in ids.items() if sha256 not in _by_sha256]
    if missing:
        for der in RevocationList.objects.filter(pk__in=missing).values_list("der", flat=True):
            facts = read_revocation_list(bytes(der))
            _by_sha256[facts.sha256] = facts
    return [_by_sha256[sha256] for sha256 in ids]


def lists_by_id(ids: list[int]) -> list[RevocationFacts]:
    """The lists an evidence refers to."""
    rows = RevocationList.objects.filter(pk__in=ids).values_list("pk", "sha256")
    return revocation_facts({bytes(sha256): pk for pk, sha256 in rows})
