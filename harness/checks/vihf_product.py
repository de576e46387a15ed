"""A-NUM: the VIHF says which product is speaking, as it was declared. The wire number is never shown."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.judged import Judged
from harness.checks.rule import ANY, Finding, check, verdict
from protocol import safexml
from protocol.errors import Text

NUM = "A-NUM"
NUMBER = "LPS_ID_HOMOLOGATION_DMP"


@check(
    "NUM-PRESENT",
    on=ANY,
    side="request",
    group=NUM,
    clause="numéro d'homologation contrôlé à chaque flux",
    title=Text("Le numéro d'homologation est envoyé", "The homologation number is sent"),
    mend=Text(f"remplir l'attribut {NUMBER}", f"fill attribute {NUMBER}"),
    requirements=("EX_GEN-1490",),
)
def present(view: Judged) -> Iterator[Finding]:
    if view.assertion is not None:
        value = view.vihf(NUMBER)
        yield verdict(bool(value), f"request:{NUMBER}", masked(value), "texte / text")


@check(
    "NUM-DECLARED",
    on=ANY,
    side="request",
    group=NUM,
    clause="numéro d'homologation de la campagne",
    title=Text(
        "Le numéro d'homologation est celui qui est déclaré", "The homologation number is the declared one"
    ),
    mend=Text("envoyer le numéro attribué à ce logiciel", "send the number given to this software"),
    requirements=("EX_GEN-1490",),
)
def declared(view: Judged) -> Iterator[Finding]:
    wanted = view.declared.wire_number
    for item in view.attribute_values(NUMBER) if wanted else []:
        yield verdict(safexml.text(item) == wanted, view.at(item), masked(safexml.text(item)), masked(wanted))


@check(
    "NUM-NAME",
    on=ANY,
    side="request",
    group=NUM,
    clause="LPS_Nom = nom affiché et déclaré",
    title=Text("LPS_Nom est le nom déclaré du logiciel", "LPS_Nom is the declared name of the software"),
    mend=Text("accorder LPS_Nom et la déclaration", "make LPS_Nom and the declaration agree"),
    requirements=("EX_GEN-1180",),
)
def name(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values("LPS_Nom") if view.declared.software else []:
        yield verdict(
            safexml.text(item) == view.declared.software,
            view.at(item),
            safexml.text(item),
            view.declared.software,
        )


@check(
    "NUM-VERSION",
    on=ANY,
    side="request",
    group=NUM,
    clause="LPS_Version = version affichée et déclarée",
    title=Text("LPS_Version est la version déclarée du logiciel", "LPS_Version is the declared version"),
    mend=Text("accorder LPS_Version et la déclaration", "make LPS_Version and the declaration agree"),
    requirements=("EX_GEN-1180",),
)
def version(view: Judged) -> Iterator[Finding]:
    for item in view.attribute_values("LPS_Version") if view.declared.version else []:
        yield verdict(
            safexml.text(item) == view.declared.version,
            view.at(item),
            safexml.text(item),
            view.declared.version,
        )


def masked(number: str) -> str:
    """The length only: no character of a secret may reach a report."""
    return f"[{len(number)} caractères masqués / masked characters]" if number else ""
