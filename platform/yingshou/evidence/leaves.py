"""
From an event to its leaf (`docs/security.md`, "The sealed history").

A leaf is the Merkle root over commitments to the single fields, so that one field can be withheld or erased and the
rest still verifies: `commitment = SHA-256(0x02 ‖ salt ‖ len(name) ‖ name ‖ len(value) ‖ value)`, lengths as four bytes,
`salt = SHA-256(0x03 ‖ the event's salt ‖ name)`; fields in the order of their names. Lengths in front keep two different
events from giving the same bytes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from yingshou.kernel import merkle

_FIELD = b"\x02"
_SALT = b"\x03"
# As text, so that the same row gives the same bytes whatever reads it: instants as microseconds since 1970.
_MICROSECONDS = "(extract(epoch from {0}) * 1000000)::bigint::text"
_COMMON = (
    "id::text, coalesce(organisation_id::text, ''), coalesce(person_id::text, ''), kind, object_type, "
    "coalesce(object_id::text, ''), " + _MICROSECONDS.format("at") + ", request_id, body::text, salt::text, tx::text"
)


@dataclass(frozen=True)
class Source:
    """A table whose rows are sealed: its name, its place in the order of one transaction, its columns of its own."""

    name: str
    order: int
    table: str
    columns: tuple[str, ...]
    own: str

    @property
    def select(self) -> str:
        """The columns that `Row` is made from; constants of ours."""
        return f"select {_COMMON}, {self.own} from {self.table}"  # noqa: S608  # constants of this file


CHANGE = Source(
    name="change",
    order=0,
    table="audit_auditevent",
    columns=("actor_kind", "actor_label", "object_version", "audience", "recorded_at"),
    own="actor_kind, actor_label, coalesce(object_version::text, ''), audience::text, "
    + _MICROSECONDS.format("recorded_at"),
)
ACCESS = Source(name="access", order=1, table="audit_accessevent", columns=(), own="null")
SOURCES: Mapping[str, Source] = {source.name: source for source in (CHANGE, ACCESS)}
_NAMES = ("id", "organisation_id", "person_id", "kind", "object_type", "object_id", "at", "request_id")


@dataclass(frozen=True)
class Row:
    """One event as it is sealed: its fields by name, as text; the members of its body are fields of their own."""

    source: Source
    pk: int
    tx: int
    salt: UUID
    fields: Mapping[str, str]

    @property
    def place(self) -> tuple[int, int, int]:
        """Where it stands in the order of sealing: transaction, table, id."""
        return self.tx, self.source.order, self.pk

    @property
    def leaf(self) -> bytes:
        """The leaf's hash."""
        salt = _SALT + self.salt.bytes
        return leaf_of([commitment(sha256(salt + name.encode()).digest(), name, value) for name, value in self.ordered])

    @property
    def ordered(self) -> list[tuple[str, str]]:
        """Name and value in the order of the names."""
        return sorted(self.fields.items())


def read(source: Source, values: Sequence[Any]) -> Row:
    """Make a row from what `Source.select` yields."""
    common, (body, salt, tx), own = values[: len(_NAMES)], values[8:11], values[11:]
    fields = {"source": source.name, **dict(zip(_NAMES, common, strict=True))}
    fields |= dict(zip(source.columns, own, strict=False))
    fields |= {f"body.{name}": value for name, value in _members(json.loads(body))}
    return Row(source=source, pk=int(values[0]), tx=int(tx), salt=UUID(salt), fields=fields)


def _members(body: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(body, dict):
        yield "", _text(body)
        return
    for name, value in body.items():
        yield name, _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def field_salt(salt: UUID, name: str) -> bytes:
    """The salt of one field: knowing it opens that field and no other."""
    return sha256(_SALT + salt.bytes + name.encode()).digest()


def commitment(salt: bytes, name: str, value: str) -> bytes:
    """The hash that stands for one field."""
    content = value.encode()
    return sha256(_FIELD + salt + _sized(name) + len(content).to_bytes(4, "big") + content).digest()


@lru_cache(maxsize=4096)
def _sized(name: str) -> bytes:
    label = name.encode()
    return len(label).to_bytes(4, "big") + label


def leaf_of(commitments: Sequence[bytes]) -> bytes:
    """The leaf over the commitments of an event's fields, in the order of their names."""
    return merkle.leaf_hash(merkle.root(commitments))
