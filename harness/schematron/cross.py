"""Runs both engines over a corpus and reports each difference: rules fired, failures, texts, places, what was
not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from harness.schematron import direct, saxon
from harness.schematron.index import Index
from harness.schematron.result import Failure, LayerResult
from protocol import safexml
from protocol.errors import DmpcompatError


@dataclass(frozen=True)
class Difference:
    """`kind`: compile, fired, failure, text, place, not-run, aborted. `direct` and `saxon`: what each says, "" for
    nothing. An empty `document` is about the Schematron itself."""

    document: str
    schematron: str
    kind: str
    direct: str
    saxon: str


@dataclass(frozen=True)
class Crossed:
    """What a comparison saw. `runs`: pairs (document, layer); `fired` and `failures` are the direct engine's."""

    runs: int
    fired: int
    failures: int
    not_run: int
    direct_seconds: float
    saxon_seconds: float
    differences: tuple[Difference, ...]


class Crossing:
    """Both engines over the same Schematrons of a pack. Close it, or use it as a context manager."""

    def __init__(
        self,
        pack_folder: Path,
        schematrons: Iterable[str],
        process: saxon.SaxonProcess,
    ) -> None:
        self.differences: list[Difference] = []
        self._layers: list[tuple[direct.DirectSchematron, saxon.SaxonSchematron]] = []
        self.runs = self.fired = self.failures = self.not_run = 0
        self.direct_seconds = self.saxon_seconds = 0.0
        for relative in schematrons:
            ours = theirs = None
            refusals = ["", ""]
            try:
                ours = direct.compile_schematron(pack_folder, relative)
            except DmpcompatError as problem:
                refusals[0] = problem.message()
            try:
                theirs = saxon.compile_schematron(pack_folder, relative, process)
            except DmpcompatError as problem:
                refusals[1] = problem.message()
            if ours is not None and theirs is not None:
                self._layers.append((ours, theirs))
            elif (ours is None) != (theirs is None):
                self.differences.append(Difference("", relative, "compile", refusals[0], refusals[1]))

    def judge(self, name: str, root: etree._Element, only: str = "") -> None:
        """Run every layer (or the one named) on a document, by both."""
        from time import perf_counter

        started = perf_counter()
        index = Index(root)
        self.direct_seconds += perf_counter() - started
        for ours, theirs in self._layers:
            if only and ours.schematron != only:
                continue
            started = perf_counter()
            mine = ours.run(root, index)
            self.direct_seconds += perf_counter() - started
            other = theirs.run(root)
            self.saxon_seconds += theirs.seconds
            self.runs += 1
            self.fired += len(mine.fired)
            self.failures += len(mine.failures)
            self.not_run += len(mine.not_run)
            self.differences += differences(name, mine, other)

    def result(self) -> Crossed:
        return Crossed(
            self.runs, self.fired, self.failures, self.not_run, self.direct_seconds, self.saxon_seconds,
            tuple(self.differences),
        )  # fmt: skip


def cross(pack_folder: Path, schematrons: Iterable[str], documents: Iterable[Path]) -> Crossed:
    """Compare the engines over documents. Raises ToolError (SCH-020 saxonche is not installed)."""
    with saxon.SaxonProcess() as process:
        crossing = Crossing(pack_folder, schematrons, process)
        for path in documents:
            crossing.judge(path.name, safexml.parse(path.read_bytes(), huge=True))
        return crossing.result()


def differences(document: str, mine: LayerResult, other: LayerResult) -> Iterator[Difference]:
    """Where two results of one layer on one document differ."""

    def told(kind: str, here: str, there: str) -> Difference:
        return Difference(document, mine.schematron, kind, here, there)

    if not other.fired and other.not_run and other.not_run[0].what == mine.schematron:
        yield told("aborted", "", other.not_run[0].why.fr)
        return
    if mine.fired != other.fired:
        ours, theirs = Counter(mine.fired), Counter(other.fired)
        for fired in dict.fromkeys([*(ours - theirs), *(theirs - ours)]):
            yield told(
                "fired",
                f"{ours[fired]} × {fired.pattern} : {fired.context}",
                f"{theirs[fired]} × {fired.context}",
            )
        if ours == theirs:
            yield told("fired", "autre ordre", "")
    yield from _failures(mine, other, told)
    ours_missed, theirs_missed = {one.what for one in mine.not_run}, {one.what for one in other.not_run}
    for what in sorted(ours_missed ^ theirs_missed):
        yield told("not-run", what if what in ours_missed else "", what if what in theirs_missed else "")


def _failures(mine: LayerResult, other: LayerResult, told) -> Iterator[Difference]:  # type: ignore[no-untyped-def]  # a closure of the caller
    """Failures that one has and the other has not, then those that differ by place or text only."""
    ours, theirs = Counter(map(_core, mine.failures)), Counter(map(_core, other.failures))
    for core in dict.fromkeys([*(ours - theirs), *(theirs - ours)]):
        yield told("failure", f"{ours[core]} × {core}", f"{theirs[core]} × {core}")
    if ours != theirs:
        return
    for kind, of in (("place", _placed), ("text", _texted)):
        left, right = Counter(map(of, mine.failures)), Counter(map(of, other.failures))
        for here, there in zip(
            sorted((left - right).elements()), sorted((right - left).elements()), strict=False
        ):
            yield told(kind, here, there)


def _core(failure: Failure) -> str:
    return f"{failure.pattern} | {failure.rule} | {failure.test}"


def _placed(failure: Failure) -> str:
    return f"{failure.path}:{failure.line} {failure.test}"


def _texted(failure: Failure) -> str:
    return f"{failure.path} {failure.text}"
