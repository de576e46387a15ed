"""What running one Schematron over one document says, whichever engine ran it.

Values only: who reads the files is `reader`, who runs them `direct` and `saxon`. A layer that fired no rule is
vacuous, and what could not be run is listed: neither is ever "no failure".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from lxml import etree

from protocol.errors import Text

Engine = Literal["direct", "saxon"]


@dataclass(frozen=True)
class Failure:
    """One assert that is false (or report that is true) on one node.

    `rule` is the context of the rule as its file writes it, `test` the expression of the assert, `text` its message
    with values filled in and white space folded, `role` its role or flag ("" when none), `path` the readable path
    of the node, `line` its line (0 for the document node). `id` is the assert's own, "" when it has none.
    """

    pattern: str
    rule: str
    test: str
    text: str
    role: str
    path: str
    line: int
    id: str = ""


@dataclass(frozen=True)
class Fired:
    """One rule that matched one node. `pattern`: id of the pattern, or its name; `context`: the rule's own."""

    pattern: str
    context: str


@dataclass(frozen=True)
class NotRun:
    """Something that could not be evaluated: `what` names it (a rule, an assert, a value set), `why` the reason.

    `handed`: the direct engine does not know how, and Saxon may."""

    what: str
    why: Text
    handed: bool = False


@dataclass(frozen=True)
class Defect:
    """A fault of the kit itself, found while compiling.

    `code`: CASE (name differs by case from the disk), MISSING (include or value set that is not there), EMPTY,
    NEVER (an assert that can never fail), HANDED (an expression this engine leaves to Saxon), SYNTAX (an expression
    no engine can compile). `where`: path in the pack.
    """

    code: str
    where: str
    why: Text


@dataclass(frozen=True)
class LayerResult:
    """`fired` and `failures` are in the order of the patterns, then of the document. `layer`: name of the file's
    stem; `schematron`: its path in the pack, with `/`."""

    layer: str
    schematron: str
    engine: Engine
    fired: tuple[Fired, ...]
    failures: tuple[Failure, ...]
    not_run: tuple[NotRun, ...]

    @property
    def vacuous(self) -> bool:
        """No rule fired: this layer says nothing of the document."""
        return not self.fired


class Compiled(Protocol):
    """A Schematron ready to run, by either engine. Safe to use from one thread at a time."""

    @property
    def layer(self) -> str: ...
    @property
    def schematron(self) -> str: ...
    @property
    def defects(self) -> tuple[Defect, ...]: ...
    def run(self, root: etree._Element) -> LayerResult:
        """Judge a document. Raises ToolError (SCH-0xx) when the engine itself fails."""
        ...
