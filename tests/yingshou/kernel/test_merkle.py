"""Merkle trees against the definition of RFC 6962, word for word, and against damage."""

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yingshou.kernel import merkle

entries = st.lists(st.binary(max_size=8), min_size=1, max_size=70)

# The first leaves of the test data of Certificate Transparency, and their roots by number of leaves.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, by recursion."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:cut]) + tree_hash(leaves[cut:])).digest()


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1, by recursion."""
    if len(leaves) == 1:
        return []
    cut = 1 << (len(leaves) - 1).bit_length() - 1
    if index < cut:
        return [*audit_path(index, leaves[:cut]), tree_hash(leaves[cut:])]
    return [*audit_path(index - cut, leaves[cut:]), tree_hash(leaves[:cut])]


@pytest.mark.parametrize("size", range(len(CT_ROOTS)))
def test_roots_of_certificate_transparency(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES[:size]]

    assert merkle.root(leaves).hex() == CT_ROOTS[size]


@given(entries)
def test_root_and_proofs_are_those_of_the_definition(values: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(value) for value in values]

    assert merkle.root(leaves) == tree_hash(leaves)
    assert merkle.proofs(leaves) == [audit_path(index, leaves) for index in range(len(leaves))]


@given(entries, st.data())
def test_every_proof_verifies_and_no_damaged_one_does(values: list[bytes], data: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(value) for value in values]
    size, root = len(leaves), merkle.root(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.proofs(leaves)[index]

    assert merkle.verify(leaves[index], index, size, proof, root)
    assert not merkle.verify(merkle.leaf_hash(b"something else entirely"), index, size, proof, root)
    assert not merkle.verify(leaves[index], index, size, [*proof, root], root)
    assert not merkle.verify(leaves[index], size, size, proof, root)
    assert not merkle.verify(leaves[index], -1, size, proof, root)
    assert not merkle.verify(leaves[index], index, size, proof, hashlib.sha256(root).digest())
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        damaged = [*proof[:at], hashlib.sha256(proof[at]).digest(), *proof[at + 1 :]]
        assert not merkle.verify(leaves[index], index, size, damaged, root)
        assert not merkle.verify(leaves[index], index, size, proof[:-1], root)


def test_no_leaves_have_no_proofs() -> None:
    assert merkle.proofs([]) == []


def test_ten_thousand_lines_take_less_than_a_second() -> None:
    leaves = [merkle.leaf_hash(str(line).encode()) for line in range(10_000)]
    started = time.process_time()

    root, proofs = merkle.root(leaves), merkle.proofs(leaves)

    assert time.process_time() - started < 1
    assert all(merkle.verify(leaves[at], at, 10_000, proofs[at], root) for at in range(0, 10_000, 97))
