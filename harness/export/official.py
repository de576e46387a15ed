"""The official style: one directory a test code with its frames, screens and declaration, the product's card, the tree.

Source: practice of the homologation (one directory per code of the test plan, NIL, name, version, system). Frames,
findings and pieces are copies of the sealed evidence; documents and their report are taken out of the frames.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from harness.evidence.wanted import wanted
from harness.export import documents
from harness.export.names import Names
from harness.export.source import REPORT, Source
from harness.inheritance import HERITAGE
from harness.packs.registry import Pack
from harness.results import INHERITED, CaseResult
from protocol.errors import Lang, Text

DIGESTS: Final = "empreintes-sha256.txt"
CARD: Final = "produit.json"
TREE: Final = "arborescence.csv"
_HEAD: Final = (
    "dossier",
    "code officiel",
    "cas",
    "titre",
    "verdict",
    "trames",
    "ecrans",
    "declarations",
    "manque",
)


def build(source: Source, place: Path, *, pack: Pack | None, lang: Lang) -> None:
    """Lay the package out in the empty folder `place`. Raises EvidenceError."""
    rows = []
    shared = Counter(case.official for case in source.judged if case.official)
    missing = {line.code: line.lacks(lang) for line in wanted(source.root)}
    names = Names()
    for case in source.judged:
        alone = case.official and shared[case.official] == 1
        folder = names.give(case.official if alone else "_".join(filter(None, (case.official, case.code))))
        (place / folder).mkdir()
        copy_case(source, case, place / folder)
        documents.write(source.root, case.evidence, place / folder, pack, lang)
        rows.append(_row(folder, case, place / folder, missing.get(case.code, ""), lang))
    rows += [_absent(case, lang) for case in source.left]
    rows += [_inherited(item, lang) for item in source.inherited]
    (place / CARD).write_bytes(card(source))
    (place / TREE).write_bytes(table((_HEAD, *rows)))
    copy_report(source, place)
    (place / "LISEZMOI.txt").write_text(_readme(source), encoding="utf-8", newline="\n")


def copy_case(source: Source, case: CaseResult, folder: Path) -> None:
    """Every file of the case, byte for byte."""
    for path in sorted((source.root / case.evidence).iterdir()):
        shutil.copyfile(path, folder / path.name)


def copy_report(source: Source, place: Path) -> None:
    """The signed report as it was issued, and the signed statements of the connectors that it inherits from."""
    if source.report is not None:
        shutil.copytree(source.report, place / REPORT)
    if (source.root / HERITAGE).is_dir() and not (place / source.root.name).exists():
        shutil.copytree(source.root / HERITAGE, place / HERITAGE)


def card(source: Source) -> bytes:
    """The product's card: NIL, name, version, system, and what was declared to test it."""
    software, facts = source.software, source.run.facts
    told = {
        "schema": "dmpcompat-product/1",
        "NIL": software.get("nil", ""),
        "nom": software["name"],
        "version": software["version"],
        "OS": software.get("os", ""),
        "editeur": facts["campaign"]["vendor"],
        "profils": facts["campaign"]["profiles"],
        "authentification": facts["campaign"]["authentication"],
        "plan": facts["plan"],
        "rapport": source.reference,
        "preuves": {"scellement": source.index.get("journal"), "pieces": len(source.index.get("files", {}))},
    }
    return plain(told)


def plain(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def table(rows: Iterator[tuple[Any, ...]] | tuple[tuple[Any, ...], ...]) -> bytes:
    """CSV as office tools of the country read it: semicolons, UTF-8 with its mark; no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def digests(place: Path, name: str = DIGESTS) -> None:
    """SHA-256 of every file of the package, in the form that `sha256sum -c` reads."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(place).as_posix()}\n"
        for path in sorted(item for item in place.rglob("*") if item.is_file())
        if path.name != name
    ]
    (place / name).write_text("".join(lines), encoding="utf-8", newline="\n")


def _cell(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _row(folder: str, case: CaseResult, place: Path, missing: str, lang: Lang) -> tuple[Any, ...]:
    names = [path.name for path in place.iterdir()]
    frames = sum(name.endswith("_echange.json") for name in names)
    screens = sum(name.startswith("ecran_") for name in names)
    told = sum(name.startswith("declaration") for name in names)
    return (
        folder,
        case.official,
        case.code,
        case.title.to(lang),
        str(case.verdict),
        frames,
        screens,
        told,
        missing,
    )


def _absent(case: CaseResult, lang: Lang) -> tuple[Any, ...]:
    why = (
        Text("juge la plateforme, pas le logiciel", "judges the platform, not the software")
        if case.side == "D" and case.evidence
        else case.reason
    )
    return ("", case.official, case.code, case.title.to(lang), str(case.verdict), 0, 0, 0, why.to(lang))


def _inherited(item: Mapping[str, Any], lang: Lang) -> tuple[Any, ...]:
    decided = f" ({item['homologation']})" if item.get("homologation") else ""
    why = Text(
        f"hérité du connecteur {item['connector']}{decided}, rapport {item['reference']}",
        f"inherited from connector {item['connector']}{decided}, report {item['reference']}",
    )
    return ("", "", item["code"], item["title"][lang], INHERITED, 0, 0, 0, why.to(lang))


def _readme(source: Source) -> str:
    software = source.software
    return f"""Preuves de DMP-compatibilité : {software["name"]} {software["version"]}

{CARD} : la fiche du produit (NIL, nom, version, OS).
{TREE} : un dossier par code de test, son verdict, ses pièces ; et les cas sans dossier, avec la raison.
<code>/NN_requete.*, NN_reponse.* : les octets échangés ; NN_echange.json : en-têtes, dates, connexion.
<code>/ecran_*, declaration*, piece_* : ce que l'éditeur a déposé.
<code>/cda_*.xml, schematron.html : les documents pris dans les trames, et leur contrôle.
<code>/assertions.json : chaque constat, avec sa règle ; test.json : le cas, ses étapes, ses identifiants.
{REPORT}/ : le rapport signé. Il se vérifie avec les preuves entières (export « bagit »).
confidentialite.json : ce que le contrôle avant sortie a regardé.
{DIGESTS} : « sha256sum -c {DIGESTS} » vérifie chaque fichier.
"""
