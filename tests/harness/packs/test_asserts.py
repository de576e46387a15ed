"""Tests of asserts that no document can change."""

from __future__ import annotations

import pytest

from harness.packs.asserts import judge


@pytest.mark.parametrize(
    "test",
    [
        "count(a/@b='x')=1",
        "count(a/@b='x') <= 1",
        "1 >= count(a = b)",
        "count(not(a)) > 0",
        "true()",
        "1 = 1",
        "'a' = 'a'",
        "a or true()",
        "not(false())",
        "not(a) or count(b = c) = 1",
        "count(some $x in a satisfies $x = 1) = 1",
        "count(a = b)",
        "count(if (a) then b = 1 else c = 2) eq 1",
    ],
)
def test_never_fails(test: str) -> None:
    assert judge(test) == "never"


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("count(a = b) = 2", "always"),
        ("count(a = b) > 1", "always"),
        ("a and count(b = c) = 1", "part"),
        ("self::a[count(@x and @y) = 1]", "part"),
        ("not(a) or (b and count(c = d) = 1)", "part"),
    ],
)
def test_the_other_slips(test: str, said: str) -> None:
    assert judge(test) == said


@pytest.mark.parametrize(
    "test",
    [
        "count(a[b = 'x']) = 1",
        "count(a) = 1",
        "false()",
        "not(.)",
        "@code = 'x'",
        "a and true()",
        "1 = 'a'",
        "not a valid (",
        "",
        "count(a = b) = count(c)",
    ],
)
def test_what_depends_on_the_document_or_fails_on_purpose_is_left_alone(test: str) -> None:
    assert judge(test) is None


def test_a_report_fails_when_it_is_true() -> None:
    assert judge("false()", report=True) == "never"
    assert judge("count(a = b) = 2", report=True) == "never"
    assert judge("count(a = b) = 1", report=True) == "always"
    assert judge("a", report=True) is None
