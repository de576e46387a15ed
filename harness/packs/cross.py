"""`pack verify --cross`: both engines over a corpus, and every difference between what they say.

The documents are the pack's own samples, or those of a folder. Each is judged by the layers that `check --pack`
would run on it; a difference in what fired, failed or could not run is told, never smoothed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from harness.packs.layout import Layout
from harness.packs.official import OfficialLayers
from harness.packs.registry import Pack
from harness.schematron.cross import Crossing, Difference
from harness.schematron.saxon import SaxonProcess
from protocol import safexml
from protocol.errors import Text, ToolError, UsageError, XmlRefused

#: The Saxon process is gone: nothing more can be compared.
_DEAD: Final = "SCH-021"


@dataclass(frozen=True)
class Comparison:
    """`runs`: pairs of a document and a Schematron, judged by both engines. `left_out`: what was not compared.
    Seconds are those of the engines alone."""

    documents: int
    runs: int
    fired: int
    failures: int
    not_run: int
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...]
    direct_seconds: float
    saxon_seconds: float

    @property
    def exit_code(self) -> int:
        """0 the same everywhere, 1 a difference, 2 something (or everything) was not compared."""
        if self.differences:
            return 1
        return 2 if self.left_out or not self.runs else 0

    def plain(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def corpus(layout: Layout, where: Path | None) -> list[Path]:
    """The documents to compare on: those of `where` (a file or a folder), else the pack's samples.

    Raises UsageError (PACK-030): nothing there.
    """
    if where is None:
        found = [layout.path(relative) for relative in layout.samples]
    else:
        found = sorted(where.rglob("*.xml")) if where.is_dir() else [where] if where.is_file() else []
    if not found:
        raise UsageError(
            "PACK-030",
            Text("aucun document à comparer", "no document to compare on"),
            field="--cross",
            found=str(where or layout.folder),
            mend=Text(
                "donner un dossier de documents : --cross DOSSIER",
                "give a folder of documents: --cross FOLDER",
            ),
        )
    return found


def jobs(
    layers: OfficialLayers, documents: list[Path]
) -> tuple[list[tuple[Path, tuple[str, ...]]], list[str]]:
    """Each document that can be read with the Schematrons that bear on it, and those that can't be read."""
    wanted, left_out = [], []
    for path in documents:
        try:
            root = safexml.parse(path.read_bytes(), huge=True)
        except XmlRefused as refusal:
            left_out.append(f"{path.name} : {refusal.code}")
            continue
        wanted.append((path, layers.schematrons_for(root)))
    return wanted, left_out


def compare(
    pack: Pack, where: Path | None = None, *, progress: Callable[[int, int], None] | None = None
) -> Comparison:
    """Run both engines. Raises UsageError (PACK-030), ToolError (SCH-020: saxonche is not installed)."""
    layers = OfficialLayers(pack)
    wanted, left_out = jobs(layers, corpus(layers.layout, where))
    needed = dict.fromkeys(relative for _, relatives in wanted for relative in relatives)
    with SaxonProcess() as process:
        crossing = Crossing(layers.layout.folder, needed, process)
        for done, (path, relatives) in enumerate(wanted, 1):
            root = safexml.parse(path.read_bytes(), huge=True)
            try:
                for relative in relatives:
                    crossing.judge(path.name, root, only=relative)
            except ToolError as problem:
                left_out.append(f"{path.name} : {problem.code} {problem.found}")
                if problem.code == _DEAD:
                    break
            if progress is not None:
                progress(done, len(wanted))
        seen = crossing.result()
    return Comparison(
        len(wanted),
        seen.runs,
        seen.fired,
        seen.failures,
        seen.not_run,
        seen.differences,
        tuple(left_out),
        seen.direct_seconds,
        seen.saxon_seconds,
    )
