"""The cost of judging, against the bare XSD validation by libxml2 of the same documents; and the start of the CLI.

The floor needs the official schema (DMPCOMPAT_KITS, or a kit beside the checkout); without it, ours is the floor.
Times are of the processor, the least of some rounds; ratios are what to look at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from lxml import etree

from harness.checks import api
from harness.files.judge import Asked, judge_file
from harness.files.tree import judge_paths
from harness.packs import registry as packs
from harness.packs.schema import compile_schema
from protocol import safexml
from protocol.datafolders import folder

ROOT: Final = Path(__file__).resolve().parent.parent
KITS: Final = Path(os.environ.get("DMPCOMPAT_KITS") or ROOT.parent / "shared" / "kits")
_ROUNDS: Final = 9
_STARTS: Final = 15
_LIMIT: Final = 3.0
_HELP_LIMIT: Final = 2.5

Parsed = tuple[Path, bytes, etree._Element]


def run() -> list[str]:
    kit = KITS / "ans-cda"
    entry = packs.find(kit, packs.CDA_SCHEMA) if kit.is_dir() else None
    lines = []
    if entry is None:
        lines.append(f"no official schema in {KITS} (DMPCOMPAT_KITS): the floor is not measured")
    else:
        lines += _ratios(_parsed(sorted((kit / "ExemplesCDA").glob("*.xml"))), compile_schema(entry, kit))
    samples = sorted((folder("cda_samples") / "bons").glob("*.xml"))
    alone = _least(lambda: [judge_file(path, Asked()) for path in samples]) / len(samples)
    kept = _least(lambda: judge_paths(samples)) / len(samples)
    return [
        *lines,
        f"a file of ours, read, parsed, judged by every document rule: {alone * 1000:.2f} ms ({kept / alone:.2f} kept)",
        _start(),
    ]


def _ratios(documents: Sequence[Parsed], official: etree.XMLSchema) -> list[str]:
    lines = []
    for said, only, limit in (
        ("header rules and own schema", ("CDA-HEADER", "SCHEMA"), _LIMIT),
        ("header rules alone", ("CDA-HEADER",), 0.0),
        ("own schema alone", ("SCHEMA",), 0.0),
        ("every document rule", None, 0.0),
    ):
        chosen = [name for name in only if name in api.groups()] if only else None
        floor, cost = _beside(partial(_validate, documents, official), partial(_judge, documents, chosen))
        bound = f" (limit {limit:g})" if limit else ""
        lines.append(
            f"{said}: {cost / floor:.2f} times the official XSD validation{bound} "
            f"({cost / len(documents) * 1000:.2f} ms and {floor / len(documents) * 1000:.2f} ms a document)"
        )
    return lines


def _validate(documents: Sequence[Parsed], schema: etree.XMLSchema) -> None:
    for _, _, root in documents:
        schema.validate(root)


def _beside(*acts: Callable[[], object]) -> list[float]:
    """Processor time of the quickest round of each; rounds alternate, so that what slows the machine slows both."""
    times = [[_once(act) for act in acts] for _ in range(_ROUNDS + 1)]
    return [min(round_[which] for round_ in times[1:]) for which in range(len(acts))]  # the first compiles


def _once(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def _judge(documents: Sequence[Parsed], only: Sequence[str] | None) -> None:
    for path, data, root in documents:
        # As `dmpcompat check` does.
        api.with_severity(api.judge_document(data, path.name, only=only, parsed=root, brief=True))


def _parsed(paths: Sequence[Path]) -> list[Parsed]:
    read = [(path, path.read_bytes()) for path in paths]
    return [(path, data, safexml.parse(data, huge=True)) for path, data in read]


def _least(act: Callable[[], object]) -> float:
    """Processor time of the quickest round."""
    return _beside(act)[0]


def _start() -> str:
    bare, whole = [sys.executable, "-c", "pass"], [sys.executable, "-m", "cli", "--help"]
    ratio = _command(whole) / _command(bare)
    return f"dmpcompat --help: {ratio:.2f} times python -c pass (limit {_HELP_LIMIT:g})"


def _command(command: Sequence[str]) -> float:
    """Seconds of the quickest of some starts."""
    times = []
    for _ in range(_STARTS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return min(times)
