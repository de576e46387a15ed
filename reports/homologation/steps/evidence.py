"""Steps 11 and 12: the evidence is the one decided on, and its verdicts compute again."""

from __future__ import annotations

import hashlib

from harness.evidence import MANIFEST
from protocol import dsse
from protocol.errors import Text
from reports.dossier.legality import Actors
from reports.homologation import agreement, proving, statement
from reports.homologation.reading import Read, step
from reports.verify_evidence import Skip, ko


@step(11, "Les preuves sont celles qui ont été jugées", "The evidence is the one that was judged")
def evidence(read: Read) -> Text:
    run = read.brought.run
    if run is None:
        raise Skip(Text("exécution non fournie (--evidence)", "run not given (--evidence)"))
    wanted = statement.evidence_of(read.statement) if read.statement else {}
    report = run / "rapport" / "statement.dsse.json"
    if not report.is_file():
        raise ko("HOMO-060", Text("pas de rapport à cet endroit", "no report at that place"), where=str(run))
    signed = dsse.read(report.read_bytes())
    if hashlib.sha256(signed.payload).hexdigest() != wanted.get("rapport"):
        raise ko("HOMO-061", Text("le rapport est un autre", "another report"))
    agreement.with_report(read.predicate, signed.payload)
    _refuse_own_eyes(read, signed)
    manifest = run / "preuves" / MANIFEST
    if not manifest.is_file() or hashlib.sha256(manifest.read_bytes()).hexdigest() != wanted.get("preuves"):
        raise ko("HOMO-062", Text("les preuves sont d'autres preuves", "other evidence"))
    read.witnessed = proving.witnessed(read)
    bad = [one for one in read.reported().steps if one.outcome == "KO"]
    if bad:
        raise ko("HOMO-063", bad[0].detail)
    return Text(read.predicate["report"]["reference"], read.predicate["report"]["reference"])


def _refuse_own_eyes(read: Read, signed: dsse.Envelope) -> None:
    """Whoever signed the report ran the campaign, whether the file says so or not."""
    persons = Actors(read.keys).persons
    ran = {persons.get(one.keyid, one.keyid) for one in signed.signatures}
    if own := [one for one in read.predicate["approvals"] if persons.get(one, one) in ran]:
        raise ko(
            "HOMO-066",
            Text("qui a joué la campagne l'a approuvée", "who ran the campaign approved it"),
            found=" ".join(own),
        )


@step(12, "Les verdicts se recalculent à l'identique", "Verdicts recompute identically")
def rejudged(read: Read) -> Text:
    if not read.brought.rejudged:
        raise Skip(Text("non demandé (--rejudge)", "not asked for (--rejudge)"))
    found = read.reported().step("rejudged")
    if found is None or found.outcome == "SKIPPED":
        raise Skip(found.detail if found else Text("sans objet ici", "nothing of it here"))
    if found.outcome == "KO":
        raise ko("HOMO-064", found.detail)
    original = {one["code"]: one["verdict"] for one in read.predicate["cases"]}
    return Text(f"{len(original)} cas", f"{len(original)} cases")
