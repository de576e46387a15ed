"""Exchanges kept in an archive are judged as on disk, with both their bodies."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from harness.files import inventory
from harness.files.archives import entries
from harness.files.judge import Asked, judge_entry
from harness.files.record import Record
from harness.files.state import Ledger
from harness.files.tree import How, judge_paths
from protocol.exchange import Exchange

Members = Iterable[tuple[str, bytes]]


def zipped(members: Members) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members:
            target.writestr(name, data)
    return file.getvalue()


@pytest.fixture
def kept(make: Callable[..., Exchange], answered: Callable[..., Exchange], tmp_path: Path) -> Path:
    """A folder with the exchange of one call, as `run` keeps it."""
    folder = tmp_path / "kept"
    answered(make("TD0.2"), b"<reponse/>").save(folder, "01")
    return folder


def files(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]


def judged(path: Path) -> list[Record]:
    return list(judge_paths([path]).results)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("prefix", ["", "frames/td02/"])
def test_an_exchange_of_an_archive_gets_the_findings_it_gets_on_disk(
    kept: Path, tmp_path: Path, prefix: str, order: int
) -> None:
    (on_disk,) = judged(kept)
    assert on_disk.counts["PASS"] > 50
    assert any("response:" in fault.where for fault in on_disk.faults)
    (tmp_path / "lot.zip").write_bytes(zipped((prefix + name, data) for name, data in files(kept)[::order]))
    (found,) = judged(tmp_path / "lot.zip")
    assert found.path.endswith(f"lot.zip!/{prefix}01_echange.json")
    same = (on_disk.kind, on_disk.sha256, on_disk.seen, on_disk.counts)
    assert (found.kind, found.sha256, found.seen, found.counts) == same


def test_one_inside_another_and_resumed(kept: Path, tmp_path: Path) -> None:
    inner = zipped(files(kept))
    (tmp_path / "lot.zip").write_bytes(zipped([("a/inner.zip", inner)]))
    state = tmp_path / "etat.ndjson"
    alone = judge_paths([tmp_path / "lot.zip"])
    with Ledger(state) as ledger:
        first = judge_paths([tmp_path / "lot.zip"], ledger=ledger)
    with Ledger(state, resume=True) as ledger:
        again = judge_paths([tmp_path / "lot.zip"], how=How(resume=state), ledger=ledger)
    assert first.digest == again.digest == alone.digest
    assert again.reused == 1


def test_a_fault_of_either_side_is_found(make: Callable[..., Exchange], tmp_path: Path) -> None:
    make("TD2.1", "wrong-hash").save(tmp_path / "kept", "01")
    (tmp_path / "lot.zip").write_bytes(zipped(files(tmp_path / "kept")))
    (found,) = judged(tmp_path / "lot.zip")
    assert found.verdict == "FAIL"
    assert any("request:" in fault.where for fault in found.faults)


def changed(members: list[tuple[str, bytes]], how: str) -> list[tuple[str, bytes]]:
    description = next(name for name, _ in members if name.endswith("_echange.json"))
    request = next(name for name, _ in members if "_requete" in name)
    if how == "no request":
        return [one for one in members if one[0] != request]
    if how == "two requests":
        return [*members, ("01_requete.bin", b"x")]
    known = json.loads(dict(members)[description])
    bad = {
        "cut": b'{"id": "',
        "deep": b"[" * 100_000,
        "other": b"[]",
        "not text": b"\xff\xfe\x00",
        "number for a moment": json.dumps({**known, "started": 1}).encode(),
        "endless status": json.dumps({**known, "response": {"status": math.inf, "headers": []}}).encode(),
        "words for headers": json.dumps(
            {**known, "request": {**known["request"], "headers": "abc"}}
        ).encode(),
    }[how]
    return [(name, bad if name == description else data) for name, data in members]


@pytest.mark.parametrize(
    "how",
    [
        *("no request", "two requests", "cut", "deep", "other", "not text"),
        *("number for a moment", "endless status", "words for headers"),
    ],
)
def test_a_broken_exchange_is_one_line_and_the_others_lose_nothing(
    kept: Path, tmp_path: Path, how: str
) -> None:
    good = [(f"bon/{name}", data) for name, data in files(kept)]
    (tmp_path / "lot.zip").write_bytes(zipped([*changed(files(kept), how), *good]))
    broken, fine = sorted(judged(tmp_path / "lot.zip"), key=lambda record: "bon/" in record.path)
    assert broken.verdict == "ERROR"
    assert "EXCH-00" in broken.faults[0].found
    assert fine.counts["PASS"] > 50


@pytest.mark.parametrize("bad", [b"[" * 100_000, b"\xff\xfe\x00"])
def test_a_description_that_nobody_reads_is_one_line_on_disk_too(kept: Path, bad: bytes) -> None:
    (kept / "01_echange.json").write_bytes(bad)
    (broken,) = judged(kept)
    assert "EXCH-002" in broken.faults[0].found


def test_limits_of_archives_hold_for_bodies(kept: Path, tmp_path: Path) -> None:
    (description,) = [one for one in files(kept) if one[0].endswith(".json")]
    bomb = ("01_requete.xml", b"\0" * 9_000_000)
    (tmp_path / "bombe.zip").write_bytes(zipped([description, bomb]))
    (found,) = judged(tmp_path / "bombe.zip")
    assert "ZIP-BOMB" in found.faults[0].found
    # A name that leaves the archive is no body, and is told on its own.
    outside = [(f"../{name}", data) for name, data in files(kept)]
    (tmp_path / "dehors.zip").write_bytes(zipped(outside))
    assert all("ZIP-NAME" in record.faults[0].found for record in judged(tmp_path / "dehors.zip"))


def test_exchanges_too_many_are_told(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MAX_EXCHANGES", 1)
    members = [(f"{rank}/{name}", data) for rank in (1, 2) for name, data in files(kept)]
    (tmp_path / "lot.zip").write_bytes(zipped(members))
    left_out = [entry for entry in entries([tmp_path / "lot.zip"]) if entry.trouble]
    assert ["ZIP-EXCHANGES" in entry.trouble[0].found for entry in left_out].count(True) == 1


def test_a_method_and_an_address_that_are_no_text_are_judged_as_text(kept: Path) -> None:
    described = json.loads((kept / "01_echange.json").read_text(encoding="utf-8"))
    described["request"] |= {"method": 7, "target": None}
    (kept / "01_echange.json").write_text(json.dumps(described), encoding="utf-8")
    (record,) = judged(kept)
    assert record.verdict == "FAIL"


def test_frames_without_their_description_are_messages(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "lot.zip").write_bytes(zipped(one for one in files(kept) if not one[0].endswith(".json")))
    assert {entry.name for entry in entries([tmp_path / "lot.zip"])} == {"01_requete.xml", "01_reponse.xml"}


def test_what_is_described_says_who_answered(kept: Path, tmp_path: Path) -> None:
    described = json.loads((kept / "01_echange.json").read_text(encoding="utf-8"))
    described["failure"], described["response"] = "connexion refusée", None
    (kept / "01_echange.json").write_text(json.dumps(described), encoding="utf-8")
    (kept / "01_reponse.xml").unlink()
    (tmp_path / "lot.zip").write_bytes(zipped(files(kept)))
    (entry,) = entries([tmp_path / "lot.zip"])
    result = judge_entry(entry, Asked())
    assert any(one.found == "connexion refusée" for one in result.findings)
