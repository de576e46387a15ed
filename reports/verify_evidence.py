"""Steps of the verification that look at the evidence: its seal, its journal, its verdicts computed again.

The steps before them, on the report itself, are `reports.verify`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from harness import evidence as evidence_tree
from harness import rejudge
from harness.evidence import chain, sealing
from harness.inheritance import HERITAGE
from protocol.errors import EvidenceError, Text
from reports import statement

Statement = dict[str, Any]


class Skip(Exception):
    """This step can't be done here; the reason is for the reader."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


def evidence(given: Path | None, signed: Statement) -> Text:
    if given is None:
        raise Skip(Text("preuves non fournies (--evidence)", "evidence not given (--evidence)"))
    digests = statement.digests_of(signed)
    expected = digests[statement.EVIDENCE]
    manifest = given / evidence_tree.MANIFEST
    if not manifest.is_file():
        raise ko("VERIFY-013", Text("manifeste absent", "no manifest"), where=str(manifest))
    found = hashlib.sha256(manifest.read_bytes()).hexdigest()
    later = sealing.since(given, expected)
    if later is None:
        raise ko("VERIFY-013", Text("manifeste modifié", "altered manifest"), found=found, expected=expected)
    differences = evidence_tree.verify(given)
    if differences:
        raise ko(
            "VERIFY-013", Text("preuves modifiées", "altered evidence"), found="; ".join(differences[:5])
        )
    for one in signed["predicate"].get("inherited", ()):
        same(given / HERITAGE / one["reference"] / "statement.dsse.json", one["report_sha256"])
    run = given.parent / statement.RUN
    if run.is_file():
        same(run, digests[statement.RUN])
    if found != expected:
        names = ", ".join((*later.added, *(f"-{name}" for name in later.withdrawn)))
        count = len(later.added) + len(later.withdrawn)
        raise Skip(
            Text(
                f"les preuves signées sont intactes ; {count} pièce(s) déposée(s) ou retirée(s) depuis, que ce "
                f"rapport ne couvre pas : {names}",
                f"the evidence signed is untouched; {count} piece(s) lodged or withdrawn since, which this report "
                f"does not cover: {names}",
            )
        )
    count = manifest.read_bytes().count(b"\n")
    return Text(f"{count} fichiers", f"{count} files")


def journal(given: Path | None, signed: Statement) -> Text:
    told = statement.journal_of(signed)
    if told is None:
        return Text("aucun journal n'a été signé", "no journal was signed")
    if given is None:
        raise Skip(Text("preuves non fournies (--evidence)", "evidence not given (--evidence)"))
    head, lines = told
    path = given / evidence_tree.JOURNAL
    if not path.is_file():
        raise ko("VERIFY-016", Text("journal absent", "no journal"), where=path.name)
    read = chain.read(path)
    if read.breaks:
        raise EvidenceError("VERIFY-016", read.breaks[0], field=path.name)
    if not chain.holds_at(path, head, lines):
        raise ko(
            "VERIFY-016",
            Text(f"la ligne {lines} n'est pas celle qui a été signée", f"line {lines} is not the one signed"),
            where=path.name,
            expected=head,
        )
    return Text(f"{read.lines} lignes", f"{read.lines} lines")


def rejudge_all(given: Path | None) -> Text:
    if given is None:
        raise Skip(Text("preuves non fournies (--evidence)", "evidence not given (--evidence)"))
    again = rejudge.rejudge(given)
    if again.rules_changed:
        raise Skip(
            Text(
                "les règles installées ne sont pas celles du rapport : installer la version qu'il nomme",
                "the installed rules are not those of the report: install the version that it names",
            )
        )
    if not again.holds:
        changed = [case.code for case in again.cases if not case.holds]
        raise ko(
            "VERIFY-014", Text("des verdicts diffèrent", "some verdicts differ"), found=", ".join(changed)
        )
    if again.missing_pack:
        raise Skip(
            Text(
                f"cas rejugés sans le paquet officiel, absent d'ici : {again.missing_pack}",
                f"cases judged again without the official pack, not here: {again.missing_pack}",
            )
        )
    return Text(f"{len(again.cases)} cas rejugés", f"{len(again.cases)} cases judged again")


def same(path: Path, digest: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != digest:
        raise ko(
            "VERIFY-011",
            Text("fichier modifié", "altered file"),
            where=path.name,
            found=found,
            expected=digest,
        )


def ko(code: str, text: Text, *, where: str = "", found: str = "", expected: str = "") -> EvidenceError:
    return EvidenceError(code, text, field=where, found=found, expected=expected)
