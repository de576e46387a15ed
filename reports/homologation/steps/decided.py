"""Step 10: the application file that the statement was made of, each of its acts possible for whoever signed it."""

from __future__ import annotations

from protocol.errors import Text
from reports.dossier import events, legality
from reports.dossier.book import JOURNAL
from reports.dossier.guards import EYES
from reports.dossier.view import View
from reports.homologation import agreement, countersigning, proving
from reports.homologation.reading import Read, step
from reports.verify_evidence import Skip, ko


@step(
    10,
    "Qui a décidé le pouvait ; le connecteur est celui du dossier",
    "Who decided might; the connector is the file's",
)
def decided(read: Read) -> Text:
    told = read.predicate["file"]
    history = list(events.read(read.need(JOURNAL), told["name"], read.keys))
    count = told["events"]
    if type(count) is not int or not 0 < count <= len(history) or history[count - 1].line != told["head"]:
        raise ko(
            "HOMO-047",
            Text("le dossier n'est pas celui de la déclaration", "another file than the statement's"),
        )
    read.file = legality.replayed(history, read.keys)
    then = legality.replayed(history[:count], read.keys)
    persons = _reviewers(read, then)
    for actor in sorted({event.actor for event in then.history}):
        # The statement names the head of the file: what witnessed the one witnessed every line up to there.
        proving.refuse_unproven(read, read.keys[actor])
    if str(then.opening.get("parent", "")) != read.predicate["parent"]:
        raise ko("HOMO-050", Text("un autre connecteur", "another connector"), found=read.predicate["parent"])
    lines = {event.line for event in then.history}
    foreign = [one["code"] for one in read.predicate["cases"] if not set(one["decisions"]) <= lines]
    if foreign:
        raise ko(
            "HOMO-051",
            Text("une décision n'est pas au dossier", "a decision is not in the file"),
            found=" ".join(foreign),
        )
    agreement.with_file(read.statement, then)
    beside = _countersigned(read)
    if read.unvouched is not None:
        raise Skip(
            Text(
                f"{persons}{beside.fr}, dont les clés ne sont connues que par le paquet ; donner --trust",
                f"{persons}{beside.en}, whose keys are known from the bundle only; give --trust",
            )
        )
    return Text(persons + beside.fr, persons + beside.en)


def _countersigned(read: Read) -> Text:
    """Who signed the statement beside the agency, when somebody did."""
    if read.files is None or read.envelope is None or countersigning.NAME not in read.files.files:
        return Text("", "")
    data = read.files.files[countersigning.NAME]
    names = ", ".join(countersigning.checked(data, read.envelope, read.predicate, read.keys))
    return Text(f" ; ont contresigné : {names}", f"; countersigned by {names}")


def _reviewers(read: Read, then: View) -> str:
    """Names of the reviewers who approved. Raises EvidenceError when they are not two who did not run the campaign."""
    asked = legality.Actors(read.keys).asked(then.history[-1].actor)
    outside = asked.outsiders(then)
    if len(outside) < EYES or sorted(then.approvals) != read.predicate["approvals"]:
        raise ko(
            "HOMO-048", Text("il manque l'approbation de deux relecteurs", "two reviewers did not approve")
        )
    outsiders = [actor for actor in sorted(then.approvals) if asked.person(actor) in outside]
    if any(read.keys[actor].role != "reviewer" for actor in outsiders):
        raise ko("HOMO-049", Text("un relecteur n'en est pas un", "a reviewer is none"))
    return ", ".join(read.keys[actor].name for actor in outsiders)
