"""JUnit XML, as continuous integration reads it: one test case a case of the plan.

FAIL is a failure; ERROR and CONFIG are errors (ours or the environment's, never the software's); what was not
decided is skipped, with its reason. So is what a connector proves, with its report. A known deviation is told as a
property: the failure stays one.
"""

from __future__ import annotations

from lxml import etree

from harness.results import INHERITED
from protocol import safexml
from protocol.errors import Lang
from protocol.visible import visible
from reports.model import CaseLine, DeviationLine, InheritedLine, Report

_SKIPPED = ("INCONCLUSIVE", "MANUAL", "NOT_APPLICABLE", INHERITED)
_ERRORS = ("ERROR", "CONFIG")


def junit(report: Report, lang: Lang) -> bytes:
    """One `testsuite` named after the plan. Times are left out: a verdict does not depend on them."""
    suite = etree.Element("testsuite", name=report.plan.name)
    counts = report.counts
    suite.set("tests", str(len(report.cases) + len(report.inherited)))
    suite.set("failures", str(counts.get("FAIL", 0)))
    suite.set("errors", str(sum(counts.get(verdict, 0) for verdict in _ERRORS)))
    suite.set("skipped", str(sum(counts.get(verdict, 0) for verdict in _SKIPPED)))
    properties = etree.SubElement(suite, "properties")
    for name, value in (
        ("reference", report.reference),
        ("software", _told(f"{report.software.name} {report.software.version}")),
        ("rules", report.rules.sha256),
        ("plan", report.plan.sha256),
    ):
        etree.SubElement(properties, "property", name=name, value=value)
    for known in report.deviations:
        told = f"{known.case} {known.rule} {known.ticket} {known.expires} {known.state}"
        etree.SubElement(properties, "property", name="known-deviation", value=_told(told))
    for case in report.cases:
        _case(suite, case, report.known(case), lang)
    for one in report.inherited:
        _inherited(suite, one, lang)
    return safexml.serialize(suite)


def _case(suite: etree._Element, case: CaseLine, known: tuple[DeviationLine, ...], lang: Lang) -> None:
    element = etree.SubElement(
        suite, "testcase", name=f"{case.code} {case.title.to(lang)}", classname=".".join(case.transactions)
    )
    if known:
        properties = etree.SubElement(element, "properties")
        for one in known:
            told = f"{one.ticket} ({one.expires}): {one.rule} — {one.reason.to(lang)}"
            etree.SubElement(properties, "property", name="known-deviation", value=_told(told))
    if case.verdict == "FAIL":
        _outcome(element, "failure", case, lang)
    elif case.verdict in _ERRORS:
        _outcome(element, "error", case, lang)
    elif case.verdict in _SKIPPED:
        etree.SubElement(element, "skipped", message=_told(case.reason.to(lang) or case.verdict))


def _inherited(suite: etree._Element, one: InheritedLine, lang: Lang) -> None:
    """Skipped, since it was not played; its proof as properties, for whoever wants to look."""
    element = etree.SubElement(
        suite, "testcase", name=f"{one.code} {one.title.to(lang)}", classname=INHERITED.lower()
    )
    properties = etree.SubElement(element, "properties")
    for name, value in (
        ("inherited-from", one.connector),
        ("homologation", one.homologation),
        ("report", one.reference),
        ("report-sha256", one.report_sha256),
        ("verdict", one.verdict),
    ):
        if value:
            etree.SubElement(properties, "property", name=name, value=_told(value))
    etree.SubElement(element, "skipped", message=_told(f"{INHERITED}: {one.proof} ({one.verdict})"))


def _outcome(element: etree._Element, kind: str, case: CaseLine, lang: Lang) -> None:
    lines = [
        f"{line.rule} {line.where}: {line.found} (≠ {line.expected}) — {line.title.to(lang)}"
        for line in case.findings
        if line.status in ("FAIL", "ERROR", "AMBIGUOUS")
    ]
    message = case.reason.to(lang) or (lines[0] if lines else case.verdict)
    etree.SubElement(element, kind, message=_told(message)).text = _told("\n".join(lines))


def _told(text: str) -> str:
    """Text that XML can hold, in which nothing commands the terminal of a build."""
    return safexml.holdable(visible(text))
