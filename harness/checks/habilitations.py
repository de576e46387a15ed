"""Rules of TD0.3 `setAuthorization`, question and answer."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rule import Finding, check, verdict
from harness.checks.vihf_attributes import PURPOSE, ROLE
from harness.checks.xpath import nodes, strings
from protocol import facts, safexml
from protocol.errors import Text

HAB = "HABILITATIONS"
ON = ("TD0.3",)
CLAUSE = "TD0.3 setAuthorization"


@check(
    "HAB-CONTENT",
    on=ON,
    side="request",
    group=HAB,
    clause=CLAUSE,
    title=Text(
        "La demande tient action et, au besoin, role, chacun une fois",
        "The request holds action and, if need be, role, each once",
    ),
    mend=Text(
        "action, puis role au besoin, dans urn:si-dmp-habilitations",
        "action, then role if need be, in urn:si-dmp-habilitations",
    ),
)
def content(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::hab:setAuthorization"):
        names = [etree.QName(child).localname for child in nodes(body, "*")]
        spaces = {etree.QName(child).namespace for child in nodes(body, "*")} - {facts.HABILITATIONS}
        good = sorted(names) in (["action"], ["action", "role"]) and not spaces
        yield verdict(good, view.at(body), ", ".join(names), "action[, role]")


@check(
    "HAB-ACTION",
    on=ON,
    side="request",
    group=HAB,
    clause=CLAUSE,
    title=Text("L'action est AJOUT ou SUPPRESSION", "The action is AJOUT or SUPPRESSION"),
    mend=Text("AJOUT ou SUPPRESSION", "AJOUT or SUPPRESSION"),
)
def action(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("hab:action"):
        yield verdict(
            safexml.text(item) in ("AJOUT", "SUPPRESSION"),
            view.at(item),
            safexml.text(item),
            "AJOUT | SUPPRESSION",
        )


@check(
    "HAB-ROLE",
    on=ON,
    side="request",
    group=HAB,
    clause="TD0.3 ; MT réservé aux médecins",
    title=Text(
        "Le rôle est MEDECIN_TRAITANT, demandé par un médecin",
        "The role is MEDECIN_TRAITANT, asked by a physician",
    ),
    mend=Text(
        "MEDECIN_TRAITANT pour un médecin, rien sinon", "MEDECIN_TRAITANT for a physician, else nothing"
    ),
)
def role(view: Judged) -> Iterator[Finding]:
    for item in view.in_payload("hab:role"):
        yield verdict(
            safexml.text(item) == "MEDECIN_TRAITANT", view.at(item), safexml.text(item), "MEDECIN_TRAITANT"
        )
        codes = [code for value in view.attribute_values(ROLE) for code in strings(value, "*/@code")]
        yield verdict("10" in codes, view.at(item), " | ".join(codes), "10")


@check(
    "HAB-ACCESS-MODE",
    on=ON,
    side="request",
    group=HAB,
    clause="matrice des droits : se déclarer autorisé est impossible en bris de glace et en régulation",
    title=Text(
        "L'autorisation se demande en mode d'accès normal", "An authorisation is asked in normal access mode"
    ),
    mend=Text("mode d'accès « normal » pour TD0.3", "access mode “normal” for TD0.3"),
    requirements=("EX_0.3-1010", "EX_0.3-1050"),
)
def access_mode(view: Judged) -> Iterator[Finding]:
    for value in view.attribute_values(PURPOSE):
        code = " ".join(strings(value, "*/@code"))
        yield verdict(code == "normal", view.at(value), code, "normal")


@check(
    "HAB-STATUS",
    on=ON,
    side="response",
    group=HAB,
    clause="services propres : output/status",
    title=Text(
        "La réponse porte un statut, et un texte quand ce n'est pas DMPOk",
        "The answer carries a status, and a text when it is not DMPOk",
    ),
    mend=Text(
        "output/status, et output/context en cas de refus", "output/status, and output/context on a refusal"
    ),
)
def status(view: Judged) -> Iterator[Finding]:
    for body in view.in_payload("self::hab:setAuthorizationResponse"):
        said = " ".join(strings(body, "hab:output/hab:status"))
        yield verdict(bool(said), view.at(body) + "/hab:output/hab:status", said, "DMPOk | code")
        if said and said != "DMPOk":
            context = " ".join(strings(body, "hab:output/hab:context"))
            yield verdict(bool(context), view.at(body) + "/hab:output/hab:context", context, "texte / text")
