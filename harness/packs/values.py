"""Value sets of a pack: SVS files and the copies that the header's Schematron reads, as sets of (code, system).

A header copy that is absent is made again from the SVS file of the same OID (`stand_in`): a published state of the
kit lacks one, and every engine stops there. Which rule reads which set is not known here.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from lxml import etree

from harness.packs.layout import Layout
from protocol import safexml
from protocol.datafolders import home
from protocol.errors import Text, ToolError, XmlRefused

SVS: Final = "urn:ihe:iti:svs:2008"
_HEADER_COPY: Final = re.compile(r"voc-(?P<oid>[0-9.]+)-DYNAMIC\.xml$", re.IGNORECASE)
_OID: Final = re.compile(rb"""<\s*[Vv]alueSet\b[^>]*?\sid\s*=\s*["'](?P<oid>[0-9.]+)["']""")
_HEAD: Final = 8192
Concept = tuple[str, str]


@dataclass(frozen=True)
class ValueSet:
    """One set. `concepts`: (code, OID of the code system); `date`: of its last change as the file says, or ""."""

    oid: str
    name: str
    date: str
    concepts: frozenset[Concept]
    labels: Mapping[Concept, str]

    def __contains__(self, concept: object) -> bool:
        return concept in self.concepts


class ValueSets:
    """The sets of one pack, read when they are asked for. Safe to share between threads."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._read: dict[str, ValueSet] = {}
        self._lock = threading.Lock()

    def at(self, relative: str) -> ValueSet:
        """The set of that file. Raises ToolError (PACK-020) when it can't be read or holds no concept."""
        with self._lock:
            if relative not in self._read:
                self._read[relative] = read_value_set(self.layout.path(relative).read_bytes(), relative)
            return self._read[relative]

    def of(self, oid: str) -> ValueSet | None:
        """The set of that OID; the SVS file rather than a copy of it. None when the pack has none."""
        relative = self._by_oid.get(oid)
        return self.at(relative) if relative else None

    @cached_property
    def by_oid(self) -> Mapping[str, tuple[str, ...]]:
        """Files by the OID they say, SVS files first."""
        found: dict[str, list[str]] = {}
        for relative in sorted(self.layout.value_sets, key=lambda name: (_copy(name), name)):
            oid = self._oid(relative)
            if oid:
                found.setdefault(oid, []).append(relative)
        return {oid: tuple(files) for oid, files in found.items()}

    @property
    def _by_oid(self) -> Mapping[str, str]:
        return {oid: files[0] for oid, files in self.by_oid.items()}

    def _oid(self, relative: str) -> str:
        with self.layout.path(relative).open("rb") as file:
            match = _OID.search(file.read(_HEAD))
        return match["oid"].decode() if match else ""


def read_value_set(data: bytes, name: str) -> ValueSet:
    """Read `RetrieveValueSetResponse` (SVS) or `valueSets` (the header's copies). Raises ToolError (PACK-020)."""
    try:
        root = safexml.parse(data)
    except XmlRefused as refusal:
        raise _unreadable(name, refusal.message("fr")) from refusal
    found = [item for item in root.iter("{*}ValueSet", "{*}valueSet") if isinstance(item.tag, str)]
    if not found:
        raise _unreadable(name, str(root.tag))
    whole = found[0]
    labels = {
        (item.get("code", ""), item.get("codeSystem", "")): item.get("displayName", "")
        for item in whole.iter("{*}Concept", "{*}concept")
        if item.get("code")
    }
    if not labels:
        raise _unreadable(name, "0 concept")
    date = whole.get("revisionDate") or whole.get("dateMaj") or whole.get("effectiveDate") or ""
    return ValueSet(
        whole.get("id", ""),
        whole.get("name") or whole.get("displayName") or name,
        date,
        frozenset(labels),
        labels,
    )


def stand_in(folder: Path, relative: str) -> bytes | None:
    """The bytes that stand for a header copy (`voc-OID-DYNAMIC.xml`) that the pack lacks, in the copy's own form.

    None when the name isn't one of these, or when no SVS file of the pack has that OID.
    """
    match = _HEADER_COPY.match(posixpath.basename(relative))
    if match is None:
        return None
    found = ValueSets(Layout(folder)).of(match["oid"])
    return None if found is None else header_copy(found)


def stand_in_file(folder: Path, wanted: Path) -> Path | None:
    """`stand_in` as a file of the user's data folder, for engines that read files; None when there is none."""
    data = stand_in(folder, wanted.as_posix())
    if data is None:
        return None
    where = home() / "packs" / "stand-ins"
    where.mkdir(parents=True, exist_ok=True)
    path = where / f"{hashlib.sha256(data).hexdigest()[:16]}-{wanted.name}"
    if not path.exists():
        whole = path.with_suffix(f".{os.getpid()}")
        whole.write_bytes(data)
        whole.replace(path)
    return path


def header_copy(values: ValueSet) -> bytes:
    """A value set in the form that the header's Schematron reads."""
    root = etree.Element("valueSets")
    inner = etree.SubElement(root, "valueSet", id=values.oid, name=values.name, statusCode="final")
    concepts = etree.SubElement(inner, "conceptList")
    for code, system in sorted(values.concepts):
        label = values.labels[code, system]
        etree.SubElement(concepts, "concept", code=code, codeSystem=system, displayName=label)
    return safexml.serialize(root)


def _copy(relative: str) -> bool:
    return posixpath.basename(relative).lower().startswith("voc-")


def _unreadable(name: str, found: str) -> ToolError:
    return ToolError(
        "PACK-020",
        Text("jeu de valeurs illisible ou vide", "value set that can't be read, or empty"),
        field=name,
        found=found,
        expected="RetrieveValueSetResponse | valueSets",
    )
