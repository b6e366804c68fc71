"""
Merkle trees as RFC 6962 defines them: one root signs a whole batch, and each line carries the short proof that it is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_LEAF = b"\x00"
_NODE = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256 of one entry, marked as a leaf."""
    return hashlib.sha256(_LEAF + entry).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The tree hash over the leaves in their order; of no leaves, the hash of nothing."""
    if not leaf_hashes:
        return hashlib.sha256(b"").digest()
    return _levels(leaf_hashes)[-1][0]


def proofs(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The inclusion proof of every leaf, from the leaf up, all at once: n leaves cost n log n copies and n hashes."""
    levels = _levels(leaf_hashes)[:-1]
    found: list[list[bytes]] = []
    for leaf in range(len(leaf_hashes)):
        position = leaf
        path: list[bytes] = []
        for level in levels:
            sibling = position ^ 1
            # The last node of an odd level goes up unchanged and needs no sibling.
            if sibling < len(level):
                path.append(level[sibling])
            position >>= 1
        found.append(path)
    return found


def verify(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether the proof leads from the leaf hash at the index of a tree of that size to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last = index, size - 1
    hashed = leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            hashed = _node(sibling, hashed)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            hashed = _node(hashed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and hashed == expected_root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _levels(leaf_hashes: Sequence[bytes]) -> list[list[bytes]]:
    """The tree from the leaves to the root; pairing with the odd one carried up gives the shape of RFC 6962."""
    levels = [list(leaf_hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [_node(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels
