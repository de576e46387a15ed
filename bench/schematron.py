"""The direct Schematron engine beside Saxon (saxonche), on the official samples, in one run; cold start; memory.

Needs a kit (DMPCOMPAT_KITS) and saxonche. Saxon runs a stylesheet of the shape of the ISO skeleton (a walk of the tree
a pattern), compiled once, on a document parsed once: its time is that of the transformation alone, in its own process.
The direct engine's time includes the index of the document. Both are seconds of processor. Both
have compiled every rule, and half of the samples have warmed them up; what is measured is the other half, seen for the
first time ("first sight"), then once more.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from lxml import etree

from harness.schematron import direct, saxon
from harness.schematron.cross import differences
from harness.schematron.index import Index
from harness.schematron.result import LayerResult
from protocol import safexml

ROOT = Path(__file__).resolve().parent.parent
KIT: Final = Path(os.environ.get("DMPCOMPAT_KITS") or ROOT.parent / "shared" / "kits") / "ans-cda"
PROFILES: Final = "schematrons/profils/"
LAYERS: Final = {
    "header": f"{PROFILES}structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "IHE": f"{PROFILES}IHE.sch",
    "content models": f"{PROFILES}CI-SIS_ModelesDeContenusCDA.sch",
    "ANS models": f"{PROFILES}CI-SIS_Modeles_ANS.sch",
}
#: Each sample names the Schematrons it was made for.
_DECLARED: Final = re.compile(r'SCHSchema="(?:[^"]*/)?([^"/]+\.sch)"')
_COLD: Final = """
import sys
from pathlib import Path
from harness.schematron.direct import compile_schematron
from harness.schematron.index import Index
from protocol import safexml
kit, sample, *layers = sys.argv[1:]
compiled = [compile_schematron(Path(kit), one) for one in layers]
root = safexml.parse(Path(sample).read_bytes(), huge=True)
index = Index(root)
assert all(one.run(root, index).fired for one in compiled)
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


class Timed:
    """Seconds by layer."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.documents: list[float] = []

    @property
    def whole(self) -> float:
        return sum(self.seconds.values())


def run(most: int = 0) -> list[str]:
    """`most`: how many samples (0: all)."""
    if not KIT.is_dir():
        return [f"not run: no kit in {KIT} (DMPCOMPAT_KITS)"]
    samples = sorted((KIT / "ExemplesCDA").glob("*.xml"))[: most or None]
    lines = list(_cold(samples))
    if not saxon.available():
        return [*lines, "direct/saxon: not run, saxonche is not installed (extra saxon)"]
    return [*lines, *_beside(samples)]


def volet_of(sample: Path) -> str:
    """The volet's own Schematron that a sample declares; "" for none."""
    volets = {path.name.lower(): path for path in (KIT / "schematrons").glob("*.sch")}
    for name in _DECLARED.findall(sample.read_text(encoding="utf-8", errors="replace")):
        if name.lower() in volets:
            return volets[name.lower()].relative_to(KIT).as_posix()
    return ""


def _cold(samples: list[Path]) -> Iterator[str]:
    sample = next(path for path in samples if volet_of(path))
    times, memory = [], ""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        started = perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _COLD, str(KIT), str(sample), *LAYERS.values(), volet_of(sample)],
            check=True, capture_output=True, text=True, cwd=ROOT,
        )  # fmt: skip
        times.append(perf_counter() - started)
        memory = done.stdout.strip()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    yield (
        f"cold start to first verdict, 4 generic layers and volet, new process: "
        f"median {statistics.median(times):.2f} s, best {min(times):.2f} s; "
        f"{processor / 5:.2f} s of processor, {memory} MB"
    )


def _beside(samples: list[Path]) -> Iterator[str]:
    volets = {path: volet_of(path) for path in samples}
    names = {relative: name for name, relative in LAYERS.items()}
    wanted = [*LAYERS.values(), *sorted({volet for volet in volets.values() if volet})]
    started = perf_counter()
    ours = {relative: direct.compile_schematron(KIT, relative) for relative in wanted}
    yield f"direct: {len(wanted)} Schematrons read in {perf_counter() - started:.2f} s"
    started = perf_counter()
    for compiled in ours.values():
        compiled.prepare()
    yield f"direct: every rule compiled in {perf_counter() - started:.1f} s more (rules otherwise wait to be fired)"
    with saxon.SaxonProcess() as process:
        started = perf_counter()
        theirs = {relative: saxon.compile_schematron(KIT, relative, process) for relative in wanted}
        yield f"saxon ({process.engine}): the same compiled in {perf_counter() - started:.1f} s"
        first, again, reference = Timed(), Timed(), Timed()
        told = {"fired": 0, "failures": 0, "runs": 0, "differences": 0}
        for rank, path in enumerate(sorted(samples, key=lambda one: one.stat().st_size)):
            root = safexml.parse(path.read_bytes(), huge=True)
            layers = [*LAYERS.values(), *([volets[path]] if volets[path] else [])]
            measured = rank % 2 == 1
            mine = _ours(ours, layers, root, first if measured else Timed())
            _ours(ours, layers, root, again if measured else Timed())
            into = reference if measured else Timed()
            for layer, result in zip(layers, mine, strict=True):
                other = theirs[layer].run(root)
                into.seconds[names.get(layer, "volet")] += theirs[layer].seconds
                told["runs"] += 1
                told["fired"] += len(result.fired)
                told["failures"] += len(result.failures)
                told["differences"] += len(list(differences(path.name, result, other)))
        yield (
            f"parity: {told['runs']} runs, {told['fired']} rules fired, {told['failures']} failures, "
            f"{told['differences']} differences"
        )
        yield from _ratios(first, again, reference, len(samples) // 2)
    yield f"direct: peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB with {len(wanted)} Schematrons"


def _ours(
    compiled: dict[str, direct.DirectSchematron], layers: list[str], root: etree._Element, into: Timed
) -> list[LayerResult]:
    names = {relative: name for name, relative in LAYERS.items()}
    begun = started = process_time()
    index = Index(root)
    into.seconds["index"] += process_time() - started
    results: list[LayerResult] = []
    for layer in layers:
        started = process_time()
        results.append(compiled[layer].run(root, index))
        into.seconds[names.get(layer, "volet")] += process_time() - started
    into.documents.append(process_time() - begun)
    return results


def _ratios(first: Timed, again: Timed, reference: Timed, documents: int) -> Iterator[str]:
    for name, seconds in reference.seconds.items():
        yield (
            f"{name}: saxon {_ms(seconds, documents)}, direct {_ms(first.seconds[name], documents)} at first sight "
            f"({seconds / first.seconds[name]:.1f}×), {_ms(again.seconds[name], documents)} again "
            f"({seconds / again.seconds[name]:.1f}×)"
        )
    whole: Any = reference.whole
    yield (
        f"all layers, index included: saxon {_ms(whole, documents)}, direct {_ms(first.whole, documents)} at first "
        f"sight: {whole / first.whole:.1f}×; {_ms(again.whole, documents)} again: {whole / again.whole:.1f}×"
    )


def _ms(seconds: float, documents: int) -> str:
    return f"{seconds * 1000 / documents:.1f} ms"
