"""
SM2 keys for the simulators: made, kept and used in the clear, as a simulator may and the product never does.

The curve's arithmetic is ``gmalg``'s, so that what the product verifies was not made by the product's own code.
"""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import gmalg
from asn1crypto import keys, pem
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

SIGNATURE: Final = "1.2.156.10197.1.501"
# The identifier that GM/T 0009 prescribes where the parties agreed on no other.
DEFAULT_ID: Final = b"1234567812345678"
_ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
# a, b and the base point, side by side, as they go into the signer's digest.
_CURVE: Final = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
# What stands before the point in a SubjectPublicKeyInfo, and before the number and the point in PKCS#8: all of one length.
_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PKCS8: Final = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_PUBLIC: Final = bytes.fromhex("a144034200")


@dataclass(frozen=True)
class Sm2Key:
    """A private key."""

    secret: int

    @classmethod
    def generate(cls) -> "Sm2Key":
        """Make a new key."""
        return cls(secrets.randbelow(_ORDER - 2) + 1)

    @classmethod
    def from_pem(cls, text: bytes) -> "Sm2Key":
        """Read the first key of a file (PKCS#8)."""
        for kind, _headers, der in pem.unarmor(text, multiple=True):
            if kind == "PRIVATE KEY" and der.startswith(_PKCS8):
                return cls(int.from_bytes(der[len(_PKCS8) : len(_PKCS8) + 32], "big"))
        raise ValueError("no private key in the file")

    @cached_property
    def point(self) -> bytes:
        """The public key: 4, x, y."""
        return _multiplied(self.secret)

    @property
    def spki(self) -> keys.PublicKeyInfo:
        """The public key as a certificate carries it."""
        return keys.PublicKeyInfo.load(_SPKI + self.point)

    @property
    def identifier(self) -> bytes:
        """The key identifier of certificates (RFC 7093)."""
        return hashlib.sha256(self.point).digest()[:20]

    def pem(self) -> bytes:
        """The key as PKCS#8, which ``openssl`` reads."""
        der = _PKCS8 + self.secret.to_bytes(32, "big") + _PKCS8_PUBLIC + self.point
        return bytes(pem.armor("PRIVATE KEY", der))

    def sign(self, data: bytes, identifier: bytes | None = DEFAULT_ID) -> bytes:
        """
        Sign ``data`` under an identifier; the DER of r and s.

        :param identifier: None leaves the signer's digest out altogether, a mistake that is seen in the wild
        """
        prefix = b"" if identifier is None else self._signer_digest(identifier)
        digest = int.from_bytes(_sm3(prefix + data), "big")
        while True:
            nonce = secrets.randbelow(_ORDER - 1) + 1
            r = (digest + int.from_bytes(_multiplied(nonce)[1:33], "big")) % _ORDER
            s = pow(1 + self.secret, -1, _ORDER) * (nonce - r * self.secret) % _ORDER
            if r and s and r + nonce != _ORDER:
                return encode_dss_signature(r, s)

    def _signer_digest(self, identifier: bytes) -> bytes:
        return _sm3((8 * len(identifier)).to_bytes(2, "big") + identifier + _CURVE + self.point[1:])


def _multiplied(scalar: int) -> bytes:
    point: bytes = gmalg.SM2().generate_pk(scalar.to_bytes(32, "big"))
    return point


def _sm3(data: bytes) -> bytes:
    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return state.finalize()
