"""Step 9: the homologation still holds, by a signed list of this issuer, made from this register, and not too old."""

from __future__ import annotations

from protocol import dsse, statuslist
from protocol.errors import Text
from protocol.statuslist import StatusList
from protocol.trust import moment
from reports.homologation import agreement, proving, statement
from reports.homologation.reading import Read, step
from reports.register import checkpoint
from reports.verify_evidence import Skip, ko

_HOLDS = ("ACTIVE", "NOTICE")


@step(9, "L'homologation tient encore", "The homologation still holds")
def state(read: Read) -> Text:
    if read.brought.status is None:
        raise Skip(Text("liste de statuts non fournie (--status)", "status list not given (--status)"))
    listed = statuslist.of_file(read.brought.status, read.keys)
    predicate = read.predicate
    if listed.issuer != predicate["issuer"]["id"]:
        raise ko("HOMO-072", Text("liste d'un autre émetteur", "list of another issuer"), found=listed.issuer)
    if listed.issued < moment(predicate["issuedAt"]):
        raise ko(
            "HOMO-043", Text("liste plus ancienne que l'homologation", "list older than the homologation")
        )
    if not listed.fresh(read.at):
        raise ko(
            "HOMO-044",
            Text("liste de statuts périmée", "status list out of date"),
            found=str(listed.next_update),
        )
    newer = _of_register(read, listed)
    now = _of_reference(read, listed)
    if listed.issued > read.at + agreement.SKEW:
        raise Skip(
            Text(
                f"{now} le {listed.issued} : la liste ne parle pas d'avant",
                f"{now} on {listed.issued}: the list does not speak of before",
            )
        )
    if not newer:
        raise Skip(
            Text(
                f"{now}, par une liste d'avant le paquet : en demander une plus récente",
                f"{now}, by a list of before the bundle: ask for a newer one",
            )
        )
    if read.unvouched is not None:
        raise Skip(
            Text(
                f"{now}, par une clé connue du paquet seul ; donner --trust",
                f"{now}, by a key known from the bundle only; give --trust",
            )
        )
    return Text(now, now)


def _of_reference(read: Read, listed: StatusList) -> str:
    """What the list says of the homologation, and of its connector. Raises EvidenceError when it holds no more."""
    predicate = read.predicate
    found = listed.of(predicate["reference"])
    if found is None:
        raise ko("HOMO-045", Text("absente de la liste", "not in the list"), found=predicate["reference"])
    if found.statement != statement.digest(dsse.read(read.need("statement.dsse.json")).payload):
        raise ko("HOMO-041", Text("la liste nomme une autre déclaration", "the list names another statement"))
    agreement.with_listed(predicate, found)
    now = found.state_at(read.at)
    if now not in _HOLDS:
        raise ko(
            "HOMO-046", Text("l'homologation ne tient plus", "the homologation holds no more"), found=now
        )
    parent = listed.of(predicate["parent"]) if predicate["parent"] else None
    # What becomes of an integrator whose connector goes is for the agency to decide; it is told.
    return now if parent is None else f"{now} ({parent.reference} {parent.state_at(read.at)})"


def _of_register(read: Read, listed: StatusList) -> bool:
    """Whether the list knows all that the bundle's register knew. Raises EvidenceError for another register's."""
    if read.receipt is None:
        return True  # told by the step before
    point, ours = checkpoint.parse(listed.checkpoint), read.receipt.checkpoint
    forked = point.size == ours.size and point.root != ours.root
    if point.origin != ours.origin or forked or point.size <= read.receipt.entry.seq:
        raise ko(
            "HOMO-074",
            Text("la liste est faite d'un autre registre", "the list was made from another register"),
            found=f"{point.origin} {point.size}",
            expected=f"{ours.origin} {ours.size}",
        )
    keys = proving.log_keys(read)
    if keys and not point.signers(keys):
        raise ko(
            "HOMO-042", Text("point de contrôle signé par une autre clé", "checkpoint signed by another key")
        )
    return point.size >= ours.size
