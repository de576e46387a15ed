"""docs/rules.md: the rules of the oracle by requirement, those without one, and the requirements without a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from generating.blocks import cases
from generating.tables import CONFIDENCE, code, codes, page, section, table
from harness import rule_examples
from harness.checks import api as checks
from protocol.requirements import Requirement, requirements

_WIRE: Final = {"yes": "frames", "partly": "frames, in part", "no": "not by frames"}


def rules_of() -> dict[str, list[str]]:
    """Requirement -> rules that name it."""
    found: dict[str, list[str]] = {}
    for rule in checks.rules():
        for name in rule.requirements:
            found.setdefault(name, []).append(rule.id)
    return found


def cases_of() -> dict[str, list[str]]:
    """Requirement -> cases of the plans that name it."""
    found: dict[str, list[str]] = {}
    for case in cases():
        for name in case.requirements:
            found.setdefault(name, []).append(case.code)
    return found


def silent() -> list[Requirement]:
    """Requirements that frames can show, in part at least, and that neither a rule nor a case judges."""
    known = rules_of().keys() | cases_of().keys()
    return [one for one in requirements().values() if one.wire != "no" and one.id not in known]


def rules_page(titles: Mapping[str, str]) -> str:
    """The whole page. `titles`: title of each group of rules."""
    rules, by_rule, by_case = checks.rules(), rules_of(), cases_of()
    on_wire = [one for one in requirements().values() if one.wire != "no"]
    covered = [one for one in on_wire if one.id in by_rule]
    played = [one for one in on_wire if one.id not in by_rule and one.id in by_case]
    free = [rule for rule in rules if not rule.requirements]
    intro = (
        f"{len(rules)} rules judge captured bytes; {len(rules) - len(free)} name a requirement of the integration "
        f"guide, the others a clause of a public text. Of {len(requirements())} requirements, {len(on_wire)} can be "
        f"seen on the wire, in whole or in part: {len(covered)} have rules, {len(played)} more are judged by what a "
        f"case of the plans expects, {len(silent())} by neither, for a reason given below. What each rule asks: "
        "[reference/checks.md](reference/checks.md); a good and a bad sample of it: `dmpcompat explain RULE`. Which "
        "rule looks at which field of a message: [fields.md](fields.md). How "
        f"our rules and the official kits agree: [agreement.md](agreement.md). {CONFIDENCE}"
    )
    return page(
        "Rules and requirements",
        intro,
        [
            section("Groups of rules", _groups(titles)),
            section("Requirements and their rules", _requirements(covered, by_rule, by_case)),
            section("Requirements judged by cases alone", _by_cases(played, by_case)),
            section("Requirements without a rule or a case", _silent()),
            section("Rules without a requirement", _free()),
        ],
    )


def _groups(titles: Mapping[str, str]) -> str:
    found = checks.groups()
    marks = {
        group: Counter(str(checks.rule(name).confidence) for name in names) for group, names in found.items()
    }
    order = [*(name for name in titles if name in found), *(name for name in found if name not in titles)]
    return table(
        ("Group", "Holds", "Rules", "A", "B", "C", "With samples"),
        (
            (
                code(group),
                titles.get(group, group),
                str(len(found[group])),
                *(str(marks[group][mark]) for mark in "ABC"),
                str(sum(rule_examples.example(name) is not None for name in found[group])),
            )
            for group in order
        ),
    )


def _requirements(
    chosen: Sequence[Requirement], by_rule: Mapping[str, list[str]], by_case: Mapping[str, list[str]]
) -> str:
    return table(
        ("Requirement", "Says", "Seen by", "Rules", "Cases"),
        (
            (
                code(one.id),
                one.text.en,
                _WIRE[one.wire],
                codes(by_rule[one.id]),
                codes(by_case.get(one.id, ())),
            )
            for one in chosen
        ),
    )


def _by_cases(chosen: Sequence[Requirement], by_case: Mapping[str, list[str]]) -> str:
    return table(
        ("Requirement", "Says", "Seen by", "Cases"),
        ((code(one.id), one.text.en, _WIRE[one.wire], codes(by_case[one.id])) for one in chosen),
    )


def _silent() -> str:
    return table(
        ("Requirement", "Says", "Seen by", "Why"),
        ((code(one.id), one.text.en, _WIRE[one.wire], one.left_out.en) for one in silent()),
    )


def _free() -> str:
    """By group: their clauses are in reference/checks.md."""
    lines = []
    for group, names in checks.groups().items():
        free = [name for name in names if not checks.rule(name).requirements]
        if free:
            lines.append((code(group), str(len(free)), codes(free)))
    return table(("Group", "Rules", "Which"), lines)
