"""A bundle whose checkpoint witnesses cosigned and an authority stamped; each attack on that is refused at step 8."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocol import canonical
from protocol.trust import TrustedKey, keyid_of, trust_document
from reports import sealing
from reports.homologation import bundle
from reports.homologation.bundle import Bundle
from reports.register import merkle, stamps, witness
from reports.register.checkpoint import Checkpoint, parse
from reports.register.cosignature import WitnessKey, cosign
from reports.register.opening import Office
from reports.register.store import Receipt
from reports.register.witness import Forked, Witness, growth_of
from reports.sealing import testauthority
from reports.verify import Verification
from tests.reports.dossier.conftest import bureau
from tests.reports.homologation.test_verify import Homologated, first_wrong, good, hands, home, outcome
from tests.reports.register.drafts import DIGEST, draft

__all__ = ["bureau", "good", "hands", "home"]

ONE, TWO = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
FIRST = WitnessKey("temoin.test/1", ONE.public_key())
SECOND = WitnessKey("temoin.test/2", TWO.public_key())
NAMED = (str(FIRST), str(SECOND))


def listed(key: WitnessKey, at: datetime, **changes: Any) -> TrustedKey:
    since = at - timedelta(days=1)
    made = TrustedKey(keyid_of(key.public), "witness", key.name, ("TST",), since, None, key.public)
    return replace(made, **changes)


def point_of(made: Bundle) -> Checkpoint:
    return bundle.receipt_of(made.files["receipt.json"]).checkpoint


def bearing(made: Bundle, point: Checkpoint) -> Bundle:
    """The same bundle with another checkpoint."""
    receipt = {**canonical.loads(made.files["receipt.json"]), "checkpoint": str(point)}
    return Bundle({**made.files, "receipt.json": canonical.dumps(receipt)})


@pytest.fixture
def witnessed(good: Homologated) -> Homologated:
    """The bundle after both witnesses cosigned the checkpoint that it carries."""
    point = cosign(point_of(good.bundle), FIRST.name, ONE, good.hands.now)
    return replace(good, bundle=bearing(good.bundle, cosign(point, SECOND.name, TWO, good.hands.now)))


def eighth(found: Verification) -> str:
    return next(one.detail.en for one in found.steps if one.number == 8)


def test_witnesses_are_counted_when_asked_for(witnessed: Homologated, good: Homologated) -> None:
    for asked in (NAMED, NAMED[:1], (*NAMED, *NAMED)):
        found = witnessed.verified(witnesses=asked)
        assert outcome(found)[8] == "OK"
        assert FIRST.name in eighth(found)
    assert outcome(witnessed.verified(witnesses=NAMED, quorum=2))[8] == "OK"
    stranger = str(WitnessKey("temoin.test/3", Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()))
    assert outcome(witnessed.verified(witnesses=(*NAMED, stranger), quorum=2))[8] == "OK"
    for refused in (
        witnessed.verified(witnesses=NAMED, quorum=3),
        witnessed.verified(witnesses=(*NAMED, stranger)),
        witnessed.verified(quorum=1),
        good.verified(witnesses=NAMED[:1]),
    ):
        assert (first_wrong(refused), refused.exit_code) == (8, 1)
        assert "HOMO-065" in eighth(refused)


def test_what_nobody_asks_for_is_told_and_spoils_nothing(witnessed: Homologated, good: Homologated) -> None:
    found = good.verified()
    assert outcome(found)[8] == "OK" and "not cosigned" in eighth(found)
    found = witnessed.verified()
    assert outcome(found)[8] == "OK" and "2 cosignature(s) of unknown witnesses" in eighth(found)
    assert outcome(good.verified(witnesses=NAMED, quorum=0))[8] == "OK"
    alone = witnessed.verified(log_key="", trust=None, witnesses=NAMED)
    assert outcome(alone)[8] == "SKIPPED" and FIRST.name in eighth(alone)


def test_witnesses_of_the_trust_file_count_while_nobody_distrusts_them(witnessed: Homologated) -> None:
    at = witnessed.hands.now
    for changes, count in (
        ({}, 2),
        ({"distrust_after": at + timedelta(days=1)}, 1),
        ({"not_before": at + timedelta(days=1)}, 1),
        ({"not_after": at}, 1),
        ({"role": "log"}, 1),
    ):
        keys = [*witnessed.bureau.people.known().values(), listed(FIRST, at, **changes), listed(SECOND, at)]
        path = witnessed.place / "trust-temoins.json"
        path.write_bytes(trust_document(keys))
        told = [first_wrong(witnessed.verified(trust=path, quorum=quorum)) for quorum in (1, 2)]
        assert told == [0, 0 if count == 2 else 8]
        # Named or not, a key that the trust file distrusts is no witness.
        named = first_wrong(witnessed.verified(trust=path, witnesses=NAMED))
        assert named == (8 if "distrust_after" in changes else 0)


def elsewhere(made: Homologated) -> Checkpoint:
    """A checkpoint of the same log and size with another root, signed by the log itself."""
    point, key = point_of(made.bundle), made.bureau.office.register.key
    return replace(point, root=bytes(32), signatures=()).signed(key.name, key.private)


def with_line(made: Homologated, other: Checkpoint, value: bytes | None = None) -> Bundle:
    """The bundle without its cosignatures, with the last line of another checkpoint."""
    bare = point_of(made.bundle).only([made.bureau.office.log_key])
    line = other.signatures[-1]
    line = line if value is None else replace(line, value=value)
    return bearing(made.bundle, replace(bare, signatures=(*bare.signatures, line)))


def test_every_attack_on_witnesses_is_refused(witnessed: Homologated) -> None:
    at = witnessed.hands.now
    point = point_of(witnessed.bundle)
    mine = point.only([FIRST])
    value = mine.signatures[0].value
    log = witnessed.bureau.office.register.key
    bare = point.only([witnessed.bureau.office.log_key])
    attacks = {
        "cosignature of another checkpoint": with_line(
            witnessed, cosign(elsewhere(witnessed), FIRST.name, ONE, at)
        ),
        "moment replaced": with_line(witnessed, mine, (int(at.timestamp()) + 1).to_bytes(8) + value[8:]),
        "moment of tomorrow": with_line(
            witnessed, cosign(bare, FIRST.name, ONE, datetime(9000, 1, 1, tzinfo=at.tzinfo))
        ),
        "moment cut off": with_line(witnessed, mine, value[8:]),
        "another witness under its name": with_line(witnessed, cosign(bare, FIRST.name, TWO, at)),
        "under another name": with_line(witnessed, cosign(bare, "temoin.test/un", ONE, at)),
        "signed as a log does": with_line(witnessed, bare.signed(FIRST.name, ONE)),
        "the same line twice for two": bearing(
            witnessed.bundle, replace(bare, signatures=(*bare.signatures, *mine.signatures * 2))
        ),
        "the log in the part of a witness": with_line(witnessed, cosign(bare, log.name, log.private, at)),
        "removed": bearing(witnessed.bundle, bare),
    }
    for name, attacked in attacks.items():
        asked = {"witnesses": NAMED} if "two" in name else {"witnesses": NAMED[:1]}
        found = witnessed.verified(attacked, **asked)
        assert (first_wrong(found), found.exit_code) == (8, 1), name
    # And the key of a witness signs no checkpoint: not as the log's, not when it is given for it.
    forged = replace(bare, signatures=()).signed(log.name, ONE)
    assert first_wrong(witnessed.verified(bearing(witnessed.bundle, forged))) == 8
    assert first_wrong(witnessed.verified(log_key=str(FIRST))) == 8
    itself = WitnessKey("temoin.test/ami", log.private.public_key())
    own = with_line(witnessed, cosign(bare, itself.name, log.private, at))
    refused = witnessed.verified(own, witnesses=(str(itself),))
    assert first_wrong(refused) == 8 and "COSIGN-001" in eighth(refused)
    assert first_wrong(witnessed.verified(witnesses=(str(witnessed.bureau.office.log_key),))) == 8


def forked(made: Homologated) -> tuple[Receipt, list[bytes]]:
    """The same entry in another history of the register, signed by the log itself: a proof that holds, its leaves."""
    key, true = made.bureau.office.register.key, bundle.receipt_of(made.bundle.files["receipt.json"])
    entry = replace(true.entry, seq=1)
    leaves = [b"an entry for nobody else", entry.leaf(), b"and another"]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    point = Checkpoint(key.origin, 3, merkle.root(hashes)).signed(key.name, key.private)
    return Receipt(entry, merkle.inclusion(hashes, 1), point), leaves


def test_a_register_forked_for_one_holder_has_no_witness(good: Homologated, tmp_path: Path) -> None:
    """The office lies to one holder: everything in its bundle holds, and only a witness of the true register tells."""
    office = good.bureau.office
    witness.init(tmp_path / "temoin", FIRST.name)
    watching = Witness(tmp_path / "temoin", good.hands)
    watching.follow(office.register.key.origin, office.log_key)
    point = office.register.checkpoint()
    made = watching.cosign(point, growth_of(point, office.register.leaves()))
    office.register.cosign(made, [watching.key])
    asked = {"witnesses": (str(watching.key),)}
    assert first_wrong(good.verified(bearing(good.bundle, office.register.checkpoint()), **asked)) == 0
    receipt, leaves = forked(good)
    lie = good.with_(**{"receipt.json": bundle.receipt_json(receipt)})
    lie = Bundle({name: data for name, data in lie.files.items() if name != stamps.NAME})
    assert receipt.holds() and outcome(good.verified(lie))[8] == "OK"
    found = good.verified(lie, **asked)
    assert first_wrong(found) == 8 and "HOMO-065" in eighth(found)
    moved = replace(receipt.checkpoint, signatures=(*receipt.checkpoint.signatures, made.signatures[-1]))
    found = good.verified(bearing(lie, moved), **asked)
    assert first_wrong(found) == 8 and "CHKPT-002" in eighth(found)
    with pytest.raises(Forked):
        watching.cosign(receipt.checkpoint, growth_of(receipt.checkpoint, leaves))


def test_a_bundle_carries_the_checkpoint_that_most_witnesses_cosigned(good: Homologated) -> None:
    office = good.bureau.office
    keys = [*good.bureau.people.known().values(), listed(FIRST, good.hands.now)]
    (office.folder / "trust.json").write_bytes(trust_document(keys))
    first = office.register.checkpoint()
    assert stamps.best(office, 0) is None
    office.register.cosign(cosign(first, FIRST.name, ONE, good.hands.now), [FIRST])
    office.register.append([draft("TRUST", digest=DIGEST)])
    assert (stamps.best(office, 0), stamps.best(office, first.size)) == (first.size, None)
    made = bundle.make(office, good.bureau.dossier, good.brought.run)
    assert point_of(made).size == first.size
    assert first_wrong(good.verified(made, witnesses=NAMED[:1])) == 0
    assert made.packed() == bundle.make(office, good.bureau.dossier, good.brought.run).packed()


def test_the_checkpoint_is_stamped_and_that_is_verified(good: Homologated) -> None:
    assert stamps.NAME in good.bundle.files
    authority = testauthority.folder()
    assert "time-stamped" in eighth(good.verified(authority=authority))
    assert "--authority" in eighth(good.verified())
    # As old bundles are: absent is told, and nothing more.
    without = Bundle({name: data for name, data in good.bundle.files.items() if name != stamps.NAME})
    found = good.verified(without, authority=authority)
    assert outcome(found)[8] == "OK" and "not time-stamped" in eighth(found)
    # The log grew since: another checkpoint, whose stamp this is not.
    office = good.bureau.office
    office.register.append([draft("TRUST", digest=DIGEST)])
    grown = bundle.make(office, good.bureau.dossier)
    for wrong in (
        {**grown.files, stamps.NAME: good.bundle.files[stamps.NAME]},
        {**good.bundle.files, stamps.NAME: good.bundle.files["timestamp.tsr"]},
        {**good.bundle.files, stamps.NAME: good.bundle.files[stamps.NAME][:-9]},
        {**good.bundle.files, stamps.NAME: b""},
    ):
        found = good.verified(Bundle(wrong), authority=authority)
        assert first_wrong(found) == 8 and "STAMP-001" in eighth(found)
    testauthority.make(good.place / "autre")
    stamped_elsewhere = good.verified(authority=good.place / "autre")
    assert outcome(stamped_elsewhere)[8] == "KO"


def test_a_stamp_that_nobody_can_check_is_told_and_not_believed(
    good: Homologated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sealing, "stamping", raising=False)
    monkeypatch.setitem(sys.modules, "reports.sealing.stamping", None)
    found = good.verified(authority=testauthority.folder())
    assert outcome(found)[8] == "OK" and "time stamp not checked" in eighth(found)


def test_a_bundle_has_one_authority_of_stamps(good: Homologated) -> None:
    office, point = good.bureau.office, point_of(good.bundle)
    testauthority.make(good.place / "autre")
    own, other = (place / "authority.pem" for place in (testauthority.folder(), good.place / "autre"))
    alone = stamps.of_bundle(office, point, {})
    assert (sorted(alone), alone["authority.pem"]) == (["authority.pem", stamps.NAME], own.read_bytes())
    assert stamps.of_bundle(office, point, {"authority.pem": own.read_bytes()}) == alone
    assert stamps.of_bundle(office, point, {"authority.pem": other.read_bytes()}) == {}
    again = {"authority.pem": b"\n" + own.read_bytes()}
    assert stamps.of_bundle(office, point, again) == {stamps.NAME: alone[stamps.NAME]}


def test_cosignatures_do_not_change_what_was_stamped(witnessed: Homologated) -> None:
    assert outcome(witnessed.verified(authority=testauthority.folder(), witnesses=NAMED))[8] == "OK"


def test_without_the_extra_there_is_no_stamp_and_nobody_says_there_is(
    good: Homologated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Office, "stamp", lambda *_: {})
    office = good.bureau.office
    office.register.append([draft("TRUST", digest=DIGEST)])
    made = bundle.make(office, good.bureau.dossier)
    assert stamps.NAME not in made.files
    assert "not time-stamped" in eighth(good.verified(made))
    assert parse(str(point_of(made))).signers([office.log_key])
