"""The proof of the rules: mutants of documents, frames and runs; the matrix; evidence that is judged again.

One run of a part of the demonstration campaign serves all of it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cli
from harness import evidence, rule_examples
from harness.checks import api
from harness.checks.judged import Declared
from harness.checks.rule import Finding, Rule
from harness.choices import Choices
from harness.fields import tables
from harness.matrix import matrix
from harness.mutate import corpus
from harness.mutate.kill import Kill, kill, said
from harness.mutate.record import CASES, figures, record, to_plain, weaker
from harness.mutate.registry import mutator_named, mutators
from harness.rejudge import rejudge
from harness.results import RunResult, finding_from_plain
from harness.run import run_campaign
from harness.verdict import Verdict, of_case
from mock_dmp import defects
from mock_dmp.server import MockServer
from protocol.errors import UsageError
from protocol.requirements import requirements
from tests.excerpts import tried
from tests.selfplay import LOADED, PLANS
from tests.test_defects import CAUGHT_IN

#: Rules of the table of fields that a mutator breaks on a frame, and those broken on a run: each kills one below.
BROKEN = {rule for one in mutators() if one.over == "run" for rule in one.breaks} | {
    rule
    for table in tables()
    for field in table.fields
    for rule in field.rules
    if field.breaks or any(rule in mutator_named(name).breaks for name in field.proved)
}


@pytest.fixture(scope="module")
def played(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    result = run_campaign(
        PLANS / "campagne-demo.yaml",
        Choices(
            out=tmp_path_factory.mktemp("kill"),
            target=mock.url,
            pki=pki_folder,
            only=CASES,
            seed=1,
        ),
    )
    assert {str(case.verdict) for case in result.verdicts} == {"PASS"}
    return result


@pytest.fixture(scope="module")
def killed(played: RunResult) -> Kill:
    root = played.evidence
    return kill(corpus.specimens(root), corpus.declared(root), most=1)


# ---- mutation


def test_the_proof_is_not_weaker_than_recorded(killed: Kill) -> None:
    """Level, survivors, mutators without effect, false alarms, rules that break down, rate of each rule."""
    assert weaker(killed) == []


def test_there_are_mutants_of_every_kind(killed: Kill) -> None:
    assert len(mutators()) >= 150
    assert {one.mutator.over for one in killed.broken} == {
        *(
            "cda",
            "cda-bytes",
            "carried",
            "request",
            "answer",
            "wire-request",
            "wire-answer",
            "run",
            "aftermath",
        )
    }
    assert len([one for one in mutators() if one.harmless]) >= 10


def test_a_lower_level_or_an_unknown_survivor_would_be_told(killed: Kill) -> None:
    first = killed.broken[0]
    worse = replace(killed, mutants=(replace(first, killers=()), *killed.mutants[1:]))
    assert f"survivor: {first.mutator.name}" in weaker(worse)
    half = replace(killed, mutants=tuple(replace(one, killers=()) for one in killed.mutants))
    assert any(line.startswith("level:") for line in weaker(half))
    broken = replace(killed, mutants=(replace(first, errors=("XDS-HASH",)), *killed.mutants[1:]))
    assert weaker(broken) == [f"failure: {first.mutator.name} (XDS-HASH)"]


def test_what_is_recorded_is_about_mutators_and_rules_that_exist() -> None:
    names = {one.name for one in mutators()}
    known = record()
    assert set(known.survivors) | set(known.idle) <= names
    rules = {item.id for item in api.rules()}
    assert all(any(rule.startswith(name.removesuffix("*")) for rule in rules) for name in known.unaimed)
    assert set(figures()["rules"]) <= rules


def test_each_mutator_breaks_rules_or_requirements_that_exist() -> None:
    names = {item.id for item in api.rules()} | {name for item in api.rules() for name in item.requirements}
    assert {one.name: one.breaks for one in mutators() if not set(one.breaks) <= names} == {}


def test_every_rule_kills_a_mutant_aimed_at_it_or_says_why_none_can(killed: Kill) -> None:
    proved = {name for name, rate in killed.by_rule().items() if rate.killed}
    known = record()
    unproved = {item.id for item in api.rules()} - proved
    assert {name for name in unproved if not known.why_unaimed(name).en} == set()
    assert {name for name in proved if known.why_unaimed(name).en} == set(), "a reason that holds no more"


def test_each_change_of_a_field_is_seen_by_a_rule_that_looks_at_it(killed: Kill) -> None:
    seen = {one.mutator.name: one for one in killed.broken}
    named = {name: field for table in tables() for name, field, _ in table.mutations()}
    assert set(named) <= set(seen)
    assert {name: seen[name].killers for name in named if not seen[name].by_target} == {}
    rates = killed.by_rule()
    assert {rule for rule in BROKEN if not rates[rule].killed} == set()


def test_a_mutation_is_the_same_each_time(played: RunResult, killed: Kill) -> None:
    specimens = corpus.specimens(played.evidence)
    chosen = [
        mutator_named(name) for name in ("bytes-cut", "vihf-name-id-commented", "xml-cut", "same-comment")
    ]
    again = kill(specimens, corpus.declared(played.evidence), most=1, chosen=chosen)
    before = [one for one in killed.mutants if one.mutator in chosen]
    assert sorted(again.mutants, key=lambda one: one.mutator.name) == before
    with pytest.raises(UsageError):
        mutator_named("nothing")


def test_figures_count_each_mutant_once(killed: Kill) -> None:
    told = to_plain(killed)
    assert told["mutants"] == len(killed.broken)
    assert all(0 <= hit <= aimed for hit, aimed in (*told["rules"].values(), *told["requirements"].values()))
    assert set(told["killers"]) <= {item.id for item in api.rules()}


def test_silence_and_success_are_not_what_a_rule_says() -> None:
    found = [Finding("R", status, "x") for status in ("PASS", "VACUOUS", "FAIL", "FAIL", "INFO", "AMBIGUOUS")]
    assert said(found) == {("R", "FAIL"): 2, ("R", "INFO"): 1, ("R", "AMBIGUOUS"): 1}


# ---- the examples that `explain` shows

#: Those that no frame of this run can hold, and where what they say is seen.
ELSEWHERE = {
    **dict.fromkeys(
        ("CDA-READABLE", "BODY-SELF-DISPLAY"), "bytes of a document: tests/harness/checks/test_documents"
    ),
    **dict.fromkeys(
        ("READ-MULTIPART", "READ-DOCUMENT"), "bytes of a multipart: tests/harness/checks/test_twice"
    ),
    **dict.fromkeys(
        (name for name in rule_examples.excerpts() if name.startswith("SEQ-")),
        "several frames: mutators of runs",
    ),
    **dict.fromkeys(
        ("COH-FORMAT-MODEL", "COH-MIME"), "a structured, a self-displaying document: test_documents"
    ),
    **dict.fromkeys(
        (
            *("XADES-READABLE", "XADES-REFERENCES", "XADES-MANIFEST", "XADES-DIGEST", "XADES-VALUE"),
            *("XADES-PURPOSE", "XADES-SIGNING-TIME"),
        ),
        "inside the signature document: mutators of kinds/xades",
    ),
}


def test_a_written_example_says_what_its_rule_says_of_it(played: RunResult) -> None:
    """Put into a frame of the run: the good one passes, the bad one fails."""
    frames, declared = corpus.frames(played.evidence), corpus.declared(played.evidence)
    written = rule_examples.excerpts()
    assert set(ELSEWHERE) <= set(written)
    lies = {}
    for rule in sorted(set(written) - set(ELSEWHERE)):
        right, otherwise = tried(rule, written[rule], frames, declared)
        if not right:
            lies[rule] = otherwise[:3]
    assert lies == {}


# ---- the matrix, and rules that looked at nothing


def test_the_matrix_tells_a_rule_that_looked_at_nothing_from_one_that_passed(played: RunResult) -> None:
    told = matrix(
        LOADED.plan, played.evidence, {name: one.caught_by for name, one in defects.defects().items()}
    )
    stored = [
        (line["rule"], line["status"])
        for code in CASES
        for line in evidence.read_json(played.evidence / code / "assertions.json")
    ]
    passed = {rule for rule, status in stored if status == "PASS"}
    silent = {rule for rule, status in stored if status == "VACUOUS"} - {
        rule for rule, status in stored if status != "VACUOUS"
    }
    known = {item.id for item in api.rules()}
    assert set(told.passed) == passed & known
    assert set(told.vacuous) == silent & known
    assert silent, "these cases leave some rules without anything to look at"
    for line in told.lines:
        for rule in line.vacuous:
            assert all(rules.get(rule) in (None, "VACUOUS") for rules in line.said.values())


def test_the_matrix_holds_every_requirement_case_and_defect(played: RunResult) -> None:
    told = matrix(LOADED.plan, None, {name: one.caught_by for name, one in defects.defects().items()})
    wanted = {name for case in LOADED.plan.cases for name in case.requirements}
    wanted |= {name for item in api.rules() for name in item.requirements}
    wanted |= set(requirements())
    assert {line.requirement for line in told.lines} == wanted
    assert set(told.defects) == set(CAUGHT_IN)
    assert all(told.defects.values())
    assert not told.run
    again = matrix(LOADED.plan, played.evidence)
    verdicts = {code for line in again.lines for code in line.verdicts}
    assert verdicts <= set(CASES)
    assert {line.verdict for line in again.lines} <= {"", "PASS"}


def test_a_vacuous_case_is_not_a_pass(played: RunResult, tmp_path: Path) -> None:
    """The findings of a whole case made vacuous: no cell of the matrix is a pass, nor is the verdict."""
    root = tmp_path / "preuves"
    code = "CT-0.1-010"
    shutil.copytree(played.evidence / code, root / code)
    index = evidence.read_json(played.evidence / evidence.INDEX)
    kept = {**index, "tests": [test for test in index["tests"] if test["code"] == code]}
    (root / evidence.INDEX).write_bytes(evidence.to_json(kept))
    place = root / code / "assertions.json"
    lines = [line | {"status": "VACUOUS"} for line in evidence.read_json(place)]
    place.write_bytes(evidence.to_json(lines))
    told = matrix(LOADED.plan, root)
    held = [line.said[code] for line in told.lines if code in line.said]
    assert held
    assert {status for rules in held for status in rules.values()} == {"VACUOUS"}
    assert told.passed == ()
    assert of_case([finding_from_plain(line)[1] for line in lines]) is Verdict.INCONCLUSIVE


def test_the_commands_tell_the_matrix(played: RunResult, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["matrix", str(played.evidence.parent), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rules_vacuous"]
    assert len(told["defects"]) == len(CAUGHT_IN)
    assert cli.run_command(["matrix", "--requirement", "EX_2.1-1260", "--lang", "en"]) == 0
    assert "MTOM-REQUIRED" in capsys.readouterr().out
    assert cli.run_command(["matrix", "--requirement", "EX_9"]) == 64
    assert cli.run_command(["matrix", str(played.evidence), "--lang", "fr"]) == 0
    assert "n'ont rien trouvé à regarder" in capsys.readouterr().out


# ---- evidence judged again


def test_the_same_rules_give_the_same_bytes_of_findings(played: RunResult) -> None:
    again = rejudge(played.evidence, only=CASES[::3])
    assert again.holds
    assert again.identical
    assert again.by_rule() == {}
    assert len(again.cases) == len(CASES[::3])
    for case in again.cases:
        stored = (played.evidence / case.code / "assertions.json").read_bytes()
        assert case.assertions == stored
        assert case.stored_sha256 == hashlib.sha256(stored).hexdigest()


@pytest.fixture
def other_rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MTOM-REQUIRED refuses everything, WSA-TO looks at nothing, XDS-SIZE is gone."""

    def refuse(view: Any) -> Iterator[Finding]:
        yield Finding("", "FAIL", "request:", "x", "y")

    def changed(item: Rule[Any]) -> Rule[Any]:
        if item.id == "MTOM-REQUIRED":
            return replace(item, function=refuse)
        return replace(item, function=lambda _: iter(())) if item.id == "WSA-TO" else item

    others = tuple(changed(item) for item in api.rules() if item.id != "XDS-SIZE")
    monkeypatch.setattr(api, "rules", lambda: others)
    monkeypatch.setattr(api, "rule_bundle_digest", lambda: "other")
    yield


def test_other_rules_give_the_difference_by_case_and_by_rule(
    played: RunResult, other_rules: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "CT-0.1-010"
    again = rejudge(played.evidence, only=[code])
    assert again.rules_changed
    assert not again.holds
    assert not again.identical
    told = again.by_rule()
    assert set(told) == {"MTOM-REQUIRED", "WSA-TO", "XDS-SIZE"}
    assert set(told["MTOM-REQUIRED"]) == {"PASS → FAIL"}
    assert set(told["WSA-TO"]) == {"PASS → VACUOUS"}
    assert set(told["XDS-SIZE"]) == {"PASS → –"}
    [case] = again.cases
    assert str(case.after) == "FAIL"
    assert {item.rule for item in case.changed} == set(told)
    assert cli.run_command(["rejudge", str(played.evidence), "--only", code, "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["by_rule"] == told
    assert {line["rule"] for line in shown["cases"][0]["changed"]} == set(told)
    assert cli.run_command(["rejudge", str(played.evidence), "--only", code, "--lang", "en"]) == 1
    text = capsys.readouterr().out
    assert "PASS → FAIL" in text
    assert "the rules are not those of the run" in text


def test_what_was_declared_is_read_from_the_evidence(played: RunResult) -> None:
    declared = corpus.declared(played.evidence)
    assert isinstance(declared, Declared)
    assert declared.software == "LPS-TEST"
