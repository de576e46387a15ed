"""Other documents that rules read: value sets and terminologies, as sets of text wherever a rule only looks into them.

A sequence that starts from `doc('…')` with nothing of the document at hand in it is evaluated once. The tree is
dropped when its sets are made, so a pack of 14 MB of terminologies costs its codes only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Final

from lxml import etree

from harness.schematron.folder import Folder
from harness.schematron.syntax import Call, Expr, Filter, Lit, Path, Seq, Var, children
from harness.schematron.values import Unavailable
from protocol.errors import ToolError

#: Rows of texts.
Rows = Iterable[tuple[str, ...]]
DOC: Final = ("doc", "document")
#: Trees kept at hand for rules that walk them in other ways.
_KEPT: Final = 4


class Sets(dict[str, frozenset[str]]):
    """Sets of texts by name, each made when it is first asked for. Raises Unavailable."""

    def __init__(self) -> None:
        super().__init__()
        self.later: dict[str, Callable[[], frozenset[str]]] = {}

    def __missing__(self, name: str) -> frozenset[str]:
        made = self[name] = self.later[name]()
        return made


@dataclass
class Library:
    """Documents by the reference that a rule writes, relative to the folder of the Schematron's main file."""

    folder: Folder
    base: File
    told: str
    _trees: dict[File, etree._Element] = field(default_factory=dict)
    _places: dict[str, File] = field(default_factory=dict)
    _tables: dict[tuple[str, str, tuple[str, ...]], frozenset[tuple[str, ...]]] = field(default_factory=dict)

    def root(self, reference: str, *, keep: bool = True) -> etree._Element:
        """The root of a document, kept at hand unless told otherwise. Raises Unavailable."""
        place = self.place(reference)
        tree = self._trees.get(place)
        if tree is not None:
            return tree
        try:
            tree = self.folder.parse(place)
        except ToolError as problem:
            raise Unavailable(f"{reference} : {problem.found}") from problem
        if keep:
            if len(self._trees) >= _KEPT:
                self._trees.pop(next(iter(self._trees)))
            self._trees[place] = tree
        return tree

    def place(self, reference: str) -> File:
        known = self._places.get(reference)
        if known is None:
            known = self.folder.locate(self.base, reference, self.told) if reference else None
            if known is None:
                raise Unavailable(f"{reference or '(sans nom)'} : absent du paquet")
            self._places[reference] = known
        return known

    def available(self, reference: str) -> bool:
        try:
            self.place(reference)
        except Unavailable:
            return False
        return True

    def table(
        self, reference: str, path: str, columns: tuple[str, ...], rows: Callable[[etree._Element], Rows]
    ) -> frozenset[tuple[str, ...]]:
        """The rows that `rows` makes of a document, kept under the names of the path and columns it follows."""
        key = (reference, path, columns)
        found = self._tables.get(key)
        if found is None:
            found = self._tables[key] = frozenset(rows(self.root(reference, keep=False)))
        return found


def external(expression: Expr) -> bool:
    """Does it start from another document, named by a literal, and depend on nothing else?"""
    if isinstance(expression, Seq):
        return bool(expression.items) and all(external(item) for item in expression.items)
    if isinstance(expression, Filter):
        return external(expression.base) and not any(free(one) for one in expression.predicates)
    if isinstance(expression, Path):
        return (
            expression.start is not None
            and external(expression.start)
            and not any(map(free, expression.steps))
        )
    return isinstance(expression, Call) and expression.name in DOC and isinstance(expression.args[0], Lit)


def free(expression: Expr) -> bool:
    """Has it variables, or a call that looks outside?"""
    if isinstance(expression, Var) or (isinstance(expression, Call) and expression.name == "current"):
        return True
    return any(free(child) for child in children(expression))
