"""Our notes, cosignatures, proofs and tiles read by another implementation of the same specifications, and conversely.

It asks for Python 3.12; where it is absent, the same is held to the specifications by hand (`test_cosignature`).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reports.register import merkle, tiles, witness
from reports.register.checkpoint import NoteKey, parse
from reports.register.cosignature import WitnessKey, cosign, cosigned
from reports.register.witness import Witness, growth_of
from reports.register.witness_http import Request
from tests.reports.register.conftest import START, Hands
from tests.reports.register.test_cosignature import PUBLIC, PUBLIC_LOG, PUBLIC_WITNESSES
from tests.reports.register.test_witness import KEY, LOG, NAME, ORIGIN, leaves_of, signed

tlog = pytest.importorskip("aics_tlog", reason="aics-tlog (Python 3.12) is not installed")

ONE = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
FIRST = WitnessKey(NAME, ONE.public_key())


def test_keys_are_written_alike() -> None:
    for ours, theirs in (
        (KEY, tlog.vkey_from_ed25519(KEY.name, LOG.public_key())),
        (FIRST, tlog.cosignature_vkey(NAME, ONE.public_key())),
    ):
        assert str(ours) == tlog.format_vkey(theirs)
        assert type(ours).parse(tlog.format_vkey(theirs)) == ours


def test_our_cosigned_checkpoints_satisfy_their_quorum() -> None:
    point = cosign(signed(leaves_of(7)), NAME, ONE, START)
    log, known = tlog.parse_vkey(str(KEY)), [tlog.parse_vkey(str(FIRST))]
    found = tlog.verify_checkpoint(tlog.parse_note(str(point)), log, known, 1, expected_origin=ORIGIN)
    assert found.ok and found.timestamps == {NAME: int(START.timestamp())}
    assert not tlog.verify_checkpoint(tlog.parse_note(str(point)), log, known, 2).ok
    other = cosign(signed(leaves_of(8)), NAME, ONE, START).only([FIRST]).signature_lines
    moved = str(signed(leaves_of(7))) + other
    assert not tlog.verify_checkpoint(tlog.parse_note(moved), log, known, 1).ok


def test_their_cosigned_checkpoints_satisfy_ours() -> None:
    root = merkle.root(merkle.leaf_hash(leaf) for leaf in leaves_of(7))
    note = tlog.sign_checkpoint(tlog.Checkpoint(ORIGIN, 7, root), LOG, KEY.name)
    when = int(START.timestamp())
    _, line = tlog.sign_cosignature(ONE, NAME, when, ORIGIN, 7, root)
    point = parse(tlog.Note(text=note.text, signatures=(*note.signatures, line)).serialise())
    assert point.signers([KEY]) == (KEY,)
    assert [(one.key, one.at) for one in cosigned(point, [FIRST], [KEY])] == [(FIRST, START)]
    assert point == cosign(signed(leaves_of(7)), NAME, ONE, START)


def test_both_believe_the_same_public_witnesses() -> None:
    log, known = tlog.parse_vkey(str(PUBLIC_LOG)), [tlog.parse_vkey(str(one)) for one in PUBLIC_WITNESSES]
    found = tlog.verify_checkpoint(tlog.parse_note(str(PUBLIC)), log, known, len(known))
    assert found.ok and found.cosignature_count == len(cosigned(PUBLIC, PUBLIC_WITNESSES, [PUBLIC_LOG]))


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (8, 8), (255, 257), (256, 600)])
def test_proofs_and_tiles_are_the_same(old: int, new: int, tmp_path: Path) -> None:
    leaves = leaves_of(new)
    theirs = tlog.MerkleTree(leaves)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    ours = merkle.consistency(hashes, old)
    assert (theirs.root(), tuple(theirs.consistency_proof(old, new))) == (merkle.root(hashes), ours)
    assert tlog.verify_consistency(old, new, theirs.root(old), theirs.root(new), list(ours))
    assert tuple(theirs.inclusion_proof(old - 1)) == merkle.inclusion(hashes, old - 1)
    assert dict(tiles.files(leaves)) == tlog.TileWriter(leaves).materialise()
    tiles.export(tmp_path, leaves, signed(leaves))
    reader = tlog.FileSystemTileReader(tmp_path)
    assert tlog.audit_tiles(reader, new, merkle.root(hashes)).size == new


def test_our_witness_follows_their_log(tmp_path: Path) -> None:
    witness.init(tmp_path / "temoin", NAME)
    one = Witness(tmp_path / "temoin", Hands())
    one.follow(ORIGIN, NoteKey.parse(tlog.format_vkey(tlog.vkey_from_ed25519(KEY.name, LOG.public_key()))))
    leaves = leaves_of(40)
    tree, last = tlog.MerkleTree(leaves), 0
    for size in (1, 3, 4, 9, 32, 40):
        note = tlog.sign_checkpoint(tlog.Checkpoint(ORIGIN, size, tree.root(size)), LOG, KEY.name)
        point = parse(note.serialise())
        proof = tuple(tree.consistency_proof(last, size)) if last else ()
        made = one.cosign(point, Request(last, proof, point).growth(), last)
        assert one.key.seen(made) == (START,)
        last = size
    assert growth_of(point, leaves)(made) == ()
