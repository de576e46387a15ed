"""Looking at an attestation on paper again: what it carries, and whether it is what the statement and the file give.

Its seal is `reports.verify_paper`; which step asks for what is `reports.homologation.steps.paper`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from protocol import canonical, dsse
from protocol.errors import DmpcompatError, EvidenceError, Text
from reports import verify_paper
from reports.homologation import proving, statement
from reports.homologation.bundle import ATTESTATION, Bundle, receipt_of
from reports.homologation.reading import Read
from reports.register.checkpoint import NoteKey
from reports.verify_evidence import Skip, ko

if TYPE_CHECKING:
    from reports.paper.reading import Paper

_STATEMENT: Final = "statement.dsse.json"


def of_pdf(data: bytes) -> Bundle:
    """An attestation that comes alone, as a bundle of what it carries. Raises Skip without the extra `sign`,
    EvidenceError for another PDF.
    """
    paper = _read(data)
    _refuse_other(paper)
    try:
        statement.read(dsse.read(paper.carried[_STATEMENT]).payload)
    except EvidenceError as problem:
        raise EvidenceError(
            "HOMO-023",
            Text(
                "ce PDF ne porte pas une déclaration d'homologation",
                "this PDF carries no homologation statement",
            ),
            found=problem.code,
            mend=Text(
                "un rapport de tests se vérifie dans son dossier (rapport/)",
                "a test report is verified in its folder (rapport/)",
            ),
        ) from problem
    return Bundle({**paper.carried, ATTESTATION: data})


def kind_of(data: bytes) -> str:
    """The type of the statement that a PDF carries; "" for what can't be read, or carries none."""
    try:
        payload = dsse.read(_read(data).carried.get(_STATEMENT, b"")).payload
        told = canonical.loads(payload)
    except (Skip, DmpcompatError):
        return ""
    return str(told.get("predicateType", "")) if isinstance(told, dict) else ""


def carries(read: Read) -> Text:
    """The attestation carries the statement of the bundle, its entry of the register and its stamp; nothing else."""
    from reports.homologation.attestation import RECEIPT, STAMP

    paper = _read(read.need(ATTESTATION))
    _refuse_other(paper)
    if paper.carried[_STATEMENT] != read.need(_STATEMENT):
        raise ko(
            "HOMO-022",
            Text("l'attestation porte une autre déclaration", "the attestation carries another statement"),
        )
    receipt, bundled = receipt_of(paper.carried[RECEIPT]), receipt_of(read.need(RECEIPT))
    if not receipt.holds() or receipt.entry.leaf() != bundled.entry.leaf():
        raise ko(
            "HOMO-024",
            Text("l'attestation porte une autre inscription", "the attestation carries another entry"),
            found=f"{receipt.entry.seq} {receipt.entry.reference}",
            expected=f"{bundled.entry.seq} {bundled.entry.reference}",
        )
    stamp = paper.carried.get(STAMP)
    if stamp is not None and read.files is not None and read.files.files.get(STAMP, stamp) != stamp:
        raise ko(
            "HOMO-025",
            Text("l'attestation porte un autre horodatage", "the attestation carries another time stamp"),
        )
    reference = bundled.entry.reference
    if reference not in paper.title:
        raise ko(
            "HOMO-026",
            Text("l'attestation nomme autre chose", "the attestation names something else"),
            found=paper.title,
            expected=reference,
        )
    return Text(reference, reference)


def redrawn(read: Read) -> Text:
    """The attestation is what is drawn here of the statement, the file and the people; its code is the agency's, its
    checkpoint the log's.
    """
    from reports.homologation.attestation import RECEIPT, STAMP, Facts, claims, document
    from reports.paper.layout import CLAIM

    data = read.need(ATTESTATION)
    paper = _read(data)
    _refuse_other(paper)
    predicate = read.predicate
    if read.file is None and any(one["decisions"] for one in predicate["cases"]):
        raise Skip(
            Text(
                "les motifs des décisions sont au dossier : vérifier le paquet (.dmpbundle)",
                "the reasons of decisions are in the application file: verify the bundle (.dmpbundle)",
            )
        )
    if unknown := [keyid for keyid in predicate["approvals"] if keyid not in read.keys]:
        raise Skip(
            Text(
                f"les relecteurs ne sont pas connus ({unknown[0][:12]}) ; donner --trust",
                f"the reviewers are not known ({unknown[0][:12]}); give --trust",
            )
        )
    facts = Facts(
        read.need(_STATEMENT),
        paper.carried[RECEIPT],
        paper.carried.get(STAMP, b""),
        {keyid: key.name for keyid, key in read.keys.items()},
        {event.line: event.reason for event in read.file.history} if read.file else {},
    )
    _refuse_other_log(read, facts.receipt)
    signers = {one.keyid for one in dsse.read(facts.envelope).signatures}
    keys = {keyid: key for keyid, key in read.keys.items() if keyid in signers}
    verify_paper.code_says(paper, claims(facts), keys)
    code = paper.carried[CLAIM].decode("ascii", "replace")
    return verify_paper.drawn_again(data, lambda paper: document(facts, paper.lang, code))


def _refuse_other_log(read: Read, receipt: bytes) -> None:
    keys = proving.log_keys(read)
    if not keys and read.files is not None and "log-key.txt" in read.files.files:
        keys = [NoteKey.parse(read.need("log-key.txt").decode("ascii", "replace").strip())]
    if keys and not receipt_of(receipt).checkpoint.signers(keys):
        raise ko(
            "HOMO-027",
            Text(
                "le point de contrôle imprimé est signé par une autre clé",
                "the printed checkpoint is signed by another key",
            ),
        )


def _refuse_other(paper: Paper) -> None:
    from reports.homologation.attestation import RECEIPT, STAMP
    from reports.paper.layout import CLAIM

    verify_paper.alone(paper, (_STATEMENT, RECEIPT, CLAIM), (STAMP,))


def _read(data: bytes) -> Paper:
    verify_paper.needed()
    from reports.paper import reading

    return reading.read(data)
