"""Software that is not ours, observed: driven by the hook, judged by the plan, and what it does wrong written down.

docs/observed-clients.md holds what each client does; these tests compare. DMPCOMPAT_WRITE=1 writes the page instead.
A client that can't be had is skipped and says why. Apache CXF is tried where DMPCOMPAT_CXF names a folder of its jars.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.choices import Choices
from harness.desk.acts import Command
from harness.desk.hook import Hook, environment
from harness.desk.records import keeper
from harness.expectation_words import title
from harness.masking import Masker
from harness.observe.running import Observation
from harness.observe.waiting import Pace
from harness.results import RunResult
from harness.run import run_campaign
from mock_dmp.server import MockServer
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "observed-clients.md"
INTEROP = ROOT / "tests" / "interop"
#: What oru2xds 2.0.25 runs with on a Python of today; the older ones that it pins don't build any more.
ORU2XDS = (
    "oru2xds==2.0.25", "hl7==0.4.5", "requests", "urllib3", "idna", "certifi", "charset-normalizer",
    "requests-toolbelt", "striprtf", "sympy", "mpmath", "lxml", "aiorun",
)  # fmt: skip
#: What differs at each run in a value that a client sent.
_CHANGING = (
    (re.compile(r"urn:uuid:[0-9a-f-]{36}"), "urn:uuid:…"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "…"),
    (re.compile(r"\b2\.25\.\d{20,}"), "2.25.…"),
    (re.compile(r"(?:127\.0\.0\.1|localhost):\d+"), "127.0.0.1:…"),
    (re.compile(r"\b20\d{6}(?:\d{2,6})?\b(?!\))"), "20……"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)"), "20……"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "…"),
)


@pytest.fixture(scope="module")
def plain_mock(pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    """A mock without TLS, for clients that can't present a certificate."""
    with MockServer(
        plain_http=True, pki_folder=pki_folder, data_dir=tmp_path_factory.mktemp("plain")
    ) as server:
        yield server


@pytest.fixture
def observe(tmp_path: Path, pki_folder: Path) -> Callable[..., RunResult]:
    """Run one case with a command as the software; `mode` is how the campaign authenticates."""

    def run(mock: MockServer, words: list[str], case: str, mode: str = "indirect", **env: str) -> RunResult:
        campaign = {
            "schema": "dmpcompat-campaign/1",
            "id": "temoin",
            "title": {"fr": "Témoin", "en": "Witness"},
            "software": {"name": "LPS-TEST", "version": "1.0.0", "number": "TEST-OK-1"},
            "vendor": {"name": "Un autre"},
            "profiles": ["alimentation", "consultation"],
            "authentication": [mode],
            "plan": {"file": "dmp-socle.yaml"},
        }
        path, out = tmp_path / "campagne.yaml", tmp_path / "out"
        path.write_text(yaml.safe_dump(campaign, allow_unicode=True), encoding="utf-8")

        def told(facts: Mapping[str, Any]) -> dict[str, str]:
            return {**environment(facts), **env, "PKI": str(pki_folder)}

        hook = Hook(Command(words, "client", told), keeper(out / "preuves", Masker("TEST-OK-1")))
        try:
            return run_campaign(
                path,
                Choices(
                    out=out,
                    target=mock.url,
                    pki=pki_folder,
                    only=[case],
                    observation=Observation(hook, wait=20, pace=Pace(poll=0.05)),
                    listener=lambda event: hook.close() if event.kind == "run-finished" else None,
                ),
            )
        finally:
            hook.close()

    return run


def said(result: RunResult, case: str) -> str:
    """What the plan finds in what a client sent, as the page has it: the verdict, then each breach."""
    place = result.evidence / case
    lines = [f"`{case}`: **{result.case(case).verdict}**.", ""]
    read = json.loads((place / "assertions.json").read_text(encoding="utf-8"))
    counted = Counter(
        (one["status"], one["rule"], normal(one["found"]), normal(one["expected"]))
        for one in read
        if one["status"] not in ("PASS", "INFO", "VACUOUS")
    )
    failed = {rule for _, rule, _, _ in counted}
    if not counted:
        return "\n".join([*lines, "Nothing wrong."])
    lines += [f"{len(failed)} rules not kept.", ""]
    lines += ["| | Rule | What it asks | Found | Expected |", "|---|---|---|---|---|"]
    for (status, rule, found, expected), times in sorted(counted.items()):
        more = f" (×{times})" if times > 1 else ""
        lines.append(f"| {status} | `{rule}`{more} | {title(rule).en} | {code(found)} | {code(expected)} |")
    return "\n".join(lines)


def normal(value: str) -> str:
    for pattern, instead in _CHANGING:
        value = pattern.sub(instead, value)
    return value if len(value) <= 120 else value[:119] + "…"


def code(value: str) -> str:
    """A value in a cell of a table."""
    shown = " ".join(value.replace("|", "\\|").replace("`", "ˋ").split())
    return f"`{shown}`" if shown else "–"


def compare(client: str, told: str) -> None:
    """The page says the same; or is made to, when that is asked."""
    text = PAGE.read_text(encoding="utf-8")
    start, end = f"<!-- client: {client} -->\n", f"\n<!-- /client: {client} -->"
    head, rest = text.split(start)
    before, tail = rest.split(end)
    if os.environ.get("DMPCOMPAT_WRITE"):
        PAGE.write_text(head + start + told + end + tail, encoding="utf-8")
    else:
        assert before == told, "DMPCOMPAT_WRITE=1 writes the page"


def soap(client: str) -> list[str]:
    return [sys.executable, str(INTEROP / "soap_act.py"), client]


def recorded(result: RunResult, case: str) -> str:
    """What the hook wrote."""
    place = result.evidence / "crochet" / case
    return "\n".join(json.loads(one.read_text())["out"] for one in sorted(place.iterdir()))


@pytest.fixture(scope="session")
def oru2xds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment of its own with oru2xds, kept beside the tests for the next time."""
    place = INTEROP / f".oru2xds-{sys.version_info.major}.{sys.version_info.minor}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        for words in (
            [sys.executable, "-m", "venv", "--without-pip", str(place)],
            [*pip, "--disable-pip-version-check", "--no-deps", "--no-compile", *ORU2XDS],
        ):
            done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip(f"oru2xds can't be installed: {(done.stderr or done.stdout).strip()[-200:]}")
        (place / "ready").touch()
    return python


def test_oru2xds_feeds_a_document(
    observe: Callable[..., RunResult], plain_mock: MockServer, oru2xds: Path
) -> None:
    """The bridge of a laboratory or of an imaging department sends real MTOM, without any VIHF."""
    case = "CT-0.1-010"
    result = observe(plain_mock, [str(oru2xds), str(INTEROP / "oru2xds_act.py")], case)
    assert str(result.case(case).verdict) == "FAIL"
    assert "it says: HTTP Error: 500" in recorded(result, case)
    compare("oru2xds", said(result, case))


@pytest.mark.parametrize("case", ["CT-0.2-020", "CT-3.1-080"])
def test_zeep(observe: Callable[..., RunResult], mock: MockServer, case: str) -> None:
    result = observe(mock, soap("zeep"), case, "indirect" if case.startswith("CT-0") else "direct")
    compare(f"zeep {case}", said(result, case))


def test_node_soap(observe: Callable[..., RunResult], mock: MockServer) -> None:
    if shutil.which("node") is None or not (INTEROP / "node_modules" / "soap").is_dir():
        pytest.skip("node-soap is absent: npm install in tests/interop")
    result = observe(mock, soap("node"), "CT-0.2-020")
    compare("node-soap", said(result, "CT-0.2-020"))


def test_apache_cxf(observe: Callable[..., RunResult], plain_mock: MockServer) -> None:
    jars = os.environ.get("DMPCOMPAT_CXF", "")
    if not jars or shutil.which("java") is None:
        pytest.skip("no Apache CXF: set DMPCOMPAT_CXF to a folder of its jars, see docs/observed-clients.md")
    result = observe(plain_mock, soap("cxf"), "CT-0.2-020", DMPCOMPAT_CXF=jars)
    assert "answered" in recorded(result, "CT-0.2-020")
    compare("cxf", said(result, "CT-0.2-020"))
