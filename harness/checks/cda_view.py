"""One CDA document as the rules see it: its bytes, its ClinicalDocument, and readable places in it.

A self-displaying document (root `xsl:stylesheet` with the ClinicalDocument inside) is looked through. Nothing is
judged here; a document that can't be read has `root` None and says why in `trouble`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from lxml import etree

from harness.checks.cda_index import HeaderIndex, Reached
from harness.checks.xpath import nodes, told
from protocol import facts, safexml
from protocol.errors import XmlRefused

_HL7 = f"{{{facts.HL7}}}"
XSL = "http://www.w3.org/1999/XSL/Transform"


@dataclass(frozen=True)
class SchemaProblem:
    """One refusal of an official schema: readable path, line, its message, and a second opinion when there is one."""

    path: str
    line: int
    message: str
    explanation: str = ""


@dataclass(frozen=True)
class LayerFailure:
    """One failed assert of an official Schematron, in its own words. `role`: error, warning, info, or "" for error.

    `pattern`, `context`: the pattern that holds the assert, and the context of its rule.
    """

    path: str
    line: int
    text: str
    role: str = ""
    pattern: str = ""
    context: str = ""


@dataclass(frozen=True)
class LayerSaid:
    """What one official Schematron says of one document.

    `schematron`: its path in the pack, "" when there is none to run; `fired`: number of rules that matched, and
    `silent` whether none of them looked further than the document node; `not_run`: what could not be evaluated;
    `trouble`: why there is nothing to run; `chosen`: how the volet was chosen, when its choice was open.
    """

    schematron: str
    engine: str = ""
    fired: int = 0
    silent: bool = False
    failures: tuple[LayerFailure, ...] = ()
    not_run: tuple[str, ...] = ()
    trouble: str = ""
    chosen: str = ""


class SchemaPack(Protocol):
    """What the rules ask of a pack of official artefacts (harness.packs.schema has the real one)."""

    @property
    def label(self) -> str:
        """Name and short digest, quoted in findings."""

    def cda_problems(self, root: etree._Element) -> tuple[SchemaProblem, ...] | None:
        """Refusals of the official CDA schema; None when the pack has no such schema."""

    def layer(self, name: str, root: etree._Element) -> LayerSaid:
        """What a layer (SM, IHE, XDS-SD, MDC, ANS, TERM, VOLET) says of a document. Raises ToolError: it can't run."""


class CdaView:
    """`name` prefixes every place: a file name, or the part of the exchange that carries the document.

    `parsed`: the root of `data`, when it has been read already.
    """

    def __init__(
        self, data: bytes, name: str, pack: SchemaPack | None = None, parsed: etree._Element | None = None
    ) -> None:
        self.data = data
        self.name = name
        self.pack = pack
        #: Whether places are left out: nobody will read them.
        self.brief = False
        self._given = parsed
        self._nowhere = f"{name}:"
        self._paths = safexml.Paths()

    @cached_property
    def _parsed(self) -> tuple[etree._Element | None, str]:
        if self._given is not None:
            return self._given, ""
        try:
            return safexml.parse(self.data, huge=True), ""
        except XmlRefused as refusal:
            return None, told(refusal)

    @property
    def outer(self) -> etree._Element | None:
        """The root of the bytes: ClinicalDocument, or the style sheet around it."""
        return self._parsed[0]

    @property
    def trouble(self) -> str:
        """Why the bytes can't be read as XML; "" when they can."""
        return self._parsed[1]

    @property
    def self_displaying(self) -> bool:
        return self.outer is not None and self.outer.tag == f"{{{XSL}}}stylesheet"

    @cached_property
    def root(self) -> etree._Element | None:
        """The ClinicalDocument, None when there isn't one."""
        if self.outer is None or self.outer.tag == f"{{{facts.HL7}}}ClinicalDocument":
            return self.outer
        if not self.self_displaying:
            return None
        found = nodes(self.outer, ".//hl7:ClinicalDocument")
        return found[0] if len(found) == 1 else None

    @cached_property
    def index(self) -> HeaderIndex:
        """The header, walked once."""
        return HeaderIndex(self.root)

    @cached_property
    def nodes(self) -> Callable[[str], list[etree._Element]]:
        """`nodes(expr)`: elements of an XPath from ClinicalDocument, not to be changed; none when it can't be read."""
        # Rules ask hundreds of times, mostly what was asked before: no call of Python stands between.
        return Reached(self.root, self.index).__getitem__

    def under(self, element: etree._Element, expr: str) -> list[etree._Element]:
        """Elements of an XPath from one element of the document."""
        return self.index.nodes(element, expr)

    def value(self, element: etree._Element, path: str, name: str) -> str:
        """The first attribute of that name among the elements of a path; "" when there is none."""
        for item in self.index.nodes(element, path):
            found = item.get(name)
            if found is not None:
                return found
        return ""

    @property
    def header(self) -> list[etree._Element]:
        """Every element of the document but ClinicalDocument itself and its body, in order."""
        return self.index.elements

    def in_header(self, *names: str) -> list[etree._Element]:
        """The elements of the header that have one of these HL7 names: name by name, in order."""
        tagged = self.index.tagged
        if len(names) == 1:
            return tagged(_HL7 + names[0])
        return [item for name in names for item in tagged(_HL7 + name)]

    def repeated(self, *names: str) -> list[etree._Element]:
        """Those of `in_header` that come after another one of the same name and parent."""
        return [item for name in names for item in self.index.repeated(_HL7 + name)]

    @cached_property
    def level1(self) -> tuple[tuple[etree._Element, bytes | None], ...]:
        """The text of a level-1 body and its bytes, None when they are no base64: decoded once for all rules."""
        found = self.nodes("hl7:component/hl7:nonXMLBody/hl7:text")
        return tuple((item, _decoded(item)) for item in found)

    def at(self, element: etree._Element | None) -> str:
        """Readable place of an element; the document itself for None."""
        if element is None or self.brief:
            return self._nowhere
        return f"{self._nowhere}{self._paths.of(element)}"


def _decoded(element: etree._Element) -> bytes | None:
    try:
        return base64.b64decode("".join(safexml.text(element).split()), validate=True)
    except (binascii.Error, ValueError):
        return None
