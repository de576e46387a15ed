"""The index of a header follows a path as XPath does."""

from __future__ import annotations

from collections import Counter

import pytest
from lxml import etree

from harness.checks import api
from harness.checks.cda_index import HeaderIndex, steps_of
from harness.checks.cda_view import CdaView
from harness.checks.xpath import PREFIXES
from protocol import safexml
from protocol.datafolders import folder

SAMPLES = sorted((folder("cda_samples") / "bons").glob("*.xml"))
FOLLOWED = (
    "hl7:author",
    "*",
    "hl7:component/hl7:structuredBody/hl7:component",
    "hl7:author/*/hl7:id[@root]",
    "hl7:author[hl7:assignedAuthor/hl7:id/@root='1.2.250.1.71.4.2.1']/hl7:time[not(@nullFlavor)]",
    "*[self::hl7:author or self::hl7:custodian]",
    "hl7:documentationOf/hl7:serviceEvent[hl7:effectiveTime/hl7:low][hl7:performer]",
    "hl7:recordTarget/hl7:patientRole/hl7:patient/hl7:name/hl7:given[@qualifier='BR' or @nullFlavor]",
)
LEFT = (
    "",
    ".",
    "hl7:author/",
    ".//hl7:id",
    "hl7:id[1]",
    "*[local-name()='id']",
    "hl7:id[@a and @b]",
    "no:id",
)


@pytest.mark.parametrize("expr", FOLLOWED)
def test_a_path_leads_where_xpath_does(expr: str) -> None:
    assert steps_of(expr) is not None
    for path in SAMPLES:
        root = safexml.parse(path.read_bytes(), huge=True)
        assert HeaderIndex(root).nodes(root, expr) == etree.XPath(expr, namespaces=PREFIXES)(root)


@pytest.mark.parametrize("expr", LEFT)
def test_other_expressions_are_left_to_xpath(expr: str) -> None:
    assert steps_of(expr) is None


def test_elements_are_found_by_attribute_and_by_those_before_them() -> None:
    root = etree.fromstring(
        b'<d xmlns="urn:hl7-org:v3"><id code="a"/><!-- --><id displayName="b"/><x/><id code="c"/>'
        b'<component><id code="d"/></component></d>'
    )
    index = HeaderIndex(root)
    first, second, _, third = index.elements
    assert index.having_either("code", "displayName") == [first, second, third]
    assert index.having_either("displayName", "code") == [first, second, third]
    assert (index.before(first), index.before(third)) == ([], [first, second])
    assert index.repeated(str(first.tag)) == [second, third]
    assert index.repeated("{urn:hl7-org:v3}x") == []
    other = HeaderIndex(etree.fromstring(b'<d xmlns="urn:hl7-org:v3"><id root="a"/><x/><id root="b"/></d>'))
    assert [item.get("root") for item in other.having("root")] == ["a", "b"]


@pytest.mark.parametrize(
    "expr", ["hl7:id", "*", "hl7:author[hl7:time]", "hl7:author/hl7:time", "hl7:nothing"]
)
def test_numbers_are_within_bounds_as_xpath_counts_them(expr: str) -> None:
    for path in SAMPLES:
        root = safexml.parse(path.read_bytes(), huge=True)
        found = etree.XPath(expr, namespaces=PREFIXES)(root)
        index, count = HeaderIndex(root), len(found)
        assert index.under([root, root], expr) == [*found, *found]
        for low, high in ((0, None), (count, count), (count + 1, None), (0, count - 1), (count, None)):
            expected = low <= count and (high is None or count <= high)
            assert index.within([root], expr, low, high) is expected


def test_a_rule_under_a_part_sees_nothing_in_documents_without_it() -> None:
    under = [one for one in api.rules() if one.under]
    assert under
    absent = set()
    for path in SAMPLES:
        view = CdaView(path.read_bytes(), path.name)
        for rule in under:
            if not view.nodes(rule.under):
                absent.add(rule.id)
                assert list(rule.function(view)) == []
    assert absent == {rule.id for rule in under}


def test_judging_briefly_counts_the_same() -> None:
    for path in sorted(folder("cda_samples").rglob("*.xml")):
        full, brief = (
            api.judge_document(path.read_bytes(), path.name, brief=brief) for brief in (False, True)
        )
        assert Counter((one.rule, one.status) for one in full) == Counter(
            (one.rule, one.status) for one in brief
        )
        assert [one for one in full if one.status == "FAIL"] == [one for one in brief if one.status == "FAIL"]
