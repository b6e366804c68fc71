"""The authority of the sample service: an SM2 root, an issuing authority, one certificate per licence holder, revocation lists."""

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import gmalg
from asn1crypto import core, crl, keys, x509

SM2_SM3: Final = "1.2.156.10197.1.501"
_EC: Final = "1.2.840.10045.2.1"
_CURVE: Final = "1.2.156.10197.1.301"
USER_ID: Final = b"1234567812345678"
_LIFE: Final = timedelta(days=20 * 365)
_HOLDER_LIFE: Final = timedelta(days=3 * 365)
LIST_LIFE: Final = timedelta(days=366)


class _Signature(core.Sequence):
    """Two integers, as GM/T 0009 writes an SM2 signature."""

    _fields = [("r", core.Integer), ("s", core.Integer)]  # the library's own way to declare


@dataclass(frozen=True)
class Key:
    """A secret SM2 key with its certificate; the chain above it, without the root, stands in ``others``."""

    secret: bytes
    certificate: bytes
    others: tuple[bytes, ...] = ()

    def sign(self, data: bytes, user_id: bytes = USER_ID) -> bytes:
        """Sign data under a user identifier; DER."""
        return sign(self.secret, data, user_id)


def sign(secret: bytes, data: bytes, user_id: bytes = USER_ID) -> bytes:
    """Return the DER signature of a secret key over data."""
    r, s = gmalg.SM2(secret, user_id, gmalg.SM2().generate_pk(secret)).sign(data)
    return bytes(_Signature({"r": int.from_bytes(r, "big"), "s": int.from_bytes(s, "big")}).dump())


def new_secret() -> bytes:
    """Return a new secret key."""
    return bytes(gmalg.SM2().generate_keypair()[0]).rjust(32, b"\0")


class LicenceAuthority:
    """
    One authority in one folder; what exists is kept, so that certificates handed out stay good.

    :param label: stands in the names; another label makes an authority that nobody trusts
    """

    def __init__(self, folder: Path, now: datetime | None = None, label: str = "Yingshou Sample E-licence") -> None:
        self.folder = folder
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.label = label
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked():
            if not (folder / "authority.json").exists():
                self._found()

    @property
    def root(self) -> bytes:
        """The certificate to put on the trust list of licences; DER."""
        return self._authority("root").certificate

    def holder(self, *, uscc: str, organisation: str, holder: str, holder_no: str) -> Key:
        """The certificate of one licence holder, issued once."""
        name = f"{uscc}-{holder_no}"
        with self._locked():
            held = self._load()
            if name not in held["holders"]:
                subject = [("country_name", "CN"), ("organization_name", organisation)]
                subject += [
                    ("organization_identifier", f"NTRCN-{uscc}"),
                    ("common_name", holder),
                    ("serial_number", uscc),
                ]
                secret = new_secret()
                start = self.now - timedelta(days=1)
                certificate = self._certificate(subject, secret, "issuing", (start, start + _HOLDER_LIFE), depth=None)
                held["holders"][name] = [secret.hex(), certificate.hex()]
                self._save(held)
            secret_hex, der_hex = held["holders"][name]
        issuing = self._authority("issuing").certificate
        return Key(bytes.fromhex(secret_hex), bytes.fromhex(der_hex), (issuing,))

    def revoke(self, key: Key) -> None:
        """Put a holder's certificate on the list of revoked ones."""
        serial = x509.Certificate.load(key.certificate).serial_number
        with self._locked():
            held = self._load()
            held["revoked"][str(serial)] = self.now.isoformat()
            self._save(held)

    def lists(self) -> list[bytes]:
        """The two revocation lists, signed anew."""
        with self._locked():
            held = self._load()
            held["number"] += 1
            self._save(held)
        revoked = {int(serial): datetime.fromisoformat(at) for serial, at in held["revoked"].items()}
        return [self._list(name, held["number"], revoked) for name in ("root", "issuing")]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _load(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "authority.json").read_text())
        return loaded

    def _save(self, held: dict[str, Any]) -> None:
        write(self.folder / "authority.json", json.dumps(held, ensure_ascii=False, indent=1))

    def _found(self) -> None:
        self._save({"keys": {}, "holders": {}, "revoked": {}, "number": 0})
        for name, depth in (("root", 1), ("issuing", 0)):
            secret = new_secret()
            held = self._load()
            # The root signs itself: its secret must be known before its certificate is made.
            held["keys"][name] = [secret.hex(), ""]
            self._save(held)
            start = self.now - timedelta(days=1000)
            der = self._certificate(self._name(name), secret, "root", (start, start + _LIFE), depth=depth)
            held["keys"][name] = [secret.hex(), der.hex()]
            self._save(held)
        root = self.root
        write(self.folder / "root.pem", _pem(root))

    def _authority(self, name: str) -> Key:
        secret, der = self._load()["keys"][name]
        return Key(bytes.fromhex(secret), bytes.fromhex(der))

    def _name(self, name: str) -> list[tuple[str, str]]:
        kind = {"root": "Root", "issuing": "Issuing"}[name]
        return [("country_name", "CN"), ("organization_name", self.label), ("common_name", f"{self.label} {kind} CA")]

    def _certificate(
        self,
        subject: list[tuple[str, str]],
        secret: bytes,
        issuer: str,
        validity: tuple[datetime, datetime],
        *,
        depth: int | None,
    ) -> bytes:
        signer = self._authority(issuer)
        point, issuer_point = (bytes(gmalg.SM2().generate_pk(one)) for one in (secret, signer.secret))
        is_authority = depth is not None
        usage = {"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature", "non_repudiation"}
        extensions: list[dict[str, Any]] = [
            {"extn_id": "basic_constraints", "critical": True, "extn_value": _constraints(depth)},
            {"extn_id": "key_usage", "critical": True, "extn_value": x509.KeyUsage(usage)},
            {"extn_id": "key_identifier", "extn_value": core.OctetString(_key_id(point))},
            {"extn_id": "authority_key_identifier", "extn_value": x509.AuthorityKeyIdentifier({"key_identifier": _key_id(issuer_point)})},
        ]  # fmt: skip
        body = x509.TbsCertificate(
            {
                "version": "v3",
                "serial_number": secrets.randbits(120) | 1 << 119,
                "signature": {"algorithm": SM2_SM3},
                "issuer": _name(self._name(issuer)),
                "validity": {"not_before": _time(validity[0]), "not_after": _time(validity[1])},
                "subject": _name(subject),
                "subject_public_key_info": _public_key(point),
                "extensions": extensions,
            }
        )
        signed = {"tbs_certificate": body, "signature_algorithm": {"algorithm": SM2_SM3}}
        return bytes(x509.Certificate(signed | {"signature_value": sign(signer.secret, body.dump())}).dump())

    def _list(self, name: str, number: int, revoked: dict[int, datetime]) -> bytes:
        signer = self._authority(name)
        entries = [
            {"user_certificate": serial, "revocation_date": _time(at)}
            for serial, at in revoked.items()
            if name == "issuing"
        ]
        point = bytes(gmalg.SM2().generate_pk(signer.secret))
        fields: dict[str, Any] = {
            "version": "v2",
            "signature": {"algorithm": SM2_SM3},
            "issuer": _name(self._name(name)),
            "this_update": _time(self.now),
            "next_update": _time(self.now + LIST_LIFE),
            "crl_extensions": [
                {"extn_id": "authority_key_identifier", "extn_value": x509.AuthorityKeyIdentifier({"key_identifier": _key_id(point)})},
                {"extn_id": "crl_number", "extn_value": core.Integer(number)},
            ],
        }  # fmt: skip
        if entries:
            fields["revoked_certificates"] = entries
        body = crl.TbsCertList(fields)
        signed = {"tbs_cert_list": body, "signature_algorithm": {"algorithm": SM2_SM3}}
        return bytes(crl.CertificateList(signed | {"signature": sign(signer.secret, body.dump())}).dump())


def _public_key(point: bytes) -> keys.PublicKeyInfo:
    algorithm = core.ObjectIdentifier(_EC).dump() + core.ObjectIdentifier(_CURVE).dump()
    bits = bytes([0x03, len(point) + 1, 0]) + point
    return keys.PublicKeyInfo.load(_sequence(_sequence(algorithm) + bits))


def _sequence(content: bytes) -> bytes:
    assert len(content) < 128, "a short form of length is enough for one key"
    return bytes([0x30, len(content)]) + content


def _key_id(point: bytes) -> bytes:
    return sm3(point)[:20]


def sm3(data: bytes) -> bytes:
    """Return the SM3 digest."""
    hashing = gmalg.SM3()
    hashing.update(data)
    return bytes(hashing.value())


def _name(parts: list[tuple[str, str]]) -> x509.Name:
    return x509.Name.build(dict(parts))


def _constraints(depth: int | None) -> core.ParsableOctetString:
    held = b"" if depth is None else core.Boolean(True).dump() + core.Integer(depth).dump()
    return core.ParsableOctetString(_sequence(held))


def _time(moment: datetime) -> x509.Time:
    return x509.Time(name="utc_time", value=x509.UTCTime(moment.astimezone(UTC)))


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    rows = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{rows}\n-----END CERTIFICATE-----\n"


def write(path: Path, text: str) -> None:
    """Replace a file in one step; a crash leaves the old one."""
    temporary = path.with_suffix(f"{path.suffix}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    temporary.replace(path)
