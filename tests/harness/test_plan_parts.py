"""A plan in several files is one plan: mistakes are told where they were written, the digest is of the whole."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.plan import load_plan, stored_plan
from harness.problems import InvalidFile
from protocol.errors import PlanError

Plan = dict[str, Any]
Write = Callable[[Plan], Path]


@pytest.fixture
def parted(small_plan: Plan, write_plan: Write, tmp_path: Path) -> Callable[[str], Path]:
    """Writes the small plan with a second file of that text beside it."""

    def write(part: str) -> Path:
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "b.yaml").write_text(part, encoding="utf-8")
        return write_plan({"include": ["more/b.yaml"], **small_plan})

    return write


CASE = """cases:
  - code: {code}
    title: {{fr: "Deuxième : oui", en: "012"}}
    purpose: {{fr: a, en: b}}
    type: N
    side: L
    origin: test
    filters: {{transactions: [TD0.2]}}
    steps:
      - drive: TD0.2
        as: {who}
"""


def test_the_cases_are_those_of_all_files(parted: Callable[[str], Path], small_plan: Plan) -> None:
    loaded = load_plan(parted(CASE.format(code="CT-0.2-020", who="cps")))
    assert [case.code for case in loaded.plan.cases] == ["CT-0.2-010", "CT-0.2-020"]
    assert loaded.plan.cases[1].title.fr == "Deuxième : oui"
    assert loaded.plan.include == []
    again = stored_plan(loaded.raw, Path("kept.yaml"))
    assert (again.plan, again.sha256) == (loaded.plan, loaded.sha256)


def test_a_change_in_any_file_changes_the_digest(
    parted: Callable[[str], Path], write_plan: Write, tmp_path: Path
) -> None:
    path = parted(CASE.format(code="CT-0.2-020", who="cps"))
    before = load_plan(path).sha256
    (tmp_path / "more" / "b.yaml").write_text(CASE.format(code="CT-0.2-020", who="hopital"), encoding="utf-8")
    assert load_plan(path).sha256 != before


@pytest.mark.parametrize(
    ("part", "code", "line"),
    [
        (CASE.format(code="CT-0.2-020", who="nobody"), "PLAN-014", 11),
        (CASE.format(code="CT-0.2-010", who="cps"), "PLAN-016", 2),
        (CASE.format(code="020", who="cps"), "PLAN-004", 2),
        ("- a\n", "PLAN-042", 1),
        ("cases: []\n", "PLAN-004", 1),
        ("cases: []\nid: x\n", "PLAN-042", 1),
    ],
)
def test_a_mistake_is_told_where_it_is(
    part: str, code: str, line: int, parted: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile) as caught:
        load_plan(parted(part))
    problem = next(one for one in caught.value.problems if one.code == code)
    assert problem.field.startswith(f"{tmp_path / 'more' / 'b.yaml'}:{line}"), problem.field


@pytest.mark.parametrize("name", ["absent.yaml", "../plan.yaml", "/etc/hostname", ""])
def test_a_file_that_is_not_beside_the_plan(name: str, small_plan: Plan, write_plan: Write) -> None:
    with pytest.raises(InvalidFile) as caught:
        load_plan(write_plan({**copy.deepcopy(small_plan), "include": [name]}))
    assert caught.value.code == "PLAN-041"


def test_yaml_that_is_not(parted: Callable[[str], Path]) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(parted("cases: [\n"))
    assert caught.value.code == "YAML-004"
