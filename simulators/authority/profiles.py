"""What a certificate of the sample authority looks like, and the named faults that make a hostile one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
LIFE: Final = timedelta(days=3 * 365)
KEYS: Final = ("rsa", "ec", "ec384", "sm2", "rsa1024", "ec521", "ed25519")


@dataclass(frozen=True)
class Profile:
    """Everything about a signer's certificate that a fault can change."""

    key: str = "rsa"
    sha1: bool = False
    starts: timedelta = timedelta(days=-1)
    lasts: timedelta = LIFE
    digital_signature: bool = True
    content_commitment: bool = True
    with_key_usage: bool = True
    authority: bool = False
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING)
    second_uscc: str = ""
    without_uscc: bool = False
    unknown_critical: bool = False


FAULTS: Final[dict[str, dict[str, object]]] = {
    "expired": {"starts": timedelta(days=-800), "lasts": timedelta(days=700)},
    "not-yet-valid": {"starts": timedelta(days=30)},
    "no-non-repudiation": {"content_commitment": False},
    "no-digital-signature": {"digital_signature": False},
    "encryption": {"digital_signature": False, "content_commitment": False},
    "no-key-usage": {"with_key_usage": False},
    "server-purpose": {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)},
    "authority": {"authority": True},
    "two-codes": {"second_uscc": "91110000100000000X"},
    "no-code": {"without_uscc": True},
    "unknown-critical": {"unknown_critical": True},
    "sha1": {"sha1": True},
    "rsa1024": {"key": "rsa1024"},
    "ec521": {"key": "ec521"},
    "ed25519": {"key": "ed25519"},
}


def profile(key: str, fault: str | None = None) -> Profile:
    """The profile of a good certificate with this kind of key, or of one with a named fault."""
    good = Profile(key=key)
    return replace(good, **FAULTS[fault]) if fault else good  # type: ignore[arg-type]


def subject(*, uscc: str, organisation: str, person: str, shape: Profile) -> x509.Name:
    """The name of a signer: the organisation with its credit code (twice, as authorities write it) and the person."""
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        x509.NameAttribute(NameOID.COMMON_NAME, person),
    ]
    if not shape.without_uscc:
        attributes.insert(2, x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"NTRCN-{uscc}"))
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, shape.second_uscc or uscc))
    return x509.Name(attributes)


def extended(builder: x509.CertificateBuilder, shape: Profile) -> x509.CertificateBuilder:
    """Add the extensions of a signer's certificate."""
    builder = builder.add_extension(x509.BasicConstraints(ca=shape.authority, path_length=None), critical=True)
    if shape.with_key_usage:
        builder = builder.add_extension(_usage(shape), critical=True)
    if shape.purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(shape.purposes), critical=False)
    if shape.unknown_critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
        builder = builder.add_extension(unknown, critical=True)
    return builder


def _usage(shape: Profile) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=shape.digital_signature,
        content_commitment=shape.content_commitment,
        key_encipherment=not (shape.digital_signature and shape.content_commitment),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=shape.authority,
        crl_sign=shape.authority,
        encipher_only=False,
        decipher_only=False,
    )


def validity(shape: Profile, now: datetime) -> tuple[datetime, datetime]:
    """From when to when a certificate with this profile is valid."""
    start = now + shape.starts
    return start, start + shape.lasts
