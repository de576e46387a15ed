"""JUnit: a test suite a file; a test case for each rule that found something, and one for all the others.

Warnings go to system-out; a file in which nothing could be judged is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from lxml import etree

from harness.checks.rule import Finding
from harness.files.formats.words import title_of
from harness.files.record import Record
from harness.files.tree import CheckRun
from protocol.errors import Lang
from protocol.safexml import holdable


def render(run: CheckRun, lang: Lang) -> Iterator[str]:
    """XML text, ending with a new line, a suite at a time."""
    yield '<testsuites name="dmpcompat check">\n'
    for record in run.results:
        if record.verdict != "SKIPPED":
            suite = _suite(record, lang, run.pack)
            etree.indent(suite, level=1)
            yield f"  {etree.tostring(suite, encoding='unicode')}\n"
    yield "</testsuites>\n"


def _suite(record: Record, lang: Lang, pack: str) -> etree._Element:
    ordered = sorted(record.faults, key=lambda one: one.rule)
    cases = [_case(list(group), record, lang) for _, group in groupby(ordered, key=lambda one: one.rule)]
    rest = etree.Element("testcase", classname=holdable(record.path), name=_OTHERS[lang])
    if record.verdict == "INCONCLUSIVE":
        etree.SubElement(rest, "skipped")
    cases.append(rest)
    kinds = [child.tag for case in cases for child in case]
    suite = etree.Element(
        "testsuite",
        name=holdable(record.path),
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
    )
    if pack:
        told = etree.SubElement(suite, "properties")
        for name, value in {
            "pack": pack,
            **{f"layer {name}": said for name, said in record.layers.items()},
        }.items():
            etree.SubElement(told, "property", name=name, value=holdable(value))
    suite.extend(cases)
    return suite


_OTHERS = {"fr": "les autres règles", "en": "the other rules"}


def _case(findings: list[Finding], record: Record, lang: Lang) -> etree._Element:
    case = etree.Element("testcase", classname=holdable(record.path), name=findings[0].rule)
    for status, tag in (("ERROR", "error"), ("FAIL", "failure"), ("AMBIGUOUS", "error")):
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
