"""The tree of the register: the definition word for word, every proof of small trees, every lie refused."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import EvidenceError
from reports.register.merkle import (
    EMPTY,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    root,
)

LEAVES = [leaf_hash(bytes([n])) for n in range(70)]


def by_definition(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(by_definition(hashes[:split]), by_definition(hashes[split:]))


def test_constants_of_the_standard() -> None:
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("size", range(len(LEAVES)))
def test_roots_are_those_of_the_definition(size: int) -> None:
    assert root(LEAVES[:size]) == by_definition(LEAVES[:size])


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_is_proven_and_nothing_else(size: int) -> None:
    tree = LEAVES[:size]
    whole = root(tree)
    for index in range(size):
        path = inclusion(tree, index)
        assert check_inclusion(tree[index], index, size, path, whole)
        assert not check_inclusion(leaf_hash(b"other"), index, size, path, whole)
        assert not check_inclusion(tree[index], index, size, (*path, EMPTY), whole)
        assert not path or not check_inclusion(tree[index], index, size, path[:-1], whole)
        assert not any(
            check_inclusion(tree[index], other, size, path, whole) for other in range(size) if other != index
        )


@pytest.mark.parametrize("new", range(1, 34))
def test_every_tree_continues_its_beginnings_and_no_other(new: int) -> None:
    tree = LEAVES[:new]
    for old in range(1, new + 1):
        proof = consistency(tree, old)
        assert check_consistency(old, new, root(tree[:old]), root(tree), proof)
        forked = [leaf_hash(b"fork"), *tree[1:old]]
        assert not check_consistency(old, new, root(forked), root(tree), proof)
        assert not check_consistency(old, new, root(tree[:old]), EMPTY, proof)
        assert not check_consistency(old, new, root(tree[:old]), root(tree), (*proof, EMPTY))


@given(st.integers(1, 300), st.data())
def test_one_altered_bit_of_a_proof_is_refused(size: int, data: st.DataObject) -> None:
    tree = [leaf_hash(n.to_bytes(2)) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = list(inclusion(tree, index))
    assert check_inclusion(tree[index], index, size, path, root(tree))
    if path:
        at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        path[at] = (int.from_bytes(path[at]) ^ 1 << bit).to_bytes(32)
        assert not check_inclusion(tree[index], index, size, path, root(tree))


def test_positions_outside_are_refused() -> None:
    with pytest.raises(EvidenceError, match="MERKLE-001"):
        inclusion(LEAVES[:3], 3)
    with pytest.raises(EvidenceError, match="MERKLE-001"):
        consistency(LEAVES[:3], 0)
    assert not check_inclusion(LEAVES[0], 3, 3, (), LEAVES[0])
    assert not check_consistency(0, 3, EMPTY, root(LEAVES[:3]), ())
