"""The Ségur style: one directory a requirement, a sheet in PDF, up to three proofs, an index of SHA-256.

Proof 1 shows (screens, declarations), proof 2 is the artefact (frames, documents), proof 3 the trace (findings, lines
of the journal). A requirement carried by many cases is proved by a few of them, the gravest verdict first, so that a
failure is never the one left out; the sheet lists all.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.evidence import sealing
from harness.export import documents, official
from harness.export.names import Names, safe
from harness.export.sheet import pdf
from harness.export.source import Source
from harness.inheritance import HERITAGE
from harness.packs.registry import Pack
from harness.results import INHERITED, CaseResult
from harness.verdict import Verdict
from protocol import jsonread, requirements
from protocol.errors import Lang, Text

PROOFS: Final = ("preuve_1_demonstration", "preuve_2_artefact", "preuve_3_trace")
#: Cases that prove one requirement in the package.
CASES: Final = 3
_SHOWN: Final = ("ecran_", "declaration", "piece_")
_TRACE: Final = ("assertions.json", "test.json")
_GRAVEST: Final = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.CONFIG,
    Verdict.INCONCLUSIVE,
    Verdict.MANUAL,
    Verdict.WARN,
    Verdict.PASS,
)


def build(source: Source, place: Path, *, pack: Pack | None, lang: Lang) -> None:
    """Lay the package out in the empty folder `place`. Raises EvidenceError."""
    software = source.software
    carried: dict[str, list[CaseResult]] = {}
    for case in source.judged:
        for identifier in case.requirements:
            carried.setdefault(identifier, []).append(case)
    journal, written = _journal(source), dict[str, Path]()
    rows: list[tuple[Any, ...]] = []
    names = Names()
    for identifier, cases in sorted(carried.items()):
        ordered = sorted(cases, key=lambda case: (_GRAVEST.index(case.verdict), case.type != "N", case.code))
        name = names.give(f"{identifier}_{safe(software['name'])}_{safe(software['version'])}")
        folder = place / name
        for case in ordered[:CASES]:
            _case(source, case, folder, journal)
            _documents(source, case, folder / PROOFS[1] / safe(case.code), written, pack, lang)
        proofs = [proof for proof in PROOFS if (folder / proof).is_dir()]
        (folder / f"{name}.pdf").write_bytes(pdf(_sheet(source, identifier, ordered, proofs, lang)))
        rows.append((name, identifier, len(cases), str(ordered[0].verdict), ", ".join(proofs)))
    rows += _delegated(source, carried)
    (place / official.CARD).write_bytes(official.card(source))
    (place / "exigences.csv").write_bytes(
        official.table((("dossier", "exigence", "cas", "verdict le plus grave", "preuves"), *rows))
    )
    official.copy_report(source, place)


def _delegated(source: Source, carried: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """A line for each requirement that a connector proves and that no case of this run carries."""
    proofs: dict[str, list[str]] = {}
    for one in source.inherited:
        for identifier in set(one["requirements"]) - set(carried):
            proofs.setdefault(identifier, []).append(f"{HERITAGE}/{one['reference']}")
    return [
        ("", identifier, len(places), INHERITED, ", ".join(dict.fromkeys(places)))
        for identifier, places in sorted(proofs.items())
    ]


def _case(source: Source, case: CaseResult, folder: Path, journal: Sequence[str]) -> None:
    stem = safe(case.code)
    for path in sorted((source.root / case.evidence).iterdir()):
        proof = PROOFS[0] if path.name.startswith(_SHOWN) else PROOFS[2] if path.name in _TRACE else PROOFS[1]
        target = folder / proof / stem
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / path.name)
    lines = [line for line in journal if jsonread.loads(line)["case"] == case.code]
    trace = folder / PROOFS[2] / stem
    trace.mkdir(parents=True, exist_ok=True)
    (trace / sealing.JOURNAL).write_text(
        "".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n"
    )


def _documents(
    source: Source, case: CaseResult, place: Path, written: dict[str, Path], pack: Pack | None, lang: Lang
) -> None:
    """Documents of the case and their report, judged once however many requirements the case carries."""
    place.mkdir(parents=True, exist_ok=True)
    before = written.setdefault(case.code, place)
    if before == place:
        documents.write(source.root, case.evidence, place, pack, lang)
        return
    for path in (*before.glob("cda_*"), *before.glob("schematron.html")):
        shutil.copyfile(path, place / path.name)


def _journal(source: Source) -> list[str]:
    path = source.root / sealing.JOURNAL
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def _sheet(
    source: Source, identifier: str, cases: Sequence[CaseResult], proofs: Sequence[str], lang: Lang
) -> list[str]:
    known = requirements.requirements().get(identifier)
    software = source.software
    return [
        f"{identifier}   {software['name']} {software['version']}",
        "",
        known.text.to(lang) if known else "",
        f"Guide : {known.guide}" if known else "",
        "",
        Text(f"Rapport signé : {source.reference}", f"Signed report: {source.reference}").to(lang),
        Text("Preuves : ", "Proofs: ").to(lang) + ", ".join(proofs),
        "",
        Text(f"{len(cases)} cas portent cette exigence :", f"{len(cases)} cases carry this requirement:").to(
            lang
        ),
        *(
            f"{'*' if rank < CASES else ' '} {case.code}  {case.verdict}  {case.title.to(lang)}"
            for rank, case in enumerate(cases)
        ),
        "",
        Text("* preuves jointes", "* proofs enclosed").to(lang),
    ]
