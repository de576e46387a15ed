"""Merkle trees of RFC 6962: hash of a tree, proof that a leaf is in it, proof that one tree continues another.

Hashes only: what a leaf says is `reports.register.entries`, who signs a tree is `reports.register.checkpoint`. Proofs
are made from the list of all leaf hashes; checking one needs only what a verifier holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from protocol.errors import EvidenceError, Text

#: Root of the tree without any leaf (RFC 6962 section 2.1).
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: SHA-256 over 0x00 and its bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256 over 0x01 and its children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """A tree that grows: its complete subtrees from left to right, each as (leaves, hash): all that an append needs."""

    whole: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(leaves for leaves, _ in self.whole)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash: two subtrees of the same size become one, as in a binary counter."""
        leaves, here = 1, leaf
        while self.whole and self.whole[-1][0] == leaves:
            here = node_hash(self.whole.pop()[1], here)
            leaves *= 2
        self.whole.append((leaves, here))

    def root(self) -> bytes:
        """Root of the tree so far (RFC 6962 section 2.1)."""
        if not self.whole:
            return EMPTY
        found = self.whole[-1][1]
        for _, left in reversed(self.whole[:-1]):
            found = node_hash(left, found)
        return found


def root(hashes: Iterable[bytes]) -> bytes:
    """Root of the tree over these leaf hashes (RFC 6962 section 2.1)."""
    tree = Frontier()
    for one in hashes:
        tree.add(one)
    return tree.root()


def inclusion(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of the leaf of that index, leaf first (RFC 6962 section 2.1.1). Raises EvidenceError."""
    if not 0 <= index < len(hashes):
        raise _wrong("index", str(index), f"0..{len(hashes) - 1}")
    if len(hashes) == 1:
        return ()
    split = _split(len(hashes))
    if index < split:
        return (*inclusion(hashes[:split], index), root(hashes[split:]))
    return (*inclusion(hashes[split:], index - split), root(hashes[:split]))


def consistency(hashes: Sequence[bytes], old: int) -> tuple[bytes, ...]:
    """Proof that the tree of the first `old` leaves is the beginning of this one (RFC 6962 section 2.1.2).

    Empty for the same tree. Raises EvidenceError for an `old` outside 1..size.
    """
    if not 0 < old <= len(hashes):
        raise _wrong("old", str(old), f"1..{len(hashes)}")
    return _subproof(hashes, old, complete=True)


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether `path` leads from that leaf hash to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for one in path:
        if last == 0:
            return False
        if here % 2 or here == last:
            found = node_hash(one, found)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            found = node_hash(found, one)
        here, last = here // 2, last // 2
    return last == 0 and found == expected


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves continues that of `old` leaves (RFC 9162 section 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    return implied(old, new, path) == (old_root, new_root)


def beginning(hashes: Sequence[bytes], old: int) -> tuple[bytes, ...]:
    """A proof of what the first `old` leaves of this tree are, whatever anybody said of them: for `implied`.

    The consistency proof with its first node always written. Raises EvidenceError for an `old` outside 1..size-1.
    """
    if not 0 < old < len(hashes):
        raise _wrong("old", str(old), f"1..{len(hashes) - 1}")
    return _subproof(hashes, old, complete=False)


def implied(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of the first `old` and of all `new` leaves that these nodes give; None when they lead nowhere.

    Where the second is the root of a tree, the first is that of its first `old` leaves: two trees that have it
    otherwise are not one history.
    """
    if not 0 < old < new or not path:
        return None
    here, last = old - 1, new - 1
    while here % 2:
        here, last = here // 2, last // 2
    first = second = path[0]
    for one in path[1:]:
        if last == 0:
            return None
        if here % 2 or here == last:
            first, second = node_hash(one, first), node_hash(one, second)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            second = node_hash(second, one)
        here, last = here // 2, last // 2
    return (first, second) if last == 0 else None


def _subproof(hashes: Sequence[bytes], old: int, *, complete: bool) -> tuple[bytes, ...]:
    if old == len(hashes):
        return () if complete else (root(hashes),)
    split = _split(len(hashes))
    if old <= split:
        return (*_subproof(hashes[:split], old, complete=complete), root(hashes[split:]))
    return (*_subproof(hashes[split:], old - split, complete=False), root(hashes[:split]))


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _wrong(field: str, found: str, expected: str) -> EvidenceError:
    return EvidenceError(
        "MERKLE-001",
        Text("position hors de l'arbre", "position outside the tree"),
        field=field,
        found=found,
        expected=expected,
    )
