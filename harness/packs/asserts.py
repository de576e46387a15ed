"""Asserts whose test does not depend on any document: they can never fail, or part of them decides nothing.

Works on the tree of the expression only. The usual slip of kits is the count of a comparison, `count(a = b)`, which
is 1 whatever a and b are.
"""

from __future__ import annotations

from typing import Final, Literal

from harness.schematron.parse import XPathSyntaxError, parse
from harness.schematron.syntax import Call, Expr, If, Lit, Op, Quant, Seq, children

_COMPARISONS: Final = frozenset(
    ["=", "!=", "<", "<=", ">", ">=", "eq", "ne", "lt", "le", "gt", "ge", "is", "<<", ">>"]
)
_LOGICAL: Final = _COMPARISONS | {"and", "or"}
_BOOLEAN: Final = frozenset(
    [
        "not",
        "exists",
        "empty",
        "boolean",
        "true",
        "false",
        "contains",
        "starts-with",
        "ends-with",
        "matches",
        "lang",
        "nilled",
        "doc-available",
    ]
)
Said = Literal["never", "always", "part"]


def judge(test: str, *, report: bool = False) -> Said | None:
    """ "never": the assert can't fail. "always": it always does, by accident. "part": a part decides nothing.

    None: the test depends on the document, or always fails on purpose (`false()`), or is not an expression.
    """
    try:
        tree = parse(test)
    except XPathSyntaxError:
        return None
    whole = constant(tree)
    if whole is not None:
        if whole is not report:
            return "never"
        return "always" if _by_count(tree) else None
    return "part" if _by_count(tree) else None


def constant(node: Expr) -> bool | None:
    """The truth of an expression whatever the document; None when it depends on it."""
    if isinstance(node, Op):
        if node.sign in ("and", "or"):
            return _logical(node)
        if node.sign in _COMPARISONS:
            left, right = _value(node.left), _value(node.right)
            return None if left is None or right is None else _compared(node.sign, left, right)
        return None
    if isinstance(node, Call):
        if node.name in ("true", "false") and not node.args:
            return node.name == "true"
        if node.name == "not" and len(node.args) == 1:
            inner = constant(node.args[0])
            return None if inner is None else not inner
        if node.name == "boolean" and len(node.args) == 1:
            return constant(node.args[0])
    value = _value(node)
    return None if value is None else bool(value)


def _logical(node: Op) -> bool | None:
    sides = (constant(node.left), constant(node.right))
    decisive = node.sign == "or"
    if decisive in sides:
        return decisive
    return None if None in sides else not decisive


def _value(node: Expr) -> float | str | None:
    """The number or text that an expression is whatever the document."""
    if isinstance(node, Lit):
        return node.value if isinstance(node.value, str) else float(node.value)
    if isinstance(node, Call) and node.name == "count" and len(node.args) == 1 and _is_boolean(node.args[0]):
        return 1.0
    return None


def _is_boolean(node: Expr) -> bool:
    """Whether an expression is one boolean, so that counting it gives 1."""
    if isinstance(node, Op):
        return node.sign in _LOGICAL
    if isinstance(node, If):
        return _is_boolean(node.then) and _is_boolean(node.other)
    return isinstance(node, Quant) or (isinstance(node, Call) and node.name in _BOOLEAN)


def _by_count(node: Expr) -> bool:
    """Whether a comparison on the count of a boolean is in there."""
    if isinstance(node, Op) and node.sign in _COMPARISONS:
        sides = (node.left, node.right)
        if constant(node) is not None and any(isinstance(side, Call) for side in sides):
            return True
    return any(_by_count(child) for child in children(node) if not isinstance(child, Seq))


def _compared(sign: str, left: float | str, right: float | str) -> bool | None:
    if isinstance(left, str) != isinstance(right, str):
        return None
    same = left == right
    if sign in ("=", "eq"):
        return same
    if sign in ("!=", "ne"):
        return not same
    if isinstance(left, str) or isinstance(right, str):
        return None
    less = left < right
    return {
        "<": less,
        "lt": less,
        "<=": less or same,
        "le": less or same,
        ">": not less and not same,
        "gt": not less and not same,
        ">=": not less,
        "ge": not less,
    }.get(sign)
