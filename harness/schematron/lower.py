"""Turns an XPath 2.0 expression into XPath 1.0 that libxml2 runs and that means the same; says no otherwise.

What has no XPath 1.0 form is left to `interpret`. `weaken` gives, for a whole condition, an XPath 1.0 condition
that must hold for it to be false (or true): the nodes it does not pick need no closer look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from harness.schematron.constants import external
from harness.schematron.forms import alternatives, elsewhere, hoisted, positional
from harness.schematron.lower_calls import Calls
from harness.schematron.lowered import PREFIX, Frame, Low, NotLowered
from harness.schematron.names import Binding, ContextItem, context_free
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
)

_COMPARISONS: Final = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
#: A let is copied where it is used when its text is no longer than this; past it, it is evaluated once instead.
_INLINE: Final = 240


class Lowering:
    """Lowers expressions with the prefixes of one Schematron.

    `members(expression)` gives the name of the set of an external sequence; `needs` collects the extension functions
    and the variables used. `tables(name test)` gives the variable that holds all the elements of a name, when the
    caller has an index of them: `//cda:author` is then no walk of the document.
    """

    def __init__(
        self,
        namespaces: Mapping[str, str],
        members: Callable[[Expr], str],
        tables: Callable[[str], str] | None = None,
    ) -> None:
        self._namespaces = namespaces
        self._members = members
        self._tables = tables
        self.needs: set[str] = set()
        self._calls = Calls(self)

    def expression(self, expr: Expr, frame: Frame) -> Low:
        """Raises NotLowered."""
        if isinstance(expr, Path):
            return self._path(expr, frame)
        if isinstance(expr, Step):
            return self._path(Path(None, [expr]), frame)
        if isinstance(expr, Op):
            return self._operator(expr, frame)
        if isinstance(expr, Call):
            return self._calls.call(expr, frame)
        if isinstance(expr, Lit):
            return _literal(expr)
        if isinstance(expr, Dot):
            self.in_context(frame)
            return Low(frame.base or ".", "nodes", bare=True)
        if isinstance(expr, Var):
            return self._variable(expr, frame)
        if isinstance(expr, Filter):
            return self._filter(expr, frame)
        if isinstance(expr, Cast):
            return self._calls.castable(expr, frame)
        if isinstance(expr, Root):
            return Low("/", "nodes")
        if isinstance(expr, Quant) or (isinstance(expr, If) and self._boolean(expr, frame)):
            return Low(self.condition(expr, frame), "bool", bare=True)
        raise NotLowered(type(expr).__name__)

    def condition(self, expr: Expr, frame: Frame) -> str:
        """The expression where only its effective boolean value counts. Raises NotLowered."""
        if isinstance(expr, Op) and expr.sign in ("and", "or"):
            return f"({self.condition(expr.left, frame)} {expr.sign} {self.condition(expr.right, frame)})"
        if isinstance(expr, Call) and len(expr.args) == 1 and expr.name in ("not", "boolean"):
            return f"{expr.name}({self.condition(expr.args[0], frame)})"
        if isinstance(expr, Call) and len(expr.args) == 1 and expr.name in ("exists", "empty"):
            inner = self.nodes(expr.args[0], frame)
            return f"{'not' if expr.name == 'empty' else 'boolean'}({inner})"
        if isinstance(expr, Op) and expr.sign in _COMPARISONS:  # empty when a side is: false, here
            return self._comparison(expr, frame).text
        if isinstance(expr, If):
            test = self.condition(expr.test, frame)
            then, other = self.condition(expr.then, frame), self.condition(expr.other, frame)
            return f"(({test} and {then}) or (not({test}) and {other}))"
        if isinstance(expr, Quant):
            return self._quantified(expr, frame)
        if isinstance(expr, Seq):
            return "false()" if not expr.items else f"boolean({self.nodes(expr, frame)})"
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
    def in_context(frame: Frame) -> None:
        if not frame.own:
            raise NotLowered("élément courant hors de portée")

    def nodes(self, expr: Expr, frame: Frame) -> str:
        """A node-set; a sequence of several counts as their union, where order and repeats don't matter."""
        if isinstance(expr, Seq) and expr.items:
            return " | ".join(self.nodes(item, frame) for item in expr.items)
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
            base = self.top()
        low = self.expression(tree, Frame(symbol.visible, base=base))
        if len(low.text) > _INLINE:
            raise NotLowered("variable trop longue à recopier")
        return low

    def top(self) -> str:
        """The rule's node, from inside a predicate."""
        self.needs.add("top")
        return f"{PREFIX}:top()"

    def _path(self, expr: Path, frame: Frame) -> Low:
        if expr.start is None:
            self.in_context(frame)
            prefix = frame.base if frame.base in ("", "/") else frame.base + "/"
        elif isinstance(expr.start, Root):
            table = self._table(expr.steps, frame)
            if table:
                return self._steps([table], expr.steps[2:], frame)
            prefix = "/"
        else:
            start = self.expression(expr.start, frame)
            if start.kind != "nodes":
                raise NotLowered("chemin à partir d'une valeur")
            prefix = ("" if start.text == "." else self._operand(start) + "/") if start.text != "/" else "/"
        return self._steps([prefix], expr.steps, frame)

    def _table(self, steps: list[Expr], frame: Frame) -> str:
        """`//name[p]` from the index; "" when it can't be."""
        if self._tables is None or len(steps) < 2 or steps[0] != Step("descendant-or-self", "node()", []):
            return ""
        step = steps[1]
        if not isinstance(step, Step) or step.axis != "child" or step.test.endswith((")", "*")):
            return ""
        if any(positional(one) for one in step.predicates):
            return ""
        name = self._tables(step.test)
        self.needs.add("$" + name)
        inner = replace(frame, own=True, base="")
        return f"${name}" + "".join(f"[{self._predicate(one, inner)}]" for one in step.predicates)

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
                branches = [self._branch(one, inner) for one in alternatives(step)]
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
        base = f"({nodes.text})" if nodes.text.endswith(".") else self._operand(nodes)
        return f"not({base}[not({held})])" if expr.every else f"boolean({base}[{held}])"

    def _operator(self, expr: Op, frame: Frame) -> Low:
        sign = expr.sign
        if sign in ("and", "or"):
            return Low(self.condition(expr, frame), "bool", bare=True)
        if sign in _COMPARISONS.values():
            return self._comparison(expr, frame)
        if sign == "|":
            return Low(f"{self.nodes(expr.left, frame)} | {self.nodes(expr.right, frame)}", "nodes")
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
        excluded = " or ".join(self._same_attribute(one, frame) for one in alternatives(expr.right))
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


def _join(prefix: str, text: str) -> str:
    return prefix + text if not prefix or prefix.endswith("/") else f"{prefix}/{text}"


def _with(expr: Op, side: Expr, item: Expr) -> Op:
    return Op(expr.sign, item, expr.right) if side is expr.left else Op(expr.sign, expr.left, item)


def _literal(expr: Lit) -> Low:
    value = expr.value
    if isinstance(value, str):
        if "'" not in value:
            return Low(f"'{value}'", "str", bare=True)
        if '"' not in value:
            return Low(f'"{value}"', "str", bare=True)
        raise NotLowered("texte avec les deux guillemets")
    if isinstance(value, float):
        raise NotLowered("nombre en virgule flottante")
    return Low(str(value), "num", bare=True)
