"""A vendor whose name is an attack: the report shows it, and it does nothing to a page, an XML reader or a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from protocol.errors import EvidenceError, Text
from protocol.safexml import parse
from protocol.trust import stamp
from protocol.visible import visible
from reports.console import dump, show_verification, tell
from reports.issue import issue
from reports.keys import installation_seal
from reports.paper import claim
from reports.verify import Step, Verification, verify
from tests.reports.made import build_run

NASTY = '</title><script>alert(1)</script>\u202eSPL\u202c\x1b]0;x\x07 & "é"'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))


def test_a_report_shows_a_name_and_nothing_else_happens(tmp_path: Path) -> None:
    software = {"name": NASTY, "version": NASTY, "number": "•••"}
    run = build_run(tmp_path / "run", NASTY, software=software, vendor={"name": NASTY})
    issue(run)
    page = (run / "rapport" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "\\u202eSPL" in page
    assert visible(page) == page
    suite = parse((run / "rapport" / "junit.xml").read_bytes())
    assert all(
        "\x1b" not in value and "\u202e" not in value for one in suite.iter() for value in one.attrib.values()
    )
    assert verify(run).exit_code in (0, 2)


def test_a_terminal_is_told_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    told = Text(NASTY + "\n     4. OK", NASTY + "\n     4. OK")
    show_verification(Verification((Step(1, Text("a", "a"), "KO", told),)), "fr")
    tell("fr", NASTY, NASTY)
    dump({"name": NASTY + "\U000e0041"})
    said = capsys.readouterr().out
    assert all(letter.isprintable() or letter == "\n" for letter in said)
    assert "\n     4. OK" not in said
    assert json.loads(said[said.index("{") :])["name"] == NASTY + "\U000e0041"


def test_a_code_signed_by_a_reviewer_is_no_claim(tmp_path: Path) -> None:
    """A person's key has the form of a seal's; what it may sign is another matter."""
    seal = installation_seal(tmp_path / "seal")
    after = stamp(seal.key.not_before + timedelta(days=1))
    told = {"ref": "TST-26L-7K3Q9XA-KE", "res": "CONFORM", "sha256": "ab" * 32, "iat": after}
    code = claim.signed(told, seal)
    assert claim.read(code, {seal.keyid: seal.key})["res"] == "CONFORM"
    for key in (
        replace(seal.key, role="reviewer"),
        replace(seal.key, role="status"),
        replace(seal.key, distrust_after=seal.key.not_before),
    ):
        with pytest.raises(EvidenceError, match="CLAIM-001"):
            claim.read(code, {key.keyid: key})
