"""Runs look-ups: the table of a document is made the first time, and kept; its tree is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from harness.schematron.lookups import lookup
from harness.schematron.lowered import Frame, NotLowered
from harness.schematron.names import Symbol
from harness.schematron.running import At
from harness.schematron.syntax import Expr, Op, Path, Root
from harness.schematron.values import Sequence, atom, compare, string, text_of, truth

if TYPE_CHECKING:
    from harness.schematron.interpret import Interpreter

Made = Callable[[At], Sequence]
Test = Callable[[At], bool]
Names = Mapping[str, Symbol]


def looked_up(engine: Interpreter, expr: Expr, names: Names, depth: int) -> Test | None:
    """A function that tells whether the expression, if it is a look-up, finds something; None when it is not one.

    Raises Unsupported."""
    asked = lookup(expr)
    if asked is None:
        return None
    try:
        path, select = _native_path(engine, Path(Root(), list(asked.steps)))
        columns = [_native_path(engine, one) for one in asked.columns]
    except NotLowered:
        return None
    reference = engine.make(asked.reference, names, depth)
    wanted = [engine.make(one, names, depth) for one in asked.wanted]
    texts = tuple(text for text, _ in columns)
    slowly = _searched(engine, expr, names, depth)

    def rows(root: Any) -> Iterator[tuple[str, ...]]:
        for row in select(root):
            if isinstance(row, str):  # an attribute or a text, whose only column is itself
                yield (row,)
                continue
            yield from product(*([text_of(cell) for cell in column(row)] for _, column in columns))

    def held(at: At) -> bool:
        table = engine.library.table(string(reference(at)), path, texts, rows)
        values = [{atom(item) for item in part(at)} for part in wanted]
        if not all(isinstance(value, str) for options in values for value in options):
            return truth(slowly(at))
        return any(row in table for row in product(*values))

    return held


def _searched(engine: Interpreter, expr: Expr, names: Names, depth: int) -> Made:
    """What a look-up stands for, for values that are not texts."""
    if isinstance(expr, Op):
        left, right = engine.make(expr.left, names, depth), engine.make(expr.right, names, depth)
        return lambda at: [compare(expr.sign, left(at), right(at))]
    return engine.walking.path(expr, names, depth)  # type: ignore[arg-type]  # the only kind that is left


def _native_path(engine: Interpreter, expr: Expr) -> tuple[str, Any]:
    lowering = engine.lowering()
    text = lowering.expression(expr, Frame({})).text
    return text, engine.compiler.xpath(text, lowering.needs)
