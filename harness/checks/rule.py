"""What a rule is and what it says: `Rule`, `Finding`, and the decorators that make rules of functions.

A rule is a value attached to the module that writes it; nothing is registered behind the reader's back
(harness.checks.api walks the modules). A rule tells what it saw; how severe a failure is belongs to the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from harness.checks.aftermath import Aftermath
from harness.checks.cda_view import CdaView
from harness.checks.judged import Judged
from harness.checks.watched import Watched
from protocol.errors import NO_TEXT, Text

#: AMBIGUOUS: two decoders read the same bytes differently, so nothing is known of what they say.
Status = Literal["PASS", "FAIL", "WARN", "INFO", "VACUOUS", "ERROR", "AMBIGUOUS"]
Severity = Literal["error", "warning", "info", "off"]
Confidence = Literal["A", "B", "C"]
#: Which bytes a rule looks at. A "both" rule runs once a side; "document" rules look at one CDA document,
#: "sequence" rules at the requests of a whole run, "answers" rules at its answers together, "aftermath" rules at the
#: requests that follow a fault of the platform, "watch" rules at those of a window in which some are forbidden.
Side = Literal[
    "request", "response", "both", "connection", "document", "sequence", "answers", "aftermath", "watch"
]

View = TypeVar("View")

#: Rules of any transaction.
ANY = ("*",)
#: Shown by reports of both languages: French, then English, where no language-neutral form reads well.
EMPTY = "vide / empty"


@dataclass(frozen=True)
class Finding:
    """What one rule saw at one place.

    `where` is `request:` or `response:` (or a file name) and a readable path or byte range; `found` and `expected`
    are data, shown as they are; `exchange` is the id of the exchange, "" for a bare document.
    """

    rule: str
    status: Status
    where: str
    found: str = ""
    expected: str = ""
    exchange: str = ""


@dataclass(frozen=True)
class Answered:
    """One exchange of a run, as the platform's coherence is judged: `judged` is False for what is only known."""

    view: Judged
    judged: bool

    @property
    def request(self) -> Judged:
        return self.view.request


@dataclass(frozen=True)
class Rule(Generic[View]):
    """One rule. `on` lists transaction ids, or `*`; `default` is the severity when the plan says nothing."""

    id: str
    group: str
    on: tuple[str, ...]
    side: Side
    title: Text
    mend: Text
    clause: str
    requirements: tuple[str, ...]
    confidence: Confidence
    default: Severity
    module: str
    function: Callable[[View], Iterator[Finding]]
    #: A document rule finds nothing to look at where this path leads nowhere.
    under: str = ""

    def concerns(self, transaction: str) -> bool:
        return "*" in self.on or transaction in self.on


def _maker(
    rule: str,
    group: str,
    on: tuple[str, ...],
    side: Side,
    title: Text,
    mend: Text,
    clause: str,
    requirements: tuple[str, ...],
    confidence: Confidence,
    default: Severity,
    under: str = "",
) -> Callable[[Callable[[View], Iterator[Finding]]], Rule[View]]:
    def make(function: Callable[[View], Iterator[Finding]]) -> Rule[View]:
        told = (rule, group, on, side, title, mend, clause, requirements, confidence, default)
        return Rule(*told, function.__module__, function, under)

    return make


def check(
    rule: str,
    *,
    on: tuple[str, ...],
    side: Literal["request", "response", "both", "connection"],
    title: Text,
    group: str,
    clause: str,
    mend: Text = NO_TEXT,
    requirements: tuple[str, ...] = (),
    confidence: Confidence = "A",
    default: Severity = "error",
) -> Callable[[Callable[[Judged], Iterator[Finding]]], Rule[Judged]]:
    """Make a rule of a function that looks at one side of an exchange (yields one Finding a node looked at)."""

    return _maker(rule, group, on, side, title, mend, clause, requirements, confidence, default)


def check_document(
    rule: str,
    *,
    title: Text,
    group: str,
    clause: str,
    mend: Text = NO_TEXT,
    requirements: tuple[str, ...] = (),
    confidence: Confidence = "A",
    default: Severity = "error",
    under: str = "",
) -> Callable[[Callable[[CdaView], Iterator[Finding]]], Rule[CdaView]]:
    """Make a rule of a function that looks at one CDA document, alone or carried by an exchange.

    `under`: the part of the document that all it looks at is in; it isn't run on documents without it.
    """

    return _maker(
        rule,
        group,
        ("TD2.1", "TD2.2", "TD3.2"),
        "document",
        title,
        mend,
        clause,
        requirements,
        confidence,
        default,
        under,
    )


def check_sequence(
    rule: str,
    *,
    title: Text,
    group: str,
    clause: str,
    mend: Text = NO_TEXT,
    requirements: tuple[str, ...] = (),
    confidence: Confidence = "A",
    default: Severity = "error",
) -> Callable[[Callable[[Sequence[Judged]], Iterator[Finding]]], Rule[Sequence[Judged]]]:
    """Make a rule of a function that looks at the requests of a run, in the order they were sent."""

    return _maker(rule, group, ANY, "sequence", title, mend, clause, requirements, confidence, default)


def check_answers(
    rule: str,
    *,
    title: Text,
    group: str,
    clause: str,
    mend: Text = NO_TEXT,
    requirements: tuple[str, ...] = (),
    confidence: Confidence = "A",
    default: Severity = "error",
) -> Callable[[Callable[[Sequence[Answered]], Iterator[Finding]]], Rule[Sequence[Answered]]]:
    """Make a rule of a function that looks at the answers of a run together, in the order they came."""

    return _maker(rule, group, ANY, "answers", title, mend, clause, requirements, confidence, default)


def check_aftermath(
    rule: str,
    *,
    title: Text,
    clause: str,
    mend: Text = NO_TEXT,
    requirements: tuple[str, ...] = (),
    confidence: Confidence = "A",
) -> Callable[[Callable[[Aftermath], Iterator[Finding]]], Rule[Aftermath]]:
    """Make a rule of a function that looks at what was sent after a fault: a frame that must not follow."""

    return _maker(rule, "AFTERMATH", ANY, "aftermath", title, mend, clause, requirements, confidence, "error")


def check_watch(
    rule: str,
    *,
    title: Text,
    clause: str,
    mend: Text = NO_TEXT,
    requirements: tuple[str, ...] = (),
    confidence: Confidence = "A",
) -> Callable[[Callable[[Watched], Iterator[Finding]]], Rule[Watched]]:
    """Make a rule of a function that looks at what was sent while a software was watched."""

    return _maker(rule, "A-NOCALL", ANY, "watch", title, mend, clause, requirements, confidence, "error")


#: All that helpers tell of their elements when a document is judged briefly: whether all is right.
RIGHT: Final = (Finding("", "PASS", ""),)
WRONG: Final = (Finding("", "FAIL", ""),)


def _made(status: Status, where: str, found: str, expected: str) -> Finding:
    """A Finding without what a frozen constructor costs: rules make hundreds of them for one document."""
    finding = object.__new__(Finding)
    fields = finding.__dict__
    fields["rule"], fields["status"], fields["where"] = "", status, where
    fields["found"], fields["expected"], fields["exchange"] = found, expected, ""
    return finding


def passed(where: str, found: str = "") -> Finding:
    return _made("PASS", where, found, "")


def failed(where: str, found: str, expected: str) -> Finding:
    return _made("FAIL", where, found or "absent", expected)


def verdict(good: bool, where: str, found: str, expected: str) -> Finding:
    """PASS or FAIL by `good`; `expected` is kept on a PASS too, it tells what was asked."""
    return _made("PASS" if good else "FAIL", where, found or ("" if good else "absent"), expected)


def twice(first: bool, second: bool, where: str, found: str, expected: str, other: str = "") -> Finding:
    """PASS or FAIL when both readings say so, AMBIGUOUS when they differ. `other`: what the second one saw."""
    if first == second:
        return verdict(first, where, found, expected)
    return Finding("", "AMBIGUOUS", where, " ≠ ".join(part for part in (found, other) if part), expected)
