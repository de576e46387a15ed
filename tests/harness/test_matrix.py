"""Requirement x case x rule x verdict; every mandatory requirement has a case, or a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.matrix import Line, matrix
from protocol.errors import NO_TEXT, DmpcompatError
from protocol.requirements import GUIDES, requirements
from tests.selfplay import LOADED

WHOLE = matrix(LOADED.plan)
BY_ID = {line.requirement: line for line in WHOLE.lines}


def test_every_requirement_has_its_line() -> None:
    assert set(BY_ID) == set(requirements())
    assert len(BY_ID) >= 120


def test_every_mandatory_requirement_is_covered_or_says_why() -> None:
    assert WHOLE.uncovered == ()
    assert BY_ID["EX_GEN-1190"].cases == ()
    assert BY_ID["EX_GEN-1190"].told is not None


def test_a_mandatory_requirement_without_case_nor_reason_is_told() -> None:
    told = replace(requirements()["EX_GEN-1190"], left_out=NO_TEXT)
    bare = Line("EX_GEN-1190", (), (), {}, {}, told)
    assert bare.uncovered
    assert not replace(bare, cases=("CT-0.2-010",)).uncovered
    assert not replace(bare, told=replace(told, id="REC_GEN-1190")).uncovered
    assert not replace(bare, told=None).uncovered


def test_cells_are_requirement_case_rule_status_and_verdict() -> None:
    line = Line("EX_1", ("CT-1", "CT-2"), ("R-1", "R-2"), {"CT-1": "FAIL"}, {"CT-1": {"R-1": "FAIL"}})
    assert list(line.cells()) == [
        ("EX_1", "CT-1", "R-1", "FAIL", "FAIL"),
        ("EX_1", "CT-1", "R-2", "", "FAIL"),
        ("EX_1", "CT-2", "R-1", "", ""),
        ("EX_1", "CT-2", "R-2", "", ""),
    ]
    assert list(Line("EX_2", (), (), {}, {}).cells()) == [("EX_2", "", "", "", "")]


def test_an_edition_of_the_guide_has_its_requirements_and_its_words() -> None:
    older, latest = matrix(LOADED.plan, guide=GUIDES[0]), matrix(LOADED.plan, guide=GUIDES[-1])
    told = [{line.requirement: line for line in one.lines} for one in (older, latest)]
    assert "REC_GEN-1070" in told[0] and "EX_GEN-1070" not in told[0]
    assert "EX_GEN-1070" in told[1] and "REC_GEN-1070" not in told[1]
    said = [one["EX_GEN-1250"].told for one in told]
    assert all(said)
    assert [one.guide for one in said if one] == [GUIDES[0], GUIDES[-1]]
    assert "TD0.0" in str(said[0]) and "TD0.0" not in said[1].text.en  # type: ignore[union-attr]
    with pytest.raises(DmpcompatError) as caught:
        matrix(LOADED.plan, guide="2.10")
    assert caught.value.code == "REQ-003"


def test_it_is_plain_for_machines() -> None:
    told = WHOLE.to_plain()
    [one] = [line for line in told["requirements"] if line["requirement"] == "EX_GEN-1250"]
    assert (one["prouve_par"], one["wire"], one["uncovered"]) == ("integrateur", "partly", False)
    assert told["uncovered"] == []
