"""The key that signs checkpoints: 32 bytes from the environment, never in the database."""

from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


@lru_cache(maxsize=1)
def seal_key() -> Ed25519PrivateKey:
    """The present key."""
    return Ed25519PrivateKey.from_private_bytes(settings.SEAL_KEY)


def trusted_keys() -> list[Ed25519PublicKey]:
    """The keys whose notes count: the present one, and former ones that were replaced."""
    former = [Ed25519PublicKey.from_public_bytes(raw) for raw in settings.SEAL_FORMER_KEYS]
    return [seal_key().public_key(), *former]
