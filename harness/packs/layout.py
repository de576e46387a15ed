"""Which file of a pack is what: schema, generic Schematrons, volets, value sets, terminologies, samples.

Read from one walk of the folder and from facts of ours (datasets/packs). Names are looked up inside the pack only,
exactly first, then whatever their case. What the files hold is read by others (pack_values, pack_volets).
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from harness.packs import registry as packs
from protocol.datafolders import folder
from protocol.strictdata import Fields
from protocol.yamlread import read_yaml

_VERSION: Final = re.compile(r"(?P<family>.+?)_(?P<version>\d[\d.]*)$")
_HEAD: Final = 4096


@dataclass(frozen=True)
class LayerFact:
    """One generic layer: its short name, and the file names it has had. `expected`: a kit without it is incomplete."""

    layer: str
    names: tuple[str, ...]
    expected: bool


@dataclass(frozen=True)
class KitFacts:
    """What we know of the layout, whatever the version (datasets/packs/ans-cda.yaml)."""

    schema: str
    prefix: str
    layers: tuple[LayerFact, ...]
    parts: frozenset[str]
    samples: frozenset[str]
    common: frozenset[str]
    families: Mapping[str, str]
    extensions: tuple[tuple[str, str], ...]
    terminologies: Mapping[str, str]


@dataclass(frozen=True)
class VoletFile:
    """One Schematron of a document type. `name` has neither prefix nor suffix (`VAC_2023.01`), `version` may be ""."""

    relative: str
    name: str
    family: str
    version: str


@dataclass(frozen=True)
class Found:
    """A file that a name leads to. `exact` is False when only the case (or the form of an accent) differs."""

    relative: str
    exact: bool


class Layout:
    """The files of one pack, by role. Every path is relative to the pack, with `/`."""

    def __init__(self, where: Path, files: Iterable[str] | None = None) -> None:
        self.folder = where.resolve()
        listed = packs.listing(self.folder) if files is None else files
        self.files = tuple(sorted(listed))
        self._exact = frozenset(self.files)
        self._folded: dict[str, str] = {}
        for name in self.files:
            self._folded.setdefault(_fold(name), name)

    def resolve(self, base: str, name: str) -> Found | None:
        """The file that `name`, written in a file of the folder `base`, leads to; None when it isn't in the pack."""
        wanted = posixpath.normpath(posixpath.join(base, name.strip().replace("\\", "/")))
        if wanted.startswith(("../", "/")) or wanted in (".", ".."):
            return None
        if wanted in self._exact:
            return Found(wanted, True)
        near = self._folded.get(_fold(wanted))
        return Found(near, False) if near else None

    def path(self, relative: str) -> Path:
        return self.folder / relative

    @cached_property
    def schema(self) -> str:
        """The entry schema of CDA, "" when there is none."""
        return self._nearest((facts().schema,))

    @cached_property
    def layers(self) -> Mapping[str, str]:
        """Schematron of each generic layer that the pack has, in the order they run."""
        found = {fact.layer: self._nearest(fact.names) for fact in facts().layers}
        return {layer: relative for layer, relative in found.items() if relative}

    @cached_property
    def missing_layers(self) -> tuple[LayerFact, ...]:
        return tuple(fact for fact in facts().layers if fact.expected and fact.layer not in self.layers)

    @cached_property
    def volets(self) -> tuple[VoletFile, ...]:
        """Schematrons of document types, by name: those of the kit's prefix that are neither generic nor parts."""
        known = facts()
        generic = {_fold(name) for fact in known.layers for name in fact.names}
        found = []
        for relative in self.files:
            name = posixpath.basename(relative)
            if not _fold(name).startswith(_fold(known.prefix)) or not _fold(name).endswith(".sch"):
                continue
            if _fold(name) not in generic and not self._is_part(relative) and self._is_schema(relative):
                found.append(_volet(relative, name[len(known.prefix) : -len(".sch")]))
        return tuple(sorted(found, key=lambda volet: (volet.name, volet.relative)))

    @cached_property
    def schematrons(self) -> tuple[str, ...]:
        """Everything that may be compiled: generic layers, then volets."""
        return (*self.layers.values(), *(volet.relative for volet in self.volets))

    @cached_property
    def value_sets(self) -> tuple[str, ...]:
        """Files that hold a value set, in SVS or in the form of the header's Schematron, by a look at their start."""
        found = []
        for relative in self.files:
            if relative.lower().endswith(".xml") and not self._under(relative, facts().samples):
                head = self._head(relative)
                if b"RetrieveValueSetResponse" in head or b"<valueSets" in head:
                    found.append(relative)
        return tuple(found)

    @cached_property
    def terminologies(self) -> Mapping[str, str]:
        """File of each terminology that the pack has, by OID."""
        found = {}
        for relative in self.files:
            stem, _, suffix = posixpath.basename(relative).rpartition(".")
            if suffix.lower() == "rdf" or (suffix.lower() == "xml" and stem in facts().terminologies):
                found[stem] = relative
        return found

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Sample documents that travel with the pack."""
        return tuple(
            relative
            for relative in self.files
            if relative.lower().endswith(".xml") and self._under(relative, facts().samples)
        )

    @property
    def version(self) -> str:
        """The newest version that its volets' names tell, "" when none does: kits say nothing else of themselves."""
        versions = [volet.version for volet in self.volets if re.fullmatch(r"\d{4}\.\d{2}", volet.version)]
        return max(versions, default="")

    @property
    def is_kit(self) -> bool:
        """Whether anything here can judge a document."""
        return bool(self.schema or self.schematrons)

    def _nearest(self, names: tuple[str, ...]) -> str:
        wanted = {_fold(name) for name in names}
        found = [relative for relative in self.files if _fold(posixpath.basename(relative)) in wanted]
        return min(found, key=lambda relative: (relative.count("/"), relative), default="")

    def _is_part(self, relative: str) -> bool:
        return self._under(relative, facts().parts)

    @staticmethod
    def _under(relative: str, folders: frozenset[str]) -> bool:
        return any(part.lower() in {name.lower() for name in folders} for part in relative.split("/")[:-1])

    def _is_schema(self, relative: str) -> bool:
        """An empty or damaged file of that name is a volet too: `pack verify` tells its state."""
        head = self._head(relative)
        return b"schema" in head or b"<pattern" not in head

    def _head(self, relative: str) -> bytes:
        with self.path(relative).open("rb") as file:
            return file.read(_HEAD)


@cache
def facts() -> KitFacts:
    """The facts of the layout. Raises ToolError when the data set is wrong."""
    document = read_yaml(folder("datasets") / "packs" / "ans-cda.yaml")
    fields = Fields(document.data, document)

    def layer(line: Fields) -> LayerFact:
        return LayerFact(line.text("layer"), line.texts("names"), line.flag("expected"))

    return KitFacts(
        schema=fields.text("schema"),
        prefix=fields.text("prefix"),
        layers=tuple(fields.each("layers", layer)),
        parts=frozenset(fields.texts("parts")),
        samples=frozenset(fields.texts("samples")),
        common=frozenset(fields.texts("common")),
        families={str(name): str(root) for name, root in fields.raw("families").items()},
        extensions=tuple(
            fields.each("extensions", lambda line: (line.text("volet"), str(line.raw("extension"))))
        ),
        terminologies=dict(fields.each("terminologies", lambda line: (line.text("oid"), line.text("name")))),
    )


def _volet(relative: str, name: str) -> VoletFile:
    match = _VERSION.match(name)
    if match is None:
        return VoletFile(relative, name, name, "")
    return VoletFile(relative, name, match["family"], match["version"])


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
