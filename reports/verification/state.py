"""What the steps of a verification hand to one another, and how each one registers itself.

A step is given its number when it is taken: some look at what a report need not have.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from protocol import dsse, trustchain
from protocol.errors import Text
from protocol.trust import TrustedKey
from protocol.trustchain import Anchor
from reports import stamped
from reports.verify_evidence import ko
from reports.verify_paper import PAPER

STATEMENT_FILE: Final = stamped.STATEMENT
#: What lies in the folder of a report and is no subject of its statement.
BESIDE: Final = frozenset({STATEMENT_FILE, stamped.FILE, PAPER, "preuves"})


@dataclass
class State:
    """What is verified, by what, and what was read so far.

    `existed`: when somebody that the caller believes saw this very statement; `authority`: folder of the certification
    authority to believe for time stamps and the seal of the PDF; `root`: who signs the trust file.
    """

    folder: Path
    evidence: Path | None
    trust: Path | None
    own_trust: Path
    existed: datetime | None = None
    authority: Path | None = None
    rejudged: bool = False
    root: Anchor | None = None
    envelope: dsse.Envelope | None = None
    statement: dict[str, Any] = field(default_factory=dict)

    @property
    def signed(self) -> dsse.Envelope:
        """The envelope. The steps after its reading are skipped when it could not be read."""
        if self.envelope is None:
            raise ko("VERIFY-003", Text("enveloppe non lue", "envelope not read"))
        return self.envelope

    @property
    def paper(self) -> bool:
        """Whether the report was put on paper."""
        return (self.folder / PAPER).is_file()

    def keys(self) -> Mapping[str, TrustedKey]:
        """The keys to believe, by the trust file given, else by this installation's own, which no root signs.

        Raises EvidenceError for one that can't be believed.
        """
        own = self.own_trust if self.root is None and self.own_trust.is_file() else None
        place = self.trust or own
        return trustchain.load(place, self.root, datetime.now(UTC)).keys if place else {}


Act = Callable[[State], Text]


@dataclass(frozen=True)
class Registered:
    """A step: its place in the order, the name that tells it from the others, its title, what it does, and when it is
    taken.
    """

    order: int
    name: str
    title: Text
    act: Act
    when: Callable[[State], bool]


_STEPS: Final[dict[int, Registered]] = {}


def step(
    order: int, name: str, french: str, english: str, *, when: Callable[[State], bool] = lambda _: True
) -> Callable[[Act], Act]:
    """Register a step at its place in the order."""

    def register(act: Act) -> Act:
        _STEPS[order] = Registered(order, name, Text(french, english), act, when)
        return act

    return register


def steps(state: State) -> list[Registered]:
    """The steps to take for this report, in order; imports the files of `reports.verification.steps`."""
    package = importlib.import_module("reports.verification.steps")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return [one for _, one in sorted(_STEPS.items()) if one.when(state)]
