"""Reads XPath 2.0 expressions (no schema types beyond xs: names) into the tree of `syntax`.

Keywords are names until the grammar expects an operator, as the recommendation has it; so `div/div div div` reads.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

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
    Step,
    Var,
)

_NC: Final = r"[^\W\d][\w.\-\u00b7]*"
_TOKEN: Final = re.compile(
    rf"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<var>\$\s*{_NC}(?::{_NC})?)
    | (?P<name>\*:{_NC}|{_NC}:\*|{_NC}(?::(?!:){_NC})?)
    | (?P<sign>//|::|\.\.|!=|<=|>=|<<|>>|[-()\[\]@,./|+*=<>?])
    )""",
    re.VERBOSE,
)
_AXES: Final = frozenset(
    [
        "child",
        "descendant",
        "attribute",
        "self",
        "descendant-or-self",
        "following-sibling",
        "following",
        "namespace",
        "parent",
        "ancestor",
        "preceding-sibling",
        "preceding",
        "ancestor-or-self",
    ]
)
_KINDS: Final = frozenset(
    [
        "node",
        "text",
        "comment",
        "processing-instruction",
        "element",
        "attribute",
        "document-node",
        "item",
        "schema-element",
    ]
)
#: Operators by rising precedence, each level with its signs; words among them are names elsewhere.
_LEVELS: Final[tuple[frozenset[str], ...]] = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset(["=", "!=", "<", "<=", ">", ">=", "eq", "ne", "lt", "le", "gt", "ge", "is", "<<", ">>"]),
    frozenset({"to"}),
    frozenset(["+", "-"]),
    frozenset(["*", "div", "idiv", "mod"]),
    frozenset({"union", "|"}),
    frozenset({"intersect", "except"}),
)
_PRECEDENCE: Final = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_COMMENT: Final = re.compile(r"\(:(?:[^:(]|:(?!\))|\((?!:))*:\)")
#: Deeper than any rule is written; past it, Python's own stack would break.
MAX_DEPTH: Final = 60


class XPathSyntaxError(ValueError):
    """The text is not an XPath 2.0 expression (or uses what Schematron files don't)."""


def parse(text: str) -> Expr:
    """The tree of an expression; equal texts share one, which nobody may change. Raises XPathSyntaxError."""
    return _parse(text)


@lru_cache(maxsize=8192)
def _parse(text: str) -> Expr:
    parser = _Parser(text)
    tree = parser.expression()
    parser.end()
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    cleaned, at, found = text, 0, []
    while "(:" in cleaned and (shorter := _COMMENT.sub(" ", cleaned)) != cleaned:
        cleaned = shorter
    length = len(cleaned.rstrip())
    while at < length:
        match = _TOKEN.match(cleaned, at)
        if match is None:
            raise XPathSyntaxError(f"signe inattendu en {at} : {cleaned[at : at + 20]!r}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Parser:
    """Recursive descent, one method a production."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    # -- tokens ---------------------------------------------------------------------------------------------
    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ("end", "")

    def _is(self, sign: str, ahead: int = 0) -> bool:
        return self._peek(ahead) == ("sign", sign)

    def _word(self, word: str, ahead: int = 0) -> bool:
        return self._peek(ahead) == ("name", word)

    def _take(self) -> str:
        kind, value = self._peek()
        if kind == "end":
            raise XPathSyntaxError("expression inachevée")
        self._at += 1
        return value

    def _expect(self, value: str) -> None:
        if self._peek()[1] != value or self._peek()[0] == "string":
            raise XPathSyntaxError(f"{value!r} attendu, trouvé {self._peek()[1]!r}")
        self._at += 1

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise XPathSyntaxError(f"reste inattendu : {self._peek()[1]!r}")

    # -- expressions ----------------------------------------------------------------------------------------
    def expression(self) -> Expr:
        first = self._single()
        if not self._is(","):
            return first
        items = [first]
        while self._is(","):
            self._at += 1
            items.append(self._single())
        return Seq(items)

    def _single(self) -> Expr:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise XPathSyntaxError("expression trop imbriquée")
        try:
            kind, value = self._peek()
            if kind == "name" and self._peek(1)[0] == "var" and value in ("for", "some", "every"):
                return self._bound(value)
            if kind == "name" and value == "if" and self._is("(", 1):
                return self._if()
            return self._binary(0)
        finally:
            self._depth -= 1

    def _bound(self, word: str) -> Expr:
        self._at += 1
        bindings = [self._binding()]
        while self._is(","):
            self._at += 1
            bindings.append(self._binding())
        self._expect("return" if word == "for" else "satisfies")
        body = self._single()
        return For(bindings, body) if word == "for" else Quant(word == "every", bindings, body)

    def _binding(self) -> tuple[str, Expr]:
        kind, value = self._peek()
        if kind != "var":
            raise XPathSyntaxError("variable attendue")
        self._at += 1
        self._expect("in")
        return value[1:].strip(), self._single()

    def _if(self) -> Expr:
        self._at += 2
        test = self.expression()
        self._expect(")")
        self._expect("then")
        then = self._single()
        self._expect("else")
        return If(test, then, self._single())

    def _binary(self, least: int) -> Expr:
        """Operators of that level or tighter, by precedence climbing."""
        left = self._typed()
        while True:
            kind, sign = self._peek()
            level = _PRECEDENCE.get(sign, -1) if kind in ("sign", "name") else -1
            if level < least:
                return left
            self._at += 1
            left = Op("|" if sign == "union" else sign, left, self._binary(level + 1))

    def _typed(self) -> Expr:
        operand = self._unary()
        for first, second in (("instance", "of"), ("treat", "as"), ("castable", "as"), ("cast", "as")):
            if self._word(first) and self._word(second, 1):
                self._at += 2
                operand = Cast(first, operand, self._type())
        return operand

    def _type(self) -> str:
        name = self._take()
        if self._is("("):
            while not self._is(")"):
                name += self._take()
            name += self._take()
        if self._peek()[1] in ("?", "*", "+") and self._peek()[0] == "sign":
            name += self._take()
        return name

    def _unary(self) -> Expr:
        negative = False
        while self._is("-") or self._is("+"):
            negative ^= self._take() == "-"
        operand = self._path()
        return Neg(operand) if negative else operand

    # -- paths ----------------------------------------------------------------------------------------------
    def _path(self) -> Expr:
        if self._is("/"):
            self._at += 1
            return Path(Root(), self._relative()) if self._starts_step() else Root()
        if self._is("//"):
            self._at += 1
            return Path(Root(), [_anywhere(), *self._relative()])
        first = self._step()
        if not (self._is("/") or self._is("//")):
            return Path(None, [first]) if isinstance(first, Step) else first
        rest = self._rest()
        if isinstance(first, Step):
            return Path(None, [first, *rest])
        return Path(None, rest) if isinstance(first, Dot) else Path(first, rest)

    def _relative(self) -> list[Expr]:
        return [self._step(), *self._rest()]

    def _rest(self) -> list[Expr]:
        steps: list[Expr] = []
        while self._is("/") or self._is("//"):
            if self._take() == "//":
                steps.append(_anywhere())
            steps.append(self._step())
        return steps

    def _starts_step(self) -> bool:
        kind, value = self._peek()
        return kind in ("name", "var", "string", "number") or value in ("*", "@", ".", "..", "(")

    def _step(self) -> Expr:
        kind, value = self._peek()
        if kind == "sign" and value in ("@", "..", "*"):
            return self._axis_step()
        if kind == "name":
            call = self._is("(", 1)
            if self._is("::", 1) or not call or value in _KINDS:
                return self._axis_step()
        base = self._primary()
        predicates = self._predicates()
        return Filter(base, predicates) if predicates else base

    def _axis_step(self) -> Step:
        axis = "child"
        if self._is(".."):
            self._at += 1
            return Step("parent", "node()", self._predicates())
        if self._is("@"):
            self._at += 1
            axis = "attribute"
        elif self._is("::", 1):
            axis = self._take()
            if axis not in _AXES:
                raise XPathSyntaxError(f"axe inconnu : {axis}")
            self._at += 1
        kind, test = self._peek()
        if kind != "name" and test != "*":
            raise XPathSyntaxError(f"test de nœud attendu, trouvé {test!r}")
        self._at += 1
        if kind == "name" and self._is("("):
            if test not in _KINDS:
                raise XPathSyntaxError(f"test de nœud inconnu : {test}()")
            while not self._is(")"):
                test += self._take()
            test += self._take()
            axis = "attribute" if test.startswith("attribute(") and axis == "child" else axis
        return Step(axis, test, self._predicates())

    def _predicates(self) -> list[Expr]:
        found: list[Expr] = []
        while self._is("["):
            self._at += 1
            found.append(self.expression())
            self._expect("]")
        return found

    def _primary(self) -> Expr:
        kind, value = self._peek()
        self._take()
        if kind == "string":
            quote = value[0]
            return Lit(value[1:-1].replace(quote * 2, quote))
        if kind == "number":
            if "e" in value.lower():
                return Lit(float(value))
            return Lit(Decimal(value) if "." in value else int(value))
        if kind == "var":
            return Var(value[1:].strip())
        if kind == "name":
            return self._call(value)
        if value == ".":
            return Dot()
        if value == "(":
            if self._is(")"):
                self._at += 1
                return Seq([])
            inner = self.expression()
            self._expect(")")
            return inner
        raise XPathSyntaxError(f"signe inattendu : {value!r}")

    def _call(self, name: str) -> Call:
        self._expect("(")
        args: list[Expr] = []
        while not self._is(")"):
            if args:
                self._expect(",")
            args.append(self._single())
        self._at += 1
        return Call(name.removeprefix("fn:"), args)


def _anywhere() -> Step:
    return Step("descendant-or-self", "node()", [])
