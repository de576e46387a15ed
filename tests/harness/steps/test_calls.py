"""`call` and `handshake`: neighbours of the DMP, and what TLS the platform accepts; judged again from the evidence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import evidence, hosts
from harness.call_expectations import CallExpect, judge_call
from harness.rejudge import rejudge
from harness.steps.api import Unmet
from harness.steps.handshake import HandshakeStep
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol import transactions
from protocol.exchange import Exchange, Request, Response
from tests.selfplay import CASES, campaign


@pytest.fixture(scope="module")
def played(
    mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Any]:
    def play(*cases: dict[str, Any]) -> Any:
        return campaign(tmp_path_factory.mktemp("calls"), cases, mock, pki_folder, seed=1)

    return play


def stepped(code: str, change: Callable[[list[Any]], Any]) -> dict[str, Any]:
    case = copy.deepcopy(CASES[code])
    change(case["steps"])
    return case


def test_calls_are_kept_and_judged_again(played: Callable[..., Any]) -> None:
    result = played(CASES["CT-INS-040"], CASES["CT-TR-040"])
    assert [case.verdict for case in result.verdicts] == [Verdict.PASS, Verdict.PASS]
    test = evidence.read_json(result.evidence / "CT-INS-040" / "test.json")
    assert [frame["transaction"] for frame in test["frames"]][:5] == ["INSi"] * 5
    assert rejudge(result.evidence).holds


@pytest.mark.parametrize(
    ("code", "rank", "expect", "rule"),
    [
        ("CT-INS-010", 0, {"number": "280056399910182"}, "EXPECT-INSI"),
        ("CT-INS-010", 0, {"code": "01"}, "EXPECT-INSI"),
        ("CT-INS-010", 0, {"older": 1}, "EXPECT-INSI"),
        ("CT-INS-050", 1, {"fault": "siram_40"}, "EXPECT-INSI"),
        ("CT-INS-010", 0, {"request": [{"path": "//saml:Assertion", "count": 2}]}, "EXPECT-REQUEST"),
        ("CT-TR-040", 1, {"http": 200}, "EXPECT-HTTP"),
        ("CT-TR-040", 1, {"location": "/elsewhere$"}, "EXPECT-LOCATION"),
        ("CT-TR-050", 4, {"parameters": {"age-majorite": "21"}}, "EXPECT-PARAMETER"),
    ],
)
def test_another_expectation_fails(
    played: Callable[..., Any], code: str, rank: int, expect: dict[str, Any], rule: str
) -> None:
    def change(steps: list[Any]) -> None:
        steps[rank]["expect"] = expect
        del steps[rank + 1 :]

    result = played(stepped(code, change))
    assert result.verdicts[0].verdict is Verdict.FAIL
    assert rule in result.verdicts[0].reason.en


def exchange(response: Response | None, body: bytes = b"") -> Exchange:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 15, 10, tzinfo=UTC)
    request = Request("GET", "/param-lps", (), body)
    return Exchange("1", "driver", "s", now, now, request, response, None, "" if response else "timeout: x")


def judged(expect: dict[str, Any], response: Response | None) -> list[tuple[str, str]]:
    found = judge_call(CallExpect.model_validate(expect), exchange(response), "param-lps")
    return [(one.rule, one.status) for one in found]


def test_properties_no_answer_and_a_call_that_comes_too_late() -> None:
    text = Response(200, (("Content-Type", "text/plain"),), b"age-majorite=18\n")
    assert judged({"parameters": {"age-majorite": "18"}}, text) == [("EXPECT-PARAMETER", "PASS")]
    assert judged({"http": 200}, None) == [("EXPECT-ANSWER", "FAIL")]
    for seconds, status in ((3600, "PASS"), (3599, "FAIL")):
        since = {"moment": "2026-01-15T09:00:00+00:00", "seconds": seconds}
        assert judged({"since": since}, text) == [("EXPECT-WITHIN", status)]


def test_a_neighbour_is_known_by_name_and_is_no_transaction_of_the_dmp() -> None:
    registry = transactions.load()
    assert {name: registry.by_id(name).id for name in transactions.NEIGHBOURS} == {
        "INSi": "INSi",
        "param-lps": "param-lps",
    }
    assert set(transactions.NEIGHBOURS) & set(registry.ids()) == set()


@pytest.mark.parametrize(
    ("url", "which", "found"),
    [
        ("https://127.0.0.1:8443/s/a", "other", "https://localhost:8443/s/a"),
        ("https://localhost", "other", "https://127.0.0.1"),
        ("https://dmp.example:1", "first", "https://dmp.example:1"),
    ],
)
def test_the_other_name_of_a_machine(url: str, which: str, found: str) -> None:
    assert hosts.at(url, which) == found
    assert hosts.authority(url) == url.split("/")[2]


def test_a_machine_without_another_name_leaves_the_case_undecided() -> None:
    with pytest.raises(Unmet) as caught:
        hosts.at("https://dmp.example", "other")
    assert caught.value.code == "STEP-016"


def test_handshakes_are_judged_from_what_was_tried() -> None:
    tried = [
        {"what": "A", "wanted": True, "found": "accepted: A"},
        {"what": "B", "wanted": False, "found": "accepted: B"},
        {"what": "C", "wanted": False, "found": "refused: reset"},
        {"what": "D", "wanted": False, "found": "unable: no such suite"},
    ]
    found = HandshakeStep.again({"handshakes": tried})
    assert [one.status for one in found] == ["PASS", "FAIL", "PASS", "VACUOUS"]


def test_handshakes_of_the_mock(played: Callable[..., Any]) -> None:
    result = played(CASES["CT-TR-010"])
    assert result.verdicts[0].verdict is Verdict.PASS
    assert rejudge(result.evidence).holds
    wrong = stepped("CT-TR-010", lambda steps: steps[0]["handshake"].update(accepted=["AES128-SHA"]))
    assert played(wrong).verdicts[0].verdict is Verdict.FAIL
