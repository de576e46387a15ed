"""Steps on the report on paper, when it has one (`reports.verify_paper`)."""

from __future__ import annotations

from protocol.errors import Text
from reports import verify_paper
from reports.verification.state import State, step


@step(
    110,
    "paper-seal",
    "Le cachet du PDF tient, et rien n'a changé après lui",
    "The PDF's seal holds, nothing changed after",
    when=lambda state: state.paper,
)
def seal(state: State) -> Text:
    return verify_paper.seal(state.folder, state.authority)


@step(
    120,
    "paper-statement",
    "Le PDF porte la déclaration signée",
    "The PDF carries the signed statement",
    when=lambda state: state.paper,
)
def attachment(state: State) -> Text:
    return verify_paper.attachment(state.folder, state.statement)


@step(
    130,
    "paper-pages",
    "Les pages du PDF se redessinent à l'identique",
    "The pages of the PDF are drawn again the same",
    when=lambda state: state.paper and state.rejudged,
)
def pages(state: State) -> Text:
    return verify_paper.pages(state.folder, state.statement)
