"""The XPath 2.0 that Schematron files write, as a tree of small values.

Nodes say what was written and nothing of what it means: `lower` turns them into XPath 1.0, `interpret` runs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Lit:
    """A literal: str, int, Decimal (`1.5`) or float (`1e3`)."""

    value: str | int | Decimal | float


@dataclass(slots=True)
class Var:
    name: str


@dataclass(slots=True)
class Dot:
    """The context item."""


@dataclass(slots=True)
class Seq:
    """`(a, b)`; empty for `()`."""

    items: list[Expr]


@dataclass(slots=True)
class Call:
    name: str
    args: list[Expr]


@dataclass(slots=True)
class Op:
    """A binary operator, by its sign: or and = != < <= > >= eq ne lt le gt ge is << >> to + - * div idiv mod
    | intersect except."""

    sign: str
    left: Expr
    right: Expr


@dataclass(slots=True)
class Neg:
    operand: Expr


@dataclass(slots=True)
class If:
    test: Expr
    then: Expr
    other: Expr


@dataclass(slots=True)
class For:
    bindings: list[tuple[str, Expr]]
    result: Expr


@dataclass(slots=True)
class Quant:
    """`some` (every is False) or `every` … satisfies …"""

    every: bool
    bindings: list[tuple[str, Expr]]
    condition: Expr


@dataclass(slots=True)
class Cast:
    """`kind`: castable, cast, instance, treat. `type`: as written, with its occurrence mark."""

    kind: str
    operand: Expr
    type: str


@dataclass(slots=True)
class Step:
    """An axis step. `test`: a name test or kind test as written (`cda:id`, `*`, `*:id`, `node()`)."""

    axis: str
    test: str
    predicates: list[Expr]


@dataclass(slots=True)
class Filter:
    """A primary expression with predicates."""

    base: Expr
    predicates: list[Expr]


@dataclass(slots=True)
class Path:
    """`start`: None (from the context), Root, or an expression; `steps` follow it, `//` being a step of its own."""

    start: Expr | None
    steps: list[Expr]


@dataclass(slots=True)
class Root:
    """`/`: the document node."""


Expr = Lit | Var | Dot | Seq | Call | Op | Neg | If | For | Quant | Cast | Step | Filter | Path | Root


def children(node: Expr) -> list[Expr]:
    """The direct parts of an expression, in the order they are written."""
    if isinstance(node, Seq):
        return list(node.items)
    if isinstance(node, Call):
        return list(node.args)
    if isinstance(node, Op):
        return [node.left, node.right]
    if isinstance(node, Neg | Cast):
        return [node.operand]
    if isinstance(node, If):
        return [node.test, node.then, node.other]
    if isinstance(node, For):
        return [*(expression for _, expression in node.bindings), node.result]
    if isinstance(node, Quant):
        return [*(expression for _, expression in node.bindings), node.condition]
    if isinstance(node, Step):
        return list(node.predicates)
    if isinstance(node, Filter):
        return [node.base, *node.predicates]
    if isinstance(node, Path):
        return [*([node.start] if node.start is not None else []), *node.steps]
    return []
