"""What a reader is told of a finding: the cause and remedy of an answered error, the clause of a rule."""

from __future__ import annotations

import pytest

from harness.checks import api
from harness.checks.rule import Finding
from protocol import catalogue
from protocol.errors import NO_TEXT
from reports import explain


def finding(rule: str, found: str, status: str = "FAIL") -> Finding:
    return Finding(rule, status, "response:", found, "success")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [code for code in catalogue.entries() if "Homologation" in code])
def test_every_refusal_of_the_number_has_a_cause_and_a_remedy(code: str) -> None:
    known = explain.explanation(finding("EXPECT-SUCCESS", f"soap:{code} — refused"))
    assert known.cause == catalogue.error(code).text
    assert known.mend.fr
    assert known.mend.en


def test_remedies_are_for_codes_that_exist() -> None:
    assert set(explain._MENDS) <= set(catalogue.entries())


@pytest.mark.parametrize("found", ["", "rien de connu", "DMPOk"])
def test_nothing_is_invented(found: str) -> None:
    assert explain.explanation(finding("EXPECT-STATUS", found)).cause == NO_TEXT


def test_a_success_has_no_cause() -> None:
    expected = finding("EXPECT-ERROR", "DMPInvalidCertificate", "PASS")
    assert explain.explanation(expected).cause == NO_TEXT


def test_a_rule_brings_its_own_words_and_an_unknown_one_its_id() -> None:
    rule = api.rules()[0]
    known = explain.explanation(finding(rule.id, "x"))
    assert (known.title, known.mend, known.clause) == (rule.title, rule.mend, rule.clause)
    assert explain.explanation(finding("GONE-RULE", "x")).title.en == "GONE-RULE"
