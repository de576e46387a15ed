"""A real software in continuous integration: started by the hook, nobody there, the same verdicts each time."""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

import cli
from commands.observing import Asking, again, refuse
from harness.desk.page import Page
from mock_dmp.server import MockServer
from protocol.errors import Text, UsageError
from tests.conftest import ROOT
from tests.harness.desk.conftest import png

__all__ = ["png"]

LPS = ROOT / "docs" / "examples" / "lps" / "lps.py"
SHOWN, FED = "CT-0.2-900", "CT-2.1-900"
WORDS = {"fr": "ce que montre le logiciel", "en": "what the software shows"}
EXISTS = {"drive": "TD0.2", "as": "hopital", "patient": "actif-autorise", "expect": {"query_response": "OK"}}
FEED = {
    "drive": "TD2.1",
    "as": "hopital",
    "patient": "actif-autorise",
    "documents": [{}],
    "expect": {"success": True},
}


def case(code: str, *steps: Any) -> dict[str, Any]:
    sent = [step["drive"] for step in steps if "drive" in step]
    return {
        "code": code, "origin": "test", "title": WORDS, "purpose": WORDS, "type": "N", "side": "L",
        "filters": {"authentication": ["indirect"], "transactions": ["TD0.1", *sent]},
        "evidence": ["frames"], "steps": steps,
    }  # fmt: skip


@pytest.fixture
def campaign(tmp_path: Path, pki_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's campaign with a plan of two cases, in a folder that holds the certificates where it looks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LPS_NUMBER", "TEST-OK-1")
    monkeypatch.setenv("CI", "true")
    (tmp_path / "pki").symlink_to(pki_folder)
    cases = [case(SHOWN, EXISTS, {"screen": WORDS}, {"declare": WORDS}), case(FED, FEED)]
    plan = {"schema": "dmpcompat-plan/1", "id": "montrer", "version": "1.0.0", "title": WORDS, "cases": cases}
    told = yaml.safe_load((LPS.parent / "campagne.yaml").read_text(encoding="utf-8"))
    del told["transactions"], told["not_applicable"]
    told |= {"profiles": ["alimentation", "consultation"], "plan": {"file": "plan.yaml"}}
    for name, value in (("plan.yaml", plan), ("campagne.yaml", told)):
        (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
    return tmp_path / "campagne.yaml"


def run(mock: MockServer, campaign: Path, *more: str | Path) -> int:
    options = ("--target", mock.url, "--pki", "pki", "--hook", f"{sys.executable} {LPS}", "--lang", "en")
    return int(cli.run_command(["run", str(campaign), *map(str, (*options, *more))]))


def found(out: Path) -> dict[str, Any]:
    """Verdict, reason and findings of each case, without what is drawn anew at each run."""
    read = json.loads((out / "run.json").read_text(encoding="utf-8"))
    told = {}
    for one in read["verdicts"]:
        findings = json.loads((out / "preuves" / one["code"] / "assertions.json").read_bytes())
        counted = Counter((finding["step"], finding["rule"], finding["status"]) for finding in findings)
        told[one["code"]] = (one["verdict"], one["reason"]["en"], dict(counted))
    return told


def test_the_same_plan_gives_the_same_verdicts_twice(
    mock: MockServer, campaign: Path, tmp_path: Path, png: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Frames by the hook, screen and declaration from a folder; what the software can't do is told, and undecided."""
    lodged = tmp_path / "ecrans" / SHOWN
    lodged.mkdir(parents=True)
    (lodged / "2-existence.png").write_bytes(png)
    (lodged / "vu.md").write_text("Le statut du DMP est affiché en vert.\n", encoding="utf-8")
    outs = [tmp_path / name for name in ("one", "two")]
    codes = [
        run(mock, campaign, "--out", out, "--lodge", "ecrans", "--desk", "0", "--wait", "20") for out in outs
    ]
    said = capsys.readouterr().out
    assert codes == [2, 2], said
    first, second = map(found, outs)
    assert first == second
    assert first[SHOWN][0] == "PASS"
    assert first[FED][0] == "INCONCLUSIVE"
    assert "the hook did not do the act: exit 1: TD2.1: this software can't do that" in first[FED][1]
    assert "Operator's desk: http://127.0.0.1:" in said
    assert f"Your software calls: {mock.url}/s/mon-lps/" in said
    for out in outs:
        assert (out / "preuves" / SHOWN / "ecran_01.png").read_bytes() == png
        assert "affiché en vert" in (out / "preuves" / SHOWN / "declaration.md").read_text(encoding="utf-8")
        assert json.loads((out / "preuves" / "crochet" / SHOWN / "01-01.json").read_bytes())["status"] == "0"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--hook", "une-commande-absente"), "DESK-010"),
        (("--hook", "true", "--seed", "1"), "RUN-009"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    mock: MockServer,
    campaign: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: str,
) -> None:
    assert run(mock, campaign, "--out", "out", *options) == 64
    assert code in capsys.readouterr().err


def test_a_page_whose_port_is_taken_is_a_wrong_set_up(
    mock: MockServer, campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Page(0, title=Text("x", "x"), lang="fr")
    try:
        assert run(mock, campaign, "--out", "out", "--desk", str(other.port)) == 65
    finally:
        other.close()
    assert "DESK-020" in capsys.readouterr().err


def asking(**options: Any) -> Asking:
    usual: dict[str, Any] = {
        "observe": False, "frames": None, "hook": None, "hook_shell": False, "hook_seconds": 120.0,
        "wait": None, "desk": None, "lodge": None, "session": "", "console": "",
    }  # fmt: skip
    return Asking(**(usual | options))


def test_who_acts_decides_whether_anything_is_waited_for() -> None:
    assert not asking().any
    assert not asking(frames=Path("trames")).live
    assert asking(frames=Path("trames"), observe=True).live
    assert asking(lodge=Path("ecrans")).live
    with pytest.raises(UsageError) as caught:
        refuse(asking(frames=Path("trames"), lodge=Path("ecrans")), seed=None)
    assert caught.value.code == "DESK-008"


def test_how_to_go_on_repeats_the_options() -> None:
    asked = asking(observe=True, hook="python 'mon lps.py'", wait=5.0, desk=0, lodge=Path("ecrans"))
    said = again(Path("ma campagne.yaml"), Path("out"), "https://h", None, ("CT-0.2-*",), asked)
    assert shlex.split(said) == [
        *(
            "dmpcompat",
            "run",
            "ma campagne.yaml",
            "--resume",
            "out",
            "--target",
            "https://h",
            "--only",
            "CT-0.2-*",
        ),
        *("--observe", "--hook", "python 'mon lps.py'", "--wait", "5.0", "--desk", "0", "--lodge", "ecrans"),
    ]
