"""Faults of a Schematron's own expressions, found without a document: unreadable, unsupported here, never able to
fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.schematron.interpret import Interpreter
from harness.schematron.model import Assertion, Let, Rule, Schema
from harness.schematron.names import Binding, Symbol
from harness.schematron.parse import XPathSyntaxError, parse
from harness.schematron.result import Defect
from harness.schematron.syntax import Call, Expr, Op, children
from harness.schematron.values import DynamicError, Unsupported
from protocol.errors import Text

_BOOLEAN = frozenset(["=", "!=", "<", "<=", ">", ">=", "and", "or"])


def inspect(schema: Schema, interpreter: Interpreter, names: Mapping[str, Symbol]) -> Iterator[Defect]:
    """Each fault once, in the order of the file."""
    seen: set[tuple[str, str]] = set()
    for pattern in schema.patterns:
        for rule in pattern.rules:
            for defect in _rule(rule, interpreter, names):
                mark = (defect.code, defect.where + defect.why.fr)
                if mark not in seen:
                    seen.add(mark)
                    yield defect


def _rule(rule: Rule, interpreter: Interpreter, names: Mapping[str, Symbol]) -> Iterator[Defect]:
    visible = dict(names)
    for one in rule.body:
        if isinstance(one, Let):
            visible = {**visible, one.name: Binding(one.name, one.value, visible)}
            continue
        try:
            tree = parse(one.test)
            interpreter.test(tree, visible)
        except (XPathSyntaxError, DynamicError) as problem:
            yield Defect("SYNTAX", one.where, Text(f"{one.test} : {problem}", f"{one.test}: {problem}"))
            continue
        except (Unsupported, RecursionError) as problem:
            yield Defect("HANDED", one.where, Text(f"{one.test} : {problem}", f"{one.test}: {problem}"))
            continue
        why = _never(tree, one)
        if why is not None:
            yield Defect("NEVER", one.where, why)


def _never(tree: Expr, assertion: Assertion) -> Text | None:
    """An assert that counts a comparison counts one boolean, true or false: it is always 1."""
    found = _counted(tree)
    if found is None or assertion.report:
        return None
    return Text(
        f"{assertion.test} : count() d'une comparaison vaut toujours 1",
        f"{assertion.test}: count() of a comparison is always 1",
    )


def _counted(tree: Expr) -> Expr | None:
    counted = tree.args[0] if isinstance(tree, Call) and tree.name == "count" and tree.args else None
    if isinstance(counted, Op) and counted.sign in _BOOLEAN:
        return tree
    return next((found for child in children(tree) if (found := _counted(child)) is not None), None)
