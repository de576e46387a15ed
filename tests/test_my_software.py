"""README, "Test my software": its commands are run as they stand, and lead a newcomer to a bundle that verifies.

And what docs/observe.md says of the hook is what the hook is told.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import load_campaign
from harness.context import CaseContext
from harness.control import Platform
from harness.desk.hook import environment, message
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.observe.instructions import task_of
from harness.runner import judging
from protocol import transactions
from tests.conftest import ROOT
from tests.ports import free_port

EXAMPLE = ROOT / "docs" / "examples" / "lps"
_SECTION = re.compile(r"^## Test my software\n(.*?)^## ", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> str:
    """The commands of the section."""
    section = _SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert section is not None
    (block,) = _BLOCK.findall(section[1])
    return str(block)


def test_a_newcomer_follows_the_readme(tmp_path: Path) -> None:
    """Nothing is changed but the port, which another test may hold."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    script = commands().replace("8443", str(free_port()))
    tools = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"trap 'kill $(jobs -p)' EXIT\n{script}"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "DMPCOMPAT_LANG": "en"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for said in (
        "CT-0.2-010 — step 1/",
        "nothing wrong",
        "PASS          CT-0.2-020",
        "Report valid",
        "style officiel",
    ):
        assert said in done.stdout, done.stdout[-4000:]
    bundle = tmp_path / "essai-lps" / "preuves.zip"
    with zipfile.ZipFile(bundle) as held:
        names = held.namelist()
        assert held.testzip() is None
    for kept in (
        "01_requete.xml",
        "01_reponse.xml",
        "01_vihf.json",
        "01_tls.json",
        "ecran_01.png",
        "report.html",
    ):
        assert any(name.endswith(kept) for name in names), kept
    hook = tmp_path / "essai-lps" / "resultats" / "preuves" / "crochet" / "CT-0.2-010" / "01-01.json"
    assert json.loads(hook.read_text())["out"] == "HTTP 200\n"


def test_the_example_has_forty_lines() -> None:
    source = (EXAMPLE / "lps.py").read_text(encoding="utf-8")
    after = ast.parse(source).body[0].end_lineno
    lines = [line for line in source.splitlines()[after:] if line.strip() and not line.startswith("#")]
    assert len(lines) <= 40


@pytest.fixture(scope="module")
def told(pki_folder: Path) -> dict[str, Any]:
    """What a hook is told of a step that feeds a document, as it is on the wire of the hook."""
    campaign = load_campaign(ROOT / "test_plans" / "campagne-demo.yaml").at(url="https://127.0.0.1:1")
    case = campaign.plan.case("CT-2.1-010")
    context = CaseContext(
        case=case,
        campaign=campaign,
        platform=Platform("https://127.0.0.1:1/s/demo", "demo"),
        judging=judging(campaign, transactions.load(), case),
        keyring=Keyring(pki_folder),
        clock=SystemClock(),
        ids=RandomIds(),
    )
    step = next(one for one in case.steps if getattr(one, "documents", None))
    number = case.steps.index(step) + 1
    plain: dict[str, Any] = json.loads(json.dumps(message(task_of(number, step, context), 1)))
    return plain | {"parameters": {}}


def test_the_page_names_all_that_a_hook_is_told(told: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "observe.md").read_text(encoding="utf-8")
    table = text.partition("| Key | What |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()]
    names = {name for keys, _ in rows for name in re.findall(r"`(\w+)`", keys)}
    assert names == told.keys()
    about = {keys.strip(" `"): what for keys, what in rows}
    assert set(re.findall(r"`(\w+)`", about["patient"])) == told["patient"].keys()
    assert set(re.findall(r"`(\w+)`", about["actor"])) == told["actor"].keys()
    assert told["url"] == "https://127.0.0.1:1/s/demo/si-dmp-server/v2/services/repository"
    for name in re.findall(r"`(DMPCOMPAT_[A-Z_]+)`", text):
        assert name in environment(told) or name == "DMPCOMPAT_SESSION", name


def test_a_hook_is_told_no_secret(told: dict[str, Any]) -> None:
    assert "TEST-OK-1" not in json.dumps(told)
    assert "PRIVATE KEY" not in json.dumps(told)
