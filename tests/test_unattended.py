"""A real software in continuous integration: started by the hook, nobody there, the same verdicts each time."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import cli
from commands.observing import Asking
from harness.desk.page import Page
from mock_dmp.server import MockServer
from tests.conftest import ROOT
from tests.harness.desk.conftest import png

__all__ = ["png"]

LPS = ROOT / "docs" / "examples" / "lps" / "lps.py"
CASES = ("CT-0.1-010", "CT-0.2-010", "CT-0.2-020")
SHOWN = "CT-0.2-900"
Campaign = Callable[..., Path]


@pytest.fixture
def campaign(tmp_path: Path, pki_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    """Write a campaign in a folder of its own, which holds the certificates where the example looks for them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LPS_NUMBER", "TEST-OK-1")
    monkeypatch.setenv("CI", "true")
    (tmp_path / "pki").symlink_to(pki_folder)

    def write(plan: str = "dmp-socle.yaml") -> Path:
        told = yaml.safe_load((LPS.parent / "campagne.yaml").read_text(encoding="utf-8"))
        del told["transactions"], told["not_applicable"]
        told |= {"profiles": ["alimentation", "consultation"], "plan": {"file": plan}}
        path = tmp_path / "campagne.yaml"
        path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
        return path

    return write


def run(mock: MockServer, campaign: Path, *more: str | Path) -> int:
    options = (
        "--target",
        mock.url,
        "--pki",
        "pki",
        "--hook",
        f"{sys.executable} {LPS}",
        "--wait",
        "20",
        "--lang",
        "en",
    )
    return int(cli.run_command(["run", str(campaign), *map(str, (*options, *more))]))


def found(out: Path) -> dict[str, Any]:
    """Verdict, reason and findings of each case, without what is drawn anew at each run."""
    read = json.loads((out / "run.json").read_text(encoding="utf-8"))
    told = {}
    for case in read["verdicts"]:
        place = out / "preuves" / case["code"] / "assertions.json"
        if place.is_file():
            counted = Counter(
                (one["step"], one["rule"], one["status"]) for one in json.loads(place.read_bytes())
            )
            told[case["code"]] = (case["verdict"], case["reason"]["en"], dict(counted))
    return told


def test_the_same_plan_gives_the_same_verdicts_twice(
    mock: MockServer, campaign: Campaign, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = [word for case in CASES for word in ("--only", case)]
    codes = [run(mock, campaign(), "--out", tmp_path / name, *only) for name in ("one", "two")]
    first, second = found(tmp_path / "one"), found(tmp_path / "two")
    assert codes == [2, 2], capsys.readouterr().out
    assert {code: told[0] for code, told in first.items()} == {
        "CT-0.1-010": "INCONCLUSIVE", "CT-0.2-010": "PASS", "CT-0.2-020": "PASS"
    }  # fmt: skip
    assert first == second
    assert "the hook did not do the act: exit 1: TD2.1: this software can't do that" in first["CT-0.1-010"][1]
    assert "Your software calls: " in capsys.readouterr().out


def test_screens_and_declarations_come_from_a_folder(
    mock: MockServer, campaign: Campaign, tmp_path: Path, png: bytes
) -> None:
    words = {"fr": "ce que montre le logiciel", "en": "what the software shows"}
    exists = {
        "drive": "TD0.2",
        "as": "hopital",
        "patient": "actif-autorise",
        "expect": {"query_response": "OK"},
    }
    plan = {
        "schema": "dmpcompat-plan/1", "id": "montrer", "version": "1.0.0", "title": words,
        "cases": [{
            "code": SHOWN, "origin": "test", "title": words, "purpose": words, "type": "N", "side": "L",
            "filters": {"authentication": ["indirect"], "transactions": ["TD0.1", "TD0.2"]},
            "evidence": ["frames", "screen", "declaration"],
            "steps": [exists, {"screen": words}, {"declare": words}],
        }],
    }  # fmt: skip
    (tmp_path / "plan.yaml").write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")
    lodged = tmp_path / "ecrans" / SHOWN
    lodged.mkdir(parents=True)
    (lodged / "2-existence.png").write_bytes(png)
    (lodged / "vu.md").write_text("Le statut du DMP est affiché en vert.\n", encoding="utf-8")
    out = tmp_path / "out"
    assert run(mock, campaign("plan.yaml"), "--out", out, "--lodge", "ecrans") == 0
    assert (out / "preuves" / SHOWN / "ecran_01.png").read_bytes() == png
    assert "affiché en vert" in (out / "preuves" / SHOWN / "declaration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--hook", "une-commande-absente"), "DESK-010"),
        (("--hook", "true", "--seed", "1"), "RUN-009"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    mock: MockServer,
    campaign: Campaign,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: str,
) -> None:
    assert run(mock, campaign(), "--out", "out", *options) == 64
    assert code in capsys.readouterr().err


def test_a_page_whose_port_is_taken_is_a_wrong_set_up(
    mock: MockServer, campaign: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    from protocol.errors import Text

    other = Page(0, title=Text("x", "x"), lang="fr")
    try:
        assert run(mock, campaign(), "--out", "out", "--desk", str(other.port)) == 65
    finally:
        other.close()
    assert "DESK-020" in capsys.readouterr().err


def test_how_to_go_on_repeats_the_options() -> None:
    asked = Asking(
        observe=True, frames=None, hook="python 'mon lps.py'", hook_shell=False, hook_seconds=120.0,
        wait=5.0, desk=0, lodge=Path("ecrans"), session="",
    )  # fmt: skip
    assert (
        asked.words()
        == "--observe --hook 'python '\"'\"'mon lps.py'\"'\"'' --wait 5.0 --desk 0 --lodge ecrans"
    )
