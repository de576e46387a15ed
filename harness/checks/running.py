"""Running rules: one with its findings, or those of a document together, briefly.

A rule that raises is ERROR, never FAIL. Which rules there are and which are wanted is harness.checks.api's
business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

from harness.checks.cda_view import CdaView
from harness.checks.rule import RIGHT, Finding, Rule

View = TypeVar("View")
#: Groups whose rules cost more than the places of their findings.
_DEAR: Final = ("CDA-OFFICIAL", "SCHEMA")


class Prepared(NamedTuple):
    """A rule of documents with what it says when it finds nothing wrong: a pass without a place, or nothing at all."""

    rule: Rule[CdaView]
    function: Callable[[CdaView], Iterator[Finding]] | None
    under: str
    passes: Finding
    silent: Finding


def prepared(items: Iterable[Rule[CdaView]]) -> tuple[Prepared, ...]:
    """For `judge_briefly`, once for many documents."""
    return tuple(
        Prepared(
            item,
            None if item.group in _DEAR else item.function,
            item.under,
            Finding(item.id, "PASS", ""),
            Finding(item.id, "VACUOUS", ""),
        )
        for item in items
    )


def run(item: Rule[View], view: View, place: str) -> list[Finding]:
    """What a rule finds. `place` is told when there is no better one."""
    try:
        seen = list(item.function(view))
    # A fault of the rule itself, whatever it is, must show as the tool's and leave the other rules their say.
    except Exception as problem:  # noqa: BLE001 - told as the tool's, whatever it is
        return [Finding(item.id, "ERROR", place, f"{type(problem).__name__}: {problem}")]
    identifier = item.id
    for finding in seen:
        # Before anybody else sees it: a copy would cost as much as many a rule.
        vars(finding)["rule"] = identifier
    return seen or [Finding(identifier, "VACUOUS", place)]


def judge_briefly(items: Sequence[Prepared], view: CdaView, place: str) -> list[Finding]:
    """The same as `run` of each; when a rule finds nothing wrong, as many passes that tell nothing.

    All in one loop: most rules look at little, and cost less than a few calls.
    """
    right = RIGHT[0]
    found: list[Finding] = []
    view.brief = True
    for rule, function, under, passes, silent in items:
        count = 0 if function else -1
        if function and not (under and not view.nodes(under)):
            try:
                for finding in function(view):
                    if finding is not right and finding.status != "PASS":
                        count = -1
                        break
                    count += 1
            except Exception:  # noqa: BLE001 - told by the other run
                count = -1
        if count > 0:
            found += [passes] * count
        elif count == 0:
            found.append(silent)
        else:
            view.brief = False
            found += run(rule, view, place)
            view.brief = True
    view.brief = False
    return found
