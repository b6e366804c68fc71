"""
Encryption of single fields and blind indexes over them.

AES-256-GCM with the keys of `YINGSHOU_FIELD_KEYS`: the first encrypts, all decrypt, so that a key is rotated by putting the new one in front
and re-encrypting at leisure. The name of the field is bound as associated data: a cipher text copied to another column does not decrypt.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_VERSION = "1"
_NONCE_BYTES = 12


class CannotDecrypt(Exception):
    """No active key opens this value: it was encrypted with a retired key, moved to another column, or changed."""


def _keys() -> Sequence[bytes]:
    keys: Sequence[bytes] = settings.YINGSHOU_FIELD_KEYS
    return keys


def key_id(key: bytes) -> str:
    """The first eight hex digits of the key's SHA-256: names the key without telling it."""
    return hashlib.sha256(key).hexdigest()[:8]


def encrypt(text: str, *, field: str) -> str:
    """
    Encrypt `text` for the column named `field` (as `app.model.field`).

    The empty text stays empty: it says nothing worth hiding and keeps "not given" searchable.
    """
    if not text:
        return ""
    key = _keys()[0]
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), field.encode())
    return f"{_VERSION}:{key_id(key)}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(value: str, *, field: str) -> str:
    """
    The clear text of a value made by `encrypt` for the same field.

    :raises CannotDecrypt: if no active key opens it
    """
    if not value:
        return ""
    try:
        version, name, body = value.split(":")
        raw = base64.urlsafe_b64decode(body)
    except ValueError as error:
        raise CannotDecrypt(field) from error
    if version != _VERSION:
        raise CannotDecrypt(field)
    for key in _keys():
        if key_id(key) != name:
            continue
        try:
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], field.encode()).decode()
        except InvalidTag as error:
            raise CannotDecrypt(field) from error
    raise CannotDecrypt(field)


def current_prefix() -> str:
    """How every value begins that was encrypted with the key that encrypts now."""
    return f"{_VERSION}:{key_id(_keys()[0])}:"


def needs_new_key(value: str) -> bool:
    """Whether the value was encrypted with another key than the one that encrypts now."""
    return bool(value) and not value.startswith(current_prefix())


def blind_index(text: str, *, field: str) -> str:
    """
    Keyed hash by which an encrypted value is found again: hex of HMAC-SHA-256 over the field's name and the text.

    The field's name is part of the input, so that equal values in two columns do not look equal.
    """
    if not text:
        return ""
    key: bytes = settings.YINGSHOU_HMAC_KEY
    return hmac.new(key, f"{field}\x00{text}".encode(), hashlib.sha256).hexdigest()


def last_four(text: str) -> str:
    """The last four characters, shown where the whole value is masked; nothing for a value too short to mask."""
    return text[-4:] if len(text) > 6 else ""


def masked(last4: str) -> str:
    """How a masked number is shown."""
    return f"•••• {last4}" if last4 else ""
