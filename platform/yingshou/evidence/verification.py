"""
Check the whole history (G8): every event against its leaf, every leaf against the signed roots and the copies outside.

Reads everything through the sealing role in one snapshot, writes nothing, holds no more than a batch in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from yingshou.evidence import leaves
from yingshou.evidence.keys import trusted_keys
from yingshou.evidence.notes import BadNote, Note
from yingshou.evidence.notes import read as read_note
from yingshou.evidence.witnesses import BadCopy, Entry, Witness, witnesses
from yingshou.kernel.merkle_log import Frontier

_ROWS: Final = 10_000
_MOST_NAMED: Final = 1_000
# A sealer that stands still leaves a window in which the database alone vouches for the history.
LONGEST_LAG: Final = timedelta(minutes=10)


class Fault(StrEnum):
    """What can be wrong with the history."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    LEAF = "leaf"
    ROOT = "root"
    NOTE = "note"
    COPY = "copy"
    VERSIONS = "versions"
    LAG = "lag"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was sealed, and the row it is about."""

    fault: Fault
    place: str
    text: str


@dataclass
class Report:
    """What was looked at, and what was found; findings beyond a thousand are counted, not named."""

    events: int = 0
    checkpoints: int = 0
    copies: int = 0
    total: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return self.total == 0

    def add(self, fault: Fault, place: str, text: str) -> None:
        """Note a finding."""
        self.total += 1
        if len(self.findings) < _MOST_NAMED:
            self.findings.append(Finding(fault, place, text))


def verify(cursor: Any, *, at: datetime) -> Report:
    """
    Check everything.

    :param cursor: of the sealing role, in one snapshot (`sealing.reading`)
    """
    report = Report()
    checkpoints = _checkpoints(cursor, report)
    copies = [_Copy(witness, report) for witness in witnesses()]
    report.copies = len(copies)
    _check_leaves(cursor, report, checkpoints, copies)
    _check_copied_notes(report, checkpoints, copies)
    _find_inserted(cursor, report)
    _find_version_gaps(cursor, report)
    _check_lag(cursor, report, at)
    return report


def _checkpoints(cursor: Any, report: Report) -> dict[int, bytes]:
    """Return size and root of every checkpoint; a note that is not signed, or says something else, is a finding."""
    cursor.execute("select size, root, note from evidence_checkpoint order by size")
    found: dict[int, bytes] = {}
    for size, root, text in cursor.fetchall():
        note = _signed(text)
        if note is None:
            report.add(Fault.NOTE, str(size), _("Checkpoint %(size)s is not signed by the platform.") % {"size": size})
        elif (note.origin, note.size, note.root) != (settings.SEAL_ORIGIN, size, bytes(root)):
            report.add(
                Fault.NOTE, str(size), _("Checkpoint %(size)s states something else than its row.") % {"size": size}
            )
        found[size] = note.root if note else bytes(root)
    report.checkpoints = len(found)
    return found


def _signed(text: str) -> Note | None:
    for key in trusted_keys():
        try:
            return read_note(text, key)
        except BadNote:
            continue
    return None


class _Copy:
    """A copy outside, read along with the leaves; one that cannot be read is a finding, and its rest is not used."""

    def __init__(self, witness: Witness, report: Report) -> None:
        self.witness = witness
        self.folder = str(witness.folder)
        self._report = report
        self._entries = self._read()
        self._next = next(self._entries, None)

    def _read(self) -> Iterator[Entry]:
        try:
            yield from self.witness.entries()
        except (BadCopy, OSError) as error:
            self._report.add(
                Fault.COPY,
                self.folder,
                _("The copy in %(folder)s cannot be read: %(why)s.") % {"folder": self.folder, "why": error},
            )

    def before(self, position: int | None) -> Iterator[Entry]:
        """The entries that stand before a position (None: all that are left)."""
        while self._next is not None and (position is None or self._next.position < position):
            entry, self._next = self._next, next(self._entries, None)
            yield entry

    def at(self, position: int) -> Entry | None:
        """The entry at a position, if the copy has it already."""
        if self._next is None or self._next.position != position:
            return None
        entry, self._next = self._next, next(self._entries, None)
        return entry


def _check_leaves(cursor: Any, report: Report, checkpoints: Mapping[int, bytes], copies: Sequence[_Copy]) -> None:
    frontier = Frontier()
    last_good, broken = 0, False
    for batch in _sealed(cursor):
        rows = _events(cursor, batch)
        for entry in batch:
            _check_leaf(report, entry, rows.get((entry.source, entry.row_id)))
            _compare_copies(report, entry, copies)
            frontier.append(entry.leaf)
            expected = checkpoints.get(frontier.size)
            if expected is None or broken:
                continue
            if frontier.root == expected:
                last_good = frontier.size
                continue
            # Every later root differs as well: one finding says it.
            broken = True
            report.add(
                Fault.ROOT,
                str(frontier.size),
                _("The leaves do not give the root of checkpoint %(size)s: one after leaf %(after)s was altered.")
                % {"size": frontier.size, "after": last_good},
            )
    report.events = frontier.size
    for size in checkpoints:
        if size > frontier.size:
            report.add(
                Fault.REMOVED,
                str(size),
                _("Checkpoint %(size)s counts more leaves than there are: %(count)s.")
                % {"size": size, "count": frontier.size},
            )
    for copy in copies:
        _report_missing(report, copy, copy.before(None))


def _sealed(cursor: Any) -> Iterator[list[Entry]]:
    """The leaves in their order, by batches; a gap in the numbers ends up as a wrong root and a finding of its own."""
    last = -1
    while True:
        cursor.execute(
            "select position, source, row_id, leaf from evidence_sealedevent where position > %s order by position limit %s",
            [last, _ROWS],
        )
        batch = [Entry(position, source, row, bytes(leaf)) for position, source, row, leaf in cursor.fetchall()]
        if not batch:
            return
        yield batch
        last = batch[-1].position


def _events(cursor: Any, batch: Sequence[Entry]) -> dict[tuple[str, int], leaves.Row]:
    found: dict[tuple[str, int], leaves.Row] = {}
    for name, source in leaves.SOURCES.items():
        ids = [entry.row_id for entry in batch if entry.source == name]
        cursor.execute(f"{source.select} where id = any(%s)", [ids])
        for values in cursor.fetchall():
            row = leaves.read(source, values)
            found[name, row.pk] = row
    return found


def _check_leaf(report: Report, entry: Entry, row: leaves.Row | None) -> None:
    place = f"{entry.source} {entry.row_id}"
    if row is None:
        report.add(
            Fault.REMOVED,
            place,
            _("Event %(event)s (leaf %(position)s) was removed.") % {"event": place, "position": entry.position},
        )
    elif row.leaf != entry.leaf:
        report.add(
            Fault.CHANGED,
            place,
            _("Event %(event)s (leaf %(position)s) was changed: it reads %(kind)s of %(object)s now.")
            % {"event": place, "position": entry.position, **_said(row)},
        )


def _said(row: leaves.Row) -> dict[str, str]:
    return {"kind": row.fields["kind"], "object": f"{row.fields['object_type']} {row.fields['object_id']}"}


def _compare_copies(report: Report, entry: Entry, copies: Sequence[_Copy]) -> None:
    for copy in copies:
        _report_missing(report, copy, copy.before(entry.position))
        copied = copy.at(entry.position)
        if copied is not None and copied != entry:
            report.add(
                Fault.LEAF,
                f"{copied.source} {copied.row_id}",
                _("Leaf %(position)s was rewritten: the copy in %(folder)s has another hash for event %(event)s.")
                % {
                    "position": entry.position,
                    "folder": copy.folder,
                    "event": f"{copied.source} {copied.row_id}",
                },
            )


def _report_missing(report: Report, copy: _Copy, entries: Iterator[Entry]) -> None:
    for entry in entries:
        place = f"{entry.source} {entry.row_id}"
        report.add(
            Fault.REMOVED,
            place,
            _("The copy in %(folder)s knows leaf %(position)s (event %(event)s); the database does not any more.")
            % {"folder": copy.folder, "position": entry.position, "event": place},
        )


def _check_copied_notes(report: Report, checkpoints: Mapping[int, bytes], copies: Sequence[_Copy]) -> None:
    for copy in copies:
        for size, text in copy.witness.notes():
            note = _signed(text)
            if note is None or note.size != size:
                report.add(
                    Fault.COPY,
                    str(copy.folder),
                    _("The copy in %(folder)s holds a checkpoint of %(size)s leaves that the platform did not sign.")
                    % {"folder": copy.folder, "size": size},
                )
            elif checkpoints.get(size) != note.root:
                report.add(
                    Fault.NOTE,
                    str(size),
                    _("The copy in %(folder)s holds another root for checkpoint %(size)s: the history was rewritten.")
                    % {"folder": copy.folder, "size": size},
                )


def _find_inserted(cursor: Any, report: Report) -> None:
    """Rows that stand before the cursor and are in no leaf: slipped in behind the sealer's back."""
    cursor.execute(
        "select cursor_tx::text, cursor_source, cursor_row from evidence_checkpoint order by size desc limit 1"
    )
    found = cursor.fetchone()
    if found is None:
        return
    tx, source_order, row = found
    for name, source in leaves.SOURCES.items():
        cursor.execute(
            f"{source.select} e where (e.tx, {source.order}, e.id) <= (%s::xid8, %s, %s) and not exists "
            "(select from evidence_sealedevent s where s.source = %s and s.row_id = e.id) order by e.id limit %s",
            [tx, source_order, row, name, _MOST_NAMED],
        )
        for values in cursor.fetchall():
            event = leaves.read(source, values)
            report.add(
                Fault.INSERTED,
                f"{name} {event.pk}",
                _("Event %(event)s was slipped in later: it reads %(kind)s of %(object)s and is in no leaf.")
                % {"event": f"{name} {event.pk}", **_said(event)},
            )


def _find_version_gaps(cursor: Any, report: Report) -> None:
    """I8: the versions of an object are counted from one without a gap; this also covers what is not sealed yet."""
    cursor.execute(
        "select object_type, object_id, max(object_version), count(*) from audit_auditevent "
        "where object_version is not null group by object_type, object_id "
        "having max(object_version) <> count(*) order by 1, 2 limit %s",
        [_MOST_NAMED],
    )
    for object_type, object_id, version, count in cursor.fetchall():
        report.add(
            Fault.VERSIONS,
            f"{object_type} {object_id}",
            _("%(object)s has version %(version)s and %(count)s events: an event is missing or was added.")
            % {"object": f"{object_type} {object_id}", "version": version, "count": count},
        )


def _check_lag(cursor: Any, report: Report, at: datetime) -> None:
    cursor.execute(
        "select min(recorded_at), count(*) from (select e.recorded_at from audit_auditevent e where e.tx >= coalesce("
        "(select cursor_tx from evidence_checkpoint order by size desc limit 1), '0'::xid8) and not exists "
        "(select from evidence_sealedevent s where s.source = 'change' and s.row_id = e.id) limit 100000) waiting"
    )
    oldest, count = cursor.fetchone()
    if oldest is not None and at - oldest > LONGEST_LAG:
        report.add(
            Fault.LAG,
            str(count),
            _("%(count)s events wait to be sealed, the oldest since %(since)s: the sealer stands still.")
            % {"count": count, "since": oldest.isoformat(timespec="seconds")},
        )
