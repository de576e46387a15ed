"""The catalogue of 120 cases: each is in the plan, on the side that it tries."""

from __future__ import annotations

from typing import Final

from tests.selfplay import CASES

#: Subject -> how many cases it has, by tens.
CATALOGUE: Final = {
    "0.1": 13, "HN": 8, "TR": 7, "INS": 5, "0.2": 6, "0.3": 4, "0.5": 1, "0.4": 4, "1.1": 9, "1.2": 4,
    "1.3": 4, "1.4": 2, "1.5": 6, "2.1": 15, "3.1": 7, "3.2": 6, "3.3": 6, "TRC": 3, "0.9": 6, "AIR": 4,
}  # fmt: skip
CODES: Final = [
    f"CT-{name}-{10 * rank:03}" for name, count in CATALOGUE.items() for rank in range(1, count + 1)
]
#: Those that try the platform alone: what they do a right software never does, or can't be asked.
PLATFORM: Final = {
    *(
        "CT-0.1-060",
        "CT-0.1-070",
        "CT-HN-020",
        "CT-HN-040",
        "CT-TR-010",
        "CT-TR-030",
        "CT-TR-070",
    ),
    *("CT-0.3-040", "CT-2.1-140", "CT-3.3-060", "CT-TRC-020"),
}


def sides(code: str) -> set[str]:
    return {CASES[name]["side"] for name in (code, f"{code}a") if name in CASES}


def test_every_case_of_the_catalogue_is_in_the_plan() -> None:
    assert len(CODES) == 120
    assert [code for code in CODES if code not in CASES] == []


def test_a_software_is_tried_by_all_but_those_of_the_platform() -> None:
    assert {code for code in CODES if "L" not in sides(code)} == PLATFORM


def test_a_case_seen_from_the_software_goes_with_that_of_the_platform() -> None:
    twins = {code for code in CASES if code.endswith("a")}
    assert len(twins) >= 25
    assert {code: CASES[code]["linked"] for code in twins} == {code: [code[:-1]] for code in twins}
    assert all(CASES[code]["side"] == "L" for code in twins)
