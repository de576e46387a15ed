"""Step 8: the homologation is an entry of the register, and who else saw that."""

from __future__ import annotations

from protocol import dsse
from protocol.errors import Text
from reports.homologation import agreement, proving, statement, witnessing
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
    proving.refuse_other_log(receipt.checkpoint, keys)
    seen = witnessing.told(read, receipt.checkpoint, keys)
    if not read.keys:
        raise Skip(
            Text(
                f"entrée {entry.seq} ; qui l'a écrite n'est connu de rien ici, donner --trust",
                f"entry {entry.seq}; who wrote it is known from nothing here, give --trust",
            )
        )
    agreement.with_entry(predicate, entry, read.keys)
    read.receipt = receipt
    if not given:
        raise Skip(
            Text(
                f"entrée {entry.seq} ; la clé du journal n'est connue que par le paquet, donner --log-key ; {seen.fr}",
                f"entry {entry.seq}; the key of the log is known from the bundle only, give --log-key; {seen.en}",
            )
        )
    where = f"{entry.seq} / {receipt.checkpoint.size}"
    return Text(f"entrée {where} ; {seen.fr}", f"entry {where}; {seen.en}")


def _payload(read: Read) -> bytes:
    envelope = read.envelope or dsse.read(read.need("statement.dsse.json"))
    return envelope.payload
