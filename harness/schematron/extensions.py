"""Extension functions that lowered XPath 1.0 calls, and the compilation of lowered expressions by lxml.

Only the functions an expression needs are registered with it: registration is paid at every evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from lxml import etree

from harness.schematron import regexes
from harness.schematron.casts import castable
from harness.schematron.functions import call
from harness.schematron.lowered import PREFIX, NotLowered
from harness.schematron.values import text_of

_NS: Final = "urn:dmpcompat:xpath"


class Compiler:
    """Compiles lowered expressions; `sets` are the value sets that `among` looks into, by name."""

    def __init__(self, namespaces: Mapping[str, str], sets: Mapping[str, frozenset[str]]) -> None:
        self._namespaces = {prefix: uri for prefix, uri in namespaces.items() if prefix and prefix != "xml"}
        self._sets = sets
        self.top: etree._Element | None = None
        self._known: dict[tuple[str, bool], etree.XPath] = {}

    def xpath(self, text: str, needs: Iterable[str] = (), *, nodes: bool = False) -> etree.XPath:
        """`nodes`: attributes and texts of the result know where they come from (slower).

        Raises NotLowered when libxml2 does not read the text."""
        known = self._known.get((text, nodes))
        if known is None:
            needs = {*needs, "enter"} if "top" in needs else needs
            wanted = {(_NS, name): self._function(name) for name in needs if name[0] != "$"}
            spaces = {**self._namespaces, PREFIX: _NS} if wanted else self._namespaces
            try:
                known = etree.XPath(
                    text, namespaces=spaces, extensions=wanted or None, regexp=False, smart_strings=nodes
                )
            except etree.XPathSyntaxError as problem:
                raise NotLowered(f"{text} ({problem})") from problem
            self._known[text, nodes] = known
        return known

    def _function(self, name: str) -> Callable[..., Any]:
        own: dict[str, Callable[..., Any]] = {"among": self._among, "top": self._top, "enter": self._enter}
        return own.get(name) or _FUNCTIONS[name]

    def _enter(self, context: Any) -> bool:
        """The node at hand is the rule's, for what follows. True."""
        self.top = context.context_node
        return True

    def _top(self, _context: object) -> Any:
        return self.top

    def _among(self, _context: object, value: Any, name: str) -> bool:
        known = self._sets[name]
        if isinstance(value, str):
            return value in known
        return any((one if isinstance(one, str) else text_of(one)) in known for one in value)


def _text(item: Any) -> str:
    return item if isinstance(item, str) else text_of(item)


def _matches(_context: object, text: str, pattern: str, flags: str = "") -> bool:
    return regexes.compiled(pattern, flags).search(text) is not None


def _replace(_context: object, text: str, pattern: str, by: str, flags: str = "") -> str:
    return str(call("replace", [[text], [pattern], [by], [flags]])[0])


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "matches": _matches,
    "replace": _replace,
    "castable": lambda _context, text, name: castable(text, name),
    "iri-to-uri": lambda _context, text: str(call("iri-to-uri", [[text]])[0]),
    "tokenize": lambda _context, text, pattern, flags="": call("tokenize", [[text], [pattern], [flags]]),
    "distinct-values": lambda _context, nodes: list(dict.fromkeys(map(_text, nodes))),
    "string-join": lambda _context, nodes, mark="": mark.join(map(_text, nodes)),
    "ends-with": lambda _context, text, end: text.endswith(end),
    "upper-case": lambda _context, text: text.upper(),
    "lower-case": lambda _context, text: text.lower(),
}
