"""How rules are registered and judged: a rule is one or more functions under an id of datasets/acceptance.

The severity (refuse, warn, off) comes from the session's settings; a rule that is off is not run. What a rule
looks at, and what becomes of its breaches, is for the stages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Generic, TypeVar

from mock_dmp.context import Problem
from mock_dmp.state.settings import Settings, rules
from protocol.errors import NO_TEXT, DmpcompatError, Text

S = TypeVar("S")


@dataclass(frozen=True)
class Breach:
    """One thing that is wrong. `where` names object and attribute; `code` overrides the rule's error code."""

    where: str = ""
    found: str = ""
    expected: str = ""
    text: Text = NO_TEXT
    code: str = ""

    def context(self) -> str:
        """The line of an ebXML codeContext or of a fault: where, what was found, what was expected."""
        parts = (
            self.where,
            f"trouvé : {self.found}" if self.found else "",
            f"attendu : {self.expected}" if self.expected else "",
        )
        return " — ".join(part for part in parts if part)


@dataclass(frozen=True)
class Judged:
    """A breach with the rule that saw it."""

    rule: str
    problem: Problem


@dataclass(frozen=True)
class Stage(Generic[S]):
    """An ordered list of rules over one kind of subject; `name` is for a reader."""

    name: str
    functions: list[tuple[str, Callable[[S], Iterable[Breach]]]] = field(default_factory=list)

    def rule(
        self, rule_id: str
    ) -> Callable[[Callable[[S], Iterable[Breach]]], Callable[[S], Iterable[Breach]]]:
        """Decorator: this function is (a part of) rule `rule_id`."""

        def register(function: Callable[[S], Iterable[Breach]]) -> Callable[[S], Iterable[Breach]]:
            self.functions.append((rule_id, function))
            return function

        return register

    def arrange(self, modules: Sequence[ModuleType]) -> None:
        """Put the rules in the order of their modules: that of imports means nothing."""
        rank = {module.__name__: index for index, module in enumerate(modules)}
        self.functions.sort(key=lambda item: rank.get(item[1].__module__, len(rank)))

    @property
    def ids(self) -> tuple[str, ...]:
        """The rules of the stage, in order, each once."""
        return tuple(dict.fromkeys(rule_id for rule_id, _ in self.functions))

    def judge(self, subject: S, settings: Settings) -> Iterator[Judged]:
        """Run the rules that are not off, in order, one at a time: a caller may stop at the first error."""
        for rule_id, function in self.functions:
            if settings.severity(rule_id) == "off":
                continue
            for breach in function(subject):
                yield from judged(rule_id, breach, settings)


def judged(rule_id: str, breach: Breach, settings: Settings) -> Iterator[Judged]:
    """The breach as a problem of the answer; nothing when the rule is off."""
    severity = settings.severity(rule_id)
    if severity == "off":
        return
    yield Judged(
        rule_id,
        Problem(
            code=breach.code or rules()[rule_id].code,
            text=breach.text,
            context=breach.context(),
            location=rule_id,
            severity="error" if severity == "refuse" else "warning",
        ),
    )


def breach_of(problem: DmpcompatError, where: str = "") -> Breach:
    """An error of the readers as a breach: its words, field, found and expected are kept."""
    return Breach(
        where=where or problem.field, found=problem.found, expected=problem.expected, text=problem.text
    )
