"""Steps 2, 3 and 13: the sealed PDFs of a bundle, the attestation and the report: seals, what they carry, their pages.

A document that a bundle does not have is no fault of it: a step is skipped when there is none, or one can't be looked
at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from protocol import dsse
from protocol.errors import EvidenceError, Text
from reports import verify_paper
from reports.homologation import attested
from reports.homologation import statement as statements
from reports.homologation.bundle import ATTESTATION
from reports.homologation.reading import Read, step
from reports.verify_evidence import Skip, ko
from reports.verify_paper import PAPER

Look = Callable[[Read], Text]


@step(2, "Le cachet de chaque PDF tient", "The seal of each PDF holds")
def seal(read: Read) -> Text:
    return _each(read, _seal_of(ATTESTATION), _seal_of_report)


@step(3, "Chaque PDF porte la déclaration qu'il montre", "Each PDF carries the statement that it shows")
def statement(read: Read) -> Text:
    return _each(read, attested.carries, _carried_by_report)


@step(13, "Les pages des PDF se redessinent à l'identique", "The PDFs' pages are drawn again the same")
def pages(read: Read) -> Text:
    return _each(read, attested.redrawn, lambda read: _asked(read, "paper-pages"))


def same_pdf(read: Read) -> None:
    """The PDF of the bundle is that of the run, when both are there; one of them may have been stamped again since."""
    carried, run = read.need(PAPER), read.brought.run
    path = run / "rapport" / PAPER if run is not None else None
    own = path.read_bytes() if path is not None and path.is_file() else carried
    if not own.startswith(carried) and not carried.startswith(own):
        raise ko(
            "HOMO-020", Text("le PDF du paquet n'est pas celui de l'exécution", "another PDF than the run's")
        )


def _each(read: Read, attestation: Look, report: Look) -> Text:
    """Both documents, those that are there. Raises Skip when one can't be looked at, or there is none."""
    files = read.files.files if read.files else {}
    looks = {ATTESTATION: attestation, PAPER: report}
    told: list[Text] = []
    skipped = False
    for name, look in looks.items():
        if name not in files:
            continue
        try:
            said = _once(read, name, look)
        except Skip as skip:
            said, skipped = skip.reason, True
        told.append(Text(f"{name} : {said.fr}", f"{name}: {said.en}"))
    if not told:
        raise Skip(
            Text(
                "pas de PDF dans le paquet (homologate attestation, puis bundle)",
                "no PDF in the bundle (homologate attestation, then bundle)",
            )
        )
    whole = Text(" ; ".join(one.fr for one in told), "; ".join(one.en for one in told))
    if skipped:
        raise Skip(whole)
    return whole


def _once(read: Read, name: str, look: Look) -> Text:
    """A document that an earlier step refused is not looked at again."""
    if name in read.refused:
        raise Skip(Text("refusé plus haut", "refused above"))
    try:
        return look(read)
    except EvidenceError:
        read.refused.add(name)
        raise


def _seal_of(name: str) -> Look:
    return lambda read: verify_paper.seal_of(read.need(name), read.brought.authority)


def _seal_of_report(read: Read) -> Text:
    same_pdf(read)
    return verify_paper.seal_of(read.need(PAPER), read.brought.authority)


def _carried_by_report(read: Read) -> Text:
    """The statement of the report that was judged, by the digest that the homologation names."""
    verify_paper.needed()
    from reports.paper import reading
    from reports.paper.layout import ATTACHED, CLAIM

    paper = reading.read(read.need(PAPER))
    verify_paper.alone(paper, (ATTACHED,), (CLAIM,))
    try:
        raw = statements.read(dsse.read(read.need("statement.dsse.json")).payload)
    except EvidenceError as problem:
        raise Skip(Text(problem.message("fr"), problem.message("en"))) from problem
    carried = hashlib.sha256(dsse.read(paper.carried[ATTACHED]).payload).hexdigest()
    if carried != statements.evidence_of(raw).get("rapport"):
        raise ko(
            "HOMO-028", Text("le PDF porte la déclaration d'un autre rapport", "the PDF is of another report")
        )
    if read.brought.run is not None:
        _asked(read, "paper-statement")
    reference = str(raw["predicate"]["report"]["reference"])
    return Text(reference, reference)


def _asked(read: Read, name: str) -> Text:
    """What the verification of the run's own report says of its PDF."""
    same_pdf(read)
    found = read.reported().step(name)
    if found is None:
        raise Skip(
            Text("non demandé (--rejudge)", "not asked for (--rejudge)")
            if not read.brought.rejudged
            else Text("sans objet ici", "nothing of it here")
        )
    if found.outcome == "KO":
        raise ko("HOMO-021", found.detail)
    if found.outcome == "SKIPPED":
        raise Skip(found.detail)
    return found.detail
