"""The journal: each line holds the one before, a break is placed, a killed writer loses nothing it had told."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.events import Journal
from harness.evidence import chain
from protocol.errors import EvidenceError


def written(path: Path, count: int = 5) -> list[bytes]:
    journal = Journal(path, None, lambda text: text)
    for number in range(count):
        journal.tell("case-started", f"CT-{number}", note="é\n")
    return path.read_bytes().split(b"\n")[:-1]


def test_each_line_carries_the_digest_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "j.ndjson"
    lines = written(path)
    assert json.loads(lines[0])["previous"] == chain.GENESIS
    for before, after in itertools.pairwise(lines):
        assert json.loads(after)["previous"] == chain.digest(before)
    read = chain.read(path)
    assert (read.lines, read.head, read.breaks) == (5, chain.digest(lines[-1]), ())


def test_a_journal_that_is_there_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "j.ndjson"
    written(path, 2)
    written(path, 3)
    assert chain.read(path).lines == 5


def test_what_is_masked_is_what_is_chained(tmp_path: Path) -> None:
    path = tmp_path / "j.ndjson"
    journal = Journal(path, None, lambda text: text.replace("SECRET", "XXXXXX"))
    journal.tell("run-started", target="SECRET")
    journal.tell("run-finished")
    assert b"SECRET" not in path.read_bytes()
    assert not chain.read(path).breaks


@pytest.mark.parametrize(
    ("what", "line"),
    [("alter", 3), ("remove", 3), ("swap", 3), ("insert", 3), ("spaces", 3), ("garbage", 3), ("unlink", 3)],
)
def test_a_break_is_placed(tmp_path: Path, what: str, line: int) -> None:
    path = tmp_path / "j.ndjson"
    lines = written(path)
    if what == "alter":
        lines[1] = lines[1].replace(b"CT-1", b"CT-7")
    elif what == "remove":
        del lines[2]
    elif what == "swap":
        lines[2], lines[3] = lines[3], lines[2]
    elif what == "insert":
        lines.insert(2, chain.link({"event": "false"}, chain.GENESIS))
    elif what == "spaces":
        lines[2] = json.dumps(json.loads(lines[2])).encode()
    elif what == "garbage":
        lines[2] = b"{"
    else:
        lines[2] = b'{"event":"x"}'
    path.write_bytes(b"\n".join(lines) + b"\n")
    told = chain.read(path).breaks
    assert told[0].en.startswith(f"line {line}:"), told
    with pytest.raises(EvidenceError) as refused:
        Journal(path, None, lambda text: text)
    assert refused.value.code == "EVID-020"


@given(data=st.data())
def test_a_line_cut_anywhere_is_mended_and_nothing_told_is_lost(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "j.ndjson"
    lines = written(path, 3)
    whole = path.read_bytes()
    cut = data.draw(st.integers(len(whole) - len(lines[-1]) - 1, len(whole) - 1))
    path.write_bytes(whole[:cut])
    tail = whole[:cut].rpartition(b"\n")[2]
    before = chain.read(path)
    assert bool(before.breaks) == bool(tail)
    Journal(path, None, lambda text: text).tell("run-finished")
    after = path.read_bytes().split(b"\n")[:-1]
    assert after[:2] == lines[:2]
    assert not chain.read(path).breaks
    told = [json.loads(line) for line in after[2:]]
    if not tail:
        assert [one["event"] for one in told] == ["run-finished"]
    elif tail == lines[-1]:  # only its end was missing: it is whole, and kept
        assert after[2] == lines[-1]
        assert told[1]["kept"] is True
    else:
        assert told[0]["event"] == "journal-mended"
        assert (told[0]["kept"], told[0]["bytes"]) == (False, len(tail))


def test_a_line_in_the_middle_of_a_longer_journal_is_still_the_one_signed(tmp_path: Path) -> None:
    path = tmp_path / "j.ndjson"
    lines = written(path)
    assert chain.holds_at(path, chain.digest(lines[2]), 3)
    assert not chain.holds_at(path, chain.digest(lines[2]), 4)
    assert not chain.holds_at(path, chain.digest(lines[2]), 9)


def test_a_journal_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        chain.read(tmp_path / "none")
    assert chain.mend(tmp_path / "none") is None
