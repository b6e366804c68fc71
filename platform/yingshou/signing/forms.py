"""Parsing what the signing page posts; the fields are public values, never the key file or its PIN."""

import base64
import binascii
from collections.abc import Sequence

from yingshou.kernel.errors import NotVisible
from yingshou.signing.errors import MalformedSignature

MAX_ENCODED = 65_536


def decoded(text: str) -> bytes:
    """
    Base64 as the browser sends it.

    :raises MalformedSignature: if it is not base64, empty or too long
    """
    if not text or len(text) > MAX_ENCODED:
        raise MalformedSignature(detail="base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedSignature(detail="base64") from error


def encoded(data: bytes) -> str:
    """Base64 as the browser reads it."""
    return base64.b64encode(data).decode()


def decoded_all(texts: Sequence[str]) -> list[bytes]:
    """Several of them, at most eight."""
    if len(texts) > 8:
        raise MalformedSignature(detail="certificates")
    return [decoded(text) for text in texts]


def identifier(text: str) -> int:
    """
    A database id from a form.

    :raises NotVisible: if it is not one
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise NotVisible
    return int(text)
