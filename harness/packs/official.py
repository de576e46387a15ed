"""Runs the official Schematrons of a pack over documents, a layer at a time, by the direct engine; by Saxon, where
it is installed, for what the direct engine hands over.

Each Schematron is compiled when a document first needs it. Which rules make findings of it is in
harness.checks.cda_official; what is wrong with the kit itself is told by pack_verify.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from harness.checks.cda_view import LayerFailure, LayerSaid
from harness.packs.layout import Layout
from harness.packs.registry import Pack
from harness.packs.volets import Choice, Volets, clinical_document, templates_of
from protocol.errors import Text, ToolError

if TYPE_CHECKING:
    from harness.schematron.handing import Engines, HandingSchematron
    from harness.schematron.index import Index
    from harness.schematron.result import LayerResult

#: The volet's layer: the only one whose Schematron depends on the document.
VOLET: Final = "VOLET"
_BY: Final[Mapping[str, Text]] = {
    "instruction": Text("nommé par le document", "named by the document"),
    "root": Text("choisi par la racine seule", "chosen by the root alone"),
}


class OfficialLayers:
    """The Schematrons of one pack, ready to run. Safe to share between threads: one document at a time a layer."""

    def __init__(self, pack: Pack) -> None:
        self.layout = Layout(Path(pack.folder))
        self.volets = Volets(self.layout)
        self._compiled: dict[str, HandingSchematron | ToolError] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Layers that this pack can run, in order."""
        return (*self.layout.layers, *((VOLET,) if self.layout.volets else ()))

    def say(self, layer: str, root: etree._Element) -> LayerSaid:
        """What a layer says of a document (its root, style sheet included). Raises ToolError: it can't run."""
        if layer == VOLET:
            choice = self.volets.choose(root)
            if choice.volet is None:
                return LayerSaid("", trouble=_why_none(choice, root, bool(self.layout.volets)))
            return said(self.run(choice.volet.relative, root), _how(choice))
        relative = self.layout.layers.get(layer)
        if relative is None:
            return LayerSaid("", trouble="absent du paquet / not in the pack")
        return said(self.run(relative, root))

    def schematrons_for(self, root: etree._Element) -> tuple[str, ...]:
        """The Schematrons that bear on a document: the generic ones, then its volet."""
        volet = self.volets.choose(root).volet
        return (*self.layout.layers.values(), *((volet.relative,) if volet else ()))

    def run(self, relative: str, root: etree._Element) -> LayerResult:
        """Run one Schematron, by its path in the pack. Raises ToolError when it doesn't compile or run."""
        with self._lock:
            lock = self._locks.setdefault(relative, threading.Lock())
        with lock:
            return self._ready(relative).run(root, self._index(root))

    def _index(self, root: etree._Element) -> Index | None:
        """The index of a document, made once for its layers; None for a part of another document."""
        from harness.schematron.index import Index

        if root.getparent() is not None:
            return None
        last: Index | None = getattr(self._local, "index", None)
        if last is None or last.root is not root:
            last = self._local.index = Index(root)
        return last

    @cached_property
    def _engines(self) -> Engines:
        from harness.schematron.handing import Engines

        engines = Engines()
        weakref.finalize(self, engines.close)
        return engines

    def _ready(self, relative: str) -> HandingSchematron:
        found = self._compiled.get(relative)
        if found is None:
            try:
                found = self._engines.compile(self.layout.folder, relative)
            except ToolError as problem:
                found = problem
            self._compiled[relative] = found
        if isinstance(found, ToolError):
            raise found
        return found


def said(result: LayerResult, chosen: str = "") -> LayerSaid:
    """The result of an engine in the words that the rules read."""
    return LayerSaid(
        schematron=result.schematron,
        engine=result.engine,
        fired=len(result.fired),
        silent=all(one.context.strip() == "/" for one in result.fired),
        failures=tuple(
            LayerFailure(one.path, one.line, one.text, one.role, one.pattern, one.rule)
            for one in result.failures
        ),
        not_run=tuple(f"{one.what} : {one.why.fr} / {one.why.en}" for one in result.not_run),
        chosen=chosen,
    )


def _how(choice: Choice) -> str:
    """How the volet was chosen, "" when its template says it exactly."""
    words = _BY.get(choice.by)
    if words is None:
        return ""
    others = f" ; autres / others: {', '.join(choice.others)}" if choice.others else ""
    return f"{words.fr} / {words.en}{others}"


def _why_none(choice: Choice, root: etree._Element, has_volets: bool) -> str:
    if choice.by == "level-1":
        return "document de niveau 1 : pas de volet / level-1 document: no volet"
    if choice.by == "instruction":
        others = ", ".join(choice.others)
        return (
            f"le document ne nomme aucun volet / the document names no volet ; {choice.template} : {others}"
        )
    if not has_volets:
        return "aucun volet dans le paquet / no volet in the pack"
    clinical = clinical_document(root)
    templates = ", ".join(str(one) for one in templates_of(clinical)) if clinical is not None else ""
    return f"aucun volet pour / no volet for: {templates or 'templateId absent'}"
