"""The demonstration of `dmpcompat demo`, played once for all the tests that look at it.

As the command plays it, but in this process and with one seed, so that what the platform said can be kept before each
session goes away, and so that the documentation can be compared with it. That it runs as a process of its own, with
cases side by side, is proved on some of its cases (tests.test_cli).
"""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import cli
from harness import run as running
from harness.choices import Choices
from harness.control import Control
from harness.results import RunResult
from tests.once import made_once
from tests.selfplay import CASES

#: Case -> the rules of the platform that refused something in it, in the order of the refusals.
Refusals = dict[str, list[str]]
_TOLD = "told.json"


@dataclass(frozen=True)
class Demonstration:
    """`home`: the keys of who issued it. `out`: what it left; nobody changes it. `code`, `said`, `complained`: of the
    command.
    """

    home: Path
    out: Path
    code: int
    said: str
    complained: str
    refusals: Refusals


def demonstration(factory: pytest.TempPathFactory) -> Demonstration:
    """The one of this run of the tests, played now if nobody has."""
    folder = made_once(factory, "demo", _play)
    told: dict[str, Any] = json.loads((folder / _TOLD).read_text(encoding="utf-8"))
    return Demonstration(folder / "home", folder / "out", **told)


def _play(folder: Path) -> None:
    refused: Refusals = {}
    forget, run_campaign = Control.delete, running.run_campaign

    def listening(control: Control, name: str) -> None:
        rules = [str(line["rule"]) for line in control.exchanges(name) if line["outcome"] == "refused"]
        refused[name.rpartition("-")[0]] = list(dict.fromkeys(rules))
        forget(control, name)

    def seeded(path: Path, choices: Choices) -> RunResult:
        result = run_campaign(path, replace(choices, seed=1, jobs=1))
        assert RunResult.load(choices.out) == result, "the result comes back"
        return result

    said, complained = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained):
        patch.setenv("DMPCOMPAT_HOME", str(folder / "home"))
        patch.setattr(Control, "delete", listening)
        patch.setattr(running, "run_campaign", seeded)
        code = cli.run_command(["demo", "--out", str(folder / "out"), "--lang", "fr"])
    told = {
        "code": code,
        "said": said.getvalue(),
        "complained": complained.getvalue(),
        "refusals": {case: refused[case.lower().replace(".", "-")] for case in CASES},
    }
    (folder / _TOLD).write_text(json.dumps(told), encoding="utf-8")
