"""Who holds a root follows the chain of trust files, and believes exactly what both thresholds signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import dsse, trustchain, trustversion
from protocol.errors import EvidenceError, UsageError
from protocol.trust import pem, trust_document
from protocol.trustchain import Anchor
from protocol.trustversion import Signed
from tests.protocol.chains import IDS, POOL, START, after, key, root, signed, version

V1 = version(root=root([0]))
V2 = after(V1, keys={IDS[7]: key(7), IDS[8]: key(8, "reviewer")})
V3 = after(V2, root=root([1, 2, 3], 2))
V4 = after(V3, keys={IDS[7]: key(7, distrust_after=START), IDS[8]: key(8, "reviewer")})
CHAIN = (signed(V1, [0]), signed(V2, [0]), signed(V3, [0, 1, 3]), signed(V4, [2, 3]))


def keyed(*numbers: int, threshold: int = 0) -> Anchor:
    return trustchain.held([IDS[number] for number in numbers], threshold)


def believed(chain: tuple[Signed, ...], anchor: Anchor | None = None) -> trustchain.Believed:
    return trustchain.believed(trustversion.lines(chain), "trust", anchor)


@pytest.mark.parametrize(
    "anchor",
    [
        keyed(0),
        keyed(1, 3),
        keyed(2, 3),
        keyed(1, 2, 3, threshold=2),
        *(Anchor.of_version(one.version) for one in CHAIN),
        None,
    ],
    ids=["old root", "new root", "who signed later", "two of three", "v1", "v2", "v3", "v4", "none"],
)
def test_the_chain_is_followed_to_its_end(anchor: Anchor | None) -> None:
    found = believed(CHAIN, anchor)
    assert found.version == V4
    assert found.keys[IDS[7]].distrust_after == START
    assert found.digest == V4.digest


def test_a_later_part_is_enough_for_who_holds_what_it_begins_with() -> None:
    assert believed(CHAIN[1:], keyed(0)).version == V4
    assert believed(CHAIN[2:], Anchor.of_version(V2)).version == V4
    assert believed(CHAIN[3:], keyed(2, 3)).version == V4
    for anchor in (keyed(0), Anchor.of_version(V1)):
        with pytest.raises(EvidenceError, match=r"TRUST-01[48]"):
            believed(CHAIN[3:], anchor)


FORKED = after(V2, root=root([4]))


@pytest.mark.parametrize(
    ("code", "chain", "anchor"),
    [
        ("TRUST-011", (signed(V1, []),), None),
        ("TRUST-011", (*CHAIN[:2], signed(V3, [0, 1])), None),
        ("TRUST-012", (*CHAIN[:2], signed(V3, [1, 2])), None),
        ("TRUST-012", (*CHAIN[:2], signed(FORKED, [4])), None),
        ("TRUST-011", (*CHAIN[:3], signed(V4, [3])), None),
        ("TRUST-011", (signed(V1, [7]),), None),
        ("TRUST-014", (CHAIN[0], CHAIN[2]), None),
        ("TRUST-014", (CHAIN[1], CHAIN[0]), None),
        ("TRUST-014", (CHAIN[0], CHAIN[0]), None),
        ("TRUST-015", (*CHAIN[:2], signed(FORKED, [0, 4]), CHAIN[3]), None),
        ("TRUST-015", (CHAIN[0], signed(replace(V2, origin="ailleurs.test/homologations"), [0])), None),
        ("TRUST-018", CHAIN[:2], keyed(1)),
        ("TRUST-018", CHAIN, keyed(0, 1)),
        ("TRUST-018", CHAIN, keyed(5)),
        ("TRUST-014", CHAIN[:2], Anchor.of_version(V3)),
        ("TRUST-015", (*CHAIN[:2], signed(FORKED, [0, 4])), Anchor.of_version(V3)),
        ("TRUST-014", (*CHAIN[:2], signed(FORKED, [0, 4])), Anchor.of_version(V4)),
        ("TRUST-015", (signed(after(FORKED), [4]),), Anchor.of_version(V3)),
        ("TRUST-017", (signed(replace(V1, keys={IDS[0]: key(0, "seal")}), [0]),), None),
        ("TRUST-017", (signed(replace(V1, keys={IDS[6]: key(6, "root")}), [0]),), None),
        ("TRUST-017", (*CHAIN, signed(after(V4, keys={**V4.keys, IDS[0]: key(0, "seal")}), [2, 3])), None),
        ("TRUST-017", (CHAIN[0], signed(after(V1, root=root([7])), [0, 7])), None),
    ],
    ids=[
        "nobody signed",
        "one of two of the new root",
        "not the old root",
        "fork by a new root alone",
        "one of two of the root",
        "signed by a key of another role",
        "a version lacks",
        "backwards",
        "twice the same",
        "fork continued by the other",
        "another register",
        "root of later",
        "both of two roots asked",
        "root of nobody",
        "rolled back",
        "fork of what is known",
        "fork below what is known",
        "fork after what is known",
        "root is seal",
        "root among the keys",
        "root of old is seal",
        "seal is root",
    ],
)
def test_what_the_root_does_not_vouch_for_is_refused(
    code: str, chain: tuple[Signed, ...], anchor: Anchor | None
) -> None:
    with pytest.raises(EvidenceError) as problem:
        believed(chain, anchor)
    assert problem.value.code == code


def test_who_keeps_the_key_alone_is_shown_an_older_version() -> None:
    """Nothing in it says that there is a newer one: its end does, or a version that was kept."""
    assert believed(CHAIN[:2], keyed(0)).version == V2


def test_a_wrong_signature_is_no_signature_that_lacks() -> None:
    good = signed(V1, [0])
    wrong = good.with_(dsse.Signature(IDS[0], POOL[0].sign(b"something else")))
    with pytest.raises(EvidenceError, match="TRUST-013"):
        believed((wrong,))


def test_the_same_bytes_of_another_type_are_not_signed() -> None:
    """A root that was made to sign a statement did not sign a trust file with it, nor the other way round."""
    payload = V1.payload
    other = POOL[0].sign(dsse.encoding(dsse.PAYLOAD_TYPE, payload))
    with pytest.raises(EvidenceError, match="TRUST-013"):
        believed((Signed(V1, (dsse.Signature(IDS[0], other),)),))


def test_a_version_has_an_end() -> None:
    data = trustversion.lines(CHAIN)
    assert V4.expires is not None
    trustchain.believed(data, "t", keyed(0), V4.expires - timedelta(seconds=1))
    with pytest.raises(EvidenceError, match="TRUST-016"):
        trustchain.believed(data, "t", keyed(0), V4.expires)
    # An earlier version whose end has come takes nothing from the last one.
    early = replace(V1, expires=START)
    chain = (signed(early, [0]), signed(after(early, expires=None), [0]))
    assert trustchain.believed(trustversion.lines(chain), "t", keyed(0), V4.expires).version


def test_a_plain_file_is_believed_by_who_asks_for_no_root() -> None:
    data = trust_document([key(7)])
    assert trustchain.believed(data, "t").keys == {IDS[7]: key(7)}
    for plain in (data, V1.payload):
        with pytest.raises(EvidenceError, match="TRUST-019"):
            trustchain.believed(plain, "t", keyed(0))


def test_forks_of_two_files_are_found() -> None:
    trustchain.refuse_forks(CHAIN, CHAIN[:2])
    with pytest.raises(EvidenceError, match="TRUST-015"):
        trustchain.refuse_forks(CHAIN, (*CHAIN[:2], signed(FORKED, [0, 4])))


def test_what_a_verifier_gives_as_a_root(tmp_path: Path) -> None:
    kept, one, two = tmp_path / "kept.ndjson", tmp_path / "1.pem.pub", tmp_path / "2.pem.pub"
    kept.write_bytes(trustversion.lines(CHAIN[:2]))
    one.write_text(pem(POOL[1].public_key()))
    two.write_text(pem(POOL[2].public_key()))
    assert trustchain.held([str(kept)]).version == V2
    assert trustchain.held([str(one), str(two)]) == Anchor(frozenset(IDS[1:3]), 2)
    assert trustchain.held([str(one), IDS[2]], 1) == Anchor(frozenset(IDS[1:3]), 1)


@pytest.mark.parametrize(
    "given",
    [
        ["absent.pem"],
        ["plain.json"],
        ["."],
        [IDS[0][:16]],
        [IDS[0].upper()],
        ["broken.ndjson"],
        ["kept.ndjson", IDS[0]],
        [],
    ],
    ids=["absent", "plain", "folder", "half an id", "upper case", "not signed", "file and id", "nothing"],
)
def test_what_is_no_root_is_refused(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain.json").write_bytes(trust_document([key(7)]))
    Path("kept.ndjson").write_bytes(trustversion.lines(CHAIN))
    Path("broken.ndjson").write_bytes(trustversion.lines([signed(V1, [])]))
    with pytest.raises(UsageError, match="TRUST-020"):
        trustchain.held(given)
    with pytest.raises(UsageError, match="TRUST-020"):
        trustchain.held([IDS[0]], 2)


def _mostly(draw: st.DrawFn, sound: frozenset[int]) -> frozenset[int]:
    """Who signs: all who should, or anybody."""
    return draw(
        st.one_of(
            st.just(sound), st.frozensets(st.integers(0, 5)), st.frozensets(st.sampled_from(sorted(sound)))
        )
    )


@st.composite
def rotations(draw: st.DrawFn) -> list[tuple[frozenset[int], int, frozenset[int]]]:
    """Versions one after the other: the root, its threshold, who signed."""
    found: list[tuple[frozenset[int], int, frozenset[int]]] = []
    for _ in range(draw(st.integers(1, 6))):
        same = found and draw(st.booleans())
        numbers = found[-1][0] if same else draw(st.frozensets(st.integers(0, 5), min_size=1, max_size=4))
        threshold = found[-1][1] if same else draw(st.integers(1, len(numbers)))
        before = found[-1][0] if found else frozenset()
        found.append((numbers, threshold, _mostly(draw, numbers | before)))
    return found


@given(steps=rotations(), kept=st.integers(0, 5))
def test_exactly_what_both_thresholds_signed_is_believed(
    steps: list[tuple[frozenset[int], int, frozenset[int]]], kept: int
) -> None:
    chain: list[Signed] = []
    sound = True
    for number, (numbers, threshold, signers) in enumerate(steps):
        before = chain[-1].version if chain else None
        coming = root(sorted(numbers), threshold)
        made = after(before, root=coming) if before else version(root=coming)
        chain.append(signed(made, sorted(signers)))
        sound = sound and len(signers & numbers) >= threshold
        if number:
            old, least, _ = steps[number - 1]
            sound = sound and len(signers & old) >= least
    held = Anchor.of_version(chain[min(kept, len(chain) - 1)].version)
    try:
        found = believed(tuple(chain), held)
    except EvidenceError as problem:
        assert not sound, problem
    else:
        assert sound
        assert found.version == chain[-1].version


@given(kept=st.integers(0, 3), spoilt=st.integers(0, 3), place=st.floats(0, 1, exclude_max=True))
def test_no_byte_of_a_version_may_change(kept: int, spoilt: int, place: float) -> None:
    lines = trustversion.lines(CHAIN).splitlines(keepends=True)
    at = int(place * (len(lines[spoilt]) - 1))
    changed = bytearray(lines[spoilt])
    changed[at] ^= 1
    lines[spoilt] = bytes(changed)
    with pytest.raises(EvidenceError):
        trustchain.believed(b"".join(lines), "t", Anchor.of_version(CHAIN[kept].version))


def test_callers_are_told_how_many_lack() -> None:
    told = []
    for signers in ((), (0,), (0, 1), (0, 1, 2)):
        waits = signed(V3, signers)
        told.append((trustchain.missing(waits, V2.root), trustchain.missing(waits, V3.root)))
    assert told == [(1, 2), (0, 2), (0, 1), (0, 0)]
