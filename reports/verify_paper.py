"""Steps of the verification that look at the report on paper: its seal, the statement that it carries, what it shows.

They ask for the extra `sign`; without it they are skipped, and say so. The other steps are `reports.verify` and
`reports.verify_evidence`.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.evidence import sha256_of
from harness.results import RunResult
from protocol.errors import DmpcompatError, Lang, Text
from protocol.trust import moment
from reports import statement as statements
from reports.verify_evidence import Skip, ko

if TYPE_CHECKING:
    import pikepdf

    from reports.verify_evidence import Statement

PAPER: Final = "rapport.pdf"
_IMAGE: Final = re.compile(rb"/i[0-9a-f]{32,64} Do")


def seal(folder: Path, authority: Path | None) -> Text:
    """The PAdES seal holds, and nothing changed after it. `authority`: folder of the X.509 side to believe; None: this
    installation's own.
    """
    _needed()
    from reports.sealing import pades, testauthority

    where = authority or testauthority.existing()
    if where is None:
        raise Skip(
            Text(
                "aucune autorité de certification à croire ; donner --authority",
                "no certification authority to believe; give --authority",
            )
        )
    context = pades.trust([where / f"{testauthority.CA}.pem"], [where / testauthority.CRL])
    told = pades.verify((folder / PAPER).read_bytes(), context)
    stamp = told.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Text(f"{told.signer} — {stamp}", f"{told.signer} — {stamp}")


def attachment(folder: Path, statement: Statement) -> Text:
    """The statement that travels in the PDF is the one beside it, alone; the title names the same reference."""
    _needed()
    import pikepdf

    from reports.paper.layout import ATTACHED

    try:
        with pikepdf.open(folder / PAPER) as document:
            names = list(document.attachments)
            if names != [ATTACHED]:
                raise ko("PAPER-001", _ATTACHED, found=" ".join(names), expected=ATTACHED)
            carried = document.attachments[ATTACHED].get_file().read_bytes()
            title = str(document.docinfo.get("/Title", ""))
    except (pikepdf.PdfError, KeyError, ValueError) as problem:
        raise ko(
            "PAPER-002", Text("le PDF ne se lit pas", "the PDF can't be read"), found=str(problem)
        ) from problem
    if carried != (folder / "statement.dsse.json").read_bytes():
        raise ko("PAPER-001", _ATTACHED, found="other bytes", expected=ATTACHED)
    reference = statement["predicate"]["reportRef"]
    if reference not in title:
        raise ko(
            "PAPER-003", Text("le PDF nomme un autre rapport", "the PDF names another report"), found=title
        )
    return Text(reference, reference)


def pages(folder: Path, statement: Statement) -> Text:
    """The pages are those that the result of the run gives: drawn again, and compared stroke by stroke."""
    _needed()
    import pikepdf

    from reports.issue import compose
    from reports.keys import installation_seal
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
    with pikepdf.open(folder / PAPER) as sealed:
        lang: Lang = "en" if str(sealed.Root.get("/Lang", "fr")).startswith("en") else "fr"
        author = str(sealed.docinfo.get("/Author", ""))
        envelope = (folder / "statement.dsse.json").read_bytes()
        drawn = pdf(report, envelope, installation_seal(), lang, issuer=author)
        with pikepdf.open(io.BytesIO(drawn)) as again:
            found, expected = _strokes(sealed), _strokes(again)
    if found != expected:
        pairs = enumerate(zip(found, expected, strict=False), 1)
        differs = next((rank for rank, (one, other) in pairs if one != other), len(found))
        raise ko(
            "PAPER-004",
            Text("une page ne dit pas ce que dit le résultat", "a page does not say what the result says"),
            found=f"page {differs}",
        )
    return Text(f"{len(found)} pages", f"{len(found)} pages")


def _strokes(document: pikepdf.Pdf) -> list[bytes]:
    """What each page draws. An image is named by its digest, and the only one is the QR code, signed anew each time."""
    return [_IMAGE.sub(b"/image Do", page.Contents.read_bytes()) for page in document.pages]


_ATTACHED: Final = Text(
    "la déclaration jointe au PDF n'est pas celle du rapport",
    "the statement in the PDF is not that of the report",
)


def _needed() -> None:
    """Raises Skip without the extra."""
    from reports.paper.layout import available

    missing = available()
    if missing is not None:
        raise Skip(missing)
