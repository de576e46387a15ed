"""Other documents that rules read: value sets and terminologies, as sets of text wherever a rule only looks into them.

A sequence that starts from `doc('…')` with nothing of the document at hand in it is evaluated once. The tree is
dropped when its sets are made, so a pack of 14 MB of terminologies costs its codes only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Final

from lxml import etree

from harness.schematron.folder import Folder
from harness.schematron.syntax import Call, Expr, Filter, Lit, Op, Path, Seq, Step, Var, children
from harness.schematron.values import Unavailable
from protocol.errors import ToolError

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

    def root(self, reference: str) -> etree._Element:
        """The root of a document. Raises Unavailable."""
        place = self.place(reference)
        tree = self._trees.get(place)
        if tree is None:
            try:
                tree = self.folder.parse(place)
            except ToolError as problem:
                raise Unavailable(f"{reference} : {problem.found}") from problem
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
        self,
        reference: str,
        path: str,
        attributes: tuple[str, ...],
        select: Callable[[etree._Element], list[etree._Element]],
    ) -> frozenset[tuple[str, ...]]:
        """The values of those attributes on the elements that `select` finds; elements that lack one are left out."""
        key = (reference, path, attributes)
        found = self._tables.get(key)
        if found is None:
            rows = (tuple(one.get(name) for name in attributes) for one in select(self.root(reference)))
            found = frozenset(row for row in rows if None not in row)  # type: ignore[misc]
            self._tables[key] = found
        return found


def external(expression: Expr) -> bool:
    """Does it start from another document, named by a literal, and depend on nothing else?"""
    if isinstance(expression, Seq):
        return bool(expression.items) and all(external(item) for item in expression.items)
    if isinstance(expression, Filter):
        return external(expression.base) and not any(_free(one) for one in expression.predicates)
    if isinstance(expression, Path):
        return (
            expression.start is not None
            and external(expression.start)
            and not any(map(_free, expression.steps))
        )
    return isinstance(expression, Call) and expression.name in DOC and isinstance(expression.args[0], Lit)


def _free(expression: Expr) -> bool:
    """Has it variables, or a call that looks outside?"""
    if isinstance(expression, Var) or (isinstance(expression, Call) and expression.name == "current"):
        return True
    return any(_free(child) for child in children(expression))


@dataclass(frozen=True)
class Lookup:
    """`doc($x)//c[@a = E and @b = F]` asked as a yes or no: the table, and what is looked up in it."""

    document: Expr
    steps: tuple[Expr, ...]
    attributes: tuple[str, ...]
    wanted: tuple[Expr, ...]


def lookup(expression: Expr) -> Lookup | None:
    """The expression as a look-up in a table, when it is one."""
    if not isinstance(expression, Path) or not isinstance(expression.start, Call) or not expression.steps:
        return None
    call, steps = expression.start, _flattened(expression.steps)
    last = steps[-1]
    if call.name not in DOC or len(call.args) != 1 or not isinstance(last, Step) or not last.predicates:
        return None
    if last.axis != "child" or any(_free(step) for step in steps[:-1]):
        return None
    pairs = [_equality(one) for predicate in last.predicates for one in _conjuncts(predicate)]
    known = [pair for pair in pairs if pair is not None]
    if len(known) != len(pairs) or not _outer(call.args[0]):
        return None
    bare = Step(last.axis, last.test, [])
    return Lookup(call, (*steps[:-1], bare), tuple(name for name, _ in known), tuple(one for _, one in known))


def _flattened(steps: list[Expr]) -> list[Expr]:
    """`a[b/c[p]]` asked as a yes or no is `a/b/c[p]`."""
    last = steps[-1]
    while isinstance(last, Step) and last.predicates:
        inner = last.predicates[-1]
        if not isinstance(inner, Path) or inner.start is not None:
            break
        steps = [*steps[:-1], Step(last.axis, last.test, last.predicates[:-1]), *inner.steps]
        if isinstance(steps[-1], Step) and steps[-1].axis == "attribute":
            break
        last = steps[-1]
    return steps


def _conjuncts(expression: Expr) -> list[Expr]:
    if isinstance(expression, Op) and expression.sign == "and":
        return [*_conjuncts(expression.left), *_conjuncts(expression.right)]
    return [expression]


def _equality(expression: Expr) -> tuple[str, Expr] | None:
    if not isinstance(expression, Op) or expression.sign not in ("=", "eq"):
        return None
    for side, other in ((expression.left, expression.right), (expression.right, expression.left)):
        name = plain_attribute(side)
        if name and _outer(other):
            return name, other
    return None


def plain_attribute(expression: Expr) -> str:
    """`code` for `@code`; "" for anything else (a prefix included)."""
    if isinstance(expression, Path) and expression.start is None and len(expression.steps) == 1:
        step = expression.steps[0]
        if isinstance(step, Step) and step.axis == "attribute" and not step.predicates:
            return step.test if step.test.replace("-", "").replace("_", "").isalnum() else ""
    return ""


def _outer(expression: Expr) -> bool:
    """Does it mean the same inside a predicate as outside? Literals and variables."""
    return isinstance(expression, Lit | Var)
