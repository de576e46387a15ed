"""What a run gives to continuous integration: known deviations, failures played again, events, two runs compared, the
same bytes from the same seed and clock."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from lxml import etree

from cli import dmpcompat
from harness import again
from harness.choices import Choices
from harness.compare import compare
from harness.deviations import leaves_with
from harness.drive.clock import SetClock
from harness.results import RunResult
from harness.run import run_campaign
from mock_dmp.server import MockServer
from protocol.errors import UsageError
from reports import issue
from tests.selfplay import CASES, DEMO, PLAN, unaltered

GOOD, BAD = "CT-0.2-010", "CT-0.1-040"
TODAY = datetime.now(UTC).date()


class Editor:
    """A campaign on disk, and runs of it."""

    def __init__(self, place: Path, mock: MockServer, pki: Path) -> None:
        self.place, self.mock, self.pki = place, mock, pki

    def write(self, *cases: dict[str, Any], **changes: Any) -> Path:
        plan = {**PLAN, "id": "ci", "cases": list(cases)}
        (self.place / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
        told = {**DEMO, "plan": {"file": "plan.yaml"}, **changes}
        path = self.place / "campagne.yaml"
        path.write_text(json.dumps(told), encoding="utf-8")
        return path

    def deviations(self, *items: tuple[str, str, date]) -> None:
        told = [
            {
                "case": case,
                "rule": rule,
                "reason": {"fr": "Connu <b>", "en": "Known <b>"},
                "expires": str(expires),
                "ticket": "T-1",
            }
            for case, rule, expires in items
        ]
        text = yaml.safe_dump({"schema": "dmpcompat-deviations/1", "deviations": told})
        (self.place / "derogations.yaml").write_text(text, encoding="utf-8")

    def run(self, out: str, **options: Any) -> RunResult:
        return run_campaign(
            self.place / "campagne.yaml",
            Choices(out=self.place / out, target=self.mock.url, pki=self.pki, **options),
        )


@pytest.fixture
def editor(tmp_path: Path, mock: MockServer, pki_folder: Path) -> Editor:
    return Editor(tmp_path, mock, pki_folder)


def breaches(run: RunResult, code: str) -> list[str]:
    lines = json.loads((run.evidence / code / "assertions.json").read_text(encoding="utf-8"))
    return sorted({line["rule"] for line in lines if line["status"] == "FAIL"})


def test_a_known_deviation_changes_the_exit_code_and_nothing_else(editor: Editor) -> None:
    editor.write(CASES[GOOD], unaltered(CASES[BAD]))
    plain = editor.run("plain")
    assert plain.exit_code == leaves_with(plain) == 1
    rules = breaches(plain, BAD)
    assert rules
    assert "deviations" not in plain.facts

    later = TODAY + timedelta(days=30)
    editor.write(CASES[GOOD], unaltered(CASES[BAD]), deviations="derogations.yaml")
    editor.deviations(*((BAD, rule, later) for rule in rules), (GOOD, rules[0], later))
    known = editor.run("known")
    assert str(known.case(BAD).verdict) == "FAIL"
    assert (known.exit_code, leaves_with(known)) == (1, 0)
    assert [item["state"] for item in known.facts["deviations"]["known"]] == ["holds"] * len(rules) + [
        "unused"
    ]
    told = issue.issue(editor.place / "known", lang="fr")
    assert told.report.result == "NON_CONFORM"
    suite = etree.fromstring((told.folder / "junit.xml").read_bytes())
    assert suite.get("failures") == "1"
    (broken,) = suite.xpath("testcase[failure]")
    assert broken.xpath("count(properties/property[@name='known-deviation'])") == len(rules)
    page = (told.folder / "report.html").read_text(encoding="utf-8")
    assert "Dérogation connue" in page
    assert "Connu &lt;b&gt;" in page
    assert "sans objet" in page

    editor.deviations(*((BAD, rule, TODAY - timedelta(days=1)) for rule in rules))
    expired = editor.run("expired", only=[BAD])
    assert leaves_with(expired) == 1
    assert {item["state"] for item in expired.facts["deviations"]["known"]} == {"expired"}


def test_what_failed_is_played_again_beside_the_first_run(editor: Editor) -> None:
    path = editor.write(CASES[GOOD], unaltered(CASES[BAD]))
    asked = [
        "run",
        str(path),
        "--target",
        editor.mock.url,
        "--pki",
        str(editor.pki),
        "--out",
        str(editor.place / "r"),
    ]
    asked += ["--lang", "en"]
    first = CliRunner().invoke(dmpcompat, asked, standalone_mode=False)
    assert first.return_value == 1, first.output
    events = editor.place / "events.ndjson"
    editor.write(CASES[GOOD], CASES[BAD])
    second = CliRunner().invoke(
        dmpcompat, [*asked, "--only", "failed", "--events", str(events)], standalone_mode=False
    )
    assert second.return_value == 0, second.output
    played = RunResult.load(editor.place / "r-2")
    assert [case.code for case in played.verdicts] == [BAD]
    assert events.read_bytes() == (played.evidence / "evenements.ndjson").read_bytes()
    third = CliRunner().invoke(dmpcompat, [*asked, "--only", "failed"], standalone_mode=False)
    assert third.return_value == 0
    assert "No case to play again" in third.output
    assert not (editor.place / "r-3").exists()

    found = compare(editor.place / "r", editor.place / "r-2")
    states = {case.code: (case.state, case.causes, case.worse) for case in found.cases}
    assert states[GOOD] == ("gone", (), True)
    assert states[BAD] == ("changed", ("plan", "requests", "answers"), False)
    assert found.exit_code() == found.exit_code("worse") == 1
    assert found.exit_code("never") == 0


def changed(run: RunResult, place: Path, *, rules: str = "", finding: dict[str, Any] | None = None) -> Path:
    """A copy of a run as it would be with other rules, or with one more finding and its verdict."""
    shutil.copytree(run.evidence.parent, place)
    told = json.loads((place / "run.json").read_text(encoding="utf-8"))
    told["rules"]["sha256"] = rules or told["rules"]["sha256"]
    if finding is not None:
        told["verdicts"][0]["verdict"] = finding["status"]
        kept = place / "preuves" / GOOD / "assertions.json"
        lines = [*json.loads(kept.read_text(encoding="utf-8")), finding]
        kept.write_text(json.dumps(lines), encoding="utf-8")
    (place / "run.json").write_text(json.dumps(told), encoding="utf-8")
    return place


def test_why_a_verdict_changed(editor: Editor) -> None:
    editor.write(CASES[GOOD])
    run = editor.run("r")
    finding = {
        "step": 1,
        "rule": "NEW-RULE",
        "status": "FAIL",
        "where": "request:/a",
        "found": "x",
        "expected": "y",
    }
    finding |= {"exchange": ""}
    here = run.evidence.parent
    same = compare(here, changed(run, editor.place / "rules", rules="0" * 64))
    assert (same.moved(), list(same.changed), same.exit_code()) == ((), ["rules"], 0)
    new = compare(here, changed(run, editor.place / "new", rules="0" * 64, finding=finding))
    (case,) = new.moved()
    assert (case.causes, case.worse, case.frames) == (("rules",), True, ())
    (moved,) = case.appeared
    assert (moved.finding.rule, moved.judged_before) == ("NEW-RULE", False)
    unknown = compare(here, changed(run, editor.place / "unknown", finding=finding))
    assert unknown.moved()[0].causes == ("unknown",)
    back = compare(editor.place / "unknown", here)
    assert ([one.finding.rule for one in back.moved()[0].went], back.exit_code("worse")) == (["NEW-RULE"], 0)
    ours = compare(here, changed(run, editor.place / "ours", finding=finding | {"status": "ERROR"}))
    assert ours.moved()[0].causes == ("environment",)


def test_events_go_to_standard_output_alone(editor: Editor) -> None:
    path = editor.write(CASES[GOOD])
    told = CliRunner().invoke(
        dmpcompat,
        [
            "run",
            str(path),
            "--target",
            editor.mock.url,
            "--pki",
            str(editor.pki),
            "--out",
            str(editor.place / "r"),
            "--events",
            "-",
        ],
        standalone_mode=False,
    )
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert (lines[0]["event"], lines[-1]["event"]) == ("run-started", "run-finished")


def test_no_run_to_take_failures_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="RUN-040"):
        again.last_run(tmp_path / "nothing")


def requests_of(run: RunResult) -> dict[str, str]:
    return {
        path.relative_to(run.evidence).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(run.evidence.glob("*/*_requete*"))
    }


def findings_of(run: RunResult) -> dict[str, list[tuple[str, str, str]]]:
    """What was found in each case; values of answers, which the platform draws, are left out."""
    return {
        case.code: [
            (line["rule"], line["status"], line["where"])
            for line in json.loads((run.evidence / case.code / "assertions.json").read_text(encoding="utf-8"))
        ]
        for case in run.verdicts
    }


def test_the_same_seed_and_clock_send_the_same_bytes(editor: Editor) -> None:
    """Side by side or one by one: signed VIHF, XAdES of submissions, MIME boundaries, identifiers of the registry."""
    codes = (
        "CT-0.1-010",
        "CT-0.2-010",
        "CT-2.1-010",
        "CT-2.1-030",
        "CT-3.1-010",
        "CT-3.2-010",
        "CT-3.3-010",
        "CT-1.1-010",
    )
    editor.write(*(CASES[code] for code in codes))
    at = SetClock(datetime.now(UTC) - timedelta(hours=2))
    one, two = (editor.run(name, seed=7, clock=at, jobs=jobs) for name, jobs in (("a", 1), ("b", 2)))
    other = editor.run("c", seed=8, clock=at, only=["CT-2.1-030"])
    assert {str(case.verdict) for case in one.verdicts} == {"PASS"}
    assert len(requests_of(one)) > len(codes)
    assert requests_of(one) == requests_of(two)
    assert requests_of(other)
    assert all(requests_of(one)[name] != digest for name, digest in requests_of(other).items())
    kinds = [
        [(line["event"], line["case"]) for line in map(json.loads, io.StringIO(journal))]
        for journal in (
            (run.evidence / "evenements.ndjson").read_text(encoding="utf-8") for run in (one, two)
        )
    ]
    assert kinds[0] == kinds[1]
    assert findings_of(one) == findings_of(two)


def test_a_clock_at_which_no_certificate_is_valid_is_a_red_preflight(editor: Editor) -> None:
    editor.write(CASES[GOOD])
    run = editor.run("r", clock=SetClock(datetime(2020, 1, 1, tzinfo=UTC)))
    assert run.exit_code == 65
    assert "PRE-CLOCK-STOPPED" in run.case(GOOD).reason.fr
