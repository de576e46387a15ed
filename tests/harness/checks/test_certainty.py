"""What a frame that is not byte for byte of the wire lets one conclude."""

from __future__ import annotations

import pytest

from harness.checks import api, certainty
from harness.checks.certainty import weighed
from harness.checks.rule import Finding

GROUPS = {rule.id: rule.group for rule in api.rules()}


@pytest.mark.parametrize(
    ("rule", "status", "where", "marks", "expected"),
    [
        ("MTOM-BOUNDARY", "FAIL", "request:", ["request:reserialised"], "AMBIGUOUS"),
        ("MTOM-BOUNDARY", "FAIL", "response:", ["request:reserialised"], "FAIL"),
        ("MTOM-BOUNDARY", "PASS", "request:", ["request:reserialised"], "PASS"),
        ("XDS-HASH", "FAIL", "request:", ["request:reserialised"], "AMBIGUOUS"),
        ("VIHF-NAMES", "FAIL", "request:", ["request:reserialised"], "FAIL"),
        ("SOAP-UTF8", "PASS", "request:", ["request:reserialised"], "VACUOUS"),
        ("CDA-READABLE", "FAIL", "Document01", ["request:reserialised"], "AMBIGUOUS"),
        ("HTTP-MEDIA", "PASS", "request:", ["request:supposed"], "VACUOUS"),
        ("HTTP-MEDIA", "FAIL", "request:", ["request:supposed"], "VACUOUS"),
        ("HTTP-MEDIA", "FAIL", "request:", ["request:reserialised"], "FAIL"),
        ("VIHF-FRESH", "FAIL", "request:", ["request:undated"], "VACUOUS"),
        ("VIHF-FRESH", "ERROR", "request:", ["request:undated"], "ERROR"),
        ("VIHF-FRESH", "FAIL", "request:", [], "FAIL"),
    ],
)
def test_what_a_mark_changes(rule: str, status: str, where: str, marks: list[str], expected: str) -> None:
    [found] = weighed([Finding(rule, status, where, "seen")], GROUPS, marks)  # type: ignore[arg-type]
    assert found.status == expected
    assert (found.found == "seen") == (expected == status)


def test_the_names_are_those_of_rules_or_groups() -> None:
    known = {*GROUPS, *GROUPS.values()}
    listed = certainty._OVER_BYTES.union(*certainty._UNKNOWN.values())
    assert listed <= known
