"""
A growing Merkle tree (RFC 6962) whose inner nodes are kept, so that a proof in a tree of millions reads a few hundred hashes.

Only the nodes of every eighth level are kept (a *tile* of 256 hashes lies between two of them); what lies between is
computed from the level below. The last node of a level that is not full yet is never kept: it would change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

TILE_LEVELS = 8
_NODE = b"\x01"


class Nodes(Protocol):
    """Where the kept nodes are: level 0 holds the leaf hashes, level 8 the roots of 256 leaves each, and so on."""

    def nodes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """Return `count` nodes of a kept level, from `first` on."""


class Broken(ValueError):
    """The store returned fewer nodes than the size of the tree promises."""


class Frontier:
    """The right edge of a tree: enough to add leaves one by one and to know the root at every size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf's hash."""
        carry, size = leaf, self.size
        while size & 1:
            carry = _node(self._peaks.pop(), carry)
            size >>= 1
        self._peaks.append(carry)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root


def tree_root(store: Nodes, size: int) -> bytes:
    """Return the root over the first `size` leaves."""
    return _range(store, 0, size) if size else hashlib.sha256(b"").digest()


def inclusion(store: Nodes, index: int, size: int) -> list[bytes]:
    """
    Return the proof that leaf `index` is in the tree of `size` leaves, from the leaf up.

    :raises ValueError: if there is no such leaf
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    return _path(store, index, 0, size)


def consistency(store: Nodes, first: int, second: int) -> list[bytes]:
    """
    Return the proof that the tree of `first` leaves is the beginning of the tree of `second` leaves (RFC 9162, 2.1.4.1).

    :raises ValueError: if `first` is not between 1 and `second`
    """
    if not 0 < first <= second:
        raise ValueError(f"no proof from {first} to {second} leaves")
    return _subproof(store, first, 0, second, known=True)


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the second tree only added leaves to the first (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = _node(sibling, old), _node(sibling, new)
            while position and not position & 1:
                position >>= 1
                last >>= 1
        else:
            new = _node(new, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def kept_nodes(below: Sequence[bytes]) -> list[bytes]:
    """Return the nodes eight levels up, one for each full tile of the nodes given."""
    size = 1 << TILE_LEVELS
    return [_fold(below[at : at + size]) for at in range(0, len(below) - size + 1, size)]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a full subtree: the number of hashes is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        level = [_node(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range(store: Nodes, start: int, end: int) -> bytes:
    """Return the root over the leaves from `start` to before `end`; `start` is aligned to the parts that `end` asks for."""
    size = end - start
    if size & (size - 1) == 0:
        return _full(store, start, size)
    middle = start + _split(size)
    return _node(_range(store, start, middle), _range(store, middle, end))


def _full(store: Nodes, start: int, size: int) -> bytes:
    height = size.bit_length() - 1
    level = height - height % TILE_LEVELS
    count = 1 << (height - level)
    found = store.nodes(level, start >> level, count)
    if len(found) != count:
        raise Broken(f"{count - len(found)} nodes are missing at level {level} from {start >> level} on")
    return _fold([bytes(node) for node in found])


def _path(store: Nodes, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(store, index, start, middle), _range(store, middle, end)]
    return [*_path(store, index, middle, end), _range(store, start, middle)]


def _subproof(store: Nodes, first: int, start: int, end: int, *, known: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1; `first` counts leaves from `start` on, `known` says that the verifier has that root."""
    size = end - start
    if first == size:
        return [] if known else [_range(store, start, end)]
    half = _split(size)
    if first <= half:
        return [*_subproof(store, first, start, start + half, known=known), _range(store, start + half, end)]
    return [
        *_subproof(store, first - half, start + half, end, known=False),
        _range(store, start, start + half),
    ]
