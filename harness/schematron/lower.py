"""Turns an XPath 2.0 expression into XPath 1.0 that libxml2 runs and that means the same; says no otherwise.

What has no XPath 1.0 form is left to `interpret`. `weaken` gives, for a whole condition, an XPath 1.0 condition
that must hold for it to be false (or true): the nodes it does not pick need no closer look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from harness.schematron.constants import external
from harness.schematron.names import Binding, ContextItem, Symbol, context_free
from harness.schematron.parse import parse
from harness.schematron.syntax import (
    Call,
    Cast,
    Dot,
    Expr,
    Filter,
    If,
    Lit,
    Op,
    Path,
    Quant,
    Root,
    Seq,
    Step,
    Var,
    children,
)

Kind = Literal["nodes", "str", "num", "bool"]
PREFIX: Final = "x"
_COMPARISONS: Final = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys("not boolean contains starts-with true false".split(), "bool"),
    **dict.fromkeys("count string-length number last position".split(), "num"),
    **dict.fromkeys(
        "normalize-space string name local-name namespace-uri substring substring-before substring-after "
        "translate concat".split(),
        "str",
    ),
}  # type: ignore[dict-item]
_ON_CONTEXT: Final = frozenset("string normalize-space string-length number name local-name namespace-uri".split())
#: A let is copied where it is used when its text is no longer than this; past it, it is evaluated once instead.
_INLINE: Final = 240


class NotLowered(Exception):
    """No XPath 1.0 expression means this."""


class Low(NamedTuple):
    """An XPath 1.0 expression, its type, and whether it can stand next to an operator as it is."""

    text: str
    kind: Kind
    bare: bool = False


@dataclass(frozen=True)
class Frame:
    """Where an expression stands. `depth`: predicates around it; `own`: the context item is the one of that depth."""

    names: Mapping[str, Symbol]
    depth: int = 0
    own: bool = True
    base: str = ""
    """What the context item is written, where it is not the one at hand: `x:top()`, the rule's node."""
    inline: bool = True
    """Are lets copied where they are used? Otherwise their values are known already."""

    def inner(self) -> Frame:
        """The frame of a predicate."""
        return replace(self, depth=self.depth + 1, own=True, base="")


class Lowering:
    """Lowers expressions with the prefixes of one Schematron.

    `members(expression)` gives the name of the set of an external sequence; `needs` collects the extension functions used.
    """

    def __init__(self, namespaces: Mapping[str, str], members: Callable[[Expr], str]) -> None:
        self._namespaces = namespaces
        self._members = members
        self.needs: set[str] = set()

    def expression(self, expr: Expr, frame: Frame) -> Low:  # noqa: PLR0911
        """Raises NotLowered."""
        if isinstance(expr, Path):
            return self._path(expr, frame)
        if isinstance(expr, Step):
            return self._path(Path(None, [expr]), frame)
        if isinstance(expr, Op):
            return self._operator(expr, frame)
        if isinstance(expr, Call):
            return self._call(expr, frame)
        if isinstance(expr, Lit):
            return _literal(expr)
        if isinstance(expr, Dot):
            self._in_context(frame)
            return Low(frame.base or ".", "nodes", bare=True)
        if isinstance(expr, Var):
            return self._variable(expr, frame)
        if isinstance(expr, Filter):
            return self._filter(expr, frame)
        if isinstance(expr, Cast):
            return self._castable(expr, frame)
        if isinstance(expr, Root):
            return Low("/", "nodes")
        if isinstance(expr, Quant) or (isinstance(expr, If) and self._boolean(expr, frame)):
            return Low(self.condition(expr, frame), "bool", bare=True)
        raise NotLowered(type(expr).__name__)

    def condition(self, expr: Expr, frame: Frame) -> str:  # noqa: PLR0911
        """The expression where only its effective boolean value counts. Raises NotLowered."""
        if isinstance(expr, Op) and expr.sign in ("and", "or"):
            return f"({self.condition(expr.left, frame)} {expr.sign} {self.condition(expr.right, frame)})"
        if isinstance(expr, Call) and len(expr.args) == 1 and expr.name in ("not", "boolean"):
            return f"{expr.name}({self.condition(expr.args[0], frame)})"
        if isinstance(expr, Call) and len(expr.args) == 1 and expr.name in ("exists", "empty"):
            inner = self._nodes(expr.args[0], frame)
            return f"{'not' if expr.name == 'empty' else 'boolean'}({inner})"
        if isinstance(expr, If):
            test = self.condition(expr.test, frame)
            then, other = self.condition(expr.then, frame), self.condition(expr.other, frame)
            return f"(({test} and {then}) or (not({test}) and {other}))"
        if isinstance(expr, Quant):
            return self._quantified(expr, frame)
        if isinstance(expr, Seq):
            return "false()" if not expr.items else f"boolean({self._nodes(expr, frame)})"
        apart = hoisted(expr)
        if apart is not None:
            return f"({self.condition(apart[0], frame)} and {self.condition(apart[1], frame)})"
        low = self.expression(expr, frame)
        return low.text if low.kind == "bool" else f"boolean({low.text})"

    def _boolean(self, expr: If, frame: Frame) -> bool:
        """Are both its results true or false? Only then is it its effective boolean value."""
        return all(self.expression(part, frame).kind == "bool" for part in (expr.then, expr.other))

    # -- pieces ---------------------------------------------------------------------------------------------
    @staticmethod
    def _in_context(frame: Frame) -> None:
        if not frame.own:
            raise NotLowered("élément courant hors de portée")

    def _nodes(self, expr: Expr, frame: Frame) -> str:
        """A node-set; a sequence of several counts as their union, where order and repeats don't matter."""
        if isinstance(expr, Seq) and expr.items:
            return " | ".join(self._nodes(item, frame) for item in expr.items)
        low = self.expression(expr, frame)
        if low.kind != "nodes":
            raise NotLowered("une suite de nœuds est attendue")
        return low.text

    def _operand(self, low: Low) -> str:
        return low.text if low.bare else f"({low.text})"

    def _variable(self, expr: Var, frame: Frame) -> Low:
        symbol = frame.names.get(expr.name)
        if isinstance(symbol, ContextItem):
            if symbol.depth != frame.depth:
                raise NotLowered("variable d'un autre contexte")
            return Low(".", "nodes", bare=True)
        if not isinstance(symbol, Binding) or not frame.inline:
            raise NotLowered(f"${expr.name}")
        tree = parse(symbol.text)
        base = frame.base
        if context_free(tree):
            base = ""
        elif symbol.shared:
            base = "/"
        elif frame.depth or not frame.own:
            base = self._top()
        low = self.expression(tree, Frame(symbol.visible, base=base))
        if len(low.text) > _INLINE:
            raise NotLowered("variable trop longue à recopier")
        return low

    def _top(self) -> str:
        """The rule's node, from inside a predicate."""
        self.needs.add("top")
        return f"{PREFIX}:top()"

    def _path(self, expr: Path, frame: Frame) -> Low:
        if expr.start is None:
            self._in_context(frame)
            prefix = frame.base if frame.base in ("", "/") else frame.base + "/"
        elif isinstance(expr.start, Root):
            prefix = "/"
        else:
            start = self.expression(expr.start, frame)
            if start.kind != "nodes":
                raise NotLowered("chemin à partir d'une valeur")
            prefix = ("" if start.text == "." else self._operand(start) + "/") if start.text != "/" else "/"
        return self._steps([prefix], expr.steps, frame)

    def _steps(self, prefixes: list[str], steps: list[Expr], frame: Frame) -> Low:
        """Steps after prefixes; a union in the middle (`a/(b|c)/d`) is spread over several paths."""
        inner = replace(frame, own=True, base="")
        for step in steps:
            if isinstance(step, Step):
                text = self._step(step, inner)
                prefixes = [_join(prefix, text) for prefix in prefixes]
            elif isinstance(step, Dot):
                prefixes = [_join(prefix, ".") for prefix in prefixes]
            else:
                branches = [self._branch(one, inner) for one in _alternatives(step)]
                prefixes = [_join(prefix, branch) for prefix in prefixes for branch in branches]
        return Low(" | ".join(prefixes), "nodes", bare=len(prefixes) == 1)

    def _branch(self, expr: Expr, frame: Frame) -> str:
        if not isinstance(expr, Path) or expr.start is not None:
            raise NotLowered("étape calculée")
        low = self._steps([""], expr.steps, frame.inner())
        if not low.bare:
            raise NotLowered("étape calculée")
        return low.text

    def _step(self, step: Step, frame: Frame) -> str:
        test, extra = self._test(step)
        axis = "" if step.axis == "child" else "@" if step.axis == "attribute" else f"{step.axis}::"
        predicates = "".join(f"[{self._predicate(one, frame)}]" for one in step.predicates)
        return f"{axis}{test}{extra}{predicates}"

    def _test(self, step: Step) -> tuple[str, str]:
        test = step.test
        if test.startswith("*:"):
            return "*", f"[local-name()='{test[2:]}']"
        if test.endswith(")"):
            name, _, inner = test[:-1].partition("(")
            if name in ("element", "attribute"):
                return inner or "*", ""
            if name not in ("node", "text", "comment", "processing-instruction"):
                raise NotLowered(test)
            return test, ""
        prefix, _, _ = test.rpartition(":")
        if prefix and prefix not in self._namespaces and prefix != "xml":
            raise NotLowered(f"préfixe {prefix} non déclaré")
        return test, ""

    def _predicate(self, expr: Expr, frame: Frame) -> str:
        inner = frame.inner()
        if isinstance(expr, Lit | Call):
            low = self.expression(expr, inner)
            if low.kind == "num":
                return low.text
        elif isinstance(expr, Var) or (isinstance(expr, Op) and expr.sign in "+-*"):
            low = self.expression(expr, inner)
            return low.text if low.kind in ("num", "bool") else f"boolean({low.text})"
        return self.condition(expr, inner)

    def _filter(self, expr: Filter, frame: Frame) -> Low:
        predicates = "".join(f"[{self._predicate(one, frame)}]" for one in expr.predicates)
        if isinstance(expr.base, Seq):
            raise NotLowered("suite filtrée")
        base = self.expression(expr.base, frame)
        if base.kind != "nodes":
            raise NotLowered("valeur filtrée")
        if base.text in (".", "/"):
            return Low(f"{base.text.strip('.')}self::node(){predicates}", "nodes", bare=True)
        return Low(f"({base.text}){predicates}", "nodes", bare=True)

    def _quantified(self, expr: Quant, frame: Frame) -> str:
        if len(expr.bindings) != 1:
            raise NotLowered("plusieurs variables")
        name, domain = expr.bindings[0]
        nodes = self.expression(domain, frame)
        if nodes.kind != "nodes":
            raise NotLowered("quantificateur sur des valeurs")
        depth = frame.depth + 1
        inner = Frame({**frame.names, name: ContextItem(depth)}, depth, own=False, inline=frame.inline)
        held = self.condition(expr.condition, inner)
        base = self._operand(nodes)
        return f"not({base}[not({held})])" if expr.every else f"boolean({base}[{held}])"

    def _operator(self, expr: Op, frame: Frame) -> Low:
        sign = expr.sign
        if sign in ("and", "or"):
            return Low(self.condition(expr, frame), "bool", bare=True)
        if sign in _COMPARISONS or sign in _COMPARISONS.values():
            return self._comparison(expr, frame)
        if sign == "|":
            return Low(f"{self._nodes(expr.left, frame)} | {self._nodes(expr.right, frame)}", "nodes")
        if sign == "except":
            return self._except(expr, frame)
        if sign in ("+", "-", "*", "mod"):
            left, right = self.expression(expr.left, frame), self.expression(expr.right, frame)
            if left.kind == right.kind == "num":
                return Low(f"{self._operand(left)} {sign} {self._operand(right)}", "num")
        raise NotLowered(sign)

    def _comparison(self, expr: Op, frame: Frame) -> Low:
        sign = _COMPARISONS.get(expr.sign, expr.sign)
        for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
            if isinstance(side, Seq) and expr.sign == sign and not external(side):
                parts = [self._comparison(_with(expr, side, item), frame).text for item in side.items]
                return Low("(" + " or ".join(parts) + ")" if parts else "false()", "bool", bare=True)
            other_document = elsewhere(side, frame.names) if sign == "=" else None
            if other_document is not None:
                return self._among(other, other_document, frame)
        left, right = self.expression(expr.left, frame), self.expression(expr.right, frame)
        kinds = {left.kind, right.kind}
        if "bool" in kinds and kinds != {"bool"}:
            raise NotLowered("comparaison avec un booléen")
        if kinds == {"str", "num"} or (expr.sign != sign and kinds == {"nodes", "num"}):
            raise NotLowered("comparaison entre types différents")
        if sign not in ("=", "!=") and "num" not in kinds:
            raise NotLowered("ordre entre textes")
        return Low(f"{self._operand(left)} {sign} {self._operand(right)}", "bool")

    def _among(self, expr: Expr, collection: Expr, frame: Frame) -> Low:
        if isinstance(expr, Seq):
            parts = [self._among(item, collection, frame).text for item in expr.items]
            return Low("(" + " or ".join(parts) + ")" if parts else "false()", "bool", bare=True)
        low = self.expression(expr, frame)
        if low.kind not in ("nodes", "str"):
            raise NotLowered("appartenance d'une valeur")
        self.needs.add("among")
        return Low(f"{PREFIX}:among({low.text}, '{self._members(collection)}')", "bool", bare=True)

    def _except(self, expr: Op, frame: Frame) -> Low:
        """`@* except (@a | @b[p])`: attributes that are none of them."""
        left = expr.left
        if not (isinstance(left, Path) and left.start is None and len(left.steps) == 1):
            raise NotLowered("except")
        step = left.steps[0]
        if not (isinstance(step, Step) and step.axis == "attribute" and not step.predicates):
            raise NotLowered("except")
        excluded = " or ".join(self._same_attribute(one, frame) for one in _alternatives(expr.right))
        every = self._path(left, frame).text
        return Low(f"{every}[not({excluded})]", "nodes", bare=True)

    def _same_attribute(self, expr: Expr, frame: Frame) -> str:
        """A condition on an attribute: it is the one that `expr` selects from the same element."""
        if not (isinstance(expr, Path) and expr.start is None and len(expr.steps) == 1):
            raise NotLowered("except")
        step = expr.steps[0]
        if not (isinstance(step, Step) and step.axis == "attribute"):
            raise NotLowered("except")
        prefix, _, local = step.test.rpartition(":")
        test = f"local-name()='{local}'"
        if prefix != "*":
            test += f" and namespace-uri()='{self._namespaces[prefix] if prefix else ''}'"
        inner = frame.inner()
        tests = [test, *(self.condition(one, inner) for one in step.predicates if not isinstance(one, Lit))]
        return "(" + " and ".join(tests) + ")"

    def _call(self, expr: Call, frame: Frame) -> Low:
        name, args = expr.name, expr.args
        if name in ("not", "boolean", "exists", "empty") and len(args) == 1:
            return Low(self.condition(expr, frame), "bool", bare=True)
        if name == "current" and not args:
            return Low((frame.base or ".") if frame.depth == 0 and frame.own else self._top(), "nodes", bare=True)
        if name in ("position", "last"):
            self._in_context(frame)
            if frame.depth == 0:
                raise NotLowered(name)
            return Low(f"{name}()", "num", bare=True)
        if not args and name in _ON_CONTEXT:
            self._in_context(frame)
            return Low(f"{name}({frame.base})", _KINDS[name], bare=True)
        if name in _KINDS:
            texts = ", ".join(self._argument(name, one, frame) for one in args)
            return Low(f"{name}({texts})", _KINDS[name], bare=True)
        extension = _EXTENSIONS.get(name)
        if extension is None:
            raise NotLowered(f"{name}()")
        kind, wants_nodes = extension
        self.needs.add(name)
        texts = ", ".join(
            self._nodes(one, frame) if rank == 0 and wants_nodes else self._as_string(one, frame)
            for rank, one in enumerate(args)
        )
        return Low(f"{PREFIX}:{name}({texts})", kind, bare=True)

    def _castable(self, expr: Cast, frame: Frame) -> Low:
        name = expr.type.rstrip("?")
        if expr.kind != "castable" or name not in ("xs:integer", "xs:anyURI", "xs:language", "xs:dateTime", "xs:date"):
            raise NotLowered(expr.kind)
        operand = self.expression(expr.operand, frame)
        if operand.kind not in ("nodes", "str"):
            raise NotLowered("castable d'une valeur")
        self.needs.add("castable")
        text = f"{PREFIX}:castable(string({operand.text}), '{name}')"
        if operand.kind == "nodes":
            text = f"(not({operand.text}) or {text})" if expr.type[-1] == "?" else f"({operand.text} and {text})"
        return Low(text, "bool", bare=True)

    def _argument(self, name: str, expr: Expr, frame: Frame) -> str:
        if name == "count":
            if isinstance(expr, Seq):
                raise NotLowered("count d'une suite")
            return self._nodes(expr, frame)
        low = self.expression(expr, frame)
        if (low.kind == "bool" and name != "string") or (low.kind == "num" and name == "concat" and not _whole(expr)):
            raise NotLowered(f"argument de {name}()")
        return low.text

    def _as_string(self, expr: Expr, frame: Frame) -> str:
        low = self.expression(expr, frame)
        if low.kind == "nodes":
            return f"string({low.text})"
        if low.kind != "str":
            raise NotLowered("argument qui n'est pas un texte")
        return low.text


def elsewhere(expr: Expr, names: Mapping[str, Symbol]) -> Expr | None:
    """The expression, or what its variable stands for, when it is a sequence from another document."""
    if isinstance(expr, Var):
        symbol = names.get(expr.name)
        expr = parse(symbol.text) if isinstance(symbol, Binding) else expr
    return expr if external(expr) else None


def hoisted(expr: Expr) -> tuple[Path, Expr] | None:
    """`//a[p]` where p does not look at `a`, asked as a yes or no: (`//a`, p)."""
    if not isinstance(expr, Path) or not expr.steps:
        return None
    last = expr.steps[-1]
    if not isinstance(last, Step) or not last.predicates:
        return None
    predicate = last.predicates[-1]
    boolean = isinstance(predicate, Quant) or (
        isinstance(predicate, Op) and predicate.sign in ("and", "or", "=", "!=", "<", "<=", ">", ">=")
    )
    if not boolean or not independent(predicate):
        return None
    return Path(expr.start, [*expr.steps[:-1], Step(last.axis, last.test, last.predicates[:-1])]), predicate


def independent(expr: Expr) -> bool:
    """Does it mean the same whatever the context item?"""
    if isinstance(expr, Dot | Step) or (isinstance(expr, Path) and expr.start is None):
        return False
    if isinstance(expr, Path) and expr.start is not None:
        return independent(expr.start)
    if isinstance(expr, Filter):
        return independent(expr.base)
    if isinstance(expr, Call) and (expr.name in ("position", "last") or (not expr.args and expr.name in _ON_CONTEXT)):
        return False
    return all(independent(child) for child in children(expr))


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


def _join(prefix: str, text: str) -> str:
    return prefix + text if not prefix or prefix.endswith("/") else f"{prefix}/{text}"


def _alternatives(expr: Expr) -> list[Expr]:
    if isinstance(expr, Op) and expr.sign == "|":
        return [*_alternatives(expr.left), *_alternatives(expr.right)]
    return [one for item in expr.items for one in _alternatives(item)] if isinstance(expr, Seq) else [expr]


def _with(expr: Op, side: Expr, item: Expr) -> Op:
    return Op(expr.sign, item, expr.right) if side is expr.left else Op(expr.sign, expr.left, item)


def _whole(expr: Expr) -> bool:
    return (isinstance(expr, Lit) and isinstance(expr.value, int)) or (
        isinstance(expr, Call) and expr.name in ("count", "string-length")
    )


def _literal(expr: Lit) -> Low:
    value = expr.value
    if isinstance(value, str):
        if "'" not in value:
            return Low(f"'{value}'", "str", bare=True)
        if '"' not in value:
            return Low(f'"{value}"', "str", bare=True)
        raise NotLowered("texte avec les deux guillemets")
    if isinstance(value, float) and not isinstance(value, Decimal):
        raise NotLowered("nombre en virgule flottante")
    return Low(str(value), "num", bare=True)
