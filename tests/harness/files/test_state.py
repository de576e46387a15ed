"""The state of a run: what it keeps across a crash, what it takes up, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks.rule import Finding
from harness.files.portrait import Portrait
from harness.files.record import Record, from_plain, plain, recorded, renamed
from harness.files.state import Ledger
from protocol.errors import ConfigError, UsageError


def record(path: str, content: str = "", status: str = "PASS", **more: bool) -> Record:
    name = path.rpartition("/")[2]
    findings = [Finding("CDA-ID", status, f"{name}:/a", "trouvé\udc80", "attendu")]  # type: ignore[arg-type]
    return recorded(path, content or path, "cda", findings, Portrait("34133-9", "Synthèse"), **more)


def test_a_record_is_what_it_was_once_read_again() -> None:
    one = record("a/b.xml", status="FAIL")
    assert from_plain(plain(one)) == one
    assert renamed(one, "z/c.xml").faults[0].where == "c.xml:/a"
    assert renamed(one, "z/c.xml").seen == one.seen


def test_results_come_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    with Ledger() as ledger:
        ledger.begin("m")
        for rank in (2, 0, 1):
            ledger.keep(rank, record(f"{rank}.xml", status="FAIL"))
        assert [one.path for one in ledger] == ["0.xml", "1.xml", "2.xml"]


def test_the_digest_does_not_depend_on_the_order(tmp_path: Path) -> None:
    digests = set()
    for ranks in ((0, 1, 2), (2, 1, 0)):
        with Ledger() as ledger:
            ledger.begin("m")
            for rank in ranks:
                ledger.keep(rank, record(f"{rank}.xml"))
            digests.add(ledger.digest())
    with Ledger() as ledger:
        ledger.begin("m")
        ledger.keep(0, record("0.xml", status="FAIL"))
        digests.add(ledger.digest())
    assert len(digests) == 2


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_a_half_written_line_is_dropped(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "etat"
    with Ledger(path) as ledger:
        ledger.begin("m")
        ledger.keep(0, record("a.xml"))
        ledger.keep(1, record("b.xml"))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - cut])
    with Ledger(path, resume=True) as ledger:
        ledger.begin("m")
        assert ledger.known("a.xml", "a.xml") is not None
        assert (ledger.known("b.xml", "b.xml") is None) is (cut > 0)
        ledger.keep(1, record("b.xml"))
    with Ledger(path, resume=True) as ledger:
        assert ledger.recall() == 2
    assert all(line.startswith(b"{") for line in path.read_bytes().splitlines())


def test_a_damaged_line_in_the_middle_costs_one_file(tmp_path: Path) -> None:
    path = tmp_path / "etat"
    with Ledger(path) as ledger:
        ledger.begin("m")
        for name in "abc":
            ledger.keep(0, record(name))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"path": 1, "sha256": "b"}\n'
    path.write_bytes(b"".join(lines))
    with Ledger(path, resume=True) as ledger:
        ledger.begin("m")
        assert [ledger.known(name, name) is not None for name in "abc"] == [True, False, True]


def test_other_rules_take_up_nothing(tmp_path: Path) -> None:
    path = tmp_path / "etat"
    with Ledger(path) as ledger:
        ledger.begin("m")
        ledger.keep(0, record("a.xml"))
    with Ledger(path, resume=True) as ledger:
        ledger.begin("autre")
        assert ledger.known("a.xml", "a.xml") is None


def test_what_was_lost_is_judged_again(tmp_path: Path) -> None:
    path = tmp_path / "etat"
    with Ledger(path) as ledger:
        ledger.begin("m")
        ledger.keep(0, record("a.xml", lost=True))
    with Ledger(path, resume=True) as ledger:
        ledger.begin("m")
        assert ledger.known("a.xml", "a.xml") is None


def test_what_is_taken_up_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "etat"
    with Ledger(path) as ledger:
        ledger.begin("m")
        ledger.keep(0, record("a.xml"))
    with Ledger(path, resume=True) as ledger:
        ledger.begin("m")
        found = ledger.known("a.xml", "a.xml")
        assert found is not None
        ledger.keep(0, found)
        moved = ledger.known("a.xml", "ailleurs/a.xml")
        assert moved is not None
        ledger.keep(1, moved)
        assert [one.path for one in ledger] == ["a.xml", "ailleurs/a.xml"]
    assert path.read_bytes().count(b'"path"') == 2


def test_a_state_is_not_lost_by_mistake(tmp_path: Path) -> None:
    path = tmp_path / "etat"
    path.write_bytes(b"precieux\nsans fin de ligne")
    with pytest.raises(UsageError, match="CHECK-020"):
        Ledger(path)
    with pytest.raises(ConfigError, match="CHECK-022"):
        Ledger(path, resume=True)
    assert path.read_bytes() == b"precieux\nsans fin de ligne"
    with pytest.raises(UsageError, match="CHECK-021"):
        Ledger(tmp_path / "absent", resume=True)


def test_a_run_cut_at_its_first_line_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "etat"
    path.write_bytes(b'{"run":"dmpco')
    with Ledger(path, resume=True) as ledger:
        assert ledger.last == {}
        ledger.begin("m")
        ledger.keep(0, record("a.xml"))
    with Ledger(path, resume=True) as ledger:
        assert ledger.recall() == 1


def test_two_runs_do_not_share_a_state(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with Ledger(tmp_path / "etat"), pytest.raises(ConfigError, match="CHECK-023"):
        Ledger(tmp_path / "etat", resume=True)
