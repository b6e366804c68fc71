"""
The checkpoint as a signed note (C2SP `tlog-checkpoint`, `signed-note`): three lines of text and an Ed25519 signature.

Whoever holds one note of the past can tell a rewritten history from one that only grew.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_DASH: Final = "— "


class BadNote(ValueError):
    """A text that is no checkpoint of this log, or is not signed by its key."""


@dataclass(frozen=True)
class Note:
    """What a checkpoint states: the log's name, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign(note: Note, key: Ed25519PrivateKey) -> str:
    """Return the note with its signature line."""
    signature = _key_hash(note.origin, key.public_key()) + key.sign(note.text.encode())
    return f"{note.text}\n{_DASH}{note.origin} {base64.b64encode(signature).decode()}\n"


def read(text: str, key: Ed25519PublicKey) -> Note:
    """
    Read a signed note and check its signature.

    :raises BadNote: if it has another form, or this key did not sign it
    """
    body, separator, signatures = text.partition("\n\n")
    try:
        origin, size, root = body.split("\n")
        note = Note(origin=origin, size=int(size), root=base64.b64decode(root, validate=True))
    except (ValueError, binascii.Error) as error:
        raise BadNote("not a checkpoint") from error
    if not separator or note.text != f"{body}\n" or len(note.root) != 32 or note.size < 0:
        raise BadNote("not a checkpoint")
    if not any(_signed(note, line, key) for line in signatures.splitlines()):
        raise BadNote("no valid signature")
    return note


def public_key_text(origin: str, key: Ed25519PublicKey) -> str:
    """The key as verifiers of signed notes read it: name, hash, type and key."""
    encoded = base64.b64encode(_ED25519 + key.public_bytes_raw()).decode()
    return f"{origin}+{_key_hash(origin, key).hex()}+{encoded}"


def _signed(note: Note, line: str, key: Ed25519PublicKey) -> bool:
    if not line.startswith(f"{_DASH}{note.origin} "):
        return False
    try:
        value = base64.b64decode(line.rsplit(" ", 1)[1], validate=True)
        if value[:4] != _key_hash(note.origin, key):
            return False
        key.verify(value[4:], note.text.encode())
    except (binascii.Error, InvalidSignature):
        return False
    return True


def _key_hash(origin: str, key: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]
