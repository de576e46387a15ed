"""Which volet judges a document: by the root and extension of its templateIds, falling back on the root alone.

What a volet judges comes from facts of ours (datasets/packs), and, for a volet they don't know, from the document
templates that its own Schematron tests. A level-1 document has the generic layers only. Nothing runs here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from lxml import etree

from harness.packs.layout import Layout, VoletFile, facts
from protocol import facts as names
from protocol import safexml

#: Document templates of the French framework, as volets test them on the header.
_TESTED: Final = re.compile(
    r"""templateId\s*\[\s*@root\s*=\s*["'](?P<root>1\.2\.250\.1\.213\.1\.1\.1\.[0-9.]+)["']"""
)
_INCLUDED: Final = re.compile(r"""<(?:\w+:)?include\b[^>]*?\bhref\s*=\s*["'](?P<href>[^"']+)["']""")
_NAMED: Final = re.compile(r"""SCHSchema\s*=\s*["'](?P<href>[^"']+)["']""")
_MOST_PARTS: Final = 2000
By = Literal["exact", "instruction", "root", "level-1", "none"]


@dataclass(frozen=True)
class Template:
    """One templateId of a document."""

    root: str
    extension: str

    def __str__(self) -> str:
        return f"{self.root}:{self.extension}" if self.extension else self.root


@dataclass(frozen=True)
class Choice:
    """The volet of a document, None when it has none. `by`: exact (root and extension), instruction (its templates
    leave it open and the document names its Schematrons: that volet, or none), root (alone), level-1, none.
    `others`: volets of the same root that were not chosen."""

    volet: VoletFile | None
    by: By
    template: Template | None = None
    others: tuple[str, ...] = ()


class Volets:
    """The volets of one pack and what each judges."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @cached_property
    def roots(self) -> Mapping[str, str]:
        """Root of the document template of each volet, by the path of its Schematron; "" when nothing tells it."""
        return {volet.relative: self._root(volet) for volet in self._layout.volets}

    @cached_property
    def by_root(self) -> Mapping[str, tuple[VoletFile, ...]]:
        """Volets of each document template, the newest first."""
        found: dict[str, list[VoletFile]] = {}
        for volet in self._layout.volets:
            if root := self.roots[volet.relative]:
                found.setdefault(root, []).append(volet)
        return {root: tuple(sorted(all_, key=_rank, reverse=True)) for root, all_ in found.items()}

    @cached_property
    def by_template(self) -> Mapping[tuple[str, str], VoletFile]:
        """Volets by root and extension."""
        found: dict[tuple[str, str], VoletFile] = {}
        for root, all_ in self.by_root.items():
            for volet in all_:
                if volet.version:
                    found.setdefault((root, volet.version), volet)
        for name, extension in facts().extensions:
            for volet in self._layout.volets:
                if volet.name == name and self.roots[volet.relative]:
                    found[self.roots[volet.relative], extension] = volet
        return found

    def choose(self, document: etree._Element) -> Choice:
        """The volet of a ClinicalDocument (or of the style sheet around one)."""
        clinical = clinical_document(document)
        if clinical is None:
            return Choice(None, "none")
        named = named_schematrons(document)
        instructed = next((volet for volet in self._layout.volets if _base(volet.relative) in named), None)
        if safexml.xpath(clinical, "hl7:component/hl7:nonXMLBody"):
            return Choice(instructed, "instruction" if instructed else "level-1")
        templates = templates_of(clinical)
        for template in templates:
            exact = self.by_template.get((template.root, template.extension))
            if template.extension and exact:
                return self._chosen(exact, "exact", template)
        return self._open(templates, instructed, named)

    def _open(
        self, templates: Sequence[Template], instructed: VoletFile | None, named: frozenset[str]
    ) -> Choice:
        """No extension tells: what the document names, else the volet of the bare root, else the newest."""
        template = next((item for item in templates if item.root in self.by_root), None)
        generic = {_base(relative) for relative in self._layout.layers.values()}
        if instructed is None and template is not None and named & generic:
            return Choice(
                None, "instruction", template, tuple(one.name for one in self.by_root[template.root])
            )
        if instructed is not None and (template is None or self.roots[instructed.relative] == template.root):
            return self._chosen(instructed, "instruction", template)
        if template is None:
            return Choice(None, "none")
        bare = self.by_template.get((template.root, "")) if not template.extension else None
        return self._chosen(bare or self.by_root[template.root][0], "root", template)

    def _chosen(self, volet: VoletFile, by: By, template: Template | None) -> Choice:
        same = self.by_root.get(template.root, ()) if template else ()
        return Choice(volet, by, template, tuple(other.name for other in same if other != volet))

    def _root(self, volet: VoletFile) -> str:
        known = facts().families.get(volet.family) or facts().families.get(volet.name)
        return known or self._tested(volet.relative)

    def _tested(self, relative: str) -> str:
        """The document template that a Schematron tests, in its own files: the most specific one."""
        found: set[str] = set()
        for text in self._parts(relative):
            found.update(match["root"] for match in _TESTED.finditer(text))
        found -= facts().common
        return max(found, key=lambda root: (root.count("."), root), default="")

    def _parts(self, relative: str) -> Iterator[str]:
        waiting = [relative]
        seen: set[str] = set()
        while waiting and len(seen) < _MOST_PARTS:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            text = self._layout.path(one).read_text(encoding="utf-8", errors="replace")
            yield text
            for match in _INCLUDED.finditer(text):
                if found := self._layout.resolve(posixpath.dirname(one), match["href"]):
                    waiting.append(found.relative)


def clinical_document(root: etree._Element) -> etree._Element | None:
    """The ClinicalDocument that a root is or holds (self-displaying document); None when there isn't exactly one."""
    if root.tag == f"{{{names.HL7}}}ClinicalDocument":
        return root
    found = safexml.xpath(root, ".//hl7:ClinicalDocument")
    return found[0] if len(found) == 1 else None


def templates_of(clinical: etree._Element) -> tuple[Template, ...]:
    """Templates of the document itself that may choose a volet, in order."""
    found = (
        Template(item.get("root", ""), item.get("extension", ""))
        for item in safexml.xpath(clinical, "hl7:templateId")
    )
    return tuple(template for template in found if template.root not in facts().common)


def named_schematrons(document: etree._Element) -> frozenset[str]:
    """File names, in lower case, of the Schematrons that instructions before the root name
    (`<?oxygen SCHSchema="…"?>`)."""
    found = (_NAMED.search(item.text or "") for item in _before(document))
    return frozenset(_base(match["href"]) for match in found if match)


def _base(path: str) -> str:
    return posixpath.basename(path.replace("\\", "/")).lower()


def _before(document: etree._Element) -> Iterator[etree._ProcessingInstruction]:
    for item in document.getroottree().getroot().itersiblings(preceding=True):
        if isinstance(item, etree._ProcessingInstruction):
            yield item


def _rank(volet: VoletFile) -> tuple[tuple[int, ...], str]:
    parts = tuple(int(part) for part in volet.version.split(".") if part.isdigit())
    return parts, volet.name
