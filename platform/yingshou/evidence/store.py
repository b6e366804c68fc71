"""Where the kept nodes of the tree are: rows of the database, read through any cursor."""

from collections.abc import Sequence
from typing import Any


class StoredNodes:
    """The nodes behind a cursor; implements `kernel.merkle_log.Nodes`."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def nodes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """Return `count` nodes of a kept level, from `first` on."""
        if level == 0:
            statement = "select leaf from evidence_sealedevent where position >= %s and position < %s order by position"
            self._cursor.execute(statement, [first, first + count])
        else:
            statement = "select hash from evidence_treenode where level = %s and position >= %s and position < %s order by position"
            self._cursor.execute(statement, [level, first, first + count])
        return [bytes(row[0]) for row in self._cursor.fetchall()]
