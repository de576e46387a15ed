"""The shipped plan in observe mode: a software that does what it is told passes every case that it can be asked.

A sample of each kind of step as a rule; the whole plan, live and from the frames that it left, with
DMPCOMPAT_OBSERVE_ALL.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.campaign import load_campaign
from harness.choices import Choices
from harness.drive.identity import Keyring
from harness.observe.operator import Answer, Task
from harness.observe.running import Observation
from harness.observe.waiting import Pace
from harness.rejudge import rejudge
from harness.run import run_campaign
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from tests.observing import Script, Software, png
from tests.selfplay import PLANS, explained

CAMPAIGN = PLANS / "campagne-demo.yaml"
#: Pages and a form, a call of INSi, an update that shows a document again, a watch and a screen.
SAMPLE = ("CT-0.10-010", "CT-INS-040", "CT-3.3-020", "CT-0.4-040")


class Fast:
    """A clock on which waiting costs little."""

    def __init__(self) -> None:
        self.later = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.later)

    def sleep(self, _seconds: float) -> None:
        self.later += 2.0


def play(place: Path, mock: MockServer, pki: Path, only: tuple[str, ...]) -> None:
    campaign = load_campaign(CAMPAIGN).at(url=mock.url, pki=pki)
    software = Software(campaign, Keyring(pki), f"{mock.url}/s/{campaign.file.id}", campaign.file.id)
    clock = Fast()

    def answer(task: Task) -> Answer | None:
        if task.wants == "screen":
            return Answer("screen", name="ecran.png", data=png())
        given_up = task.wants == "nothing-sent" and task.step > len(campaign.plan.case(task.case).steps)
        return Answer("declaration", "fait") if task.wants == "declaration" or given_up else None

    operator = Script(acts=software.act, answering=answer)
    pace = Pace(poll=1.0, now=clock.now, sleep=clock.sleep)
    result = run_campaign(
        CAMPAIGN,
        Choices(
            out=place / "live",
            target=mock.url,
            pki=pki,
            only=only,
            observation=Observation(operator, wait=20, pace=pace),
        ),
    )
    asked = [found for found in result.verdicts if found.evidence]
    assert len(asked) == len(only) or len(asked) > 100
    left = {
        code: why
        for code, why in explained(result, but=Verdict.PASS).items()
        if not why.startswith("NOT_APPLICABLE")
    }
    assert left == {}
    assert rejudge(result.evidence).holds
    captured = run_campaign(
        CAMPAIGN,
        Choices(
            out=place / "captured",
            only=only,
            observation=Observation(live=False, frames=result.evidence),
        ),
    )
    verdicts = captured.counts()
    assert "FAIL" not in verdicts and "ERROR" not in verdicts, explained(captured, but=Verdict.PASS)
    assert verdicts.get("PASS", 0) >= 1


def test_a_sample_of_the_plan_passes(tmp_path: Path, mock: MockServer, pki_folder: Path) -> None:
    play(tmp_path, mock, pki_folder, SAMPLE)


@pytest.mark.skipif(
    not os.environ.get("DMPCOMPAT_OBSERVE_ALL"), reason="set DMPCOMPAT_OBSERVE_ALL for the whole plan"
)
def test_the_whole_plan_passes(tmp_path: Path, mock: MockServer, pki_folder: Path) -> None:
    play(tmp_path, mock, pki_folder, ())
