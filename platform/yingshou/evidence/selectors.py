"""Reads of the sealed history: the latest checkpoint, and the receipt of one event."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection

from yingshou.audit.books import BOOKS, Book
from yingshou.audit.models import AuditEvent
from yingshou.evidence import leaves
from yingshou.evidence.keys import seal_key
from yingshou.evidence.models import Checkpoint, SealedEvent
from yingshou.evidence.notes import public_key_text
from yingshou.evidence.store import StoredNodes
from yingshou.kernel import merkle, merkle_log
from yingshou.tenancy.actor import Actor

BOOKS_TYPE: Final = "audit.books"
BOOKS_VERIFIED: Final = "audit.books.verified"
# A month of nights.
READINGS: Final = 31


@dataclass(frozen=True)
class Receipt:
    """
    What shows, without us, that an event is in the sealed history.

    :param proof: the hashes from the leaf up to the root of the checkpoint
    """

    row: leaves.Row
    position: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    @property
    def intact(self) -> bool:
        """Whether the event as it stands in the database now gives the sealed leaf and leads to the signed root."""
        return merkle.verify(
            self.row.leaf, self.position, self.checkpoint.size, self.proof, bytes(self.checkpoint.root)
        )

    def document(self) -> dict[str, Any]:
        """The receipt as a file: every field with its salt, the path, the signed note, the key."""
        return {
            "format": "yingshou-receipt/1",
            "fields": [
                {"name": name, "value": value, "salt": leaves.field_salt(self.row.salt, name).hex()}
                for name, value in self.row.ordered
            ],
            "leaf": self.row.leaf.hex(),
            "position": self.position,
            "size": self.checkpoint.size,
            "proof": [one.hex() for one in self.proof],
            "checkpoint": self.checkpoint.note,
            "key": public_key(),
        }


def public_key() -> str:
    """The key that signs checkpoints, as verifiers of signed notes read it."""
    return public_key_text(settings.SEAL_ORIGIN, seal_key().public_key())


def latest() -> Checkpoint | None:
    """The newest checkpoint."""
    return Checkpoint.objects.order_by("-size").first()


def receipt(event: AuditEvent) -> Receipt | None:
    """The receipt of an event that the actor may see; None while it waits to be sealed."""
    sealed = SealedEvent.objects.filter(source=leaves.CHANGE.name, row_id=event.pk).first()
    if sealed is None:
        return None
    checkpoint = Checkpoint.objects.filter(size__gt=sealed.position).order_by("-size").first()
    if checkpoint is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(f"{leaves.CHANGE.select} where id = %s", [event.pk])
        row = leaves.read(leaves.CHANGE, cursor.fetchone())
        proof = merkle_log.inclusion(StoredNodes(cursor), sealed.position, checkpoint.size)
    return Receipt(row=row, position=sealed.position, proof=tuple(proof), checkpoint=checkpoint)


def consistency(first: int, second: int) -> list[bytes] | None:
    """The proof between two sizes of the tree; None if there is no such pair."""
    newest = latest()
    if newest is None or not 0 < first <= second <= newest.size:
        return None
    with connection.cursor() as cursor:
        return merkle_log.consistency(StoredNodes(cursor), first, second)


@dataclass(frozen=True)
class Finding:
    """An object that a reading of the books named."""

    book: str
    object_type: str
    object_id: int


@dataclass(frozen=True)
class Reading:
    """One reading of the books, as its event tells it; `id` leads to the event's sealed form."""

    event: AuditEvent

    @property
    def violations(self) -> int:
        """How many rows broke a statement."""
        return int(self.event.body["violations"])

    @property
    def books(self) -> int:
        """How many statements were read."""
        return int(self.event.body["books"])

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(self.event.body["seconds"])

    @property
    def found(self) -> list[Finding]:
        """The first objects that were named."""
        return [Finding(*one) for one in self.event.body["found"]]

    def wrong(self, code: str) -> int:
        """How many rows broke one statement."""
        return int(self.event.body["wrong"].get(code, 0))


@dataclass(frozen=True)
class Statement:
    """A book beside what the newest reading found in it."""

    book: Book
    wrong: int


def readings(actor: Actor) -> list[Reading]:
    """The last readings of the books, the newest first."""
    events = AuditEvent.objects.visible_to(actor).filter(object_type=BOOKS_TYPE, kind=BOOKS_VERIFIED)
    return [Reading(event) for event in events.order_by("-at", "-id")[:READINGS]]


def statements(reading: Reading | None) -> list[Statement]:
    """All books; those that were broken first."""
    rows = [Statement(book, reading.wrong(code) if reading else 0) for code, book in BOOKS.items()]
    return sorted(rows, key=lambda row: (-row.wrong, row.book.code))
