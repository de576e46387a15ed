"""Makes an XSLT 2.0 stylesheet of a Schematron, for the reference engine. The result is a compact report of numbers.

It keeps the shape of the ISO skeleton, which is what the official tools run: a mode a pattern, a template a rule with
falling priorities, and a walk of the whole tree, attributes included, for each pattern. Written by us.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lxml import etree
from lxml.builder import ElementMaker

from harness.schematron.model import Assertion, Let, Pattern, Schema

XSL: Final = "http://www.w3.org/1999/XSL/Transform"
_WALK: Final = "@*|node()"
#: Where a node is: the rank of each ancestor among its sibling elements, then the attribute.
_WHERE: Final = (
    "concat(string-join(for $e in ancestor-or-self::* return concat('/', count($e/preceding-sibling::*) + 1), ''), "
    "if (self::attribute()) then concat('/@', local-name()) else '')"
)


def stylesheet(schema: Schema, base: Path, *, guarded: bool = False) -> bytes:
    """The stylesheet, whose `doc()` are relative to `base` (the main file of the Schematron).

    Its result: `<report><f p="pattern" r="rule"/><x p r a="rank of the assert in the rule" at="/1/3/@id">text</x>…`,
    in the order of the patterns and of the document. `guarded`: an assert that stops (a missing value set) is
    told as `<e p r a>reason</e>` and the others go on (XSLT 3.0).
    """
    spaces = {prefix: uri for prefix, uri in schema.namespaces.items() if prefix and prefix != "xml"}
    xsl_prefix = "xsl" if spaces.get("xsl", XSL) == XSL else "axsl"
    error_prefix = "err" if "err" not in spaces else "axerr"
    spaces |= {
        xsl_prefix: XSL, error_prefix: "http://www.w3.org/2005/xqt-errors",
        "xs": spaces.get("xs", "http://www.w3.org/2001/XMLSchema"),
    }  # fmt: skip
    return _Writer(spaces, error_prefix, guarded).write(schema, base)


class _Writer:
    def __init__(self, spaces: dict[str, str], error_prefix: str, guarded: bool) -> None:
        self._x = ElementMaker(namespace=XSL, nsmap=spaces)
        self._e = ElementMaker(nsmap=spaces)
        self._errors = error_prefix
        self._guarded = guarded

    def write(self, schema: Schema, base: Path) -> bytes:
        x = self._x
        root = x.stylesheet(version="3.0" if self._guarded else "2.0")
        root.set("exclude-result-prefixes", "#all")
        root.set("{http://www.w3.org/XML/1998/namespace}base", base.as_uri())
        root.append(x.output(method="xml", indent="no", encoding="UTF-8"))
        for let in _last_of_each(schema):
            root.append(x.variable(name=let.name, select=let.value))
        calls = [x("apply-templates", select="/", mode=f"M{rank}") for rank in range(len(schema.patterns))]
        root.append(x.template(self._e.report(*calls), match="/"))
        for rank, pattern in enumerate(schema.patterns):
            self._pattern(root, rank, pattern)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _pattern(self, root: etree._Element, rank: int, pattern: Pattern) -> None:
        x, mode = self._x, f"M{rank}"
        count = len(pattern.rules)
        for number, rule in enumerate(pattern.rules):
            template = x.template(match=rule.context, mode=mode, priority=str(1000 + count - number))
            template.append(self._e.f(p=str(rank), r=str(number)))
            for place, one in enumerate(rule.body):
                if isinstance(one, Let):
                    template.append(x.variable(name=one.name, select=one.value))
                else:
                    template.append(self._assertion(one, str(rank), str(number), str(place)))
            template.append(x("apply-templates", select=_WALK, mode=mode))
            root.append(template)
        root.append(x.template(match="text()", mode=mode, priority="-1"))
        root.append(
            x.template(
                x("apply-templates", select=_WALK, mode=mode), match="@*|node()", mode=mode, priority="-2"
            )
        )

    def _assertion(self, one: Assertion, pattern: str, rule: str, place: str) -> etree._Element:
        x = self._x
        failed = self._e.x(x.attribute(name="at", select=_WHERE), p=pattern, r=rule, a=place)
        for part in one.parts:
            if part.kind == "text":
                failed.append(x.text(part.text))
            else:
                select = part.text if part.kind == "value" else f"name({part.text})"
                failed.append(x("value-of", select=select))
        checked = x("if", test=one.test) if one.report else x.choose(x.when(test=one.test), x.otherwise())
        (checked if one.report else checked[1]).append(failed)
        if not self._guarded:
            return checked
        reason = x(
            "value-of",
            select=f"concat(local-name-from-QName(${self._errors}:code), ': ', ${self._errors}:description)",
        )
        return x("try", checked, x.catch(self._e.e(reason, p=pattern, r=rule, a=place)))


def _last_of_each(schema: Schema) -> list[Let]:
    """Global lets, of the schema then of the patterns; XSLT allows one of a name."""
    lets = [*schema.lets, *(let for pattern in schema.patterns for let in pattern.lets)]
    return list({let.name: let for let in lets}.values())
