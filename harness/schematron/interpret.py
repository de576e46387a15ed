"""Runs XPath 2.0 expressions over lxml trees: each becomes a Python function of the context, made once.

Whatever part of an expression can be lowered is run by libxml2; the rest is done here, with the semantics of the
recommendation. It is asked for what lowering can't take, and for the texts of messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.schematron import constants, functions
from harness.schematron.arithmetic import negate, reckon
from harness.schematron.casts import cast, cast_sequence, castable_sequence
from harness.schematron.extensions import Compiler
from harness.schematron.forms import elsewhere, hoisted
from harness.schematron.looking_up import looked_up
from harness.schematron.lower import Lowering
from harness.schematron.lowered import Frame, NotLowered
from harness.schematron.names import Binding, Local, Symbol
from harness.schematron.parse import parse
from harness.schematron.running import NOWHERE, At, Run, at_document, document_of
from harness.schematron.syntax import (
    Call,
    Cast,
    Dot,
    Expr,
    Filter,
    For,
    If,
    Lit,
    Neg,
    Op,
    Path,
    Quant,
    Root,
    Seq,
    Var,
)
from harness.schematron.values import (
    Document,
    Sequence,
    Unsupported,
    atom,
    compare,
    compare_values,
    is_element,
    key,
    one,
    string,
    text_of,
    truth,
)
from harness.schematron.walking import Walking
from harness.schematron.weaken import Weak

Made = Callable[[At], Sequence]
Test = Callable[[At], bool]
Names = Mapping[str, Symbol]
_GENERAL, _VALUE = ("=", "!=", "<", "<=", ">", ">="), ("eq", "ne", "lt", "le", "gt", "ge")


class Interpreter:
    """Makes functions of expressions, with the prefixes and the other documents of one Schematron."""

    def __init__(self, namespaces: Mapping[str, str], library: constants.Library) -> None:
        self.sets = constants.Sets()
        self.namespaces = namespaces
        self.library = library
        self.compiler = Compiler(namespaces, self.sets)
        self._made: dict[Binding, Made] = {}
        self.tables: dict[str, str] = {}
        self.weakened: dict[tuple[str, bool], tuple[Weak, set[str]]] = {}
        self._constants: dict[str, Sequence] = {}
        self._members: dict[str, str] = {}
        self.walking = Walking(self)

    # -- entry points ---------------------------------------------------------------------------------------
    def lowering(self, *, indexed: bool = False) -> Lowering:
        """`indexed`: the expression will be run with the variables of `variables`."""
        return Lowering(self.namespaces, self.members, self._table if indexed else None)

    def _table(self, test: str) -> str:
        prefix, _, local = test.rpartition(":")
        if prefix and prefix != "*" and prefix not in self.namespaces:
            raise Unsupported(f"préfixe {prefix} non déclaré")
        key = test if prefix in ("", "*") else f"{{{self.namespaces[prefix]}}}{local}"
        name = f"t{len(self.tables)}"
        return self.tables.setdefault(key, name)

    def variables(self, needs: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(variable, what it holds all the elements of: a tag or `*:name`) for what a lowered expression needs."""
        wanted = {need[1:] for need in needs if need[0] == "$"}
        return tuple((name, key) for key, name in self.tables.items() if name in wanted)

    def test(self, expr: Expr, names: Names, depth: int = 0) -> Test:
        """A function giving the effective boolean value. Raises Unsupported."""
        native = self._native(expr, names, depth, condition=True)
        return native or self.own_test(expr, names, depth)  # type: ignore[return-value]  # what was asked for, by `condition`

    def own_test(self, expr: Expr, names: Names, depth: int) -> Test:
        """`test`, with nothing but its parts run by libxml2."""
        if isinstance(expr, Op) and expr.sign in ("and", "or"):
            left, right = self.test(expr.left, names, depth), self.test(expr.right, names, depth)
            if expr.sign == "and":
                return lambda at: left(at) and right(at)
            return lambda at: left(at) or right(at)
        if (
            isinstance(expr, Call)
            and len(expr.args) == 1
            and expr.name in ("not", "boolean", "exists", "empty")
        ):
            return self._truth_call(expr, names, depth)
        if isinstance(expr, If):
            test, then, other = (self.test(part, names, depth) for part in (expr.test, expr.then, expr.other))
            return lambda at: then(at) if test(at) else other(at)
        if isinstance(expr, Quant):
            return self._quantified(expr, names, depth)
        if isinstance(expr, Op) and expr.sign == "=":
            collection = elsewhere(expr.right, names)
            if collection is not None:
                return self._among(expr.left, collection, names, depth)
        found = looked_up(self, expr, names, depth)
        if found is not None:
            return found
        apart = hoisted(expr)
        if apart is not None:
            there, held = self.test(apart[0], names, depth), self.test(apart[1], names, depth)
            return lambda at: there(at) and held(at)
        made = self.own(expr, names, depth)
        return lambda at: truth(made(at))

    def make(self, expr: Expr, names: Names, depth: int = 0) -> Made:
        """A function giving the sequence. Raises Unsupported."""
        native = self._native(expr, names, depth, condition=False)
        return native or self.own(expr, names, depth)  # type: ignore[return-value]  # what was asked for, by `condition`

    def own(self, expr: Expr, names: Names, depth: int) -> Made:
        """`make`, with nothing but its parts run by libxml2."""
        if depth >= 0 and constants.external(expr):
            return self._constant(expr)
        if isinstance(expr, Lit):
            literal = [expr.value]
            return lambda _at: literal
        if isinstance(expr, Var):
            return self.variable(expr.name, names)
        if isinstance(expr, Dot):
            return lambda at: [at.item]
        if isinstance(expr, Root):
            return lambda at: [document_of(at)]
        if isinstance(expr, Call):
            return self._call(expr, names, depth)
        if isinstance(expr, Path):
            return self.walking.path(expr, names, depth)
        if isinstance(expr, Filter):
            return self.walking.filter(expr, names, depth)
        if isinstance(expr, Op):
            return self._operator(expr, names, depth)
        if isinstance(expr, Seq):
            parts = [self.make(item, names, depth) for item in expr.items]
            return lambda at: [item for part in parts for item in part(at)]
        if isinstance(expr, If):
            test = self.test(expr.test, names, depth)
            then, other = self.make(expr.then, names, depth), self.make(expr.other, names, depth)
            return lambda at: then(at) if test(at) else other(at)
        if isinstance(expr, For):
            return self._for(expr, names, depth)
        if isinstance(expr, Quant):
            held = self._quantified(expr, names, depth)
            return lambda at: [held(at)]
        if isinstance(expr, Cast):
            return self._cast(expr, names, depth)
        if isinstance(expr, Neg):
            operand = self.make(expr.operand, names, depth)
            return lambda at: negate(operand(at))
        return self.walking.path(Path(None, [expr]), names, depth)

    def members(self, expr: Expr) -> str:
        """The name of the set of texts of an external sequence, read when first looked into."""
        written = repr(expr)
        name = self._members.get(written)
        if name is None:
            name = self._members[written] = f"s{len(self._members)}"
            self.sets.later[name] = lambda: self._texts(expr)
        return name

    def _texts(self, expr: Expr) -> frozenset[str]:
        return frozenset(text_of(value) for value in self.make(expr, {}, 1)(At(Run(NOWHERE), None)))

    def _constant(self, expr: Expr) -> Made:
        """A sequence of another document, read when first asked for."""
        written = repr(expr)

        def value(_at: At) -> Sequence:
            found = self._constants.get(written)
            if found is None:
                found = self._constants[written] = self.own(expr, {}, -1)(At(Run(NOWHERE), None))
            return found

        return value

    # -- native parts ---------------------------------------------------------------------------------------
    def _native(self, expr: Expr, names: Names, depth: int, *, condition: bool) -> Made | Test | None:
        """The expression run by libxml2 on an element, or None. Attributes and texts go the other way."""
        if isinstance(expr, Lit | Dot | Var | Root | Seq):
            return None
        lowering = self.lowering()
        frame = Frame(names, depth, inline=False)
        on_document: Any = None
        try:
            if condition:
                text, kind = lowering.condition(expr, frame), "bool"
                on_document = self.compiler.xpath(f"boolean(/self::node()[{text}])", lowering.needs)
            else:
                low = lowering.expression(expr, frame)
                text, kind = low.text, low.kind
            xpath: Any = self.compiler.xpath(text, lowering.needs, nodes=kind == "nodes")
        except NotLowered:
            return None
        if (
            "top" in lowering.needs
        ):  # the rule's node may be the document's, which extension functions can't give
            return None
        other = self.walking.elsewhere(expr, names, depth, condition=condition)
        if condition:

            def native(at: At) -> bool:
                item = at.item
                if is_element(item):
                    return bool(xpath(item))
                return bool(on_document(item.root)) if isinstance(item, Document) else other(at)

            return native
        if kind == "nodes":
            return lambda at: list(xpath(at.item)) if is_element(at.item) else other(at)
        if kind == "str":
            return lambda at: [str(xpath(at.item))] if is_element(at.item) else other(at)
        if kind == "num":
            return lambda at: [_whole(xpath(at.item))] if is_element(at.item) else other(at)
        return lambda at: [bool(xpath(at.item))] if is_element(at.item) else other(at)

    # -- variables ------------------------------------------------------------------------------------------
    def variable(self, name: str, names: Names) -> Made:
        symbol = names.get(name)
        if isinstance(symbol, Local):
            inner = symbol.name
            return lambda at: at.locals[inner]
        if not isinstance(symbol, Binding):
            raise Unsupported(f"variable ${name} inconnue")
        binding = symbol

        def value(at: At) -> Sequence:
            memo = at.run.shared if binding.shared else at.memo
            found = memo.get(binding)
            if found is None:
                where = at_document(at.run) if binding.shared else at.inner(at.top, 1, 1)
                found = memo[binding] = self.let(binding)(where)
            return found

        return value

    def let(self, binding: Binding) -> Made:
        made = self._made.get(binding)
        if made is None:
            made = self._made[binding] = self.make(parse(binding.text), binding.visible)
        return made

    # -- conditions -----------------------------------------------------------------------------------------
    def _truth_call(self, expr: Call, names: Names, depth: int) -> Test:
        if expr.name in ("exists", "empty"):
            found, none = looked_up(self, expr.args[0], names, depth), expr.name == "empty"
            if found is not None:
                return lambda at: found(at) is not none
            made, empty = self.make(expr.args[0], names, depth), expr.name == "empty"
            return lambda at: (not made(at)) is empty
        inner = self.test(expr.args[0], names, depth)
        return (lambda at: not inner(at)) if expr.name == "not" else inner

    def _quantified(self, expr: Quant, names: Names, depth: int) -> Test:
        scope, domains = names, []
        for name, domain in expr.bindings:
            domains.append((name, self.make(domain, scope, depth)))
            scope = {**scope, name: Local(name)}
        held = self.test(expr.condition, scope, depth)

        def check(at: At, rank: int) -> bool:
            if rank == len(domains):
                return held(at)
            name, domain = domains[rank]
            answers = (check(at.bound(name, [item]), rank + 1) for item in domain(at))
            return all(answers) if expr.every else any(answers)

        return lambda at: check(at, 0)

    def _among(self, left: Expr, right: Expr, names: Names, depth: int) -> Test:
        name, made = self.members(right), self.make(left, names, depth)
        return lambda at: any(text_of(atom(item)) in self.sets[name] for item in made(at))

    # -- calls and operators --------------------------------------------------------------------------------
    def _call(self, expr: Call, names: Names, depth: int) -> Made:
        name = expr.name
        if name == "current" and not expr.args:
            return lambda at: [at.top]
        if name == "position":
            return lambda at: [at.position]
        if name == "last":
            return lambda at: [at.size]
        args = [self.make(one, names, depth) for one in expr.args]
        if name in constants.DOC:
            return lambda at: [Document(self.library.root(string([name]))) for name in args[0](at)]
        if name == "doc-available":
            return lambda at: [self.library.available(string(args[0](at)))]
        if name == "root":
            return lambda at: [document_of(at)]
        if name.startswith("xs:"):
            return lambda at: [cast(value, name)] if (value := one(args[0](at))) is not None else []
        if not functions.known(name):
            raise Unsupported(f"fonction {name}()")
        if not args and name in functions.ON_CONTEXT:
            return lambda at: functions.call(name, [[at.item]])
        return lambda at: functions.call(name, [arg(at) for arg in args])

    def _operator(self, expr: Op, names: Names, depth: int) -> Made:
        sign = expr.sign
        if sign in ("and", "or"):
            asked = self.test(expr, names, depth)
            return lambda at: [asked(at)]
        if sign == "=" and elsewhere(expr.right, names) is not None:
            among = self.own_test(expr, names, depth)
            return lambda at: [among(at)]
        left, right = self.make(expr.left, names, depth), self.make(expr.right, names, depth)
        if sign in _GENERAL:
            return lambda at: [compare(sign, left(at), right(at))]
        if sign in _VALUE:
            return lambda at: compare_values(sign, left(at), right(at))
        if sign == "is":
            return lambda at: [key(a[0]) == key(b[0])] if (a := left(at)) and (b := right(at)) else []
        if sign in ("<<", ">>"):
            return lambda at: self.walking.precedes(sign, left(at), right(at), at)
        if sign in ("|", "intersect", "except"):
            return lambda at: self.walking.combined(sign, left(at), right(at), at)
        return lambda at: reckon(sign, left(at), right(at))

    def _for(self, expr: For, names: Names, depth: int) -> Made:
        scope, domains = names, []
        for name, domain in expr.bindings:
            domains.append((name, self.make(domain, scope, depth)))
            scope = {**scope, name: Local(name)}
        result = self.make(expr.result, scope, depth)

        def produce(at: At, rank: int) -> Sequence:
            if rank == len(domains):
                return result(at)
            name, domain = domains[rank]
            return [value for item in domain(at) for value in produce(at.bound(name, [item]), rank + 1)]

        return lambda at: produce(at, 0)

    def _cast(self, expr: Cast, names: Names, depth: int) -> Made:
        operand, optional = self.make(expr.operand, names, depth), expr.type[-1:] == "?"
        name = expr.type.rstrip("?*+")
        if expr.kind == "castable":
            return lambda at: [castable_sequence(operand(at), name, optional)]
        if expr.kind == "cast":
            return lambda at: cast_sequence(operand(at), name, optional)
        raise Unsupported(f"{expr.kind} {expr.type}")


def _whole(value: float) -> float | int:
    """Counts and lengths are integers; so is what libxml2 gives for them."""
    return int(value) if value.is_integer() else value
