"""Paths and filters step by step, where libxml2 can't take them whole: predicates that call what XPath 1.0 has not,
steps that compute, and items that are not elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lxml import etree

from harness.schematron.lower import Lowering
from harness.schematron.lowered import Frame, Low, NotLowered
from harness.schematron.names import Symbol
from harness.schematron.running import At
from harness.schematron.syntax import Dot, Expr, Filter, Path, Step
from harness.schematron.values import (
    Document,
    DynamicError,
    Sequence,
    Unsupported,
    is_attribute,
    is_element,
    is_node,
    key,
)

if TYPE_CHECKING:
    from harness.schematron.interpret import Interpreter

Made = Callable[[At], Sequence]
Names = Mapping[str, Symbol]
_DOWN = frozenset({"child", "descendant", "descendant-or-self"})
_UP = frozenset({"parent", "ancestor", "ancestor-or-self"})


class Walking:
    """The paths of one interpreter."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter

    def path(self, expr: Path, names: Names, depth: int) -> Made:
        if expr.start is None:
            start: Made = lambda at: [at.item]  # noqa: E731 - as short as the closures beside it
            first = depth
        else:
            start = self._interpreter.make(expr.start, names, depth)
            first = depth + 1
        steps: list[Made] = []
        while len(steps) < len(expr.steps):
            rest = expr.steps[len(steps) :]
            whole = self._together(rest, names, first if not steps else depth + 1)
            if whole is not None:
                steps.append(whole)
                break
            steps.append(self._step(rest[0], names, first if not steps else depth + 1))

        def walk(at: At) -> Sequence:
            return self._through(start(at), steps, at)

        return walk

    def _through(self, items: Sequence, steps: list[Made], at: At) -> Sequence:
        for step in steps:
            size, several = len(items), len(items) > 1
            found = [node for rank, item in enumerate(items, 1) for node in step(at.inner(item, rank, size))]
            items = self._sorted(found, at) if several and found and is_node(found[0]) else found
            if not items:
                break
        return items

    def filter(self, expr: Filter, names: Names, depth: int) -> Made:
        base = self._interpreter.make(expr.base, names, depth)
        predicates = [self._predicate(one, names, depth + 1) for one in expr.predicates]

        def pick(at: At) -> Sequence:
            items = base(at)
            for predicate in predicates:
                items = _kept(items, predicate, at)
            return items

        return pick

    def combined(self, sign: str, left: Sequence, right: Sequence, at: At) -> Sequence:
        if not all(is_node(item) for item in left + right):
            raise DynamicError("XPTY0004: des nœuds sont attendus")
        others = {key(item) for item in right}
        if sign == "|":
            return self._sorted(left + right, at)
        wanted = sign == "intersect"
        return self._sorted([item for item in left if (key(item) in others) is wanted], at)

    def precedes(self, sign: str, left: Sequence, right: Sequence, at: At) -> Sequence:
        """`<<` and `>>`: empty when a side is."""
        if not left or not right:
            return []
        before, after = (left[0], right[0]) if sign == "<<" else (right[0], left[0])
        return [_place(before, at) < _place(after, at)]

    def elsewhere(self, expr: Expr, names: Names, depth: int, *, condition: bool) -> Callable[[At], Any]:
        """The expression for an item that is not an element, made when one comes."""
        made: list[Callable[[At], Any]] = []

        def run(at: At) -> Any:
            if not made:
                engine = self._interpreter
                made.append(
                    engine.own_test(expr, names, depth) if condition else engine.own(expr, names, depth)
                )
            return made[0](at)

        return run

    def _together(self, steps: list[Expr], names: Names, depth: int) -> Made | None:
        """All the steps that are left as one expression, when libxml2 can take them."""
        if len(steps) < 2:
            return None
        lowering = self._interpreter.lowering()
        expr = Path(None, steps)
        try:
            low = _plainly(lowering, expr, names, depth)
            if not low.bare:
                return None
            xpath = self._interpreter.compiler.xpath(low.text, lowering.needs, nodes=True)
            absolute = self._interpreter.compiler.xpath(f"/{low.text}", lowering.needs, nodes=True)
        except NotLowered:
            return None
        apart = [self._step(step, names, depth + bool(rank)) for rank, step in enumerate(steps)]

        def walk(at: At) -> Sequence:
            if is_element(at.item):
                return list(xpath(at.item))
            if isinstance(at.item, Document):
                return list(absolute(at.item.root))
            return self._through([at.item], apart, at)

        return walk

    # -- steps ----------------------------------------------------------------------------------------------
    def _step(self, step: Expr, names: Names, depth: int) -> Made:
        if isinstance(step, Dot):
            return lambda at: [at.item]
        if not isinstance(step, Step):
            return self._interpreter.make(step, names, depth)
        lowering = self._interpreter.lowering()
        try:
            text = _plainly(lowering, step, names, depth).text
            predicates: list[Made] = []
        except NotLowered:
            lowering = self._interpreter.lowering()
            text = lowering.expression(Step(step.axis, step.test, []), Frame({}, depth)).text
            predicates = [self._predicate(one, names, depth + 1) for one in step.predicates]
        xpath = self._interpreter.compiler.xpath(text, lowering.needs, nodes=True)
        reverse = step.axis in ("ancestor", "ancestor-or-self", "preceding", "preceding-sibling")
        slow: list[list[Made]] = []

        def take(at: At) -> Sequence:
            item, asked = at.item, predicates
            if is_element(item):
                found: Sequence = list(xpath(item))
            elif isinstance(item, Document):
                found = _itself(item, step)
                if step.axis in _DOWN:
                    found = [
                        *found,
                        *self._interpreter.compiler.xpath("/" + text, lowering.needs, nodes=True)(item.root),
                    ]
            else:
                found = _from_other(item, step)
                if not slow:
                    slow.append([self._predicate(one, names, depth + 1) for one in step.predicates])
                asked = slow[0]
            if not asked:
                return found
            if reverse:
                found.reverse()
            for predicate in asked:
                found = _kept(found, predicate, at)
            return found[::-1] if reverse else found

        return take

    def _predicate(self, expr: Expr, names: Names, depth: int) -> Made:
        return self._interpreter.make(expr, names, depth)

    def _sorted(self, items: Sequence, at: At) -> Sequence:
        """Distinct nodes in the order of the document."""
        seen: dict[object, Any] = {}
        for item in items:
            seen.setdefault(key(item), item)
        return sorted(seen.values(), key=lambda item: _place(item, at))


def _plainly(lowering: Lowering, expr: Expr, names: Names, depth: int) -> Low:
    """The expression without lets, whose values are known here, nor `x:top()`, which nothing sets here."""
    low = lowering.expression(expr, Frame(names, depth, inline=False))
    if "top" in lowering.needs:
        raise NotLowered("nœud de la règle")
    return low


def _place(item: Any, at: At) -> tuple[int, int]:
    if isinstance(item, Document):
        return (-1, 0)
    if isinstance(item, etree._Element):
        return (at.run.rank(item), 0)
    return (at.run.rank(item.getparent()), 1 if is_attribute(item) else 2)


def _kept(items: Sequence, predicate: Made, at: At) -> Sequence:
    """Items for which a predicate holds; a number is a position."""
    from harness.schematron.values import truth

    size, kept = len(items), []
    for rank, item in enumerate(items, 1):
        value = predicate(at.inner(item, rank, size))
        if len(value) == 1 and isinstance(value[0], int | float) and not isinstance(value[0], bool):
            held = value[0] == rank
        else:
            held = truth(value)
        if held:
            kept.append(item)
    return kept


def _from_other(item: Any, step: Step) -> Sequence:
    """An axis step from an attribute or a text."""
    if not is_node(item):
        raise DynamicError("XPTY0020: une étape demande un nœud")
    if isinstance(item, etree._Element):  # a comment or an instruction
        if step.axis in ("self", "descendant-or-self") and step.test == "node()":
            return [item]
        return [item.getparent()] if step.axis == "parent" and item.getparent() is not None else []
    if step.axis in ("self", "descendant-or-self"):
        kind = "attribute(" if is_attribute(item) else "text("
        return [item] if step.test == "node()" or step.test.startswith(kind) else []
    if step.axis in _UP:
        parent = item.getparent()
        axis = "self" if step.axis == "parent" else "ancestor-or-self"
        if not is_attribute(item) and item.is_tail:
            axis = step.axis if step.axis == "parent" else "ancestor"
        if step.test not in ("node()", "*"):
            raise Unsupported(f"{step.axis}::{step.test} depuis un attribut")
        return list(parent.xpath(f"{axis}::*"))
    if step.axis in ("child", "attribute", "descendant"):
        return []
    raise Unsupported(f"{step.axis}:: depuis un attribut ou un texte")


def _itself(document: Document, step: Step) -> Sequence:
    """The document node, where an axis that holds it and a test it passes are asked for."""
    itself = step.axis in ("self", "descendant-or-self", "ancestor-or-self")
    return [document] if itself and step.test in ("node()", "document-node()") and not step.predicates else []
