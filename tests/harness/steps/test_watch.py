"""`watch`, `instruct`, `screen`, `declare`: played by the driver, by a player with an operator, and judged again."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import evidence
from harness.checks import api
from harness.checks.watched import Watched
from harness.context import CaseContext
from harness.plan import parse_plan
from harness.players.attended import Answered, Attended, Span
from harness.players.driver import Driver
from harness.rejudge import rejudge
from harness.results import RunResult
from harness.steps import human
from harness.steps.watch import WatchStep, transaction_of
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol.errors import DmpcompatError
from tests.selfplay import CASES, PLAN, campaign

OPERATE = {"fr": "Ouvrir le dossier sans consentement.", "en": "Open the record without consent."}
SEEDED = {"drive": "TD0.3", "as": "cps", "patient": "actif-sans-autorisation"}
ALIVE = {"drive": "TD0.2", "as": "cps", "patient": "actif-autorise", "expect": {"success": True}}

#: Rules that these tests break.
BROKEN = ("WATCH-NO-CALL", "WATCH-FORBIDDEN")


def watching(*, alive: bool = True, **window: Any) -> dict[str, Any]:
    """A case that watches."""
    told = {"forbid": "any", "seconds": 1, "operate": OPERATE, "seeded": SEEDED} | window
    steps: list[Any] = [copy.deepcopy(ALIVE)] if alive else []
    return CASES["CT-0.2-010"] | {"steps": [*steps, {"watch": told}]}


@dataclass(frozen=True)
class Played:
    result: RunResult

    @property
    def verdict(self) -> Verdict:
        return self.result.verdicts[0].verdict

    def said(self) -> dict[str, str]:
        """Status of each rule of the watch."""
        code = self.result.verdicts[0].code
        lines = evidence.read_json(self.result.evidence / code / "assertions.json")
        return {line["rule"]: line["status"] for line in lines if line["rule"].startswith("WATCH-")}


def play(tmp_path: Path, mock: MockServer, pki_folder: Path, case: dict[str, Any]) -> Played:
    return Played(campaign(tmp_path, [case], mock, pki_folder, seed=1))


@pytest.mark.parametrize(
    ("window", "rule"),
    [
        ({}, "WATCH-NO-CALL"),
        ({"forbid": ["TD0.3"]}, "WATCH-FORBIDDEN"),
        ({"patient": "actif-sans-autorisation"}, "WATCH-NO-CALL"),
    ],
)
def test_what_is_seeded_fails_and_silence_passes(
    mock: MockServer, pki_folder: Path, tmp_path: Path, window: dict[str, Any], rule: str
) -> None:
    for provoke, status in ((False, "PASS"), (True, "FAIL")):
        place = tmp_path / status
        place.mkdir()
        played = play(place, mock, pki_folder, watching(provoke=provoke, **window))
        assert played.verdict == status
        assert played.said() == {rule: status}
        assert rejudge(played.result.evidence).holds


@pytest.mark.parametrize("window", [{"forbid": ["TD3.1"]}, {"patient": "corse"}])
def test_what_is_not_forbidden_may_be_sent(
    mock: MockServer, pki_folder: Path, tmp_path: Path, window: dict[str, Any]
) -> None:
    played = play(tmp_path, mock, pki_folder, watching(provoke=True, **window))
    assert played.verdict == "PASS"
    assert set(played.said().values()) == {"PASS"}


def test_silence_of_a_software_that_never_spoke_proves_nothing(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    played = play(tmp_path, mock, pki_folder, watching(alive=False))
    assert played.verdict is Verdict.INCONCLUSIVE
    assert played.said() == {"WATCH-NO-CALL": "VACUOUS"}


def test_a_platform_without_journal_leaves_it_undecided(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    case = watching() | {"steps": watching()["steps"][1:]}
    result = campaign(tmp_path, [case], mock, pki_folder, {"target": {"kind": "platform"}}, seed=1)
    assert result.verdicts[0].verdict is Verdict.INCONCLUSIVE
    assert "STEP-010" in result.verdicts[0].reason.en


def test_frames_that_were_seen_are_kept_and_an_altered_one_is_told(
    mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    window = {"patient": "actif-sans-autorisation", "provoke": True}
    result = play(tmp_path, mock, pki_folder, watching(**window)).result
    place = result.evidence / "CT-0.2-010"
    test = evidence.read_json(place / "test.json")
    assert [step["frames"] for step in test["steps"] if step["kind"] == "watch"] == [["02"]]
    [kept] = place.glob("02_requete.*")
    [number] = [step["resolved"]["patient"] for step in test["steps"] if step["kind"] == "watch"]
    kept.write_bytes(kept.read_bytes().replace(number.encode(), b"0" * len(number)))
    again = rejudge(result.evidence)
    assert not again.holds
    assert again.cases[0].after is Verdict.PASS


def test_human_steps_are_noted_and_weigh_nothing(mock: MockServer, pki_folder: Path, tmp_path: Path) -> None:
    steps = [copy.deepcopy(ALIVE), *({kind: OPERATE} for kind in ("instruct", "screen", "declare"))]
    result = campaign(tmp_path, [CASES["CT-0.2-010"] | {"steps": steps}], mock, pki_folder, seed=1)
    assert result.verdicts[0].verdict is Verdict.PASS
    told = evidence.read_json(result.evidence / "CT-0.2-010" / "test.json")["steps"][1:4]
    assert [(step["kind"], step["resolved"]["asked"]) for step in told] == [
        (kind, kind) for kind in ("instruct", "screen", "declare")
    ]
    assert {step["resolved"]["simulated"]["en"] for step in told} == {human.SIMULATED.en}
    assert rejudge(result.evidence).holds


class Beside(Driver):
    """A player with an operator, who sees nothing and answers everything."""

    def watch(self, step: WatchStep, context: CaseContext) -> Span:
        return Span(others=(), sent=3)

    def ask(self, step: human.HumanStep, context: CaseContext) -> Answered:
        return Answered({"text": f"done: {step.operate.en}"})


def test_a_player_with_an_operator_is_asked() -> None:
    beside: object = Beside()
    assert isinstance(beside, Attended)
    assert not isinstance(Driver(), Attended)


def test_a_request_of_no_transaction_is_a_call() -> None:
    seen = Watched(("any",), "", (), ("POST /other",), 1)
    assert [(one.status, one.found) for one in api.judge_watch(seen)] == [("FAIL", "POST /other")]
    named = Watched(("TD1.1",), "", (), ("POST /other",), 1)
    assert [one.status for one in api.judge_watch(named)] == ["PASS"]


@pytest.mark.parametrize(
    ("target", "transaction", "name"),
    [
        ("/s/a-b/insi", "", "INSi"),
        ("/insi", "", "INSi"),
        ("/s/a/param-lps/courant?x=1", "", "param-lps"),
        ("/si-dmp-server/v2/services/patients", "TD0.2", "TD0.2"),
        ("/", "", ""),
        ("/s/insi", "", ""),
    ],
)
def test_lines_of_the_journal_are_named(target: str, transaction: str, name: str) -> None:
    assert transaction_of({"transaction": transaction, "request": {"target": target}}) == name


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"forbid": ["TD9.9"]}, "PLAN-010"),
        ({"forbid": ["any", "TD0.2"]}, "PLAN-010"),
        ({"forbid": []}, "PLAN-00"),
        ({"seconds": 0}, "PLAN-004"),
        ({"patient": "nobody"}, "PLAN-013"),
        ({"seeded": SEEDED | {"as": "nobody"}}, "PLAN-014"),
        ({"operate": {"fr": "Ouvrir."}}, "PLAN-00"),
    ],
)
def test_mistakes_of_a_window_are_coded(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    raw = json.dumps({**PLAN, "cases": [watching(**change)]}).encode()
    with pytest.raises(DmpcompatError) as caught:
        parse_plan(raw, tmp_path / "plan.yaml")
    assert code in caught.value.message("en")
