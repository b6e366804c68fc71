"""The sample authority itself: keys and certificates in one folder, its register of what it issued, its revocation lists."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from simulators.authority.profiles import extended, profile, subject, validity
from simulators.authority.sm2 import Sm2Key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
AnyKey = PrivateKey | Sm2Key
AUTHORITY_LIFE: Final = timedelta(days=20 * 365)
LIST_LIFE: Final = timedelta(days=366)
_AUTHORITY_USAGE: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Signer:
    """For whom a certificate is issued, and into which file with which PIN."""

    uscc: str
    organisation: str
    person: str
    out: Path
    pin: str
    key: str = "rsa"
    fault: str | None = None
    legacy: bool = False


class Authority:
    """
    One authority in one folder: ``root.crt``, ``issuing.crt``, their ``.key`` and ``.crl``, ``register.json``.

    Every operation takes the folder's lock, so that several processes may share it, and is idempotent: what exists is
    kept, so that files handed out stay valid. The methods at the end are what another kind of key does otherwise.
    """

    prefix = ""

    def __init__(self, folder: Path, now: datetime | None = None, label: str = "Yingshou Sample") -> None:
        self.folder = folder
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.label = label
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            if not self.file("issuing.crt").exists():
                self._found()

    def file(self, name: str) -> Path:
        """Where one of this authority's files lies."""
        return self.folder / f"{self.prefix}{name}"

    @property
    def root(self) -> x509.Certificate:
        """The certificate to put on the trust list."""
        return x509.load_pem_x509_certificate(self.file("root.crt").read_bytes())

    @property
    def issuing(self) -> x509.Certificate:
        """The authority that issues to signers and lists what it revoked."""
        return x509.load_pem_x509_certificate(self.file("issuing.crt").read_bytes())

    def issue(self, signer: Signer) -> str:
        """Issue a certificate and write the key file; return the serial number in hexadecimal."""
        with self._locked():
            register = self._register()
            held = register["issued"].get(str(signer.out.resolve()))
            wanted = {"uscc": signer.uscc, "organisation": signer.organisation, "person": signer.person}
            wanted |= {"key": signer.key, "fault": signer.fault or "", "pin": signer.pin}
            if held and held["signer"] == wanted and signer.out.exists():
                return str(held["serial"])
            certificate, key = self._certificate(signer)
            _write(signer.out, self._key_file(certificate, key, signer))
            serial = f"{certificate.serial_number:X}"
            register["issued"][str(signer.out.resolve())] = {"serial": serial, "signer": wanted}
            self._save(register)
            return serial

    def revoke(self, serial: str, at: datetime | None = None) -> None:
        """Put a certificate on the revocation list and publish the list again."""
        with self._locked():
            register = self._register()
            register["revoked"].setdefault(f"{int(serial, 16):X}", (at or self.now).isoformat())
            self._save(register)
        self.publish()

    def revoked_at(self, serial: int) -> datetime | None:
        """When a certificate was revoked; None where it was not."""
        found = self._register()["revoked"].get(f"{serial:X}")
        return datetime.fromisoformat(found) if found else None

    def private_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The key of ``root`` or ``issuing``, which signs answers about certificates."""
        return own_key(self._private(name))

    def issued(self, serial: str) -> bool:
        """Whether a certificate is this authority's own."""
        return f"{int(serial, 16):X}" in {one["serial"] for one in self._register()["issued"].values()}

    def publish(self, life: timedelta = LIST_LIFE) -> list[Path]:
        """Sign both revocation lists anew; return their files."""
        with self._locked():
            register = self._register()
            register["list_number"] += 1
            self._save(register)
            revoked = {int(serial, 16): datetime.fromisoformat(at) for serial, at in register["revoked"].items()}
            return [self._list(name, revoked, register["list_number"], life) for name in ("root", "issuing")]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _register(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.file("register.json").read_text(encoding="utf-8"))
        return loaded

    def _save(self, register: dict[str, Any]) -> None:
        text = json.dumps(register, ensure_ascii=False, indent=1, sort_keys=True)
        _write(self.file("register.json"), text.encode())

    def _found(self) -> None:
        """Make root and issuing authority, their first lists and an empty register."""
        keys = {name: self._new_key("ec") for name in ("root", "issuing")}
        for name, depth in (("root", 1), ("issuing", 0)):
            certificate = self._authority_certificate(name, keys[name], keys["root"], depth)
            _write(self.file(f"{name}.key"), self._private_pem(keys[name]))
            _write(self.file(f"{name}.crt"), certificate.public_bytes(serialization.Encoding.PEM))
        self._save({"issued": {}, "revoked": {}, "list_number": 1})
        for name in ("root", "issuing"):
            self._list(name, {}, 1, LIST_LIFE)

    def _authority_certificate(self, name: str, key: AnyKey, root_key: AnyKey, depth: int) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(self._authority_name(name))
        builder = builder.issuer_name(self._authority_name("root"))
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(self.now - timedelta(days=1000)).not_valid_after(self.now + AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        return self._signed(builder.add_extension(_AUTHORITY_USAGE, critical=True), key, root_key)

    def _authority_name(self, name: str) -> x509.Name:
        kind = {"root": "Root CA", "issuing": "Issuing CA"}[name]
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{self.label} Authority"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{self.label} {kind}"),
            ]
        )

    def _certificate(self, signer: Signer) -> tuple[x509.Certificate, AnyKey]:
        shape = profile(signer.key, signer.fault)
        key = self._new_key(shape.key)
        start, end = validity(shape, self.now)
        issuer_key = self._private("issuing")
        name = subject(uscc=signer.uscc, organisation=signer.organisation, person=signer.person, shape=shape)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.issuing.subject)
        builder = builder.serial_number(x509.random_serial_number())
        builder = extended(builder.not_valid_before(start).not_valid_after(end), shape)
        certificate = self._signed(builder, key, issuer_key)
        return _signed_with_sha1(certificate, issuer_key) if shape.sha1 else certificate, key

    def _list(self, name: str, revoked: dict[int, datetime], number: int, life: timedelta) -> Path:
        key = self._private(name)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._authority_name(name))
        builder = builder.last_update(self.now).next_update(self.now + life)
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        for serial, at in revoked.items() if name == "issuing" else ():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        path = self.file(f"{name}.crl")
        _write(path, self._signed_list(builder, key))
        return path

    def _new_key(self, kind: str) -> AnyKey:
        if kind == "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        curves: dict[str, ec.EllipticCurve] = {"ec": ec.SECP256R1(), "ec384": ec.SECP384R1(), "ec521": ec.SECP521R1()}
        if kind in curves:
            return ec.generate_private_key(curves[kind])
        return rsa.generate_private_key(65537, {"rsa": 2048, "rsa1024": 1024}[kind])

    def _private(self, name: str) -> AnyKey:
        return own_key(serialization.load_pem_private_key(self.file(f"{name}.key").read_bytes(), None))

    def _private_pem(self, key: AnyKey) -> bytes:
        return _private_pem(key)

    def _key_file(self, certificate: x509.Certificate, key: AnyKey, signer: Signer) -> bytes:
        return _pkcs12(certificate, key, [self.issuing], signer)

    def _signed(self, builder: x509.CertificateBuilder, key: AnyKey, issuer_key: AnyKey) -> x509.Certificate:
        """Put the public key and both key identifiers into a certificate and sign it."""
        assert not isinstance(key, Sm2Key)
        issuer = own_key(issuer_key)
        builder = builder.public_key(key.public_key())
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        return builder.add_extension(issuer_id, critical=False).sign(issuer, hashes.SHA256())

    def _signed_list(self, builder: x509.CertificateRevocationListBuilder, key: AnyKey) -> bytes:
        issuer = own_key(key)
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
        made = builder.add_extension(issuer_id, critical=False).sign(issuer, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)


def own_key(key: object) -> ec.EllipticCurvePrivateKey:
    """The key of this kind of authority: one of a NIST curve."""
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's own key is an EC key")
    return key


def _signed_with_sha1(certificate: x509.Certificate, issuer_key: AnyKey) -> x509.Certificate:
    """Sign a certificate again with SHA-1, which the builder rightly refuses to do."""
    key = own_key(issuer_key)
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    parsed["tbs_certificate"]["signature"] = {"algorithm": "sha1_ecdsa"}
    parsed["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}
    to_be_signed = parsed["tbs_certificate"].dump(force=True)
    parsed["signature_value"] = key.sign(to_be_signed, ec.ECDSA(hashes.SHA1()))  # hostile on purpose
    return x509.load_der_x509_certificate(parsed.dump(force=True))


def _private_pem(key: AnyKey) -> bytes:
    assert not isinstance(key, Sm2Key)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pkcs12(certificate: x509.Certificate, key: AnyKey, chain: list[x509.Certificate], signer: Signer) -> bytes:
    """Write the key file; ``legacy`` uses the triple DES that older authorities still hand out."""
    assert not isinstance(key, Sm2Key)
    encryption = serialization.PrivateFormat.PKCS12.encryption_builder()
    if signer.legacy:
        encryption = encryption.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    else:
        encryption = encryption.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    algorithm = encryption.kdf_rounds(20_000).build(signer.pin.encode())
    return pkcs12.serialize_key_and_certificates(signer.person.encode(), key, certificate, chain, algorithm)


def _write(path: Path, content: bytes) -> None:
    """Replace the file in one step, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
    scratch.replace(path)
