"""Severities, several functions under one id, codes that a breach overrides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mock_dmp.acceptance.engine import Breach, Stage, breach_of, judged
from mock_dmp.state.settings import Settings
from protocol.errors import IdentifierError, Text, UsageError

RULE = "VIHF-VERSION"


def stage() -> Stage[str]:
    made: Stage[str] = Stage("test")

    @made.rule(RULE)
    def empty(subject: str) -> Iterator[Breach]:
        if not subject:
            yield Breach("sujet", "vide", "un mot")

    @made.rule(RULE)
    def short(subject: str) -> Iterator[Breach]:
        if len(subject) < 3:
            yield Breach("sujet", subject, "trois lettres", code="MockVihfExpired")

    return made


@pytest.mark.parametrize(("severity", "expected"), [("refuse", "error"), ("warn", "warning")])
def test_severity(severity: str, expected: str) -> None:
    found = list(stage().judge("", Settings({RULE: severity})))
    assert [item.problem.severity for item in found] == [expected, expected]
    assert [item.problem.code for item in found] == ["MockInvalidVihf", "MockVihfExpired"]
    assert found[0].rule == found[0].problem.location == RULE
    assert found[0].problem.context == "sujet — trouvé : vide — attendu : un mot"


def test_off_runs_nothing() -> None:
    made: Stage[str] = Stage("test")

    @made.rule(RULE)
    def explodes(subject: str) -> Iterator[Breach]:
        raise AssertionError(subject)

    assert list(made.judge("x", Settings({RULE: "off"}))) == []
    with pytest.raises(AssertionError):
        list(made.judge("x", Settings({RULE: "warn"})))


def test_right_subject_and_ids() -> None:
    assert list(stage().judge("mot juste", Settings({}))) == []
    assert stage().ids == (RULE,)


def test_unknown_rule_is_told() -> None:
    with pytest.raises(UsageError):
        list(judged("NO-SUCH-RULE", Breach(), Settings({})))


def test_breach_of_an_error() -> None:
    problem = IdentifierError(
        "OID-001", Text("mal formé", "malformed"), field="OID", found="x", expected="1.2"
    )
    assert breach_of(problem) == Breach("OID", "x", "1.2", problem.text)
    assert breach_of(problem, "ailleurs").where == "ailleurs"
