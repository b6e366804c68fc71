"""
Copies outside: folders, best on other machines, that get every leaf's hash and every checkpoint, in files that only grow.

A copy needs no trust in us: `entries.txt` names the event of each leaf, `checkpoints.txt` holds the signed notes. With
it `manage.py verify_audit` finds a history that was rewritten with all keys at hand, and names the row.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings

from yingshou.evidence.notes import BadNote, Note
from yingshou.evidence.notes import read as read_note

ENTRIES: Final = "entries.txt"
CHECKPOINTS: Final = "checkpoints.txt"
_TAIL: Final = 4096
_ROWS: Final = 10_000


@dataclass(frozen=True)
class Entry:
    """One line of `entries.txt`: which event is which leaf, and the leaf's hash."""

    position: int
    source: str
    row_id: int
    leaf: bytes

    @property
    def line(self) -> str:
        """As it stands in the file."""
        return f"{self.position} {self.source} {self.row_id} {self.leaf.hex()}\n"


class BadCopy(ValueError):
    """A file of a copy that holds something else than what we wrote there."""


@dataclass(frozen=True)
class Witness:
    """One folder with a copy."""

    folder: Path

    def copy(self, cursor: Any) -> int:
        """
        Append what is missing; returns how many leaves. Killed at any point, the next call goes on.

        :param cursor: of the sealing role
        :raises OSError: if the folder cannot be written
        :raises BadCopy: if a file was altered
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            cursor.execute("select coalesce(max(size), 0) from evidence_checkpoint")
            size = int(cursor.fetchone()[0])
            copied = self._copy_entries(cursor, size)
            self._copy_notes(cursor, size)
        return copied

    def _copy_entries(self, cursor: Any, size: int) -> int:
        with _growing(self.folder / ENTRIES) as file:
            start = _next_position(file)
            for first in range(start, size, _ROWS):
                cursor.execute(
                    "select position, source, row_id, leaf from evidence_sealedevent "
                    "where position >= %s and position < %s order by position",
                    [first, min(first + _ROWS, size)],
                )
                file.write(
                    "".join(
                        Entry(position, source, row_id, bytes(leaf)).line
                        for position, source, row_id, leaf in cursor.fetchall()
                    ).encode()
                )
        return max(0, size - start)

    def _copy_notes(self, cursor: Any, size: int) -> None:
        held = max((note_size for note_size, _text in self.notes()), default=0)
        cursor.execute(
            "select note from evidence_checkpoint where size > %s and size <= %s order by size", [held, size]
        )
        with _growing(self.folder / CHECKPOINTS) as file:
            for (note,) in cursor.fetchall():
                file.write(f"{note}\n".encode())

    def entries(self) -> Iterator[Entry]:
        """
        Read every entry, in order.

        :raises BadCopy: at a line that is none
        """
        if not (self.folder / ENTRIES).exists():
            return
        with (self.folder / ENTRIES).open(encoding="ascii", errors="replace") as file:
            for number, line in enumerate(file):
                if not line.endswith("\n"):
                    return  # the last line of a copy that was interrupted
                yield _entry(line, number)

    def notes(self) -> Iterator[tuple[int, str]]:
        """Read every signed note: the size it states, and its text. A note is three lines, an empty one, signatures."""
        if not (self.folder / CHECKPOINTS).exists():
            return
        parts = (self.folder / CHECKPOINTS).read_text(encoding="utf-8", errors="replace").split("\n\n")
        for body, signatures in zip(parts[0::2], parts[1::2], strict=False):
            lines = body.split("\n")
            size = int(lines[1]) if len(lines) == 3 and lines[1].isascii() and lines[1].isdigit() else 0
            yield size, f"{body}\n\n{signatures}\n"

    def latest(self, keys: Any) -> Note | None:
        """
        The last note of the copy.

        :raises BadNote: if it is not signed by one of the keys
        """
        text = ""
        for _size, text in self.notes():  # noqa: B007  # the last one is wanted
            pass
        if not text:
            return None
        for key in keys:
            try:
                return read_note(text, key)
            except BadNote:
                continue
        raise BadNote("no valid signature")


def witnesses() -> list[Witness]:
    """The folders that the operator named."""
    return [Witness(Path(folder)) for folder in settings.SEAL_WITNESSES]


@contextmanager
def _growing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that only grows, after taking away the half line of an interrupted copy; safe on disk at the end."""
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _TAIL))
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(end - len(tail) + tail.rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        yield file
        file.flush()
        os.fsync(file.fileno())


def _next_position(file: IO[bytes]) -> int:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _TAIL))
    lines = file.read().splitlines()
    return _entry(lines[-1].decode("ascii", errors="replace"), None).position + 1 if lines else 0


def _entry(line: str, number: int | None) -> Entry:
    try:
        position, source, row_id, leaf = line.split()
        entry = Entry(int(position), source, int(row_id), bytes.fromhex(leaf))
    except ValueError as error:
        raise BadCopy(f"line {number}" if number is not None else "last line") from error
    if number is not None and entry.position != number:
        raise BadCopy(f"line {number}")
    return entry
