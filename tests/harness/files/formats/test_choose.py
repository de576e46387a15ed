"""The renderings of one run: a good file, a bad one, a file nobody can read, a skipped one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree, html

from harness.checks.rule import Finding
from harness.files.formats import as_html
from harness.files.formats.choose import FORMATS
from harness.files.formats.choose import render as pieces
from harness.files.judge import FileResult
from harness.files.record import Record
from harness.files.summary import Summary
from harness.files.tree import CheckRun, judge_paths
from protocol.datafolders import folder
from protocol.errors import Lang, UsageError

SAMPLES = folder("cda_samples")


def render(run: CheckRun, form: str, lang: Lang = "fr") -> str:
    return "".join(pieces(run, form, lang))


def run_of(*records: Record) -> CheckRun:
    return CheckRun(records, Summary(records), "ans-cda@0123456789ab", "b" * 64, "d" * 64)


@pytest.fixture(scope="module")
def run() -> CheckRun:
    paths = [SAMPLES / "bons" / "n1-texte.xml", SAMPLES / "mauvais" / "ins-cle-fausse.xml"]
    judged = judge_paths([*paths, SAMPLES / "mauvais" / "type-id.xml"])
    odd = FileResult(
        "illisible.xml", "auto", (Finding("CHECK-FILE", "ERROR", "illisible.xml:", "\x00\ud800 <&>"),)
    )
    skipped = FileResult("ignoré.xml", "auto", (), skipped=True)
    return run_of(*judged.results, odd.record(), skipped.record())


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
    assert [len(suite.findall("testcase")) for suite in suites] == [1, 2, 2, 2], (
        "a case a broken rule, and one for the others"
    )


def test_junit_skips_what_could_not_be_judged() -> None:
    nothing = FileResult("x.xml", "auto", (Finding("CHECK-FILE", "INFO", "x.xml:", "XML-EMPTY"),))
    suite = etree.fromstring(render(run_of(nothing.record()), "junit").encode())[0]
    assert (suite.get("skipped"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    assert "XML-EMPTY" in "".join(suite.itertext())


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
    whole = json.loads(render(run_of(FileResult("x.xml", "cda", (finding,)).record()), "sarif"))
    place = whole["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 42}


def test_html_is_one_page_for_any_reader(run: CheckRun) -> None:
    page = render(run, "html", "en")
    root = html.document_fromstring(page)
    assert root.get("lang") == "en"
    assert root.xpath("//script | //link | //img | //@src | //@onload") == []
    charts = root.xpath("//svg")
    assert len(charts) > 5
    assert all(chart.get("role") == "img" and chart.get("aria-label") for chart in charts)
    assert any("conform" in chart.get("aria-label") for chart in charts)
    assert "CDA-TYPE-ID" in page
    assert "ignoré.xml" not in page
    assert run.digest in page


def test_html_escapes_what_comes_from_files() -> None:
    bad = Finding("CHECK-FILE", "FAIL", "x:", "<script>alert(1)</script>", "</svg><b>")
    page = render(run_of(FileResult("<img src=x>.xml", "cda", (bad,)).record()), "html")
    root = html.document_fromstring(page)
    assert root.xpath("//script | //img") == []
    assert "<script>alert(1)</script>" in "".join(root.itertext())


def test_html_has_the_verdict_of_each_layer() -> None:
    """Of every file together, and of each file that is shown."""
    bad = Finding("CDA-SM", "FAIL", "x:", "non", "oui")
    good = (Finding("CDA-REALM", "PASS", "x:"), Finding("CDA-XSD", "PASS", "x:", "", "kit"))
    absent = Finding("CDA-TERM", "VACUOUS", "x:", "absent du paquet / not in the pack")
    records = (
        FileResult(name, "cda", found).record()
        for name, found in (("a.xml", good), ("b.xml", (*good, bad, absent)))
    )
    root = html.document_fromstring(render(run_of(*records), "html", "en"))
    (table,) = root.xpath("//h2[@id='layers']/following-sibling::table[1]")
    head, *rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert head[:2] == ["Layer", "conform"]
    assert [row[0] for row in rows] == ["native", "XSD", "SM", "TERM"]
    assert dict(zip(head, rows[2], strict=True))["not conform"] == "1"
    assert rows[1][1] == "2"
    shown = root.xpath("//details//span[@class='layers']/span/text()")
    assert shown == ["native PASS", "XSD PASS", "SM FAIL", "TERM NOT_RUN"]


def test_html_says_how_many_files_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(as_html, "MAX_FILES", 2)
    found = (Finding("CHECK-FILE", "FAIL", "x:", "x"),)
    page = render(run_of(*(FileResult(f"{rank}.xml", "cda", found).record() for rank in range(5))), "html")
    assert "3 autres fichiers" in " ".join(page.split())


@pytest.mark.parametrize("form", FORMATS)
def test_a_run_without_a_file_renders(form: str) -> None:
    assert render(run_of(), form).strip()


def test_text_lists_what_fails_and_counts_the_rest() -> None:
    good = [FileResult(f"{rank}.xml", "cda", (Finding("CDA-ID", "PASS", "x:"),)) for rank in range(300)]
    bad = FileResult("mauvais.xml", "cda", (Finding("CDA-ID", "FAIL", "x:", "non", "oui"),))
    said = render(run_of(*(one.record() for one in (*good, bad))), "text")
    assert "17.xml" not in said
    assert "mauvais.xml : non conforme" in said
    assert "301 fichier(s) : 300 conforme, 1 non conforme" in said
    assert "1 CDA-ID (1 FAIL)" in said


def test_an_unknown_format_is_refused_with_those_there_are(run: CheckRun) -> None:
    with pytest.raises(UsageError, match="CHECK-012") as refused:
        render(run, "pdf")
    assert refused.value.expected == ", ".join(FORMATS)
