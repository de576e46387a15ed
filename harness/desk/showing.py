"""What terminal and page say alike: how long, what is waited for, what a checked frame came to.

Sentences and plain values only; how they are laid out is each one's business.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from harness.checks import api
from harness.checks.rule import Finding
from harness.expectation_words import PREFIX, title
from harness.observe.operator import Task, Wanted
from protocol.errors import NO_TEXT, DmpcompatError, Text

#: Findings told one by one after a step; the report holds all of them.
MOST: Final = 5
#: Longest value shown of a finding; the evidence holds it whole.
LONGEST: Final = 200
_BAD: Final = ("FAIL", "ERROR", "AMBIGUOUS", "WARN")

#: What the runner waits for, and from whom.
WAITING: Final[dict[Wanted, Text]] = {
    "frame": Text("J'attends votre logiciel", "Waiting for your software"),
    "screen": Text("J'attends de vous une copie d'écran", "Waiting for you: a screen copy"),
    "declaration": Text("J'attends votre déclaration", "Waiting for you: your declaration"),
    "nothing-sent": Text("Je surveille : rien ne doit partir", "Watching: nothing must be sent"),
}
WANTED: Final[dict[Wanted, Text]] = {
    "frame": Text("un message de votre logiciel", "a message of your software"),
    "screen": Text("une copie d'écran (PNG, JPEG ou PDF)", "a screen copy (PNG, JPEG or PDF)"),
    "declaration": Text("une phrase de vous", "a sentence of yours"),
    "nothing-sent": Text(
        "Je surveille : votre logiciel ne doit rien envoyer", "Watching: your software must send nothing"
    ),
}
DOWN: Final = Text(
    "La plateforme ne répond plus ; je réessaie.", "The platform does not answer; trying again."
)
BACK: Final = Text("La plateforme répond de nouveau.", "The platform answers again.")


@dataclass(frozen=True)
class Told:
    """One finding for a reader. `status` is FAIL, WARN, ERROR or AMBIGUOUS; `mend` may be empty."""

    rule: str
    status: str
    title: Text
    where: str
    found: str
    expected: str
    mend: Text


@dataclass(frozen=True)
class Summary:
    """What the frame of one step came to. `told`: the worst first, at most MOST; `more`: how many others."""

    failed: int
    warned: int
    passed: int
    told: tuple[Told, ...]
    more: int

    @property
    def sign(self) -> str:
        """✓ right, ✗ wrong, · when nothing was checked: an act without a frame, a screen that was given or not."""
        return "✗" if self.failed else "✓" if self.warned or self.passed else "·"

    def sentence(self) -> Text:
        if not (self.failed or self.warned or self.passed):
            return Text("Étape finie.", "Step over.")
        if not (self.failed or self.warned):
            return Text(
                f"Reçu et contrôlé : {self.passed} contrôle(s), aucun écart.",
                f"Received and checked: {self.passed} check(s), nothing wrong.",
            )
        return Text(
            f"Reçu et contrôlé : {self.failed} écart(s), {self.warned} avertissement(s), {self.passed} conforme(s).",
            f"Received and checked: {self.failed} failed, {self.warned} warning(s), {self.passed} passed.",
        )


def summary(findings: Sequence[Finding]) -> Summary:
    """Sort the findings of a step for a reader; the same rule with the same values is told once."""
    counted = Counter(finding.status for finding in findings)
    bad = {_key(one): one for one in findings if one.status in _BAD}
    ordered = sorted(bad.values(), key=lambda one: _BAD.index(one.status))
    return Summary(
        failed=sum(counted[status] for status in _BAD[:3]),
        warned=counted["WARN"],
        passed=counted["PASS"],
        told=tuple(_told(one) for one in ordered[:MOST]),
        more=max(0, len(ordered) - MOST),
    )


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.found, finding.expected


def _told(finding: Finding) -> Told:
    return Told(
        rule=finding.rule,
        status=finding.status,
        title=title(finding.rule),
        where=visible(finding.where),
        found=short(finding.found),
        expected=short(finding.expected),
        mend=_mend(finding.rule),
    )


def _mend(rule: str) -> Text:
    """How to mend a breach of a rule, empty for an expectation of the case."""
    if rule.startswith(PREFIX):
        return NO_TEXT
    try:
        return api.rule(rule).mend
    except DmpcompatError:  # a rule that is no longer there: its id was shown
        return NO_TEXT


def short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def visible(text: str) -> str:
    """Text from outside: what hides, turns or commands a terminal becomes its escape; line ends become spaces."""
    shown = "".join(
        c if unicodedata.category(c)[0] != "C" or c in "\n\t" else f"\\u{ord(c):04x}" for c in text
    )
    return " ".join(shown.split("\n"))


def lasted(since: datetime, now: datetime | None = None) -> str:
    """`0:42`, `12:05`, `1:02:03`."""
    seconds = max(0, int(((now or datetime.now(UTC)) - since).total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def waiting_sentence(task: Task, since: datetime, now: datetime | None = None) -> Text:
    """`J'attends votre logiciel depuis 0:42.`"""
    what, how_long = WAITING[task.wants], lasted(since, now)
    return Text(f"{what.fr} depuis {how_long}.", f"{what.en} since {how_long}.")
