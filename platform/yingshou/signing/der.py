"""
Strict DER: refuse every encoding that is not the one canonical form (X.690, distinguished encoding rules).

Lenient parsers read many encodings as the same value, so that two different files verify as one signature. Each
certificate and each CMS passes here before any library reads it.
"""

import re
from typing import Final

from yingshou.signing.errors import MalformedSignature

MAX_DEPTH: Final = 32
MAX_BYTES: Final = 262_144
_BOOLEAN, _INTEGER, _BIT_STRING, _NULL, _OID, _ENUMERATED = 1, 2, 3, 5, 6, 10
_SEQUENCE, _SET, _UTC_TIME, _GENERALIZED_TIME = 16, 17, 23, 24
_UTC_TIME_FORM: Final = re.compile(rb"\d{12}Z\Z")
_GENERALIZED_TIME_FORM: Final = re.compile(rb"\d{14}Z\Z")


def require_strict(data: bytes) -> None:
    """
    Check that ``data`` is exactly one value in strict DER, with nothing after it.

    :raises MalformedSignature: naming the first deviation
    """
    if not 2 <= len(data) <= MAX_BYTES:
        raise MalformedSignature(detail="size")
    end = _element(data, 0, len(data), 0)
    if end != len(data):
        raise MalformedSignature(detail="trailing bytes")


def _element(data: bytes, start: int, limit: int, depth: int) -> int:
    """Check one element that starts at ``start`` and must end before ``limit``; return where it ends."""
    if depth > MAX_DEPTH:
        raise MalformedSignature(detail="nesting")
    if start + 2 > limit:
        raise MalformedSignature(detail="truncated")
    identifier = data[start]
    if identifier & 0x1F == 0x1F:
        raise MalformedSignature(detail="tag")
    body, end = _length(data, start + 1, limit)
    constructed, universal = bool(identifier & 0x20), identifier & 0xC0 == 0
    number = identifier & 0x1F
    if universal and constructed != (number in (_SEQUENCE, _SET)):
        raise MalformedSignature(detail="constructed string")
    if constructed:
        _children(data, body, end, depth, ordered=universal and number == _SET)
    elif universal:
        _primitive(number, data[body:end])
    return end


def _length(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """Return where the content begins and ends; only the shortest definite form is DER."""
    first = data[at]
    if first < 0x80:
        body, size = at + 1, first
    else:
        count = first & 0x7F
        body = at + 1 + count
        if not 1 <= count <= 3 or body > limit:
            raise MalformedSignature(detail="length")
        size = int.from_bytes(data[at + 1 : body], "big")
        if size < 0x80 or data[at + 1] == 0:
            raise MalformedSignature(detail="length")
    if body + size > limit:
        raise MalformedSignature(detail="truncated")
    return body, body + size


def _children(data: bytes, at: int, end: int, depth: int, *, ordered: bool) -> None:
    previous = b""
    while at < end:
        after = _element(data, at, end, depth + 1)
        if ordered:
            current = data[at:after]
            if current < previous:
                raise MalformedSignature(detail="order of a set")
            previous = current
        at = after


def _primitive(number: int, content: bytes) -> None:
    if number in (_INTEGER, _ENUMERATED):
        redundant = len(content) > 1 and (content[0], content[1] >> 7) in ((0, 0), (0xFF, 1))
        good = bool(content) and not redundant
    elif number == _BOOLEAN:
        good = content in (b"\x00", b"\xff")
    elif number == _NULL:
        good = not content
    elif number == _BIT_STRING:
        good = bool(content) and content[0] <= 7 and _unused_bits_are_zero(content)
    elif number == _OID:
        good = bool(content) and content[-1] < 0x80 and _no_padded_arc(content)
    elif number == _UTC_TIME:
        good = _UTC_TIME_FORM.match(content) is not None
    elif number == _GENERALIZED_TIME:
        good = _GENERALIZED_TIME_FORM.match(content) is not None
    else:
        good = number != 0
    if not good:
        raise MalformedSignature(detail=f"universal type {number}")


def _unused_bits_are_zero(content: bytes) -> bool:
    if len(content) == 1:
        return content[0] == 0
    return content[-1] & ((1 << content[0]) - 1) == 0


def _no_padded_arc(content: bytes) -> bool:
    starts = [0, *(i + 1 for i, byte in enumerate(content[:-1]) if byte < 0x80)]
    return all(content[i] != 0x80 for i in starts)
