"""Lint of a plan: what reads well, and yet would not test what it says. Rules are in `lint_rules` and `lint_coverage`.

The structure of a plan (names, fields, types) is checked when it is read (`harness.plan`, PLAN-0xx); here the plan is
sound. Each rule has a code, a severity, and says how to mend.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from harness.plan import Case, LoadedPlan
from harness.plans.places import Place
from harness.plans.prove import Proof
from harness.plans.written import data_of
from protocol.errors import Lang, Text

Level = Literal["error", "warning", "info"]
LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "info")


@dataclass(frozen=True)
class Subject:
    """What is linted: the plan, where its cases are, its proof (None when none is kept)."""

    plan: LoadedPlan
    places: Mapping[str, Place]
    proof: Proof | None = None

    @cached_property
    def data(self) -> dict[str, dict[str, Any]]:
        """The cases as plain data."""
        return data_of(self.plan)

    @property
    def cases(self) -> Sequence[Case]:
        return self.plan.plan.cases


@dataclass(frozen=True)
class Seen:
    """What a rule saw in one case ("" for the plan itself). `found` is data, shown as it is."""

    case: str
    found: str = ""


Look = Callable[[Subject], Iterator[Seen]]


@dataclass(frozen=True)
class LintRule:
    """One rule. `why`: what goes wrong with a plan that breaks it."""

    code: str
    level: Level
    title: Text
    why: Text
    mend: Text
    look: Look


@dataclass(frozen=True)
class Remark:
    """One finding, with its rule and its place."""

    rule: LintRule
    case: str
    found: str
    place: Place

    def line(self, lang: Lang) -> str:
        what = f" ({self.found})" if self.found else ""
        who = f" {self.case}" if self.case else ""
        return f"{self.place}: {self.rule.code} {self.rule.level}{who}: {self.rule.title.to(lang)}{what}"

    def to_plain(self) -> dict[str, Any]:
        return {
            "code": self.rule.code,
            "level": self.rule.level,
            "case": self.case,
            "found": self.found,
            "file": self.place.file,
            "line": self.place.line,
            "title": {"fr": self.rule.title.fr, "en": self.rule.title.en},
            "mend": {"fr": self.rule.mend.fr, "en": self.rule.mend.en},
        }


_RULES: dict[str, LintRule] = {}


def lint_rule(code: str, level: Level, *, title: Text, why: Text, mend: Text) -> Callable[[Look], LintRule]:
    """Make a rule of a function and register it under its code."""

    def make(look: Look) -> LintRule:
        if code in _RULES:
            raise ValueError(f"two lint rules are called {code}")
        _RULES[code] = LintRule(code, level, title, why, mend, look)
        return _RULES[code]

    return make


def lint_rules() -> tuple[LintRule, ...]:
    """Every rule, by code."""
    for module in ("lint_rules", "lint_coverage"):  # they register themselves
        importlib.import_module(f"harness.plans.{module}")

    return tuple(_RULES[code] for code in sorted(_RULES))


def lint(subject: Subject, only: Iterable[str] = ()) -> tuple[Remark, ...]:
    """The remarks on a plan, those of the gravest rules first. `only`: codes to keep, all by default."""
    wanted = frozenset(only)
    found = [
        Remark(rule, seen.case, seen.found, subject.places.get(seen.case, subject.places[""]))
        for rule in lint_rules()
        if not wanted or rule.code in wanted
        for seen in rule.look(subject)
    ]
    return tuple(sorted(found, key=lambda one: (LEVELS.index(one.rule.level), one.rule.code, one.case)))
