"""Steps of the verification that look at a document on paper: its seal, what it carries, what it shows.

They ask for the extra `sign`; without it they are skipped, and say so. The other steps are `reports.verify` and
`reports.verify_evidence`; the attestation of a homologation is looked at by `reports.homologation.steps`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.evidence import sha256_of
from harness.results import RunResult
from protocol import dsse
from protocol.errors import DmpcompatError, Text
from protocol.trust import TrustedKey, load_trust, moment
from reports import statement as statements
from reports.verify_evidence import Skip, ko

if TYPE_CHECKING:
    from reports.paper.reading import Paper
    from reports.verify_evidence import Statement

PAPER: Final = "rapport.pdf"


def seal(folder: Path, authority: Path | None) -> Text:
    """The seal of the PDF of a report."""
    return seal_of((folder / PAPER).read_bytes(), authority)


def seal_of(data: bytes, authority: Path | None) -> Text:
    """The PAdES seal holds, and nothing changed after it. `authority`: folder of the X.509 side to believe; None: this
    installation's own.
    """
    needed()
    from reports.sealing import pades, testauthority

    where = authority or testauthority.existing()
    if where is None:
        raise Skip(
            Text(
                "aucune autorité de certification à croire ; donner --authority",
                "no certification authority to believe; give --authority",
            )
        )
    told = pades.verify(data, pades.believing(where))
    stamp = told.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Text(f"{told.signer} — {stamp}", f"{told.signer} — {stamp}")


def attachment(folder: Path, statement: Statement) -> Text:
    """The statement that travels in the PDF is the one beside it; the title names the same reference, and the code
    says it, signed by who signed the statement.
    """
    needed()
    from reports.paper import reading
    from reports.paper.layout import ATTACHED, CLAIM

    paper = reading.read((folder / PAPER).read_bytes())
    alone(paper, (ATTACHED,), (CLAIM,))
    envelope = (folder / "statement.dsse.json").read_bytes()
    if paper.carried[ATTACHED] != envelope:
        raise ko("PAPER-001", _ATTACHED, found="other bytes", expected=ATTACHED)
    predicate = statement["predicate"]
    if predicate["reportRef"] not in paper.title:
        raise ko(
            "PAPER-003",
            Text("le PDF nomme un autre rapport", "the PDF names another report"),
            found=paper.title,
        )
    software = predicate["software"]
    said = {
        "ref": predicate["reportRef"],
        "res": predicate["result"],
        "sw": f"{software['name']} {software['version']}",
        "iat": predicate["issuedAt"],
        "sha256": hashlib.sha256(dsse.read(envelope).payload).hexdigest(),
    }
    if CLAIM in paper.carried:
        code_says(paper, said, _signers(envelope, load_trust(folder / "trust.json")))
    return Text(predicate["reportRef"], predicate["reportRef"])


def alone(paper: Paper, needed: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Raises EvidenceError when the document lacks an attachment, or carries one that is unknown."""
    names = set(paper.carried)
    if not set(needed) <= names <= {*needed, *others}:
        raise ko(
            "PAPER-006",
            Text(
                "le PDF ne porte pas ce qu'il doit, et cela seul", "the PDF carries other things than it must"
            ),
            found=" ".join(sorted(names)),
            expected=" ".join((*needed, *others)),
        )


def code_says(paper: Paper, expected: Mapping[str, str], keys: Mapping[str, TrustedKey]) -> None:
    """The claim of the QR code says this, signed by one of these keys. Raises EvidenceError."""
    from reports.paper import claim
    from reports.paper.layout import CLAIM

    said = claim.read(paper.carried[CLAIM].decode("ascii", "replace"), keys)
    if said != dict(expected):
        raise ko(
            "PAPER-005",
            Text("le code QR dit autre chose", "the QR code says something else"),
            found=str(said)[:200],
            expected=str(dict(expected))[:200],
        )


def drawn_again(data: bytes, draw: Callable[[Paper], bytes]) -> Text:
    """The document is what `draw` makes of the same facts, here: pages, pictures, tags, metadata, attachments."""
    needed()
    from reports.paper import reading, sameness

    paper = reading.read(data)
    drawn = draw(paper)
    with reading.opened(data) as sealed, reading.opened(drawn) as again:
        count = len(sealed.pages)
        where = sameness.difference(sealed, again)
        other = sameness.elsewhere(sealed, again) if where else None
    if other is not None:
        raise Skip(other)
    if where:
        raise ko(
            "PAPER-004",
            Text("une page ne dit pas ce que dit le résultat", "a page does not say what the result says"),
            found=where,
        )
    return Text(f"{count} pages", f"{count} pages")


def pages(folder: Path, statement: Statement) -> Text:
    """The pages of the report are those that the result of the run gives."""
    needed()
    from reports.issue import compose
    from reports.keys import installation_seal
    from reports.paper.layout import CLAIM
    from reports.paper.pdf import pdf

    run = folder.parent / "run.json"
    if not run.is_file():
        raise Skip(Text("le résultat de l'exécution n'est pas là", "the result of the run is not there"))
    manifest = folder.parent / statements.EVIDENCE
    signed = statements.digests_of(statement)[statements.EVIDENCE]
    if manifest.is_file() and sha256_of(manifest) != signed:
        raise Skip(Text("des pièces ont été déposées depuis", "pieces were lodged since"))
    predicate = statement["predicate"]
    try:
        report = compose(
            RunResult.load(run), reference=predicate["reportRef"], issued=moment(predicate["issuedAt"])
        )
    except DmpcompatError as problem:
        raise Skip(Text(problem.message("fr"), problem.message("en"))) from problem
    envelope = (folder / "statement.dsse.json").read_bytes()

    def draw(paper: Paper) -> bytes:
        code = paper.carried.get(CLAIM, b"").decode("ascii", "replace")
        return pdf(report, envelope, installation_seal(), paper.lang, issuer=paper.author, code=code)

    return drawn_again((folder / PAPER).read_bytes(), draw)


def _signers(envelope: bytes, keys: Mapping[str, TrustedKey]) -> dict[str, TrustedKey]:
    signed = {one.keyid for one in dsse.read(envelope).signatures}
    return {keyid: key for keyid, key in keys.items() if keyid in signed}


_ATTACHED: Final = Text(
    "la déclaration jointe au PDF n'est pas celle du rapport",
    "the statement in the PDF is not that of the report",
)


def needed() -> None:
    """Raises Skip without the extra."""
    from reports.paper.layout import available

    missing = available()
    if missing is not None:
        raise Skip(missing)
