"""The control API of a mock that goes away in the middle of a question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.control import ControlRefused, TlsFiles
from harness.observe.steady import SteadyControl, away
from mock_dmp.server import MockServer
from protocol.errors import Text, ToolError

FAULT: dict[str, Any] = {"fault": "reset", "when": {"transaction": "TD0.2"}}


@pytest.fixture
def steady(mock: MockServer, pki_folder: Path) -> Iterator[SteadyControl]:
    one = SteadyControl(
        mock.url,
        TlsFiles(pki_folder / "ca.pem", pki_folder / "org-auth-cli.pem", pki_folder / "org-auth-cli.key"),
    )
    yield one
    one.close()


class Cutting:
    """Cuts the answers of the first calls of a method, which were carried out or not."""

    def __init__(self, patch: pytest.MonkeyPatch, method: str, times: int, *, done: bool) -> None:
        self.left, self.asked = times, 0
        request = requests.Session.request

        def cut(session: requests.Session, name: str, *told: Any, **more: Any) -> requests.Response:
            if name == method and self.left:
                self.left -= 1
                if done:
                    request(session, name, *told, **more)
                raise requests.ConnectionError("cut")
            return request(session, name, *told, **more)

        patch.setattr(requests.Session, "request", cut)

    def waited(self) -> None:
        self.asked += 1


@pytest.mark.parametrize("done", [True, False])
def test_a_fault_is_armed_once_even_when_nobody_says_that_it_was(
    steady: SteadyControl, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    steady.create(f"arm-{done}", {})
    steady.arm(f"arm-{done}", FAULT)
    cutting = Cutting(monkeypatch, "POST", 1, done=done)
    steady.patience = cutting.waited
    told = steady.arm(f"arm-{done}", FAULT)
    assert cutting.asked == 1
    assert [one["id"] for one in steady.faults(f"arm-{done}")][1:] == [told["id"]]
    assert told["forbids"]


def test_what_is_away_is_asked_again_and_what_refuses_is_told(
    steady: SteadyControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    cutting = Cutting(monkeypatch, "GET", 3, done=False)
    steady.patience = cutting.waited
    assert steady.exists("default") and cutting.asked == 3
    with pytest.raises(ControlRefused):
        steady.faults("nowhere")
    assert cutting.asked == 3


def test_without_patience_the_problem_is_told_at_once(
    steady: SteadyControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cutting(monkeypatch, "GET", 1, done=False)
    with pytest.raises(ToolError, match="CTRL-001"):
        steady.exists("default")


def test_exchanges_before_the_case_are_not_its_own(steady: SteadyControl) -> None:
    steady.since = 10**9
    assert steady.exchanges("default") == []


def test_away_is_not_refused() -> None:
    assert away(ToolError("CTRL-001", Text("", ""))) and away(ControlRefused("GET", 503, ""))
    assert not away(ControlRefused("GET", 404, "")) and not away(ToolError("STEP-001", Text("", "")))
