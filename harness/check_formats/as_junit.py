"""JUnit: a test suite a file, a test case a rule. Warnings go to system-out, vacuous rules are skipped."""

from __future__ import annotations

from itertools import groupby

from lxml import etree

from harness.check_formats.words import title_of
from harness.checks.rule import Finding
from harness.judge_files import CheckRun, FileResult
from protocol.errors import Lang
from protocol.safexml import holdable


def render(run: CheckRun, lang: Lang) -> str:
    """XML text, ending with a new line."""
    root = etree.Element("testsuites", name="dmpcompat check")
    for result in run.results:
        root.append(_suite(result, lang))
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def _suite(result: FileResult, lang: Lang) -> etree._Element:
    cases = [
        _case(list(group), result, lang) for _, group in groupby(result.findings, key=lambda one: one.rule)
    ]
    kinds = [child.tag for case in cases for child in case]
    suite = etree.Element(
        "testsuite",
        name=holdable(result.path),
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
    )
    suite.extend(cases)
    return suite


def _case(findings: list[Finding], result: FileResult, lang: Lang) -> etree._Element:
    case = etree.Element("testcase", classname=holdable(result.path), name=findings[0].rule)
    statuses = {finding.status for finding in findings}
    if statuses == {"VACUOUS"}:
        etree.SubElement(case, "skipped")
    for status, tag in (("ERROR", "error"), ("FAIL", "failure")):
        faults = [finding for finding in findings if finding.status == status]
        if faults:
            child = etree.SubElement(case, tag, message=holdable(title_of(faults[0], lang)), type=status)
            child.text = _lines(faults)
    notes = [finding for finding in findings if finding.status in ("WARN", "INFO")]
    if notes:
        etree.SubElement(case, "system-out").text = _lines(notes)
    return case


def _lines(findings: list[Finding]) -> str:
    return holdable("\n".join(f"{one.status} {one.where} : {one.found} ≠ {one.expected}" for one in findings))
