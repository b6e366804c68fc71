"""The growing tree: same root as the plain one, proofs that verify, and proofs that stop verifying when anything is altered."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yingshou.kernel import merkle, merkle_log


class Memory:
    """Kept nodes in lists, as the database keeps them."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.levels = {0: list(leaves)}
        level = 0
        while len(self.levels[level]) >= 256:
            self.levels[level + 8] = merkle_log.kept_nodes(self.levels[level])
            level += 8

    def nodes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        """Return nodes of a kept level."""
        return self.levels.get(level, [])[first : first + count]


def _leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


LEAVES = _leaves(70_000)
STORE = Memory(LEAVES)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 513, 65_535, 65_536, 65_537, 70_000])
def test_root_is_that_of_the_plain_tree(size: int) -> None:
    assert merkle_log.tree_root(STORE, size) == merkle.root(LEAVES[:size])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_leaf_has_a_proof_that_no_other_leaf_shares(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70_000))
    index = data.draw(st.integers(0, size - 1))
    proof = merkle_log.inclusion(STORE, index, size)
    root = merkle_log.tree_root(STORE, size)
    assert merkle.verify(LEAVES[index], index, size, proof, root)
    assert not merkle.verify(hashlib.sha256(b"another").digest(), index, size, proof, root)
    assert size == 1 or not merkle.verify(LEAVES[index], (index + 1) % size, size, proof, root)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_tree_that_grew_is_shown_to_have_only_grown(data: st.DataObject) -> None:
    second = data.draw(st.integers(1, 70_000))
    first = data.draw(st.integers(1, second))
    proof = merkle_log.consistency(STORE, first, second)
    roots = merkle_log.tree_root(STORE, first), merkle_log.tree_root(STORE, second)
    assert merkle_log.verify_consistency(first, second, *roots, proof)
    if first < second:
        assert not merkle_log.verify_consistency(first, second, roots[1], roots[0], proof)
        assert not merkle_log.verify_consistency(first, second, *roots, [*proof, proof[-1]])
        assert not merkle_log.verify_consistency(first, second, *roots, proof[:-1])


def test_a_tree_whose_past_was_rewritten_has_no_proof() -> None:
    rewritten = [*LEAVES]
    rewritten[17] = hashlib.sha256(b"rewritten").digest()
    other = Memory(rewritten)
    proof = merkle_log.consistency(other, 1_000, 70_000)
    assert not merkle_log.verify_consistency(
        1_000, 70_000, merkle_log.tree_root(STORE, 1_000), merkle_log.tree_root(other, 70_000), proof
    )


def test_missing_nodes_are_named_and_not_guessed() -> None:
    broken = Memory(LEAVES)
    broken.levels[8] = broken.levels[8][:100]
    with pytest.raises(merkle_log.Broken, match="level 8 from 0"):
        merkle_log.tree_root(broken, 65_535)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle_log.inclusion(STORE, index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (-1, 5)])
def test_no_proof_between_impossible_sizes(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        merkle_log.consistency(STORE, first, second)
    assert not merkle_log.verify_consistency(first, second, b"", b"", [])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2_000))
def test_the_right_edge_gives_the_same_root(size: int) -> None:
    frontier = merkle_log.Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    assert (frontier.size, frontier.root) == (size, merkle.root(LEAVES[:size]))
