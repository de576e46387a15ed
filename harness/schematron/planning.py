"""How a rule is checked on the nodes it fired on: all its asserts in one expression over all its nodes, and one by
one only on the nodes where that says something is wrong.

Made when the rule fires for the first time: most rules of a kit never do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.schematron.functions import node_name
from harness.schematron.index import Index
from harness.schematron.interpret import Interpreter, Test
from harness.schematron.lowered import Frame, NotLowered
from harness.schematron.model import Assertion, Let, Part, Rule
from harness.schematron.names import Binding, Symbol
from harness.schematron.parse import XPathSyntaxError, parse
from harness.schematron.reading_of import attributes_read
from harness.schematron.running import At
from harness.schematron.syntax import Expr
from harness.schematron.trouble import TROUBLE
from harness.schematron.values import (
    Document,
    atom,
    text_of,
)
from harness.schematron.weaken import Weak, when_false, when_true

_SPACES: Final = re.compile(r"[ \t\r\n]+")
#: Verdicts kept for one assert.
_MOST_KNOWN: Final = 1024
Trouble = Callable[[Assertion, Exception], None]


@dataclass
class _Planned:
    """`exact`: XPath 1.0 says it whole, and it is one of those joined. Otherwise `picker` picks the nodes where it may
    fail; False when it may anywhere.
    `reads`: the attributes that alone decide of it, `known`: what they decided."""

    assertion: Assertion
    expression: Expr
    names: Mapping[str, Symbol]
    reads: tuple[str, ...] | None
    picker: Any = None
    exact: bool = False
    known: dict[tuple[str | None, ...], bool] = field(default_factory=dict)


def _weakened(
    assertion: Assertion, tree: Expr, interpreter: Interpreter, names: Mapping[str, Symbol]
) -> tuple[Weak, set[str]]:
    """(what must hold for it to fail, what that needs). Rules that extend one another repeat the same asserts."""
    mark = (assertion.test, assertion.report)
    known = interpreter.weakened.get(mark)
    if known is None:
        lowering = interpreter.lowering(indexed=True)
        weaken = when_true if assertion.report else when_false
        known = weaken(tree, lowering, Frame(names)), lowering.needs
        if "$" not in assertion.test:  # with variables it depends on where it is written
            interpreter.weakened[mark] = known
    return known


class RulePlan:
    """One rule, ready. Asserts that XPath 1.0 can say are joined in one expression; of the others it says, one by
    one, which nodes need a closer look."""

    def __init__(self, rule: Rule, interpreter: Interpreter, names: Mapping[str, Symbol]) -> None:
        self._interpreter = interpreter
        self._planned: list[_Planned] = []
        self._broken: list[tuple[Assertion, Exception]] = []
        self._tests: dict[int, Test | Exception] = {}
        self._texts: dict[int, list[Callable[[At], str]]] = {}
        needs: set[str] = set()
        needs_exact: set[str] = set()
        conditions: list[str] = []
        exact: list[str] = []
        visible = dict(names)
        for one in rule.body:
            if isinstance(one, Let):
                visible = {**visible, one.name: Binding(one.name, one.value, visible)}
                continue
            try:
                tree = parse(one.test)
                weak, alone = _weakened(one, tree, interpreter, visible)
            except (XPathSyntaxError, RecursionError) as problem:
                self._broken.append((one, problem))
                continue
            planned = _Planned(one, tree, visible, attributes_read(tree, visible))
            planned.exact = weak.exact and weak.text is not None
            self._planned.append(planned)
            if not planned.exact and (weak.text is None or planned.reads is not None):
                planned.picker = False
                continue
            conditions.append(str(weak.text))
            needs |= alone
            if planned.exact:
                exact.append(str(weak.text))
                needs_exact |= alone
            else:
                planned.picker = self._picker([str(weak.text)], alone)
        self._any = self._picker(conditions, needs) if conditions else None
        self._joined = (
            self._any if conditions == exact else self._picker(exact, needs_exact) if exact else None
        )
        self._apart = [one for one in self._planned if not one.exact]

    def _picker(self, conditions: list[str], needs: set[str]) -> Any:
        joined = " or ".join(conditions)
        text = f"$n[x:enter() and ({joined})]" if "top" in needs else f"$n[{joined}]"
        try:
            return self._interpreter.compiler.xpath(text, needs), self._interpreter.variables(needs)
        except NotLowered:  # something that libxml2 does not read: everywhere then
            return False

    def failures(
        self, index: Index, nodes: list[Any], trouble: Trouble
    ) -> Iterator[tuple[Any, Assertion, str]]:
        """(node, assert, message) of each failure, in the order of the nodes. A document node comes alone."""
        for assertion, problem in self._broken:
            trouble(assertion, problem)
        doubtful = self._pick(self._any, index, nodes)
        suspects = doubtful
        if doubtful and self._joined is not self._any:
            suspects = self._pick(self._joined, index, nodes)
        closer: list[tuple[_Planned, Any]] = []
        for planned in self._apart:
            if doubtful or planned.picker is False:
                found = self._pick(planned.picker, index, nodes)
                if found:
                    closer.append((planned, found))
        if not suspects and not closer:
            return
        apart = {id(one): found for one, found in closer}
        some = set().union(suspects, *apart.values())
        for node in nodes:
            if node not in some:
                continue
            at = At(index.run, node)
            for rank, planned in enumerate(self._planned):
                picked = suspects if planned.exact else apart.get(id(planned), ())
                if node in picked and self._fails(rank, planned, at, trouble):
                    yield node, planned.assertion, self._message(rank, planned, at)

    @staticmethod
    def _pick(picker: Any, index: Index, nodes: list[Any]) -> Any:
        """The nodes that a picker picks; all of them when it can't tell."""
        if picker is None:
            return ()
        if picker is False or isinstance(nodes[0], Document):
            return set(nodes)
        try:
            xpath, variables = picker
            found = xpath(index.root, n=nodes, **{name: index.table(key) for name, key in variables})
        except TROUBLE:  # an assert of the lot: which one is found by running them apart
            return set(nodes)
        return set(found) if found else ()

    def _fails(self, rank: int, planned: _Planned, at: At, trouble: Trouble) -> bool:
        """Does the assert fail on the node? Known already when its attributes decide and have been seen."""
        if planned.reads is None or isinstance(at.item, Document):
            return self._evaluated(rank, planned, at, trouble)
        values = tuple(map(at.item.get, planned.reads))
        verdict = planned.known.get(values)
        if verdict is None:
            told: list[Exception] = []
            verdict = self._evaluated(rank, planned, at, lambda _assertion, problem: told.append(problem))
            if told:
                trouble(planned.assertion, told[0])
            elif len(planned.known) < _MOST_KNOWN:
                planned.known[values] = verdict
        return verdict

    def _evaluated(self, rank: int, planned: _Planned, at: At, trouble: Trouble) -> bool:
        test = self._tests.get(rank)
        if test is None:
            try:
                test = self._interpreter.test(planned.expression, planned.names)
            except TROUBLE as problem:
                test = problem
            self._tests[rank] = test
        if isinstance(test, Exception):
            trouble(planned.assertion, test)
            return False
        try:
            return test(at) is planned.assertion.report
        except TROUBLE as problem:
            trouble(planned.assertion, problem)
            return False

    def _message(self, rank: int, planned: _Planned, at: At) -> str:
        pieces = self._texts.get(rank)
        if pieces is None:
            pieces = self._texts[rank] = [
                self._piece(part, planned.names) for part in planned.assertion.parts
            ]
        return _SPACES.sub(" ", "".join(piece(at) for piece in pieces)).strip(" ")

    def _piece(self, part: Part, names: Mapping[str, Symbol]) -> Callable[[At], str]:
        if part.kind == "text":
            return lambda _at: part.text
        try:
            made = self._interpreter.make(parse(part.text), names)
        except TROUBLE as problem:
            words = f"[{part.text} : {problem}]"
            return lambda _at: words

        def value(at: At) -> str:
            try:
                found = made(at)
                if part.kind == "value":
                    return " ".join(text_of(atom(item)) for item in found)
                prefix, local, _ = node_name(found[:1])
                return f"{prefix}:{local}" if prefix else local
            except TROUBLE as problem:
                return f"[{part.text} : {problem}]"

        return value
