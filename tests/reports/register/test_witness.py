"""A witness never cosigns two histories: whatever a log shows it, many at once, or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol import canonical
from protocol.errors import ConfigError, EvidenceError
from reports.register import contradiction, merkle, witness
from reports.register.checkpoint import Checkpoint, NoteKey, parse
from reports.register.cosignature import WitnessKey
from reports.register.witness import (
    Behind,
    Conflict,
    Forked,
    Refused,
    Unknown,
    Unproven,
    Unsigned,
    Witness,
    growth_of,
)
from tests.reports.register.conftest import KEY as LOG_KEY
from tests.reports.register.conftest import START, Hands

ROOT = Path(__file__).resolve().parents[3]
ORIGIN = LOG_KEY.origin
LOG = Ed25519PrivateKey.from_private_bytes(
    bytes(32)
)  # the log's of the other tests, as it is in their register
KEY = LOG_KEY.public
NAME = "federation.test/temoin"


def leaves_of(size: int, mark: str = "a", since: int = 0) -> list[bytes]:
    """The entries of a history: those from `since` bear its mark."""
    return [f"{'a' if seq < since else mark}{seq}".encode() for seq in range(size)]


def signed(leaves: list[bytes], private: Ed25519PrivateKey = LOG) -> Checkpoint:
    root = merkle.root(merkle.leaf_hash(leaf) for leaf in leaves)
    return Checkpoint(ORIGIN, len(leaves), root).signed(KEY.name, private)


def shown(one: Witness, leaves: list[bytes]) -> Checkpoint:
    point = signed(leaves)
    return one.cosign(point, growth_of(point, leaves))


@pytest.fixture
def watching(tmp_path: Path) -> Witness:
    witness.init(tmp_path / "temoin", NAME)
    made = Witness(tmp_path / "temoin", Hands())
    made.follow(ORIGIN, KEY)
    return made


def test_a_log_that_grows_is_cosigned(watching: Witness) -> None:
    for size in (1, 1, 2, 3, 7, 8, 20, 64, 65):
        made = shown(watching, leaves_of(size))
        assert made.signers([KEY]) == (KEY,)
        assert watching.key.seen(made) == (START,)
        assert watching.followed()[0].last == made
        assert len(made.signatures) == 2


def test_an_empty_log_may_be_followed_from_its_first_day(watching: Witness) -> None:
    assert shown(watching, []).size == 0
    strange = Checkpoint(ORIGIN, 0, bytes(32)).signed(KEY.name, LOG)
    with pytest.raises(Forked):
        watching.cosign(strange, lambda _: ())
    assert shown(watching, leaves_of(3)).size == 3
    with pytest.raises(Unproven):
        watching.cosign(signed(leaves_of(4)), lambda _: ())


@pytest.mark.parametrize(("old", "new"), [(3, 7), (4, 7), (4, 8), (1, 2), (6, 200), (5, 5), (8, 8)])
def test_a_fork_is_refused_and_proven_to_anybody(watching: Witness, old: int, new: int) -> None:
    shown(watching, leaves_of(old))
    forked = leaves_of(new, "b", since=old - 1)
    with pytest.raises(Forked) as caught:
        shown(watching, forked)
    assert (caught.value.code, caught.value.exit_code) == ("WITNESS-004", 1)
    data = Path(caught.value.field).read_bytes()
    assert str(old) in contradiction.proven(data, KEY).en
    with pytest.raises(EvidenceError, match="CONTRA-001"):
        contradiction.proven(data, NoteKey(KEY.name, Ed25519PrivateKey.generate().public_key()))
    # The witness goes on with the history that it knows.
    assert shown(watching, leaves_of(old + 1)).size == old + 1


def test_a_log_that_shows_less_is_refused_and_said_for_what_it_is(watching: Witness) -> None:
    shown(watching, leaves_of(9))
    with pytest.raises(Behind) as caught:
        shown(watching, leaves_of(8))
    assert (caught.value.code, caught.value.exit_code) == ("WITNESS-003", 1)
    data = Path(caught.value.field).read_bytes()
    assert "beginning of what it had" in caught.value.text.en
    # Old and new of one history: both are signed, and nothing is proven by that.
    with pytest.raises(EvidenceError, match="CONTRA-001"):
        contradiction.proven(data, KEY)
    raw = canonical.loads(data)
    assert (parse(raw["cosigned"]).size, parse(raw["shown"]).size) == (9, 8)


@pytest.mark.parametrize(("old", "new"), [(9, 8), (9, 1), (8, 4), (200, 130)])
def test_a_register_rolled_back_and_rewritten_is_proven(watching: Witness, old: int, new: int) -> None:
    shown(watching, leaves_of(old))
    with pytest.raises(Forked) as caught:
        shown(watching, leaves_of(new, "b", since=new - 1))
    assert f"first {new} " in contradiction.proven(Path(caught.value.field).read_bytes(), KEY).en
    # What it remembers is a help and no more: without it, or with something else, it refuses as well.
    (kept,) = watching.folder.glob("journaux/*.hashes")
    for damage in (bytes(32) * old, kept.read_bytes()[:-1], b""):
        kept.write_bytes(damage)
        with pytest.raises(Behind, match="rolled back, or an old copy"):
            shown(watching, leaves_of(new, "b", since=new - 1))
    kept.unlink()
    with pytest.raises(Behind, match="rolled back, or an old copy"):
        shown(watching, leaves_of(new))
    assert shown(watching, leaves_of(old + 1)).size == old + 1


def test_what_proves_no_contradiction_is_not_taken_for_one() -> None:
    leaves = leaves_of(7)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    small, large = signed(leaves[:3]), signed(leaves)
    stranger = signed(leaves_of(3, "b"), Ed25519PrivateKey.generate())
    elsewhere = replace(small, origin="autre.test/log", signatures=()).signed(KEY.name, LOG)
    true_path = merkle.beginning(hashes, 3)
    for cosigned, presented, path in (
        (small, large, true_path),
        (small, large, ()),
        (small, large, (bytes(32),) * 3),
        (signed(leaves_of(3, "b")), large, true_path[::-1]),
        (large, large, ()),
        (stranger, large, true_path),
        (elsewhere, large, true_path),
    ):
        with pytest.raises(EvidenceError, match="CONTRA-001"):
            contradiction.proven(contradiction.document(cosigned, presented, path), KEY)
    assert contradiction.proven(contradiction.document(signed(leaves_of(3, "b")), large, true_path), KEY)
    for data in (b"", b"[]", b"{}", b'{"format":"dmpcompat-contradiction/1"}'):
        with pytest.raises(EvidenceError):
            contradiction.proven(data, KEY)


def test_what_the_log_did_not_sign_is_not_cosigned(watching: Witness) -> None:
    leaves = leaves_of(3)
    with pytest.raises(Unsigned):
        watching.cosign(signed(leaves, Ed25519PrivateKey.generate()), lambda _: ())
    # The witness's own key in the part of the log's.
    with pytest.raises(Unsigned):
        watching.cosign(signed(leaves, watching._private), lambda _: ())
    with pytest.raises(EvidenceError, match="CHKPT-002"):
        watching.cosign(replace(signed(leaves), size=4), lambda _: ())
    with pytest.raises(Unknown):
        watching.cosign(replace(signed(leaves), origin="autre.test/log"), lambda _: ())
    with pytest.raises(Unproven):
        growth_of(signed(leaves), leaves_of(3, "b"))
    with pytest.raises(Unproven):
        growth_of(signed(leaves), leaves_of(2))
    assert watching.followed()[0].last is None


def test_a_request_that_starts_elsewhere_learns_where_to_start(watching: Witness) -> None:
    shown(watching, leaves_of(4))
    point = signed(leaves_of(6))
    with pytest.raises(Conflict) as caught:
        watching.cosign(point, lambda _: (), 0)
    assert caught.value.size == 4
    with pytest.raises(Behind):
        watching.cosign(point, lambda _: (), 7)
    with pytest.raises(Unproven):
        watching.cosign(point, lambda _: (bytes(32),), 4)
    assert watching.cosign(point, growth_of(point, leaves_of(6)), 4).size == 6


def test_a_log_keeps_its_key(watching: Witness) -> None:
    watching.follow(ORIGIN, KEY)
    with pytest.raises(Refused, match="WITNESS-006"):
        watching.follow(ORIGIN, NoteKey(KEY.name, Ed25519PrivateKey.generate().public_key()))
    with pytest.raises(EvidenceError, match="COSIGN-001"):
        watching.follow("autre.test/log", NoteKey("x", watching.key.public))


def test_a_witness_without_memory_or_key_does_nothing(watching: Witness, tmp_path: Path) -> None:
    shown(watching, leaves_of(2))
    with pytest.raises(ConfigError, match="WITNESS-008"):
        witness.init(watching.folder, NAME)
    with pytest.raises(EvidenceError, match="CHKPT-001"):
        witness.init(tmp_path / "autre", "deux mots")
    (kept,) = (watching.folder / "journaux").glob("*.json")
    for damage in (
        "",
        "{}",
        kept.read_text().replace(ORIGIN, "autre"),
        '{"origin": 1, "key": 2, "last": []}',
    ):
        kept.write_text(damage)
        with pytest.raises(ConfigError, match="WITNESS-007"):
            shown(watching, leaves_of(3))
    (watching.folder / witness.KEY).write_text("no key")
    with pytest.raises(ConfigError, match="WITNESS-007"):
        Witness(watching.folder)
    with pytest.raises(ConfigError, match="WITNESS-007"):
        Witness(tmp_path / "nulle-part")
    assert (watching.folder / witness.KEY).stat().st_mode & 0o077 == 0


def test_two_histories_at_once_get_one_cosignature_a_size(watching: Witness) -> None:
    def ask(turn: int) -> Checkpoint | None:
        try:
            return shown(Witness(watching.folder), leaves_of(turn // 4 + 1, "ab"[turn % 2]))
        except Refused:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = [one for one in pool.map(ask, range(40)) if one is not None]
    roots = {(one.size, one.root) for one in made}
    assert len(roots) == len({size for size, _ in roots}) >= 1
    assert len({root == signed(leaves_of(size)).root for size, root in roots}) == 1


#: Shows two histories in turn for ever, and says what was cosigned.
_KILLED = """
import sys
from pathlib import Path
from reports.register.witness import Refused, Witness
from tests.reports.register.test_witness import leaves_of, shown
one = Witness(Path(sys.argv[1]))
print("ready", flush=True)
for turn in range(100_000):
    size = turn // 2 + 1
    try:
        made = shown(one, leaves_of(size, "ab"[turn % 2]))
    except Refused:
        continue
    print(made.size, made.root.hex(), flush=True)
"""


def test_killed_at_any_instant_it_never_cosigns_another_history(watching: Witness) -> None:
    said: set[tuple[int, str]] = set()
    for turn in range(3):
        running = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(watching.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(3 + 7 * turn)]
        os.kill(running.pid, signal.SIGKILL)
        lines += running.stdout.readlines()
        running.stdout.close()
        running.wait()
        said |= {(int(one.split()[0]), one.split()[1]) for one in lines if one.endswith("\n") and " " in one}
        # What left the process was on disk before.
        last = Witness(watching.folder).followed()[0].last
        assert last is not None and last.size >= max((size for size, _ in said), default=0)
        assert watching.key.lines(last)
    assert len({size for size, _ in said}) == len(said)
    assert {root for size, root in said} <= {signed(leaves_of(size)).root.hex() for size, _ in said}


class Watched(RuleBasedStateMachine):
    """A log that grows, forks and rolls back, shown to two witnesses as it likes."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.scratch = tempfile.TemporaryDirectory(prefix="dmpcompat-")
        self.witnesses = []
        for name in ("un", "deux"):
            place = Path(self.scratch.name) / name
            witness.init(place, f"temoin.test/{name}")
            made = Witness(place, Hands())
            made.follow(ORIGIN, KEY)
            self.witnesses.append(made)
        self.histories: list[list[bytes]] = [[b"0"]]
        self.cosigned: list[list[list[bytes]]] = [[], []]
        self.made = 0

    @rule(entries=st.integers(1, 4), which=st.integers(0, 9))
    def grow(self, entries: int, which: int) -> None:
        history = self.histories[which % len(self.histories)]
        for _ in range(entries):
            self.made += 1
            history.append(f"{self.made}".encode())

    @precondition(lambda self: len(self.histories) < 4)
    @rule(which=st.integers(0, 9), at=st.integers(0, 30))
    def fork(self, which: int, at: int) -> None:
        history = self.histories[which % len(self.histories)]
        self.histories.append(history[: at % len(history) + 1])

    @rule(which=st.integers(0, 9), by=st.integers(0, 1), less=st.integers(0, 3))
    def show(self, which: int, by: int, less: int) -> None:
        history = self.histories[which % len(self.histories)]
        leaves = list(history[: max(1, len(history) - less)])
        last = self.cosigned[by][-1] if self.cosigned[by] else []
        continues = len(leaves) >= len(last) and leaves[: len(last)] == last
        try:
            shown(self.witnesses[by], leaves)
        except Forked as problem:
            assert not continues and leaves != last[: len(leaves)]
            assert contradiction.proven(Path(problem.field).read_bytes(), KEY)
        except Behind:
            assert leaves == last[: len(leaves)] != last
        else:
            assert continues
            self.cosigned[by].append(leaves)

    @invariant()
    def one_history(self) -> None:
        for listed in getattr(self, "cosigned", []):
            for before, then in pairwise(listed):
                assert then[: len(before)] == before

    def teardown(self) -> None:
        if hasattr(self, "scratch"):
            self.scratch.cleanup()


TestWatched = Watched.TestCase
TestWatched.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)


def test_the_key_is_told_as_verifiers_take_it(watching: Witness) -> None:
    assert WitnessKey.parse(str(watching.key)) == watching.key
    assert (watching.folder / witness.PUBLIC).read_text().startswith("-----BEGIN PUBLIC KEY-----")
