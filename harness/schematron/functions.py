"""The functions of XPath 2.0 that Schematron files call, over sequences; `doc`, `current` and the context's own are
in `interpret`.

Each takes its evaluated arguments. The semantics are those of the recommendation, errors included.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from lxml import etree

from harness.schematron import regexes
from harness.schematron.values import (
    Document,
    DynamicError,
    Name,
    Sequence,
    Unsupported,
    atom,
    atoms,
    is_attribute,
    is_node,
    numeric,
    one,
    order,
    string,
    text_of,
    to_number,
    truth,
)

Function = Callable[..., Sequence]
_SPACE: Final = " \t\r\n"
_FOLD: Final = {ord(letter): " " for letter in "\t\r\n"}


def node_name(sequence: Sequence) -> tuple[str, str, str]:
    """(prefix, local name, namespace) of the single node; three empty strings when it has none."""
    if not sequence:
        return "", "", ""
    node = sequence[0]
    if len(sequence) > 1 or not is_node(node):
        raise DynamicError("XPTY0004: un nœud est attendu")
    if isinstance(node, Document):
        return "", "", ""
    if is_attribute(node):
        name = etree.QName(node.attrname)
        return _attribute_prefix(node.getparent(), name.namespace or ""), name.localname, name.namespace or ""
    if isinstance(node, etree._ProcessingInstruction):
        return "", str(node.target), ""
    if not isinstance(node, etree._Element) or not isinstance(node.tag, str):
        return "", "", ""
    name = etree.QName(node)
    return node.prefix or "", name.localname, name.namespace or ""


def _attribute_prefix(parent: etree._Element, uri: str) -> str:
    if not uri:
        return ""
    if uri == "http://www.w3.org/XML/1998/namespace":
        return "xml"
    return next((prefix for prefix, known in parent.nsmap.items() if known == uri and prefix), "")


def _name(argument: Sequence) -> Sequence:
    prefix, local, _ = node_name(argument)
    return [f"{prefix}:{local}" if prefix else local]


def _substring(text: Sequence, start: Sequence, length: Sequence | None = None) -> Sequence:
    whole = string(text)
    first = _rounded(to_number(one(start)))
    end = math.inf if length is None else first + _rounded(to_number(one(length)))
    if math.isnan(first) or math.isnan(end):
        return [""]
    low = max(int(max(first, 1)) if first != math.inf else len(whole) + 1, 1)
    high = len(whole) + 1 if end == math.inf else int(end) if end > -math.inf else 0
    return [whole[low - 1 : max(high - 1, 0)] if high > low else ""]


def _rounded(value: float) -> float:
    return value if math.isnan(value) or math.isinf(value) else math.floor(value + 0.5)


def _translate(text: Sequence, old: Sequence, new: Sequence) -> Sequence:
    by = string(new)
    table: dict[int, str | None] = {}
    for rank, letter in enumerate(string(old)):
        table.setdefault(ord(letter), by[rank] if rank < len(by) else None)
    return [string(text).translate(table)]


def _matches(text: Sequence, pattern: Sequence, flags: Sequence | None = None) -> Sequence:
    return [matches(string(text), string(pattern), string(flags or []))]


def matches(text: str, pattern: str, flags: str = "") -> bool:
    return regexes.compiled(pattern, flags).search(text) is not None


def _replace(text: Sequence, pattern: Sequence, by: Sequence, flags: Sequence | None = None) -> Sequence:
    regex = regexes.compiled(string(pattern), string(flags or []))
    if regex.search(""):
        raise DynamicError("FORX0003: le motif accepte la chaîne vide")
    return [regex.sub(lambda found: _filled(found, string(by)), string(text))]


def _filled(found: Any, by: str) -> str:
    return found.expand(regexes.replacement(by)) if "$" in by or "\\" in by else by


def _tokenize(text: Sequence, pattern: Sequence, flags: Sequence | None = None) -> Sequence:
    regex, whole = regexes.compiled(string(pattern), string(flags or [])), string(text)
    if regex.search(""):
        raise DynamicError("FORX0003: le motif accepte la chaîne vide")
    if not whole:
        return []
    pieces, at = [], 0
    for found in regex.finditer(whole):
        pieces.append(whole[at : found.start()])
        at = found.end()
    return [*pieces, whole[at:]]


def _distinct(sequence: Sequence) -> Sequence:
    kept: Sequence = []
    seen: set[object] = set()
    for value in atoms(sequence):
        mark = str(value) if isinstance(value, str) else (type(value) is bool, value)
        if mark not in seen:
            seen.add(mark)
            kept.append(value)
    return kept


def _sum(sequence: Sequence, zero: Sequence | None = None) -> Sequence:
    values = [numeric(value) for value in atoms(sequence)]
    return [_total(values)] if values else ([0] if zero is None else zero)


def _total(values: list[Any]) -> Any:
    if any(isinstance(value, float) for value in values):
        return math.fsum(float(value) for value in values)
    return sum(values)


def _average(sequence: Sequence) -> Sequence:
    values = [numeric(value) for value in atoms(sequence)]
    if not values:
        return []
    total = _total(values)
    return [Decimal(total) / len(values) if isinstance(total, int) else total / len(values)]


def _extreme(sign: str) -> Function:
    def pick(sequence: Sequence) -> Sequence:
        values = atoms(sequence)
        if any(isinstance(value, int | float | Decimal) for value in values) or (
            values and is_node(sequence[0])
        ):
            values = [numeric(value) for value in values]
        best = values[:1]
        for value in values[1:]:
            if order(sign, value, best[0]):
                best = [value]
        return best

    return pick


def _number_function(change: Callable[[Any], Any]) -> Function:
    def apply(argument: Sequence) -> Sequence:
        value = one(argument)
        return [] if value is None else [change(numeric(value))]

    return apply


def _floor(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isnan(value) or math.isinf(value) else float(math.floor(value))
    return value if isinstance(value, int) else value.to_integral_value(ROUND_FLOOR)


def _round(value: Any) -> Any:
    return _rounded(value) if isinstance(value, float) else _floor(value + Decimal("0.5"))


def _index_of(sequence: Sequence, wanted: Sequence) -> Sequence:
    target = one(wanted)
    return [
        rank for rank, value in enumerate(atoms(sequence), 1)
        if isinstance(value, str) == isinstance(target, str) and order("=", value, target)
    ]  # fmt: skip


def _subsequence(sequence: Sequence, start: Sequence, length: Sequence | None = None) -> Sequence:
    first = _rounded(to_number(one(start)))
    end = math.inf if length is None else first + _rounded(to_number(one(length)))
    return [item for rank, item in enumerate(sequence, 1) if first <= rank < end]


def _exactly(low: int, high: float) -> Function:
    def check(sequence: Sequence) -> Sequence:
        if not low <= len(sequence) <= high:
            raise DynamicError("FORG0003-5: nombre d'éléments inattendu")
        return sequence

    return check


def _resolve_qname(text: Sequence, element: Sequence) -> Sequence:
    if not text:
        return []
    prefix, _, local = string(text).strip(_SPACE).rpartition(":")
    node = element[0] if element else None
    if not isinstance(node, etree._Element):
        raise DynamicError("XPTY0004: un élément est attendu")
    uri = node.nsmap.get(prefix or None)
    if prefix and uri is None:
        raise DynamicError(f"FONS0004: préfixe {prefix!r} non déclaré")
    return [Name(uri or "", local)]


def _format_number(value: Sequence, picture: Sequence) -> Sequence:
    """The pictures rules use: `0`, `00`, `#`, `0.00`, `#,##0.0`. Others are left to Saxon."""
    number, shape = to_number(one(value)), string(picture)
    whole, _, part = shape.partition(".")
    if not shape or set(whole) - set("#0,") or set(part) - set("#0") or math.isnan(number):
        raise Unsupported(f"format-number {shape!r}")
    least, most = part.count("0"), len(part)
    text = f"{Decimal(repr(abs(number))):.{most}f}"
    digits, _, rest = text.partition(".")
    while len(rest) > least and rest.endswith("0"):
        rest = rest[:-1]
    digits = digits.lstrip("0").rjust(whole.count("0"), "0")
    if "," in whole:
        size = len(whole) - whole.rindex(",") - 1
        digits = _grouped(digits, size)
    sign = "-" if number < 0 and (digits.strip("0,") or rest.strip("0")) else ""
    return [sign + digits + ("." + rest if rest else "")]


def _grouped(digits: str, size: int) -> str:
    head = len(digits) % size
    groups = [digits[:head]] if head else []
    return ",".join([*groups, *(digits[at : at + size] for at in range(head, len(digits), size))])


def _concat(*arguments: Sequence) -> Sequence:
    return ["".join(string(one_) for one_ in arguments)]


def _deep_equal(left: Sequence, right: Sequence) -> Sequence:
    if any(is_node(item) for item in left + right):
        raise Unsupported("deep-equal sur des nœuds")
    return [len(left) == len(right) and all(order("=", a, b) for a, b in zip(left, right, strict=True))]


def _qname(uri: Sequence, name: Sequence) -> Sequence:
    return [Name(string(uri), string(name).rpartition(":")[2])]


def _ends(text: Sequence, end: Sequence) -> Sequence:
    return [string(text).endswith(string(end))]


#: Functions of one value given by default by the context item: `string()`, `name()`…
ON_CONTEXT: Final = frozenset(
    [
        "string",
        "normalize-space",
        "string-length",
        "number",
        "name",
        "local-name",
        "namespace-uri",
        "node-name",
    ]
)

FUNCTIONS: Final[dict[str, Function]] = {
    "not": lambda a: [not truth(a)],
    "boolean": lambda a: [truth(a)],
    "true": lambda: [True],
    "false": lambda: [False],
    "count": lambda a: [len(a)],
    "exists": lambda a: [bool(a)],
    "empty": lambda a: [not a],
    "string": lambda a: [string(a)] if not a or not isinstance(a[0], str) else [str(a[0])],
    "data": atoms,
    "number": lambda a: [to_number(one(a))],
    "concat": _concat,
    "string-join": lambda a, sep=("",): [string(list(sep)).join(text_of(atom(item)) for item in a)],
    "string-length": lambda a: [len(string(a))],
    "normalize-space": lambda a: [
        " ".join(piece for piece in string(a).translate(_FOLD).split(" ") if piece)
    ],
    "upper-case": lambda a: [string(a).upper()],
    "lower-case": lambda a: [string(a).lower()],
    "contains": lambda a, b: [string(b) in string(a)],
    "starts-with": lambda a, b: [string(a).startswith(string(b))],
    "ends-with": _ends,
    "substring": _substring,
    "substring-before": lambda a, b: [_before(string(a), string(b))],
    "substring-after": lambda a, b: [_after(string(a), string(b))],
    "translate": _translate,
    "matches": _matches,
    "replace": _replace,
    "tokenize": _tokenize,
    "distinct-values": _distinct,
    "index-of": _index_of,
    "subsequence": _subsequence,
    "reverse": lambda a: a[::-1],
    "insert-before": lambda a, p, b: (
        a[: max(int(one(p) or 1) - 1, 0)] + b + a[max(int(one(p) or 1) - 1, 0) :]
    ),
    "remove": lambda a, p: [item for rank, item in enumerate(a, 1) if rank != one(p)],
    "sum": _sum,
    "avg": _average,
    "min": _extreme("<"),
    "max": _extreme(">"),
    "abs": _number_function(abs),
    "floor": _number_function(_floor),
    "ceiling": _number_function(lambda value: -_floor(-value)),
    "round": _number_function(_round),
    "name": _name,
    "local-name": lambda a: [node_name(a)[1]],
    "namespace-uri": lambda a: [node_name(a)[2]],
    "node-name": lambda a: [Name(node_name(a)[2], node_name(a)[1])] if a and node_name(a)[1] else [],
    "QName": _qname,
    "resolve-QName": _resolve_qname,
    "local-name-from-QName": lambda a: [item.local for item in a],
    "namespace-uri-from-QName": lambda a: [item.uri for item in a],
    "zero-or-one": _exactly(0, 1),
    "one-or-more": _exactly(1, math.inf),
    "exactly-one": _exactly(1, 1),
    "format-number": _format_number,
    "deep-equal": _deep_equal,
    "codepoints-to-string": lambda a: ["".join(chr(int(value)) for value in a)],
    "string-to-codepoints": lambda a: [ord(letter) for letter in string(a)],
    "compare": lambda a, b: [] if not a or not b else [(string(a) > string(b)) - (string(a) < string(b))],
    "normalize-unicode": lambda a: [unicodedata.normalize("NFC", string(a))],
    "encode-for-uri": lambda a: [_encoded(string(a), "")],
    "iri-to-uri": lambda a: [_encoded(string(a), "!#$%&'()*+,/:;=?@[]~")],
    "unordered": lambda a: a,
    "generate-id": lambda a: [f"n{abs(hash(id(a[0])))}" if a else ""],
}


def _before(text: str, mark: str) -> str:
    return text.partition(mark)[0] if mark and mark in text else ""


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2] if mark and mark in text else ("" if mark else text)


def _encoded(text: str, safe: str) -> str:
    from urllib.parse import quote

    return quote(text, safe=safe)


def call(name: str, arguments: list[Sequence]) -> Sequence:
    """Call a function by its name. Raises Unsupported when it is not one of ours."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise Unsupported(f"fonction {name}()")
    try:
        return function(*arguments)
    except TypeError as problem:
        raise DynamicError(f"XPST0017: {name}() : {problem}") from problem


def known(name: str) -> bool:
    return name in FUNCTIONS
