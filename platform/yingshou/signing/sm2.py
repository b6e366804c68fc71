"""
SM2 signatures over the recommended curve (GB/T 32918.2 and .5, GM/T 0003): checking them, and nothing that needs a secret.

Plain Python is safe here because verification handles public values only; its time may tell what everybody knows.
Multiplication uses Jacobian coordinates and doubles the two scalars together, about two milliseconds a signature.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.utils.translation import gettext_lazy as _

from yingshou.signing.errors import InvalidSignature, MalformedSignature, WeakAlgorithm

CURVE_OID: Final = "1.2.156.10197.1.301"
SIGNATURE_OID: Final = "1.2.156.10197.1.501"
DIGEST_OID: Final = "1.2.156.10197.1.401"
# The signer identifier that GM/T 0009 prescribes where the parties agreed on no other.
DEFAULT_ID: Final = b"1234567812345678"
# That of the worked example in GM/T 0003.2, which found its way into libraries.
EXAMPLE_ID: Final = b"ALICE123@YAHOO.COM"
MAX_ID: Final = 8192
# Everything of a SubjectPublicKeyInfo before the point; in DER it has this one form.
_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

_Point = tuple[int, int, int]
_INFINITY: Final[_Point] = (1, 1, 0)


@dataclass(frozen=True)
class Sm2PublicKey:
    """A point of the curve, checked when it is made."""

    x: int
    y: int

    def __post_init__(self) -> None:
        on_curve = (self.y * self.y - (self.x * self.x * self.x + A * self.x + B)) % P == 0
        if not (0 <= self.x < P and 0 <= self.y < P and on_curve):
            raise MalformedSignature(detail="SM2 point")

    @classmethod
    def from_spki(cls, der: bytes) -> "Sm2PublicKey":
        """
        Read the key of a certificate (SubjectPublicKeyInfo).

        :raises WeakAlgorithm: if it is not a key of the SM2 curve with an uncompressed point
        :raises MalformedSignature: if its point is not on the curve
        """
        if not der.startswith(_SPKI) or len(der) != len(_SPKI) + 65:
            # Old tools name the curve in the place of the algorithm; GM/T 0015 wants an EC key on that curve.
            raise WeakAlgorithm(detail=_("no key of the SM2 curve in the form of GM/T 0015"))
        point = der[len(_SPKI) :]
        if point[0] != 4:
            raise MalformedSignature(detail="SM2 point")
        return cls(int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"))

    @property
    def encoded(self) -> bytes:
        """Both coordinates, 32 bytes each."""
        return self.x.to_bytes(32, "big") + self.y.to_bytes(32, "big")


def sm3(data: bytes) -> bytes:
    """Return the SM3 digest (GB/T 32905)."""
    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return state.finalize()


@lru_cache(maxsize=1024)
def signer_digest(key: Sm2PublicKey, identifier: bytes = DEFAULT_ID) -> bytes:
    """Return Z, the digest of the signer's identifier, the curve and the key that goes before each message."""
    if len(identifier) >= MAX_ID:
        raise MalformedSignature(detail="SM2 identifier")
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    return sm3((8 * len(identifier)).to_bytes(2, "big") + identifier + curve + key.encoded)


def verify(key: Sm2PublicKey, signature: bytes, data: bytes, identifier: bytes = DEFAULT_ID) -> None:
    """
    Check a signature over ``data``.

    :param signature: two integers r and s as a DER sequence
    :raises MalformedSignature: if it is not that
    :raises InvalidSignature: if this key did not make it under this identifier
    """
    if signed_digest(key, signature) != _digest(signer_digest(key, identifier) + data):
        raise InvalidSignature


def other_identifier(key: Sm2PublicKey, signature: bytes, data: bytes, candidates: Iterable[bytes]) -> bool:
    """
    Whether this key did sign ``data``, but with a common mistake in the identifier.

    Asked after `verify` refused, to tell a signer with a wrongly set up control from a forger. The mistakes: no
    identifier, the example of the standard, no signer's digest at all, or one of ``candidates``.
    """
    signed = signed_digest(key, signature)
    mistakes = (b"", EXAMPLE_ID, *(one for one in candidates if len(one) < MAX_ID and one != DEFAULT_ID))
    prefixes = (b"", *(signer_digest(key, one) for one in mistakes))
    return signed in {_digest(prefix + data) for prefix in prefixes}


def _digest(data: bytes) -> int:
    return int.from_bytes(sm3(data), "big") % N


def signed_digest(key: Sm2PublicKey, signature: bytes) -> int:
    """The one digest, modulo the order, over which this value is a signature of this key."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError as error:
        raise MalformedSignature(detail="SM2 value") from error
    t = (r + s) % N
    if not (1 <= r < N and 1 <= s < N) or t == 0:
        raise InvalidSignature
    point = _sum_of_products(s, t, key)
    if point[2] == 0:
        raise InvalidSignature
    return (r - _affine_x(point)) % N


def _sum_of_products(s: int, t: int, key: Sm2PublicKey) -> _Point:
    """Return s·G + t·key, both scalars doubled together (Shamir's trick)."""
    generator, own = (*G, 1), (key.x, key.y, 1)
    table = (_INFINITY, generator, own, _add(generator, own))
    total = _INFINITY
    for bit in range(max(s.bit_length(), t.bit_length()) - 1, -1, -1):
        total = _double(total)
        choice = (s >> bit & 1) | (t >> bit & 1) << 1
        if choice:
            total = _add(total, table[choice])
    return total


def _double(point: _Point) -> _Point:
    """Double a point; a = -3, so 3·(x - z²)·(x + z²) serves as the slope."""
    x, y, z = point
    if z == 0 or y == 0:
        return _INFINITY
    zz = z * z % P
    slope = 3 * (x - zz) * (x + zz) % P
    yy = y * y % P
    xyy = 4 * x * yy % P
    new_x = (slope * slope - 2 * xyy) % P
    return new_x, (slope * (xyy - new_x) - 8 * yy * yy) % P, 2 * y * z % P


def _add(one: _Point, other: _Point) -> _Point:
    if one[2] == 0:
        return other
    if other[2] == 0:
        return one
    x1, y1, z1 = one
    x2, y2, z2 = other
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * zz2 * z2 % P, y2 * zz1 * z1 % P
    if u1 == u2:
        return _double(one) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def _affine_x(point: _Point) -> int:
    inverse = pow(point[2], -1, P)
    return point[0] * inverse * inverse % P
