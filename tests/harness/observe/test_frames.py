"""Frames that were captured before: given to cases by folders or by recognition, judged as observed ones."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.capture.recording import Recorder
from harness.observe.operator import Nobody
from harness.observe.source import RecordingSource
from harness.rejudge import rejudge
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol.errors import EvidenceError, UsageError
from protocol.exchange import Exchange, load
from tests.harness.observe.conftest import EXISTS, FEED, OPEN, Bench, case
from tests.observing import Script

Make = Callable[..., Bench]
CASES = (case("CT-0.2-010", EXISTS), case("CT-2.1-010", FEED, OPEN), case("CT-2.1-020", FEED, EXISTS))
Frames = list[tuple[str, Exchange]]
OFFLINE: dict[str, Any] = {"live": False}


@pytest.fixture(scope="module")
def captured(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """The frames that the cases left when they were played, with the codes of their cases."""
    one = Bench(tmp_path_factory.mktemp("played"), mock, pki_folder, "played")
    one.write(*CASES)
    result = one.run(Script(acts=one.software().act))
    assert result.counts() == {"PASS": 3}
    return [
        (folder.name, load(folder, path.name.removesuffix("_echange.json")))
        for folder in sorted(result.evidence.glob("CT-*"))
        for path in sorted(folder.glob("*_echange.json"))
    ]


@pytest.fixture
def played(bench: Make, captured: Frames) -> tuple[Bench, Frames]:
    """A run to be made of them."""
    return bench(*CASES), captured


def record(place: Path, frames: list[Exchange]) -> Path:
    with Recorder(place, origin="proxy", source="test") as recorder:
        for one in frames:
            recorder.append(replace(one, origin="proxy"))
    return place


def test_frames_in_one_recording_are_recognised(played: tuple[Bench, Frames]) -> None:
    one, frames = played
    place = record(one.place / "frames", [exchange for _, exchange in frames])
    result = one.run(Nobody(), frames=place, **OFFLINE)
    assert result.counts() == {"PASS": 3}
    assert result.facts["frames"] == "observed"
    assert result.facts["observation"] == {"source": "recording:frames", "operator": ""}
    keys = [
        step["observed"]["key"]
        for code in ("CT-0.2-010", "CT-2.1-010", "CT-2.1-020")
        for step in one.test(code)["steps"]
        if "observed" in step
    ]
    assert len(keys) == len(set(keys)) == 5
    assert rejudge(result.evidence).holds


def test_cases_may_have_been_played_in_any_order(played: tuple[Bench, Frames]) -> None:
    one, frames = played
    by_case = [
        [exchange for code, exchange in frames if code == name]
        for name in ("CT-2.1-020", "CT-0.2-010", "CT-2.1-010")
    ]
    random.Random(5).shuffle(by_case)  # noqa: S311 - an order, not a secret
    place = record(one.place / "frames", [exchange for held in by_case for exchange in held])
    assert one.run(Nobody(), frames=place, **OFFLINE).counts() == {"PASS": 3}


def test_folders_named_after_cases_are_believed(played: tuple[Bench, Frames]) -> None:
    one, frames = played
    place = one.place / "frames"
    for code, exchange in frames:
        if code != "CT-0.2-010":
            exchange.save(place / code, f"{len(list(place.rglob('*_echange.json'))):02d}")
    record(place / "CT-0.2-010", [exchange for code, exchange in frames if code == "CT-2.1-010"])
    result = one.run(Nobody(), frames=place, **OFFLINE)
    assert [str(found.verdict) for found in result.verdicts] == ["INCONCLUSIVE", "PASS", "PASS"]
    reason = result.case("CT-0.2-010").reason
    assert "aucune trame ne répond à l'étape 1" in reason.fr and "expected TD0.2, found TD" in reason.en


def test_a_step_that_nobody_answers_is_inconclusive(played: tuple[Bench, Frames]) -> None:
    one, frames = played
    kept = [exchange for code, exchange in frames if code != "CT-2.1-010"] + [
        exchange for code, exchange in frames if code == "CT-2.1-010"
    ][:1]
    result = one.run(Nobody(), frames=record(one.place / "frames", kept), **OFFLINE)
    assert [str(found.verdict) for found in result.verdicts] == ["PASS", "INCONCLUSIVE", "PASS"]
    assert [step["kind"] for step in one.test("CT-2.1-010")["steps"]] == ["drive"], (
        "what came is judged and kept"
    )


def test_what_needs_a_platform_is_left_out(bench: Make) -> None:
    down = {"fault": "reset", "when": {"transaction": "TD0.2"}}
    one = bench(case("CT-0.2-010", down, EXISTS))
    (one.place / "frames").mkdir()
    with pytest.raises(EvidenceError, match="OBS-010"):
        one.run(Nobody(), frames=one.place / "frames", **OFFLINE)
    shutil.rmtree(one.out)
    record(one.place / "frames", []).joinpath("x").touch()
    result = one.run(Nobody(), frames=one.place / "frames", **OFFLINE)
    (found,) = result.verdicts
    assert found.verdict is Verdict.NOT_APPLICABLE and "simulateur" in found.reason.fr


def test_a_recording_that_grows_is_observed_as_it_does(
    played: tuple[Bench, Frames],
) -> None:
    one, frames = played
    left = [exchange for _, exchange in frames]
    place = one.place / "frames"
    with Recorder(place, origin="proxy", source="test") as recorder:
        operator = Script(acts=lambda _task: recorder.append(left.pop(0)))
        result = one.run(operator, frames=place)
    assert result.counts() == {"PASS": 3}
    assert len(operator.begun) == 5


def test_a_platform_without_frames_is_refused(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS), target={"kind": "platform"})
    with pytest.raises(UsageError, match="OBS-020"):
        one.run(Script())


def test_a_source_reads_by_pieces(played: tuple[Bench, Frames]) -> None:
    one, frames = played
    source = RecordingSource(record(one.place / "frames", [exchange for _, exchange in frames]))
    assert [seen.order for seen in source.frames(2)] == [3, 4, 5]
    assert source.last() == 5 and source.finished
    assert [seen.transaction for seen in source.frames(0)] == ["TD0.2", "TD2.1", "TD3.2", "TD2.1", "TD0.2"]
    assert all(seen.business and seen.message_id for seen in source.frames(0))


def test_what_must_not_be_sent_is_watched_in_frames_sorted_by_test_alone(
    bench: Make, captured: Frames
) -> None:
    window = {"forbid": ["TD2.1"], "seconds": 60, "operate": {"fr": "Attendre.", "en": "Wait."}}
    one = bench(case("CT-0.2-010", EXISTS, {"watch": window}), case("CT-0.2-020", EXISTS, {"watch": window}))
    exists, feed = captured[0][1], captured[1][1]
    later = replace(feed, started=exists.ended + timedelta(hours=1), ended=exists.ended + timedelta(hours=1))
    soon = replace(feed, started=exists.ended, ended=exists.ended)
    record(one.place / "frames" / "CT-0.2-010", [exists, later])
    record(one.place / "frames" / "CT-0.2-020", [exists, soon])
    result = one.run(Nobody(), frames=one.place / "frames", **OFFLINE)
    assert [str(found.verdict) for found in result.verdicts] == ["PASS", "FAIL"]
    shutil.rmtree(one.out)
    together = record(one.place / "together", [exists, soon])
    (first, _) = one.run(Nobody(), frames=together, **OFFLINE).verdicts
    assert first.verdict is Verdict.INCONCLUSIVE and "OBS-005" in first.reason.fr
