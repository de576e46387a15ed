"""Which nodes each rule's context matches: a tree of steps shared by all the rules of a Schematron, walked from
what the document has, so that a branch whose step finds nothing is left with all that hangs from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from harness.schematron.forms import positional
from harness.schematron.index import TEMPLATE, Index
from harness.schematron.interpret import Interpreter
from harness.schematron.lowered import Frame, NotLowered
from harness.schematron.names import Symbol
from harness.schematron.parse import parse
from harness.schematron.running import At
from harness.schematron.syntax import Expr, Filter, Lit, Op, Path, Root, Seq, Step
from harness.schematron.trouble import TROUBLE
from harness.schematron.values import Unsupported

Nodes = list[etree._Element]
Finder = Callable[[Index, Nodes], Nodes]
Trouble = Callable[[int, Exception], None]


@dataclass
class _Branch:
    """A step after what its parent found. `rules`: those whose context ends here."""

    step: Step
    deep: bool
    first: bool
    anchored: bool
    needs: str = ""
    """The tag its step asks for, when it asks for one: a document that has none is not looked into."""
    finder: Finder | None = None
    rules: list[int] = field(default_factory=list)
    branches: dict[str, _Branch] = field(default_factory=dict)

    def every_rule(self) -> Iterator[int]:
        """Rules of this branch and of those that hang from it."""
        yield from self.rules
        for branch in self.branches.values():
            yield from branch.every_rule()


class Matching:
    """Contexts of rules, numbered as they are added; `names` are the global lets, which contexts may use."""

    def __init__(self, interpreter: Interpreter, names: Mapping[str, Symbol]) -> None:
        self._interpreter = interpreter
        self._names = names
        self._roots: dict[str, _Branch] = {}
        self._absolute: dict[str, _Branch] = {}
        self._on_document: list[int] = []
        self._trouble: Trouble = lambda _rule, _problem: None

    def add(self, rule: int, context: str) -> None:
        """Raises Unsupported (a context this engine does not match), XPathSyntaxError."""
        for pattern in _union(parse(context)):
            if isinstance(pattern, Root):
                self._on_document.append(rule)
                continue
            absolute, moves = _moves(pattern)
            level = self._absolute if absolute else self._roots
            branch: _Branch | None = None
            for rank, (deep, step) in enumerate(moves):
                mark = f"{deep}{step!r}"
                branch = level.get(mark)
                if branch is None:
                    needs = "" if "*" in step.test else self._tag(step.test)
                    branch = level[mark] = _Branch(step, deep, rank == 0, absolute and rank == 0, needs)
                level = branch.branches
            if branch is not None:
                branch.rules.append(rule)

    def match(self, index: Index, trouble: Trouble) -> tuple[dict[int, Nodes], list[int]]:
        """Elements each rule's context matches (rules that match none are absent), and rules of the document node.

        A step that can't be evaluated matches nothing, as in XSLT, and `trouble` is told of the rules that hang from
        it."""
        found: dict[int, Nodes] = {}
        self._trouble = trouble
        for branch in self._roots.values():
            self._walk(branch, index, None, found)
        for branch in self._absolute.values():
            self._walk(branch, index, [index.root], found)
        return found, self._on_document

    def _walk(self, branch: _Branch, index: Index, start: Nodes | None, found: dict[int, Nodes]) -> None:
        if branch.needs and branch.needs not in index.by_tag:
            return
        try:
            if branch.finder is None:
                branch.finder = self._finder(branch)
            nodes = branch.finder(index, self._candidates(branch, index) if start is None else start)
        except TROUBLE as problem:
            for rule in branch.every_rule():
                self._trouble(rule, problem)
            return
        if not nodes:
            return
        for rule in branch.rules:
            known = found.get(rule)
            found[rule] = nodes if known is None else list(dict.fromkeys([*known, *nodes]))
        for inner in branch.branches.values():
            self._walk(inner, index, nodes, found)

    # -- first steps ----------------------------------------------------------------------------------------
    def _candidates(self, branch: _Branch, index: Index) -> Nodes:
        """Elements that may match a first step: by templateId if it asks for one, by name otherwise."""
        step = branch.step
        root = template_root(step)
        if root is not None:
            return index.by_template.get((self._tag(root[0]), root[1]), [])
        if step.test == "*":
            return index.elements
        if step.test.startswith("*:"):
            return index.by_local.get(step.test[2:], [])
        return index.by_tag.get(self._tag(step.test), [])

    def _tag(self, test: str) -> str:
        prefix, _, local = test.rpartition(":")
        if prefix and prefix not in self._interpreter.namespaces:
            raise Unsupported(f"préfixe {prefix} non déclaré")
        return f"{{{self._interpreter.namespaces[prefix]}}}{local}" if prefix else local

    # -- steps ----------------------------------------------------------------------------------------------
    def _finder(self, branch: _Branch) -> Finder:
        step = branch.step
        if branch.anchored:
            absolute = self._native(step, "/")
            if absolute is None:
                raise Unsupported("contexte absolu que XPath 1.0 ne sait pas dire")
            return absolute
        if not branch.first:
            return self._next(step, "//" if branch.deep else "/")
        predicates = list(step.predicates)
        if any(positional(one) for one in predicates):
            whole = self._native(step, "//")
            if whole is None:
                raise Unsupported("position dans un contexte")
            return whole
        root = template_root(step)
        if root is not None:
            predicates = [one for one in predicates if _template(one) != root]
        keep = self._keeping(predicates)
        if root is None or step.test == "*":
            return keep
        if step.test.startswith("*:"):
            local = step.test[2:]
            return lambda index, nodes: keep(
                index, [one for one in nodes if str(one.tag).rpartition("}")[2] == local]
            )
        tag = self._tag(step.test)
        return lambda index, nodes: keep(index, [one for one in nodes if one.tag == tag])

    def _next(self, step: Step, sign: str) -> Finder:
        native = self._native(step, "$n" + sign)
        if native is not None:
            return native
        if any(positional(one) for one in step.predicates):
            raise Unsupported("position dans un contexte")
        bare = self._native(Step(step.axis, step.test, []), "$n" + sign)
        keep = self._keeping(step.predicates)
        if bare is None:
            raise Unsupported(step.test)
        found = bare
        return lambda index, nodes: keep(index, found(index, nodes))

    def _native(self, step: Step, prefix: str) -> Finder | None:
        lowering = self._interpreter.lowering()
        try:
            text = lowering.expression(step, Frame(self._names, 1)).text
            xpath: Any = self._interpreter.compiler.xpath(prefix + text, lowering.needs)
        except NotLowered:
            return None
        if "top" in lowering.needs:
            raise Unsupported("current() dans un contexte")
        return lambda index, nodes: xpath(index.root, n=nodes)

    def _keeping(self, predicates: list[Expr]) -> Finder:
        """Keeps the nodes for which every predicate holds (none is a position)."""
        if not predicates:
            return lambda _index, nodes: nodes
        lowering = self._interpreter.lowering()
        frame = Frame(self._names, 1)
        try:
            text = "".join(f"[{lowering.condition(one, frame)}]" for one in predicates)
            xpath: Any = self._interpreter.compiler.xpath(f"$n{text}", lowering.needs)
        except NotLowered:
            tests = [self._interpreter.test(one, self._names, 1) for one in predicates]
            return lambda index, nodes: [
                node for node in nodes if all(test(At(index.run, node)) for test in tests)
            ]
        if "top" in lowering.needs:
            raise Unsupported("current() dans un contexte")
        return lambda index, nodes: xpath(index.root, n=nodes)


def _union(expr: Expr) -> list[Expr]:
    if isinstance(expr, Op) and expr.sign == "|":
        return [*_union(expr.left), *_union(expr.right)]
    if isinstance(expr, Seq):
        raise Unsupported("contexte qui est une suite")
    return [expr]


def _moves(pattern: Expr) -> tuple[bool, list[tuple[bool, Step]]]:
    """(anchored at the document, [(is `//` before it, step)…])."""
    if isinstance(pattern, Filter) and isinstance(pattern.base, Path):
        raise Unsupported("contexte filtré")
    if not isinstance(pattern, Path) or not (pattern.start is None or isinstance(pattern.start, Root)):
        raise Unsupported("contexte qui n'est pas un chemin")
    moves: list[tuple[bool, Step]] = []
    deep = False
    for step in pattern.steps:
        if not isinstance(step, Step):
            raise Unsupported("étape calculée dans un contexte")
        if step == Step("descendant-or-self", "node()", []):
            deep = True
            continue
        if step.axis not in ("child", "descendant") or step.test.endswith(")"):
            raise Unsupported(f"{step.axis}::{step.test} dans un contexte")
        moves.append((deep or step.axis == "descendant", Step("child", step.test, step.predicates)))
        deep = False
    if not moves or deep:
        raise Unsupported("contexte sans étape")
    anchored = isinstance(pattern.start, Root) and not moves[0][0]
    return anchored, [(False, moves[0][1]), *moves[1:]]


def template_root(step: Step) -> tuple[str, str] | None:
    """(name test of templateId, root) when a predicate asks for a templateId; None otherwise."""
    return next((found for one in step.predicates if (found := _template(one)) is not None), None)


def _template(expr: Expr) -> tuple[str, str] | None:
    """`cda:templateId/@root = 'x'`, or `cda:templateId[@root = 'x']`."""
    if isinstance(expr, Op) and expr.sign == "=":
        for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
            if isinstance(other, Lit) and isinstance(other.value, str) and isinstance(side, Path):
                name = _template_name(side, 2)
                if name and side.steps[1] == Step("attribute", "root", []):
                    return name, other.value
    if isinstance(expr, Path):
        last = expr.steps[0]
        name = _template_name(expr, 1, 1)
        if name and isinstance(last, Step) and isinstance(last.predicates[0], Op):
            test = last.predicates[0]
            if test.sign == "=" and test.left == Path(None, [Step("attribute", "root", [])]):
                return (
                    (name, test.right.value)
                    if isinstance(test.right, Lit) and isinstance(test.right.value, str)
                    else None
                )
    return None


def _template_name(path: Path, steps: int, predicates: int = 0) -> str:
    first = path.steps[0]
    if path.start is not None or len(path.steps) != steps or not isinstance(first, Step):
        return ""
    local = first.test.rpartition(":")[2]
    plain = first.axis == "child" and len(first.predicates) == predicates and not first.test.startswith("*")
    return first.test if plain and local == TEMPLATE else ""
