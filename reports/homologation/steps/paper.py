"""Steps 2, 3 and 13: the sealed PDF of the report, the statement that it carries, its pages drawn again."""

from __future__ import annotations

from protocol.errors import Text
from reports.homologation.reading import Read, step
from reports.verify import Verification
from reports.verify_evidence import Skip, ko


@step(2, "Le cachet du PDF tient", "The seal of the PDF holds")
def seal(read: Read) -> Text:
    same_pdf(read)
    return _asked(read.reported(), "paper-seal")


@step(3, "Le PDF porte la déclaration du rapport", "The PDF carries the statement of the report")
def statement(read: Read) -> Text:
    return _asked(read.reported(), "paper-statement")


@step(13, "Les pages du PDF se redessinent à l'identique", "The PDF's pages are drawn again the same")
def pages(read: Read) -> Text:
    return _asked(read.reported(), "paper-pages")


def same_pdf(read: Read) -> None:
    """The PDF of the bundle is that of the run, when both are there."""
    carried, run = read.need("rapport.pdf"), read.brought.run
    path = run / "rapport" / "rapport.pdf" if run is not None else None
    if path is not None and path.is_file() and path.read_bytes() != carried:
        raise ko(
            "HOMO-020", Text("le PDF du paquet n'est pas celui de l'exécution", "another PDF than the run's")
        )


def _asked(report: Verification, name: str) -> Text:
    found = report.step(name)
    if found is None:
        raise Skip(Text("sans objet ici", "nothing of it here"))
    if found.outcome == "KO":
        raise ko("HOMO-021", found.detail)
    if found.outcome == "SKIPPED":
        raise Skip(found.detail)
    return found.detail
