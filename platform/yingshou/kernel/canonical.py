"""
Canonical JSON (RFC 8785) over texts in Unicode form NFC, and hashes: the same document gives the same bytes on every machine,
so that what was signed can be shown again years later. Floats are refused; amounts travel as strings.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from cryptography.hazmat.primitives import hashes

# Beyond this, readers that use doubles lose digits (RFC 8785, RFC 7493): such numbers travel as strings.
_SAFE = 2**53 - 1


class NotCanonical(ValueError):
    """A document holds something that has no one form; a fault of the program."""


def canonical_json(document: object) -> bytes:
    """
    The bytes that are signed and hashed.

    Decimals become strings in plain notation, dates `2026-03-31`, aware instants UTC with microseconds, UUIDs strings.

    :raises NotCanonical: floats, keys that are no strings, keys that NFC makes equal, integers beyond 2^53, lone
        surrogates, instants without a zone, NaN, and every other type
    """
    return json.dumps(_canonical(document, "$"), ensure_ascii=False, separators=(",", ":")).encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sm3_hex(data: bytes) -> str:
    """SM3 (GB/T 32905) as 64 lower-case hexadecimal digits."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def _canonical(value: object, path: str) -> object:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        if abs(value) > _SAFE:
            raise NotCanonical(f"{path}: {value} is beyond 2^53; send it as a string")
        return int(value)
    if isinstance(value, Mapping):
        return _object(value, path)
    if isinstance(value, list | tuple):
        return [_canonical(item, f"{path}[{position}]") for position, item in enumerate(value)]
    return _scalar(value, path)


def _scalar(value: object, path: str) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise NotCanonical(f"{path}: {value} is not a number")
        return format(value, "f")
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise NotCanonical(f"{path}: an instant without a time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise NotCanonical(f"{path}: {type(value).__name__} has no canonical form")


def _object(value: Mapping[object, object], path: str) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"{path}: the key {key!r} is not a string")
        name = _text(key, path)
        if name in members:
            raise NotCanonical(f"{path}: two keys are {name!r} in Unicode form NFC")
        members[name] = _canonical(member, f"{path}.{name}")
    # RFC 8785 sorts by UTF-16 code units, which differs from code points above U+FFFF.
    return dict(sorted(members.items(), key=lambda item: item[0].encode("utf-16-be")))


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotCanonical(f"{path}: a lone surrogate") from None
    return str.__str__(unicodedata.normalize("NFC", value))
