"""The cases of the DMP's own services against the mock: they pass, they can fail, and no secret is written."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.choices import Choices
from harness.drive.client import send
from harness.results import RunResult
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol import safexml
from protocol.datafolders import folder
from protocol.exchange import Exchange
from tests.conftest import Editor

PLANS = folder("test_plans")
FILE: dict[str, Any] = yaml.safe_load((PLANS / "cas" / "services-propres.yaml").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["code"]: case for case in FILE["cases"]}
PATIENT = "actif-sans-autorisation"
Run = Callable[[list[dict[str, Any]]], RunResult]


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    """Run some of the cases, changed or not, in a campaign of their own."""

    def start(cases: list[dict[str, Any]]) -> RunResult:
        plan: dict[str, Any] = yaml.safe_load((PLANS / "dmp-socle.yaml").read_text(encoding="utf-8"))
        demo: dict[str, Any] = yaml.safe_load((PLANS / "campagne-demo.yaml").read_text(encoding="utf-8"))
        plan = {name: value for name, value in plan.items() if name != "include"} | {"cases": cases}
        (tmp_path / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        (tmp_path / "campagne.yaml").write_text(
            json.dumps({**demo, "plan": {"file": "plan.yaml"}}), encoding="utf-8"
        )
        return run_campaign(
            tmp_path / "campagne.yaml", Choices(out=tmp_path / "out", target=mock.url, pki=pki_folder, seed=1)
        )

    return start


def other(result: RunResult, expected: Verdict) -> dict[str, str]:
    """The cases with another verdict, and why."""
    return {
        case.code: f"{case.verdict}: {case.reason.en}"
        for case in result.verdicts
        if case.verdict is not expected
    }


def test_neither_login_nor_password_is_written_anywhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when a plan asks for them by name, and does not get what it expects."""
    seen: list[bytes] = []

    def listening(*told: Any, **options: Any) -> Exchange:
        exchange = send(*told, **options)
        assert exchange.response is not None
        seen.extend(re.findall(rb"<pat:(?:login|password)>([^<]+)<", exchange.response.body))
        return exchange

    monkeypatch.setattr("harness.players.driver.send", listening)
    case = copy.deepcopy(CASES["CT-1.5-050"])
    paths = ("//pat:output/pat:login", "//pat:password", "//pat:output")
    case["steps"][0]["expect"]["xpath"] = [{"path": path, "equals": "?"} for path in paths]
    result = run([case])
    assert other(result, Verdict.FAIL) == {}
    written = b"\n".join(path.read_bytes() for path in result.evidence.parent.rglob("*") if path.is_file())
    assert b"<pat:login>XXXXXXXX<" in written
    assert len(seen) == 2
    assert not [secret for secret in seen if secret in written]


def test_life_of_an_account_over_the_wire(editor: Callable[..., Editor]) -> None:
    """An account is opened, its channels change, credentials are issued again, over mutual TLS."""
    one = editor()
    created = one.call("TD1.5a", {"patient": PATIENT, "canal": "0711223344"})
    assert created.codes == {"DMPOk"}
    assert one.call("TD1.5a", {"patient": PATIENT}).codes == {"DMPPatientAccessAlreadyExists"}
    mail = {"patient": PATIENT, "type": "EMAIL"}
    assert one.call("TD1.5b", mail).codes == {"DMPOk"}
    assert one.call("TD1.5b", mail).codes == {"DMPPatientAccessOTPAlreadyExists"}
    assert one.call("TD1.5c", mail | {"action": "SUPPRESSION"}, "cpe").codes == {"DMPOk"}
    again = one.call("TD1.5d", {"patient": PATIENT}, "hopital")
    logins = [safexml.value(answer.envelope, "//pat:login") for answer in (created, again)]
    passwords = {safexml.value(answer.envelope, "//pat:password") for answer in (created, again)}
    assert logins[0] == logins[1]
    assert len(passwords) == 2


def test_lists_over_the_wire(editor: Callable[..., Editor]) -> None:
    one = editor()
    holders = one.call("TD1.6", {"patient": "actif-autorise", "mode": "INTERDITE"})
    assert holders.codes == {"DMPOk"}
    assert safexml.value(holders.envelope, "count(//hab:listOfAuthorizationByPatient)") == "1.0"
    assert one.call("TD0.4", {}).codes == {"DMPOk"}
    assert one.call("TD0.4", {}, "hopital").codes == {"DMPAccessDeniedByRightsService"}
