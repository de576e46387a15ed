"""Steps 8 to 10: the register, the state of the homologation now, the connector it stands on and who decided."""

from __future__ import annotations

from protocol import dsse, statuslist
from protocol.errors import Text
from protocol.trust import moment
from reports.dossier import events
from reports.dossier.guards import EYES
from reports.dossier.view import view
from reports.homologation import proving, statement
from reports.homologation.bundle import receipt_of
from reports.homologation.reading import Read, step
from reports.register.checkpoint import NoteKey
from reports.verify_evidence import Skip, ko


@step(8, "L'homologation est inscrite au registre", "The homologation is in the register")
def inscribed(read: Read) -> Text:
    receipt = receipt_of(read.need("receipt.json"))
    entry, predicate = receipt.entry, read.predicate
    if not receipt.holds():
        raise ko("HOMO-040", Text("la preuve d'inscription est fausse", "the proof of inclusion is wrong"))
    told = (
        entry.kind,
        entry.reference,
        entry.facts.get("statementDigest"),
        entry.facts.get("numberCommitment"),
    )
    expected = (
        "ISSUE",
        predicate["reference"],
        statement.digest(_payload(read)),
        predicate["numberCommitment"],
    )
    if told != expected:
        raise ko(
            "HOMO-041",
            Text("l'inscription est celle d'autre chose", "the entry is of something else"),
            found=str(told),
        )
    given = proving.log_keys(read)
    keys = given or [NoteKey.parse(read.need("log-key.txt").decode("ascii", "replace").strip())]
    if not receipt.checkpoint.signers(keys):
        raise ko(
            "HOMO-042", Text("point de contrôle signé par une autre clé", "checkpoint signed by another key")
        )
    read.receipt = receipt
    if not given:
        raise Skip(
            Text(
                f"entrée {entry.seq} ; la clé du journal n'est connue que par le paquet, donner --log-key",
                f"entry {entry.seq}; the key of the log is known from the bundle only, give --log-key",
            )
        )
    return Text(
        f"entrée {entry.seq} / {receipt.checkpoint.size}", f"entry {entry.seq} / {receipt.checkpoint.size}"
    )


@step(9, "L'homologation tient encore", "The homologation still holds")
def state(read: Read) -> Text:
    if read.brought.status is None:
        raise Skip(Text("liste de statuts non fournie (--status)", "status list not given (--status)"))
    listed = statuslist.read(read.brought.status.read_bytes(), read.keys)
    if listed.issued < moment(read.predicate["issuedAt"]):
        raise ko(
            "HOMO-043", Text("liste plus ancienne que l'homologation", "list older than the homologation")
        )
    if not listed.fresh(read.at):
        raise ko(
            "HOMO-044",
            Text("liste de statuts périmée", "status list out of date"),
            found=str(listed.next_update),
        )
    found = listed.of(read.predicate["reference"])
    if found is None:
        raise ko(
            "HOMO-045", Text("absente de la liste", "not in the list"), found=read.predicate["reference"]
        )
    if found.statement != statement.digest(_payload(read)):
        raise ko("HOMO-041", Text("la liste nomme une autre déclaration", "the list names another statement"))
    now = found.state_at(read.at)
    if now not in ("ACTIVE", "NOTICE"):
        raise ko(
            "HOMO-046", Text("l'homologation ne tient plus", "the homologation holds no more"), found=now
        )
    return Text(now, now)


@step(
    10,
    "Qui a décidé le pouvait ; le connecteur est celui du dossier",
    "Who decided might; the connector is the file's",
)
def decided(read: Read) -> Text:
    told = read.predicate["file"]
    file = view(events.read(read.need("evenements.ndjson"), told["name"], read.keys))
    read.file = file
    if told["events"] > len(file.history) or file.history[told["events"] - 1].line != told["head"]:
        raise ko(
            "HOMO-047",
            Text("le dossier n'est pas celui de la déclaration", "another file than the statement's"),
        )
    then = view(file.history[: told["events"]])
    outsiders = sorted(actor for actor in then.approvals if actor not in then.executors)
    if len(outsiders) < EYES or sorted(then.approvals) != read.predicate["approvals"]:
        raise ko(
            "HOMO-048", Text("il manque l'approbation de deux relecteurs", "two reviewers did not approve")
        )
    if any(read.keys[actor].role != "reviewer" for actor in outsiders):
        raise ko("HOMO-049", Text("un relecteur n'en est pas un", "a reviewer is none"))
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
    names = ", ".join(read.keys[actor].name for actor in outsiders)
    return Text(names, names)


def _payload(read: Read) -> bytes:
    envelope = read.envelope or dsse.read(read.need("statement.dsse.json"))
    return envelope.payload
