"""Step 14: the trust file of the bundle is the one that the register logged."""

from __future__ import annotations

import hashlib

from protocol.errors import Text
from protocol.trustversion import read as versions
from reports.homologation import proving
from reports.homologation.bundle import TRUST_RECEIPT, receipt_of
from reports.homologation.reading import Read, step
from reports.register.checkpoint import NoteKey
from reports.register.store import Receipt
from reports.register.trustfiles import CHAIN, TRUST
from reports.verify_evidence import Skip, ko


@step(
    14,
    "Le fichier de confiance du paquet est celui que le registre a inscrit",
    "The trust file of the bundle is the one that the register logged",
)
def logged(read: Read) -> Text:
    document = read.need(TRUST)
    if read.files is None or TRUST_RECEIPT not in read.files.files:
        raise Skip(
            Text(
                "le paquet n'a pas l'inscription de son fichier de confiance : en demander un que l'autorité refait "
                "(register trust root ou renew, puis homologate bundle)",
                "the bundle has no entry about its trust file: ask for one that the authority makes again "
                "(register trust root or renew, then homologate bundle)",
            )
        )
    receipt = receipt_of(read.need(TRUST_RECEIPT))
    digest = hashlib.sha256(document).hexdigest()
    _refuse_other(read, receipt, digest)
    given = proving.log_keys(read)
    keys = given or [NoteKey.parse(read.need("log-key.txt").decode("ascii", "replace").strip())]
    if not receipt.checkpoint.signers(keys):
        raise ko(
            "HOMO-083", Text("point de contrôle signé par une autre clé", "checkpoint signed by another key")
        )
    proving.refuse_other_log(receipt.checkpoint, keys)
    _refuse_fork(read, receipt)
    told = f"{receipt.entry.seq} / {receipt.checkpoint.size}"
    if not given:
        raise Skip(
            Text(
                f"entrée {told} ; la clé du journal n'est connue que par le paquet, donner --log-key",
                f"entry {told}; the key of the log is known from the bundle only, give --log-key",
            )
        )
    if not _same_as_believed(read, digest):
        raise Skip(
            Text(
                f"entrée {told} ; le fichier de confiance donné est un autre, que rien ici ne dit inscrit : "
                "dmpcompat register audit le compare au journal publié",
                f"entry {told}; the trust file given is another one, of which nothing here says that it was logged: "
                "dmpcompat register audit compares it with the published log",
            )
        )
    return Text(f"entrée {told}", f"entry {told}")


def _refuse_other(read: Read, receipt: Receipt, digest: str) -> None:
    """The entry is in the register, it is about this very file, and the signed chain ends with it."""
    if not receipt.holds():
        raise ko("HOMO-080", Text("la preuve d'inscription est fausse", "the proof of inclusion is wrong"))
    if receipt.entry.kind != "TRUST" or receipt.entry.facts.get("digest") != digest:
        raise ko(
            "HOMO-081",
            Text(
                "le registre a inscrit un autre fichier de confiance",
                "the register logged another trust file",
            ),
            found=digest,
            expected=f"{receipt.entry.kind} {receipt.entry.facts.get('digest', '')}",
        )
    if read.files is None or CHAIN not in read.files.files:
        return
    last = versions(read.files.files[CHAIN])[-1].version
    if (last.digest, last.origin) != (digest, receipt.checkpoint.origin):
        raise ko(
            "HOMO-082",
            Text("la version signée est une autre", "the signed version is another one"),
            found=f"{last.digest} {last.origin}",
            expected=f"{digest} {receipt.checkpoint.origin}",
        )


def _refuse_fork(read: Read, receipt: Receipt) -> None:
    """One log, one root of one size: the two entries of the bundle are of the same register."""
    point, other = receipt.checkpoint, read.receipt.checkpoint if read.receipt else receipt.checkpoint
    if point.origin != other.origin or (point.size == other.size and point.root != other.root):
        raise ko(
            "HOMO-084",
            Text("les deux inscriptions sont de deux registres", "the two entries are of two registers"),
            found=f"{point.origin} {point.size}",
            expected=f"{other.origin} {other.size}",
        )


def _same_as_believed(read: Read, digest: str) -> bool:
    """Whether the keys believed are of this file, or of a version that continues it."""
    believed = read.trust
    if believed is None or read.brought.trust is None:
        return True
    return digest in (believed.digest, *(one.version.digest for one in believed.chain))
