"""How a rule is checked on the nodes it fired on: all its asserts in one expression over all its nodes, and one by
one only on the nodes where that says something is wrong.

Made when the rule fires for the first time: most rules of a kit never do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from harness.schematron.functions import node_name
from harness.schematron.index import Index
from harness.schematron.interpret import Interpreter, Test
from harness.schematron.lower import Frame
from harness.schematron.model import Assertion, Let, Part, Rule
from harness.schematron.names import Binding, Symbol
from harness.schematron.parse import XPathSyntaxError, parse
from harness.schematron.running import At
from harness.schematron.syntax import Expr
from harness.schematron.values import (
    Document,
    DynamicError,
    Unavailable,
    Unsupported,
    atom,
    text_of,
)
from harness.schematron.weaken import when_false, when_true

_SPACES: Final = re.compile(r"[ \t\r\n]+")
#: What an assert that can't be evaluated raises: it is reported as not run.
TROUBLE: Final = (DynamicError, Unavailable, Unsupported, XPathSyntaxError, etree.XPathError, RecursionError)
Trouble = Callable[[Assertion, Exception], None]


@dataclass
class _Planned:
    """`picker`: picks the nodes where it may fail; None when it is one of those joined, False when it may anywhere."""

    assertion: Assertion
    expression: Expr
    names: Mapping[str, Symbol]
    picker: Any = None


class RulePlan:
    """One rule, ready. Asserts that XPath 1.0 can say are joined in one expression; of the others it says, one by
    one, which nodes need a closer look."""

    def __init__(self, rule: Rule, interpreter: Interpreter, names: Mapping[str, Symbol]) -> None:
        self._interpreter = interpreter
        self._planned: list[_Planned] = []
        self._broken: list[tuple[Assertion, Exception]] = []
        self._tests: dict[int, Test | Exception] = {}
        self._texts: dict[int, list[Callable[[At], str]]] = {}
        lowering = interpreter.lowering()
        exact: list[str] = []
        visible = dict(names)
        for one in rule.body:
            if isinstance(one, Let):
                visible = {**visible, one.name: Binding(one.name, one.value, visible)}
                continue
            try:
                tree = parse(one.test)
                alone = interpreter.lowering()
                weak = (when_true if one.report else when_false)(tree, alone, Frame(visible))
            except (XPathSyntaxError, RecursionError) as problem:
                self._broken.append((one, problem))
                continue
            planned = _Planned(one, tree, visible)
            if weak.exact and weak.text is not None:
                exact.append(weak.text)
                lowering.needs |= alone.needs
            else:
                planned.picker = False if weak.text is None else self._picker([weak.text], alone.needs)
            self._planned.append(planned)
        self._joined = self._picker(exact, lowering.needs) if exact else None
        self._apart = [one for one in self._planned if one.picker is not None]

    def _picker(self, conditions: list[str], needs: set[str]) -> Any:
        joined = " or ".join(conditions)
        try:
            return self._interpreter.compiler.xpath(
                f"$n[x:enter() and ({joined})]" if "top" in needs else f"$n[{joined}]", needs
            )
        except DynamicError:  # something lowered that libxml2 does not read: everywhere then
            return False

    def failures(self, index: Index, nodes: list[Any], trouble: Trouble) -> Iterator[tuple[Any, Assertion, str]]:
        """(node, assert, message) of each failure, in the order of the nodes. A document node comes alone."""
        for assertion, problem in self._broken:
            trouble(assertion, problem)
        suspects = self._pick(self._joined, index, nodes)
        closer = [(one, found) for one in self._apart if (found := self._pick(one.picker, index, nodes))]
        if not suspects and not closer:
            return
        apart = {id(one): found for one, found in closer}
        some = set().union(suspects, *apart.values())
        for node in nodes:
            if node not in some:
                continue
            at = At(index.run, node)
            for rank, planned in enumerate(self._planned):
                picked = suspects if planned.picker is None else apart.get(id(planned), ())
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
            found = picker(index.root, n=nodes)
        except TROUBLE:  # an assert of the lot: which one is found by running them apart
            return set(nodes)
        return set(found) if found else ()

    def _fails(self, rank: int, planned: _Planned, at: At, trouble: Trouble) -> bool:
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
            pieces = self._texts[rank] = [self._piece(part, planned.names) for part in planned.assertion.parts]
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
