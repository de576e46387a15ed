"""`dmpcompat pack verify`: what a kit can run, and every defect of the kit itself.

Files are scanned (pack_scan), value sets read, the schema and each Schematron compiled. Nothing here judges a
document; `harness.packs.cross` compares the two engines over documents.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from harness.packs.defects import LEVELS, KitDefect, Level
from harness.packs.layout import Layout, facts
from harness.packs.registry import Pack
from harness.packs.scan import Scan
from harness.packs.schema import compile_schema
from harness.packs.values import ValueSets
from harness.packs.volets import Volets
from harness.schematron.direct import compile_schematron
from harness.schematron.result import Defect
from protocol.errors import NO_TEXT, DmpcompatError, Text, ToolError

State = Literal["ready", "broken", "absent"]
#: Defects that compiling finds and the scan of the files can't.
_COMPILED: Final = {"SYNTAX": "KIT-031", "HANDED": "KIT-032", "UNREACHED": "KIT-043"}
#: Defects that explain by themselves why a Schematron does not compile.
_CAUSES: Final = frozenset({"KIT-010", "KIT-012", "KIT-013"})


@dataclass(frozen=True)
class LayerState:
    """One layer, or one volet: whether it can run. `template`: what a volet judges, `root[:extension]` separated by
    spaces; `why`: when it is broken."""

    layer: str
    schematron: str
    state: State
    template: str = ""
    why: Text = NO_TEXT
    volet: bool = False


@dataclass(frozen=True)
class KitReport:
    """What `pack verify` found. `version`: the newest that the volets' names tell, "" when none does."""

    pack: Pack
    version: str
    layers: tuple[LayerState, ...]
    value_sets: int
    terminologies: tuple[str, ...]
    defects: tuple[KitDefect, ...]

    @cached_property
    def counts(self) -> Mapping[Level, int]:
        """Number of defects by level."""
        seen = Counter(defect.level for defect in self.defects)
        return {level: seen[level] for level in LEVELS}

    @property
    def exit_code(self) -> int:
        """0 sound, 1 something can't run, 2 all runs but something is never checked."""
        if self.counts["blocks"] or any(layer.state == "broken" for layer in self.layers):
            return 1
        return 2 if self.counts["silences"] else 0


def verify(pack: Pack, *, progress: Callable[[int, int], None] | None = None) -> KitReport:
    """Every defect of a pack. `progress(done, total)` counts the Schematrons compiled. Never raises for the kit."""
    layout = Layout(Path(pack.folder))
    volets = Volets(layout)
    found = list(Scan(layout).run())
    found += _layout_defects(layout, volets)
    found += _files(layout)
    found += _value_sets(layout)
    schema, its_defects = _schema(layout)
    found += its_defects
    layers = [schema]
    for done, (name, relative, template) in enumerate(_runnable(layout, volets), 1):
        state, more = _compile(layout, name, relative, template, found)
        layers.append(replace(state, volet=name not in layout.layers))
        found += more
        if progress is not None:
            progress(done, len(layout.schematrons))
    layers += [LayerState(fact.layer, fact.names[0], "absent") for fact in layout.missing_layers]
    return KitReport(
        pack,
        layout.version,
        tuple(layers),
        len(layout.value_sets),
        tuple(layout.terminologies),
        _ordered(found),
    )


def _runnable(layout: Layout, volets: Volets) -> Iterator[tuple[str, str, str]]:
    for layer, relative in layout.layers.items():
        yield layer, relative, ""
    for volet in layout.volets:
        keys = [
            f"{root}:{extension}" if extension else root
            for (root, extension), judging in volets.by_template.items()
            if judging == volet
        ]
        yield volet.name, volet.relative, " ".join(keys) or volets.roots[volet.relative]


def _compile(
    layout: Layout, name: str, relative: str, template: str, known: list[KitDefect]
) -> tuple[LayerState, list[KitDefect]]:
    try:
        compiled = compile_schematron(layout.folder, relative)
    except ToolError as problem:
        why = Text(problem.message("fr"), problem.message("en"))
        told = any(one.code in _CAUSES and relative in one.touches for one in known)
        defect = KitDefect("KIT-030", relative, 0, problem.found, (relative,), why)
        return LayerState(name, relative, "broken", template, why), [] if told else [defect]
    more = [_of_engine(one, relative) for one in compiled.defects if one.code in _COMPILED]
    return LayerState(name, relative, "ready", template), more


def _of_engine(defect: Defect, relative: str) -> KitDefect:
    path, _, line = defect.where.rpartition(":")
    placed = (path, int(line)) if path and line.isdigit() else (defect.where, 0)
    return KitDefect(_COMPILED[defect.code], placed[0], placed[1], "", (relative,), defect.why)


def _schema(layout: Layout) -> tuple[LayerState, list[KitDefect]]:
    if not layout.schema:
        absent = LayerState("XSD", facts().schema, "absent")
        return absent, [KitDefect("KIT-001", ".", 0, facts().schema)]
    try:
        compile_schema(layout.path(layout.schema), layout.folder)
    except ToolError as problem:
        why = Text(problem.message("fr"), problem.message("en"))
        defect = KitDefect("KIT-002", layout.schema, 0, problem.found)
        return LayerState("XSD", layout.schema, "broken", "", why), [defect]
    return LayerState("XSD", layout.schema, "ready"), []


def _layout_defects(layout: Layout, volets: Volets) -> Iterator[KitDefect]:
    for fact in layout.missing_layers:
        yield KitDefect("KIT-003", ".", 0, f"{fact.layer} ({' | '.join(fact.names)})")
    for volet in layout.volets:
        if not volets.roots[volet.relative]:
            yield KitDefect("KIT-004", volet.relative, 0, volet.name, (volet.relative,))
    for root, same in volets.by_root.items():
        seen = Counter(volet.version for volet in same)
        for volet in same:
            if seen[volet.version] > 1:
                yield KitDefect("KIT-063", volet.relative, 0, f"{root}:{volet.version}", (volet.relative,))
    if "TERM" in layout.layers:
        for oid, name in facts().terminologies.items():
            if oid not in layout.terminologies:
                term = layout.layers["TERM"]
                yield KitDefect("KIT-050", term, 0, f"{name} ({oid})", (term,))


def _files(layout: Layout) -> Iterator[KitDefect]:
    """Empty files, paths that differ by case only, value sets and terminologies of the same bytes."""
    folded = Counter(name.casefold() for name in layout.files)
    own = (name for name in layout.value_sets if not posixpath.basename(name).lower().startswith("voc-"))
    of_data = {*own, *layout.terminologies.values()}
    by_bytes: dict[str, str] = {}
    for relative in layout.files:
        path = layout.path(relative)
        if folded[relative.casefold()] > 1:
            yield KitDefect("KIT-065", relative, 0, relative)
        if path.stat().st_size == 0 and not relative.lower().endswith(".sch"):
            yield KitDefect("KIT-060", relative)
        elif relative in of_data:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            first = by_bytes.setdefault(digest, relative)
            if (
                first != relative
                and posixpath.basename(first).lower() != posixpath.basename(relative).lower()
            ):
                yield KitDefect("KIT-061", relative, 0, first)


def _value_sets(layout: Layout) -> Iterator[KitDefect]:
    sets = ValueSets(layout)
    for relative in layout.value_sets:
        try:
            sets.at(relative)
        except DmpcompatError as problem:
            yield KitDefect("KIT-022", relative, 0, problem.found)
    for oid, files in sets.by_oid.items():
        copies = [name for name in files if posixpath.basename(name).lower().startswith("voc-")]
        own = [name for name in files if name not in copies]
        for other in own[1:]:
            yield KitDefect("KIT-062", other, 0, f"{oid} : {own[0]}")
        for copy in copies if own else ():
            yield from _stale(sets, copy, own[0])


def _stale(sets: ValueSets, copy: str, original: str) -> Iterator[KitDefect]:
    """A copy that the header reads (DYNAMIC: the current one) and that does not hold the same codes."""
    if "DYNAMIC" not in posixpath.basename(copy).upper():
        return
    try:
        here, there = sets.at(copy).concepts, sets.at(original).concepts
    except DmpcompatError:
        return  # Told already: KIT-022.
    if here != there:
        more, less = len(here - there), len(there - here)
        words = Text(
            f"{more} code(s) en plus, {less} en moins que {original}",
            f"{more} code(s) more, {less} less than {original}",
        )
        examples = ", ".join(code for code, _ in sorted(here ^ there)[:5])
        yield KitDefect("KIT-024", copy, 0, examples, (), words)


def _ordered(defects: Iterable[KitDefect]) -> tuple[KitDefect, ...]:
    """The gravest first, then by code and place; the same thing told by several Schematrons once."""
    merged: dict[tuple[str, str, int, str, Text], KitDefect] = {}
    for one in defects:
        key = (one.code, one.path, one.line, one.found, one.detail)
        before = merged.get(key)
        touches = tuple(dict.fromkeys([*(before.touches if before else ()), *one.touches]))
        merged[key] = KitDefect(one.code, one.path, one.line, one.found, touches, one.detail)
    return tuple(
        sorted(
            merged.values(),
            key=lambda one: (LEVELS.index(one.level), one.code, one.path, one.line, one.found),
        )
    )
