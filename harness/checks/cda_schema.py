"""The verdict of the official CDA schema, told apart from our own rules. Vacuous without a pack."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document, failed, passed
from protocol.errors import Text


@check_document(
    "CDA-XSD",
    group="CDA-OFFICIAL",
    clause="schéma officiel CDA_extended.xsd du paquet enregistré",
    title=Text("Le schéma officiel accepte le document", "The official schema accepts the document"),
    mend=Text(
        "corriger l'élément indiqué ; le message est celui du schéma",
        "mend that element; the words are the schema's",
    ),
    requirements=("EX_2.1-1071",),
)
def schema(view: CdaView) -> Iterator[Finding]:
    if view.pack is None or view.outer is None:
        return
    problems = view.pack.cda_problems(view.outer)
    if problems is None:
        yield Finding(
            "", "VACUOUS", view.at(view.outer), "absent du paquet / not in the pack", view.pack.label
        )
        return
    for problem in problems:
        said = problem.message + (f" — {problem.explanation}" if problem.explanation else "")
        yield failed(f"{view.name}:{problem.path} (l. {problem.line})", said, view.pack.label)
    if not problems:
        yield passed(view.at(view.outer), view.pack.label)
