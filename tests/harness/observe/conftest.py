"""A small campaign that is observed: its plan, a session of the mock, the software beside it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import load_campaign
from harness.choices import Choices
from harness.drive.identity import Keyring
from harness.observe.operator import Operator
from harness.observe.running import Observation
from harness.observe.waiting import Pace
from harness.results import RunResult
from harness.run import run_campaign
from mock_dmp.server import MockServer
from tests.observing import Software
from tests.selfplay import DEMO, PLAN

EXISTS: dict[str, Any] = {
    "drive": "TD0.2",
    "as": "cps",
    "patient": "actif-autorise",
    "rules": ["A-NUM", "A-INS"],
    "expect": {"success": True},
}
FEED: dict[str, Any] = {
    "drive": "TD2.1",
    "as": "cps",
    "patient": "alimentation",
    "documents": [{"title": "Compte rendu"}],
    "rules": ["A-NUM", "COHERENCE"],
    "expect": {"success": True},
    "save": {"document": {"fact": "document_unique_ids"}},
}
OPEN: dict[str, Any] = {
    "drive": "TD3.2",
    "as": "cps",
    "patient": "alimentation",
    "with": {"unique_ids": ["${document}"]},
    "rules": ["A-NUM"],
    "expect": {"success": True},
}


def case(code: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A case of these steps."""
    sent = sorted({step["drive"] for step in steps if "drive" in step and not step.get("need")})
    return {
        "code": code,
        "title": {"fr": f"Cas {code}", "en": f"Case {code}"},
        "purpose": {"fr": "Vérifier", "en": "Check"},
        "type": "N",
        "side": "L",
        "requirements": ["EX_GEN-1320"],
        "filters": {"authentication": ["direct"], "transactions": sent or ["TD0.2"]},
        "steps": copy.deepcopy(list(steps)),
        **more,
    }


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.later = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.later)

    def sleep(self, seconds: float) -> None:
        self.later += seconds


class Bench:
    """A campaign of a few cases in a folder of its own, run as often as one likes."""

    def __init__(self, place: Path, mock: MockServer, pki: Path, session: str) -> None:
        self.place, self.mock, self.pki, self.session = place, mock, pki, session
        self.out = place / "out"
        self.clock = Clock()

    def write(self, *cases: dict[str, Any], **changes: Any) -> Path:
        plan = {**PLAN, "id": "observed", "cases": list(cases), "severity": {}}
        (self.place / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        told = {**DEMO, "id": self.session, "plan": {"file": "plan.yaml"}, **changes}
        path = self.place / "campagne.yaml"
        path.write_text(json.dumps(told), encoding="utf-8")
        return path

    def software(self) -> Software:
        campaign = load_campaign(self.place / "campagne.yaml").at(url=self.mock.url, pki=self.pki)
        return Software(campaign, Keyring(self.pki), f"{self.mock.url}/s/{self.session}", self.session)

    def run(self, operator: Operator, *, resume: bool = False, **more: Any) -> RunResult:
        pace = Pace(poll=1.0, now=self.clock.now, sleep=self.clock.sleep)
        asked = replace(Observation(operator, wait=20, pace=pace), **more)
        return run_campaign(
            self.place / "campagne.yaml",
            Choices(
                out=self.out,
                target=self.mock.url if asked.live else None,
                pki=self.pki,
                resume=self.out if resume else None,
                observation=asked,
            ),
        )

    def test(self, code: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / "preuves" / code / "test.json").read_text())
        return found

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.out / "preuves" / "evenements.ndjson").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == kind]


@pytest.fixture
def bench(
    tmp_path: Path, mock: MockServer, pki_folder: Path, request: pytest.FixtureRequest
) -> Callable[..., Bench]:
    """Make the bench of some cases. The session has the name of the test: tests share the mock."""
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")[:50].lower().strip("-")

    def make(*cases: dict[str, Any], **changes: Any) -> Bench:
        one = Bench(tmp_path, mock, pki_folder, name)
        one.write(*cases, **changes)
        return one

    return make
