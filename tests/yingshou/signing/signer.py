"""A signer as the browser is one: opens a key file of the sample authority and signs prepared attributes."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12

from simulators.authority.authority import AnyKey, Authority, Signer
from simulators.authority.sm2 import Sm2Key
from simulators.authority.sm2_authority import Sm2Authority, resigned, resigned_list
from yingshou.kernel.canonical import canonical_json
from yingshou.signing import cms
from yingshou.signing.algorithms import CURVES, SignatureAlgorithm, browser_algorithm, ecdsa_der
from yingshou.signing.certificates import CertificateFacts, read_certificate
from yingshou.signing.revocation import RevocationFacts, read_revocation_list
from yingshou.signing.trust import TrustStore
from yingshou.signing.verification import Expected

USCC = "91310000MA1FL0000B"
PIN = "Pin-7f3a9c-X"


@dataclass(frozen=True)
class KeyFile:
    """An opened PKCS#12 file."""

    path: Path

    @cached_property
    def _opened(self) -> pkcs12.PKCS12KeyAndCertificates:
        return pkcs12.load_pkcs12(self.path.read_bytes(), PIN.encode())

    @property
    def key(self) -> AnyKey:
        assert isinstance(self._opened.key, AnyKey)
        return self._opened.key

    @property
    def certificate(self) -> CertificateFacts:
        return read_certificate(self.certificate_der)

    @property
    def certificate_der(self) -> bytes:
        assert self._opened.cert is not None
        return self._opened.cert.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def others(self) -> list[bytes]:
        return [item.certificate.public_bytes(serialization.Encoding.DER) for item in self._opened.additional_certs]

    def raw_value(self, payload: bytes) -> bytes:
        """A bare signature over a document."""
        return self.value(payload, browser_algorithm(self.certificate.public_key))

    def browser_value(self, attributes: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """What WebCrypto returns: for ECDSA r and s side by side."""
        digest = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[algorithm.digest]
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.key.sign(attributes, ec.ECDSA(digest)))
            size = CURVES[self.key.curve.name]
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        assert isinstance(self.key, rsa.RSAPrivateKey)
        return self.key.sign(attributes, padding.PKCS1v15(), digest)

    def value(self, attributes: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The same as CMS carries it."""
        raw = self.browser_value(attributes, algorithm)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return ecdsa_der(self.key.public_key(), raw)
        return raw


@dataclass(frozen=True)
class Sm2KeyFile(KeyFile):
    """A PEM file with an SM2 key and its certificates."""

    identifier: bytes | None = b"1234567812345678"

    @property
    def key(self) -> AnyKey:
        return Sm2Key.from_pem(self.path.read_bytes())

    @cached_property
    def _certificates(self) -> list[bytes]:
        text = self.path.read_bytes()
        found = x509.load_pem_x509_certificates(text[text.index(b"-----BEGIN CERTIFICATE") :])
        return [to_der(one) for one in found]

    @property
    def certificate_der(self) -> bytes:
        return self._certificates[0]

    @property
    def others(self) -> list[bytes]:
        return self._certificates[1:]

    def value(self, attributes: bytes, algorithm: SignatureAlgorithm) -> bytes:
        key = self.key
        assert isinstance(key, Sm2Key)
        return key.sign(attributes, self.identifier)

    def browser_value(self, attributes: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """What a program that holds an SM2 key posts: the DER of r and s."""
        return self.value(attributes, algorithm)


@dataclass(frozen=True)
class World:
    """One sample authority, its trust list and revocation lists."""

    authority: Authority
    folder: Path

    @cached_property
    def trust(self) -> TrustStore:
        return TrustStore(roots=(self.authority.root.public_bytes(serialization.Encoding.DER),))

    @property
    def lists(self) -> list[RevocationFacts]:
        files = [self.authority.file("root.crl"), self.authority.file("issuing.crl")]
        return [read_revocation_list(path.read_bytes()) for path in files]

    @property
    def is_sm2(self) -> bool:
        return isinstance(self.authority, Sm2Authority)

    def new_key(self) -> AnyKey:
        """A key of this side that belongs to nobody."""
        return Sm2Key.generate() if self.is_sm2 else rsa.generate_private_key(65537, 2048)

    def authority_key(self, name: str) -> AnyKey:
        """The private key of ``root`` or ``issuing``."""
        text = self.authority.file(f"{name}.key").read_bytes()
        if self.is_sm2:
            return Sm2Key.from_pem(text)
        key = serialization.load_pem_private_key(text, None)
        assert isinstance(key, AnyKey)
        return key

    def key_file(self, name: str = "good", *, key: str = "rsa", fault: str | None = None, uscc: str = USCC) -> KeyFile:
        """Issue (once) and open a key file."""
        path = self.folder / f"{name}-{key}-{fault}-{uscc}.key"
        self.authority.issue(
            Signer(uscc=uscc, organisation="样例机构", person=f"签章人 {name}", out=path, pin=PIN, key=key, fault=fault)
        )
        return Sm2KeyFile(path) if self.is_sm2 else KeyFile(path)


def value_by(key: AnyKey, data: bytes) -> bytes:
    """The signature of a key without a file: RSA or SM2."""
    if isinstance(key, Sm2Key):
        return key.sign(data)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def signed_certificate(builder: x509.CertificateBuilder, key: AnyKey, issuer: AnyKey) -> bytes:
    """A certificate for ``key``, issued by ``issuer``; each may be of any kind."""
    scratch = ec.generate_private_key(ec.SECP256R1())
    public = scratch.public_key() if isinstance(key, Sm2Key) else key.public_key()
    signing = scratch if isinstance(issuer, Sm2Key) else issuer
    assert isinstance(signing, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    made = to_der(builder.public_key(public).sign(signing, hashes.SHA256()))
    if not isinstance(issuer, Sm2Key):
        return made
    return resigned(made, issuer, key=key if isinstance(key, Sm2Key) else None)


def signed_list(builder: x509.CertificateRevocationListBuilder, issuer: AnyKey) -> bytes:
    """A revocation list signed by any kind of key."""
    signing = ec.generate_private_key(ec.SECP256R1()) if isinstance(issuer, Sm2Key) else issuer
    assert isinstance(signing, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    made = builder.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return resigned_list(made, issuer) if isinstance(issuer, Sm2Key) else made


def document(**changes: object) -> bytes:
    """A small signed document of our shape."""
    return canonical_json(
        {
            "object": {"type": "approvals.approval", "id": 7, "version": 2},
            "organisation": {"uscc": USCC, "name": "样例机构"},
            "nonce": "n-1",
            "prepared_at": "2026-11-20T04:00:00.000000Z",
            "purpose": {"code": "approvals.approve", "zh": "确认", "en": "Confirm"},
            "lines": {"count": 2, "root": hashlib.sha256(b"lines").hexdigest()},
            **changes,
        }
    )


EXPECTED = Expected(
    uscc=USCC,
    nonce="n-1",
    purpose="approvals.approve",
    object_type="approvals.approval",
    object_id=7,
    object_version=2,
)


def sign(file: KeyFile, payload: bytes, at: datetime) -> bytes:
    """Sign as the platform and the browser do together; returns the detached CMS."""
    certificate = read_certificate(file.certificate_der)
    algorithm = browser_algorithm(certificate.public_key)
    attributes = cms.signed_attributes(payload=payload, algorithm=algorithm, certificate=certificate, signed_at=at)
    return cms.assemble(
        attributes=attributes,
        value=file.value(attributes, algorithm),
        algorithm=algorithm,
        certificate=certificate,
        others=file.others,
    )


def to_der(certificate: x509.Certificate) -> bytes:
    """DER of a certificate."""
    return certificate.public_bytes(serialization.Encoding.DER)
