"""Calls in XPath 1.0: its own functions, and those of ours that stand for what XPath 2.0 adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.schematron.casts import known_type
from harness.schematron.forms import ON_CONTEXT
from harness.schematron.lowered import PREFIX, Frame, Kind, Low, NotLowered
from harness.schematron.syntax import Call, Cast, Expr, Lit, Seq

if TYPE_CHECKING:
    from harness.schematron.lower import Lowering

_BOOLEANS: Final = "not boolean contains starts-with true false"
_NUMBERS: Final = "count string-length number last position"
_STRINGS: Final = (
    "normalize-space string name local-name namespace-uri substring substring-before substring-after "
    "translate concat"
)
_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(_BOOLEANS.split(), "bool"),
    **dict.fromkeys(_NUMBERS.split(), "num"),
    **dict.fromkeys(_STRINGS.split(), "str"),
}
#: Functions of ours: what they give, and whether their first argument is a sequence of nodes.
_EXTENSIONS: Final[dict[str, tuple[Kind, bool]]] = {
    "matches": ("bool", False),
    "ends-with": ("bool", False),
    "upper-case": ("str", False),
    "lower-case": ("str", False),
    "replace": ("str", False),
    "iri-to-uri": ("str", False),
    "tokenize": ("nodes", False),
    "distinct-values": ("nodes", True),
    "string-join": ("str", True),
}


class Calls:
    """The calls of one lowering."""

    def __init__(self, lowering: Lowering) -> None:
        self._low = lowering

    def call(self, expr: Call, frame: Frame) -> Low:
        owner = self._low
        name, args = expr.name, expr.args
        if name in ("not", "boolean", "exists", "empty") and len(args) == 1:
            return Low(owner.condition(expr, frame), "bool", bare=True)
        if name == "current" and not args:
            return Low(
                (frame.base or ".") if frame.depth == 0 and frame.own else owner.top(), "nodes", bare=True
            )
        if name in ("position", "last"):
            owner.in_context(frame)
            if frame.depth == 0:
                raise NotLowered(name)
            return Low(f"{name}()", "num", bare=True)
        if not args and name in ON_CONTEXT and name in _KINDS:
            owner.in_context(frame)
            return Low(f"{name}({frame.base})", _KINDS[name], bare=True)
        if name in _KINDS:
            texts = ", ".join(self._argument(name, one, frame) for one in args)
            return Low(f"{name}({texts})", _KINDS[name], bare=True)
        extension = _EXTENSIONS.get(name)
        if extension is None:
            raise NotLowered(f"{name}()")
        kind, wants_nodes = extension
        if name == "string-join" and isinstance(args[0], Seq):
            raise NotLowered("ordre d'une suite")
        owner.needs.add(name)
        texts = ", ".join(
            owner.nodes(one, frame) if rank == 0 and wants_nodes else self._as_string(one, frame)
            for rank, one in enumerate(args)
        )
        return Low(f"{PREFIX}:{name}({texts})", kind, bare=True)

    def castable(self, expr: Cast, frame: Frame) -> Low:
        owner = self._low
        name = expr.type.rstrip("?")
        if expr.kind != "castable" or not known_type(name):
            raise NotLowered(expr.kind)
        operand = owner.expression(expr.operand, frame)
        if operand.kind not in ("nodes", "str"):
            raise NotLowered("castable d'une valeur")
        owner.needs.add("castable")
        text = f"{PREFIX}:castable(string({operand.text}), '{name}')"
        if operand.kind == "nodes":
            text = (
                f"(not({operand.text}) or {text})" if expr.type[-1] == "?" else f"({operand.text} and {text})"
            )
        return Low(text, "bool", bare=True)

    def _argument(self, name: str, expr: Expr, frame: Frame) -> str:
        owner = self._low
        if name == "count":
            if isinstance(expr, Seq):
                raise NotLowered("count d'une suite")
            return owner.nodes(expr, frame)
        low = owner.expression(expr, frame)
        if (low.kind == "bool" and name != "string") or (
            low.kind == "num" and name == "concat" and not _whole(expr)
        ):
            raise NotLowered(f"argument de {name}()")
        return low.text

    def _as_string(self, expr: Expr, frame: Frame) -> str:
        owner = self._low
        low = owner.expression(expr, frame)
        if low.kind == "nodes":
            return f"string({low.text})"
        if low.kind != "str":
            raise NotLowered("argument qui n'est pas un texte")
        return low.text


def _whole(expr: Expr) -> bool:
    return (isinstance(expr, Lit) and isinstance(expr.value, int)) or (
        isinstance(expr, Call) and expr.name in ("count", "string-length")
    )
