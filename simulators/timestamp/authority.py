"""The timestamp authority itself: its keys in one folder, the tokens it signs, and the faults that make them bad."""

import fcntl
import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulators.service import Reply, Service

POLICY: Final = "1.3.6.1.4.1.99999.3161.1"
LIFE: Final = timedelta(days=20 * 365)
_REPLY: Final = "application/timestamp-reply"
_DER: Final = serialization.Encoding.DER


@dataclass(frozen=True)
class Identity:
    """A certificate that signs tokens, with its key and the root above it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    root: x509.Certificate


class TimestampAuthority:
    """One authority in one folder: ``root.crt``, ``tsa.crt`` and the keys beside them; what exists is kept."""

    def __init__(self, folder: Path, now: datetime | None = None) -> None:
        self.folder = folder
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "tsa.crt").exists():
                self._found()

    def identity(self, fault: str = "") -> Identity:
        """Who signs: the good certificate, or a bad one made for a fault."""
        root, root_key = self._load("root")
        if fault == "untrusted":
            root, root_key = self._root()
        if not fault:
            certificate, key = self._load("tsa")
            return Identity(certificate, key, root)
        key = ec.generate_private_key(ec.SECP256R1())
        return Identity(self._certificate(key, root_key, fault), key, root)

    def _load(self, name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = serialization.load_pem_private_key((self.folder / f"{name}.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "the authority makes EC keys"
        return x509.load_pem_x509_certificate((self.folder / f"{name}.crt").read_bytes()), key

    def _found(self) -> None:
        root, root_key = self._root()
        key = ec.generate_private_key(ec.SECP256R1())
        for name, certificate, held in (
            ("root", root, root_key),
            ("tsa", self._certificate(key, root_key, ""), key),
        ):
            private = held.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            _write(self.folder / f"{name}.key", private)
            _write(self.folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))

    def _root(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder("Yingshou Sample Timestamp Root", "Yingshou Sample Timestamp Root", key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(authority=True), critical=True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256()), key

    def _certificate(
        self, key: ec.EllipticCurvePrivateKey, root_key: ec.EllipticCurvePrivateKey, fault: str
    ) -> x509.Certificate:
        builder = self._builder("Yingshou Sample Timestamps", "Yingshou Sample Timestamp Root", key.public_key(), fault)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(authority=False), critical=True)
        usage = ExtendedKeyUsageOID.EMAIL_PROTECTION if fault == "wrong-usage" else ExtendedKeyUsageOID.TIME_STAMPING
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        return builder.add_extension(identifier, critical=False).sign(root_key, hashes.SHA256())

    def _builder(
        self, name: str, issuer: str, key: ec.EllipticCurvePublicKey, fault: str = ""
    ) -> x509.CertificateBuilder:
        starts = self.now - timedelta(days=1000)
        ends = self.now - timedelta(days=10) if fault == "expired" else self.now + LIFE
        builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(issuer)).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(starts).not_valid_after(ends)
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


class TimestampService(Service):
    """Answers requests for timestamps at ``/timestamp/``."""

    faults = (
        "wrong-imprint", "wrong-nonce", "no-nonce", "no-certificate", "wrong-policy", "untrusted", "expired",
        "wrong-usage", "early", "rejection", "tampered", "garbage",
    )  # fmt: skip

    def __init__(self, authority: TimestampAuthority, clock: Path | None = None) -> None:
        super().__init__(clock)
        self.authority = authority

    def answer(self, method: str, path: str, body: bytes) -> Reply | None:
        if method != "POST" or path != "/timestamp/":
            return None
        if "garbage" in self.active:
            return Reply(b"no timestamp", _REPLY)
        try:
            asked = tsp.TimeStampReq.load(body, strict=True)
            imprint = bytes(asked["message_imprint"]["hashed_message"].native)
            algorithm = str(asked["message_imprint"]["hash_algorithm"]["algorithm"].native)
        except (ValueError, TypeError, KeyError):
            return _rejected("bad_data_format")
        if (algorithm, len(imprint)) != ("sha256", 32):
            return _rejected("bad_alg")
        if "rejection" in self.active:
            return _rejected("system_failure")
        token = self.token(imprint, asked["nonce"].native, with_certificate=bool(asked["cert_req"].native))
        response = tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token})
        return Reply(bytes(response.dump()), _REPLY)

    def token(self, imprint: bytes, nonce: int | None, *, with_certificate: bool = True) -> cms.ContentInfo:
        """Sign one token, good or bad as the active faults say."""
        active = self.active
        bad = next((fault for fault in ("untrusted", "expired", "wrong-usage") if fault in active), "")
        who = self.authority.identity(bad)
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.2.3.4.5" if "wrong-policy" in active else POLICY,
                "message_imprint": {
                    "hash_algorithm": {"algorithm": "sha256"},
                    "hashed_message": hashlib.sha256(imprint).digest() if "wrong-imprint" in active else imprint,
                },
                "serial_number": secrets.randbits(63),
                "gen_time": self.now() - timedelta(days=1 if "early" in active else 0),
                "accuracy": {"seconds": 1},
            }
        )
        if nonce is not None and "no-nonce" not in active:
            info["nonce"] = nonce + ("wrong-nonce" in active)
        return _signed(bytes(info.dump()), who, with_certificate and "no-certificate" not in active, active)


def _signed(info: bytes, who: Identity, with_certificate: bool, active: frozenset[str]) -> cms.ContentInfo:
    certificate = asn1_x509.Certificate.load(who.certificate.public_bytes(_DER))
    digest = algos.DigestAlgorithm({"algorithm": "sha256"})
    identifier = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate.dump()).digest()})
    values = {
        "content_type": "tst_info",
        "message_digest": hashlib.sha256(info).digest(),
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [identifier]}),
    }
    attributes = cms.CMSAttributes(
        [cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values.items()]
    )
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
            ),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": who.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
    )
    if "tampered" in active:
        changed = tsp.TSTInfo.load(info)
        changed["gen_time"] = changed["gen_time"].native - timedelta(hours=1)
        info = bytes(changed.dump(force=True))
    content = {"content_type": "tst_info", "content": core.ParsableOctetString(info)}
    signed = {
        "version": "v3",
        "digest_algorithms": [digest],
        "encap_content_info": content,
        "signer_infos": [signer],
    }
    if with_certificate:
        signed["certificates"] = [certificate]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def _rejected(why: str) -> Reply:
    """A rejection: the status alone, as RFC 3161 leaves the token out of it."""
    status = bytes(tsp.PKIStatusInfo({"status": "rejection", "fail_info": {why}}).dump())
    return Reply(bytes([0x30, len(status)]) + status, _REPLY)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Yingshou Sample Time"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
