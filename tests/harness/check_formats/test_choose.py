"""The renderings of one run: a good file, a bad one, a file nobody can read, a skipped one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from harness.check_formats.choose import FORMATS, render
from harness.checks.rule import Finding
from harness.judge_files import CheckRun, FileResult, judge_paths
from protocol.datafolders import folder
from protocol.errors import UsageError

SAMPLES = folder("cda_samples")


@pytest.fixture(scope="module")
def run() -> CheckRun:
    paths = [SAMPLES / "bons" / "n1-texte.xml", SAMPLES / "mauvais" / "ins-cle-fausse.xml"]
    judged = judge_paths([*paths, SAMPLES / "mauvais" / "type-id.xml"])
    odd = FileResult(
        "illisible.xml", "auto", (Finding("CHECK-FILE", "ERROR", "illisible.xml:", "\x00\ud800 <&>"),)
    )
    return CheckRun((*judged.results, odd), ("ignoré.xml",), "ans-cda@0123456789ab", judged.bundle)


def test_text_is_for_a_reader(run: CheckRun) -> None:
    french, english = render(run, "text"), render(run, "text", "en")
    assert "n1-texte.xml : conforme\n" in french
    assert "  FAIL CDA-TYPE-ID — typeId est celui du CDA R2\n" in french
    assert "trouvé : 280056399910182 ; attendu : 280056399910181" in french
    assert "→" in french
    assert "ignoré.xml : ignoré" in french
    assert "ans-cda@0123456789ab" in french
    assert "not conform" in english
    assert "found : 280056399910182" in english
    assert french.endswith("\n")


def test_json_holds_counts_and_faults(run: CheckRun) -> None:
    whole = json.loads(render(run, "json"))
    assert (whole["verdict"], whole["exit_code"]) == ("ERROR", 3)
    assert whole["counts"] == {"ERROR": 1, "FAIL": 1, "PASS": 1, "WARN": 1}
    assert whole["rule_bundle"] == run.bundle
    good, warned, bad, odd = whole["files"]
    assert good["findings"] == []
    assert good["counts"]["PASS"] > 50
    assert [item["rule"] for item in warned["findings"]] == ["CDA-INS-KEY"]
    assert bad["findings"][0]["expected"] == "2.16.840.1.113883.1.3 / POCD_HD000040"
    assert odd["findings"][0]["title"]


def test_ndjson_is_a_line_a_file_and_one_for_the_run(run: CheckRun) -> None:
    lines = [json.loads(line) for line in render(run, "ndjson").splitlines()]
    assert len(lines) == 5
    assert lines[-1]["verdict"] == "ERROR"


def test_junit_counts_rules(run: CheckRun) -> None:
    root = etree.fromstring(render(run, "junit").encode())
    suites = root.findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["0", "0", "1", "0"]
    assert [suite.get("errors") for suite in suites] == ["0", "0", "0", "1"]
    case = root.find(".//testcase[failure]")
    assert case is not None
    assert case.get("name") == "CDA-TYPE-ID"
    assert len(root.findall(".//system-out")) == 1
    assert root.findall(".//skipped")


def test_sarif_names_files_rules_and_levels(run: CheckRun) -> None:
    whole = json.loads(render(run, "sarif", "en"))
    assert whole["version"] == "2.1.0"
    results = whole["runs"][0]["results"]
    assert [(item["ruleId"], item["level"]) for item in results] == [
        ("CDA-INS-KEY", "warning"),
        ("CDA-TYPE-ID", "error"),
        ("CHECK-FILE", "error"),
    ]
    assert [item["id"] for item in whole["runs"][0]["tool"]["driver"]["rules"]] == [
        "CDA-INS-KEY",
        "CDA-TYPE-ID",
    ]
    uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert Path(uri).name == "ins-cle-fausse.xml"


def test_a_line_of_the_schema_becomes_a_region() -> None:
    finding = Finding("CDA-XSD", "FAIL", "x.xml:/a/b (l. 42)", "non", "oui")
    whole = json.loads(render(CheckRun((FileResult("x.xml", "cda", (finding,)),), (), "", "b"), "sarif"))
    place = whole["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 42}


def test_an_unknown_format_is_refused_with_those_there_are(run: CheckRun) -> None:
    with pytest.raises(UsageError, match="CHECK-012") as refused:
        render(run, "pdf")
    assert refused.value.expected == ", ".join(FORMATS)
