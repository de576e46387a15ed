"""XPath for the rules: compiled once, one set of prefixes, readable places.

Prefixes are those of protocol.facts plus the ones only documents use.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from lxml import etree

from protocol import facts, safexml
from protocol.errors import DmpcompatError

PREFIXES: Final = {
    **facts.NS,
    "sdtc": "urn:hl7-org:sdtc",
    "lab": "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "xsl": "http://www.w3.org/1999/XSL/Transform",
    "svs": "urn:ihe:iti:svs:2008",
}
_STEP: Final = r"(?:[a-z0-9]+:[A-Za-z]\w*|\*)(?:\[not\(@nullFlavor\)\])?"
_CHILDREN: Final = re.compile(rf"{_STEP}(?:/{_STEP})*")
XSI_TYPE: Final = f"{{{facts.XSI}}}type"


@lru_cache(maxsize=2048)
def _compiled(expr: str) -> etree.XPath:
    return etree.XPath(expr, namespaces=PREFIXES, smart_strings=False)


@lru_cache(maxsize=2048)
def steps_of(expr: str) -> tuple[tuple[str, bool], ...]:
    """(tag, whether a nullFlavor excludes it) of a path of child steps alone; () for any other expression."""
    if not _CHILDREN.fullmatch(expr):
        return ()
    found = []
    for step in expr.split("/"):
        name, _, condition = step.partition("[")
        prefix, _, local = name.rpartition(":")
        if prefix and prefix not in PREFIXES:
            return ()
        found.append((f"{{{PREFIXES[prefix]}}}{local}" if prefix else "*", bool(condition)))
    return tuple(found)


@lru_cache(maxsize=2048)
def _plain(expr: str) -> tuple[str, str] | None:
    """(path of child steps, attribute at its end), either of them "" when it isn't there; None for the rest."""
    if steps_of(expr):
        return expr, ""
    path, mark, name = expr.rpartition("@")
    if not mark or not name.isalpha() or (path and not (path.endswith("/") and steps_of(path[:-1]))):
        return None
    return path.removesuffix("/"), name


def nodes(element: etree._Element, expr: str) -> list[etree._Element]:
    """Elements an XPath selects from `element`."""
    plain = steps_of(expr)
    if plain:  # most of what rules ask: a tenth of the cost of an XPath context
        reached = [element]
        for tag, told_only in plain:
            if len(reached) == 1:
                reached = list(reached[0].iterchildren(tag))
            else:
                reached = [child for parent in reached for child in parent.iterchildren(tag)]
            if told_only:
                reached = [child for child in reached if child.get("nullFlavor") is None]
            if not reached:
                break
        return reached
    found = _compiled(expr)(element)
    return [item for item in found if isinstance(item, etree._Element)] if isinstance(found, list) else []


def first(element: etree._Element, expr: str) -> etree._Element | None:
    found = nodes(element, expr)
    return found[0] if found else None


def strings(element: etree._Element, expr: str) -> list[str]:
    """Every value of an XPath that selects attributes or elements (their text, comments skipped)."""
    plain = _plain(expr)
    if plain is not None:
        path, name = plain
        reached = nodes(element, path) if path else [element]
        if not name:
            return [safexml.text(one) for one in reached]
        return [value for one in reached if (value := one.get(name)) is not None]
    found = _compiled(expr)(element)
    if not isinstance(found, list):
        return [str(found)]
    return [safexml.text(item) if isinstance(item, etree._Element) else str(item) for item in found]


def string(element: etree._Element, expr: str) -> str:
    """The first value, "" when there is none."""
    found = strings(element, expr)
    return found[0] if found else ""


def attribute(element: etree._Element, name: str) -> str:
    return element.get(name, "")


def local_name(element: etree._Element) -> str:
    """Its name without its namespace."""
    return local_tag(str(element.tag))


@lru_cache(maxsize=2048)
def local_tag(tag: str) -> str:
    """A name in Clark's notation without its namespace."""
    return tag.rpartition("}")[2]


def at(prefix: str, element: etree._Element) -> str:
    """`prefix` and the readable path of an element."""
    return f"{prefix}{safexml.path_of(element)}"


def told(problem: DmpcompatError) -> str:
    """Why something can't be read, whatever the language of the report: code, French / English, what was found."""
    said = f"{problem.code}: {problem.text.fr} / {problem.text.en}"
    return f"{said} — {problem.found}" if problem.found else said


def shown(values: list[str] | tuple[str, ...]) -> str:
    """Values for the eye of a reader: as they are, separated, shortened when there are many."""
    kept = [value if len(value) <= 200 else value[:200] + "…" for value in values[:8]]
    return " | ".join(kept) + (" | …" if len(values) > 8 else "")
