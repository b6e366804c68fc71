"""
The signature algorithms we accept, and nothing else: RSA (PKCS#1 v1.5 and PSS) and ECDSA with SHA-256 or stronger, and
SM2 with SM3. Families do not mix: SM3 goes with SM2 alone.

The algorithm is read from the signature, checked against this table and against the key, and stored as a field of the
evidence, so that further algorithms are further rows.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import algos, core
from cryptography.exceptions import InvalidSignature as CryptographyInvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from yingshou.signing import sm2
from yingshou.signing.der import require_strict
from yingshou.signing.errors import InvalidSignature, MalformedSignature, WeakAlgorithm, WrongUserId
from yingshou.signing.sm2 import Sm2PublicKey

PublicKey = PublicKeyTypes | Sm2PublicKey

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
# SM2 with SM3 as certificates and CMS name it, and "SM2 signature" as GM/T 0010 names it, the digest beside it.
SM2_OIDS: Final = frozenset({sm2.SIGNATURE_OID, "1.2.156.10197.1.301.1"})
CURVES: Final[Mapping[str, int]] = {"secp256r1": 32, "secp384r1": 48}
# Signature algorithms that name their digest themselves; it must be the digest the signer announced.
_DIGEST_OF: Final[Mapping[str, str]] = {
    "sha256_rsa": "sha256",
    "sha384_rsa": "sha384",
    "sha512_rsa": "sha512",
    "sha256_ecdsa": "sha256",
    "sha384_ecdsa": "sha384",
    "sha512_ecdsa": "sha512",
}


@dataclass(frozen=True)
class SignatureAlgorithm:
    """One accepted way to sign: the family (``rsa``, ``rsa-pss``, ``ecdsa``, ``sm2``), the digest, and the object identifier."""

    family: str
    digest: str
    oid: str

    @property
    def label(self) -> str:
        """What people read, for example ``RSA-PSS SHA-256``."""
        return f"{self.family.upper()} {self.digest.upper().replace('SHA', 'SHA-')}"


def read_digest(identifier: algos.DigestAlgorithm) -> str:
    """
    Name the digest algorithm.

    :raises WeakAlgorithm: unless it is SHA-256, SHA-384, SHA-512 or SM3
    """
    name = str(identifier["algorithm"].native)
    if name == sm2.DIGEST_OID:
        return "sm3"
    if name not in HASHES:
        raise WeakAlgorithm(detail=name)
    return name


def digest_identifier(digest: str) -> algos.DigestAlgorithm:
    """Name a digest algorithm in ASN.1."""
    return algos.DigestAlgorithm({"algorithm": sm2.DIGEST_OID if digest == "sm3" else digest})


def digest_of(digest: str, data: bytes) -> bytes:
    """Return the digest of ``data`` by one of the accepted algorithms."""
    return sm2.sm3(data) if digest == "sm3" else hashlib.new(digest, data).digest()


def read_algorithm(identifier: algos.SignedDigestAlgorithm, digest: str) -> SignatureAlgorithm:
    """
    Read the signature algorithm of a signer whose announced digest is ``digest``.

    :raises WeakAlgorithm: if it is not on the list, or mixes SM2 or SM3 with another family
    :raises MalformedSignature: if it names another digest than the signer announced
    """
    name = str(identifier["algorithm"].native)
    oid = str(identifier["algorithm"].dotted)
    if (oid in SM2_OIDS) != (digest == "sm3"):
        raise WeakAlgorithm(detail=f"{'SM2' if oid in SM2_OIDS else name} {digest.upper()}")
    if oid in SM2_OIDS:
        require_plain_sm2(identifier)
        return SignatureAlgorithm("sm2", digest, oid)
    if name == "rsassa_pss":
        _require_plain_pss(identifier["parameters"], digest)
        return SignatureAlgorithm("rsa-pss", digest, oid)
    if name == "rsassa_pkcs1v15":  # rsaEncryption: the digest stands beside it
        return SignatureAlgorithm("rsa", digest, oid)
    if name not in _DIGEST_OF:
        raise WeakAlgorithm(detail=name)
    if _DIGEST_OF[name] != digest:
        raise MalformedSignature(detail="digest algorithm")
    return SignatureAlgorithm("ecdsa" if name.endswith("_ecdsa") else "rsa", digest, oid)


def require_plain_sm2(identifier: core.Sequence) -> None:
    """
    Check that an SM2 algorithm identifier has no parameters; a NULL in their place is what many authorities write.

    :raises MalformedSignature: otherwise
    """
    if bytes(identifier["parameters"].dump()) not in (b"", b"\x05\x00"):
        raise MalformedSignature(detail="SM2 parameters")


def _require_plain_pss(parameters: Any, digest: str) -> None:
    """Same digest throughout, salt as long as the digest (RFC 4055): every other PSS is refused."""
    if not isinstance(parameters, algos.RSASSAPSSParams):
        raise MalformedSignature(detail="PSS parameters")
    mask = parameters["mask_gen_algorithm"]
    plain = (
        parameters["hash_algorithm"]["algorithm"].native == digest
        and mask["algorithm"].native == "mgf1"
        and mask["parameters"]["algorithm"].native == digest
        and parameters["salt_length"].native == HASHES[digest].digest_size
        and parameters["trailer_field"].native == "trailer_field_bc"
    )
    if not plain:
        raise WeakAlgorithm(detail="RSA-PSS")


def require_strong_key(key: PublicKey) -> None:
    """
    Check that a public key is of an accepted kind and long enough.

    :raises WeakAlgorithm: otherwise
    """
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise WeakAlgorithm(detail=f"RSA {key.key_size}")
        exponent = key.public_numbers().e
        if exponent < 65537 or exponent % 2 == 0:
            raise WeakAlgorithm(detail=f"RSA e={exponent}")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            raise WeakAlgorithm(detail=key.curve.name)
    elif not isinstance(key, Sm2PublicKey):  # whose curve was checked when it was read
        raise WeakAlgorithm(detail=type(key).__name__)


def verify_raw(
    key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: bytes, *, names: Iterable[str] = ()
) -> None:
    """
    Check a signature value over ``data``.

    :param names: what an SM2 signer may have taken for the user identifier by mistake
    :raises WeakAlgorithm: if the key is too weak
    :raises MalformedSignature: if an ECDSA or SM2 value is not strict DER
    :raises WrongUserId: if the key did make an SM2 value, but under another user identifier than the default one
    :raises InvalidSignature: if the value was not made by this key, or the key is of another kind
    """
    require_strong_key(key)
    if isinstance(key, Sm2PublicKey) or algorithm.family == "sm2":
        return _verify_sm2(key, algorithm, signature, data, names)
    digest = HASHES[algorithm.digest]()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm.family == "rsa":
            key.verify(signature, data, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.family == "rsa-pss":
            pss = padding.PSS(padding.MGF1(HASHES[algorithm.digest]()), digest.digest_size)
            key.verify(signature, data, pss, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm.family == "ecdsa":
            require_canonical_ecdsa(signature)
            key.verify(signature, data, ec.ECDSA(digest))
        else:
            raise InvalidSignature
    except CryptographyInvalidSignature as error:
        raise InvalidSignature from error


def _verify_sm2(
    key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, data: bytes, names: Iterable[str]
) -> None:
    if not isinstance(key, Sm2PublicKey) or algorithm.family != "sm2":
        raise InvalidSignature
    require_canonical_ecdsa(signature)
    try:
        sm2.verify(key, signature, data)
    except InvalidSignature as error:
        if sm2.other_identifier(key, signature, data, [name.encode() for name in names]):
            raise WrongUserId from error
        raise


def require_canonical_ecdsa(signature: bytes) -> None:
    """
    Check that an ECDSA or SM2 value is a strict DER sequence of two positive integers.

    :raises MalformedSignature: otherwise
    """
    require_strict(signature)
    try:
        r, s = decode_dss_signature(signature)
    except ValueError as error:
        raise MalformedSignature(detail="ECDSA value") from error
    if r <= 0 or s <= 0:
        raise MalformedSignature(detail="ECDSA value")


def ecdsa_der(key: ec.EllipticCurvePublicKey, value: bytes) -> bytes:
    """
    Turn the ``r || s`` that WebCrypto returns (IEEE P1363) into the DER that CMS carries.

    :raises MalformedSignature: if the length is not twice that of the curve
    """
    size = CURVES[key.curve.name]
    if len(value) != 2 * size:
        raise MalformedSignature(detail="ECDSA value")
    return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))


def browser_algorithm(key: PublicKey) -> SignatureAlgorithm:
    """
    Choose how this key signs: PKCS#1 v1.5, ECDSA or SM2, with the digest that suits the key.

    A browser has the first two; SM2 comes from a USB key's control or from the service of the electronic licence.

    :raises WeakAlgorithm: if the key is not accepted
    """
    require_strong_key(key)
    if isinstance(key, Sm2PublicKey):
        return SignatureAlgorithm("sm2", "sm3", sm2.SIGNATURE_OID)
    if isinstance(key, ec.EllipticCurvePublicKey):
        digest = "sha384" if key.curve.name == "secp384r1" else "sha256"
        return SignatureAlgorithm("ecdsa", digest, algos.SignedDigestAlgorithmId(f"{digest}_ecdsa").dotted)
    return SignatureAlgorithm("rsa", "sha256", algos.SignedDigestAlgorithmId("sha256_rsa").dotted)
