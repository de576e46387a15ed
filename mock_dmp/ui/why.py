"""Why the mock answered as it did: the rule, in plain words, what was found and expected, how to mend it.

From the line of the journal and from the answer itself. Severities are those of the session now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from mock_dmp.faults import api as faults
from mock_dmp.faults import striking
from mock_dmp.state.settings import Settings
from mock_dmp.ui.decode.answer import Said, said
from protocol import acceptance_rules, catalogue
from protocol.acceptance_rules import AcceptanceRule
from protocol.errors import NO_TEXT, Text

#: What to look at, by the stage of the rule that refused.
_ADVICE: Final = {
    "transport": Text(
        "Revoir la requête HTTP : méthode, adresse du service, en-têtes, taille.",
        "Look at the HTTP request: method, address of the service, headers, size.",
    ),
    "soap": Text(
        "Revoir l'enveloppe : SOAP 1.2, en-têtes WS-Addressing, emballage MTOM de la transaction.",
        "Look at the envelope: SOAP 1.2, WS-Addressing headers, MTOM packaging of the transaction.",
    ),
    "vihf": Text(
        "Revoir le VIHF : un seul jeton, dans wsse:Security, avec tous les attributs que le mode d'accès demande.",
        "Look at the VIHF: one token, in wsse:Security, with every attribute that the access mode asks for.",
    ),
    "signature": Text(
        "Revoir la signature du VIHF : certificat de signature (pas d'authentification), reconnu et en cours de "
        "validité, jeton non modifié après la signature.",
        "Look at the signature of the VIHF: a signature certificate (no authentication one), trusted and valid, the "
        "token unchanged once signed.",
    ),
    "freshness": Text(
        "Revoir l'horloge du poste et la durée du VIHF ; en émettre un neuf à chaque requête.",
        "Look at the clock of the machine and at the validity of the VIHF; issue a new one for each request.",
    ),
    "coherence": Text(
        "Faire dire la même chose au VIHF, au message et au certificat du client : patient, structure, utilisateur.",
        "Make the VIHF, the message and the client certificate say the same: patient, structure, user.",
    ),
    "homologation": Text(
        "Revoir le numéro d'homologation, le nom et la version du logiciel : ils sont comparés tels quels.",
        "Look at the homologation number, the name and version of the software: compared exactly.",
    ),
    "rights": Text(
        "Revoir les droits : profession, mode d'accès, autorisation de l'acteur par le patient, état du DMP.",
        "Look at the rights: profession, access mode, authorisation of the actor by the patient, state of the DMP.",
    ),
    "xds": Text(
        "Revoir les métadonnées et le document qu'elles décrivent : attributs, codes, identifiants, condensat.",
        "Look at the metadata and the document that they describe: attributes, codes, identifiers, digest.",
    ),
    "hl7": Text(
        "Revoir le contenu du corps : message HL7 v3, ou éléments du service propre au DMP.",
        "Look at the payload: HL7 v3 message, or elements of the DMP's own service.",
    ),
}
_OUTCOMES: Final = {
    "answered": Text(
        "Acceptée : aucune règle active ne s'y opposait, la requête a été traitée.",
        "Accepted: no active rule was against it, the request was served.",
    ),
    "refused": Text("Refusée par une règle du DMP.", "Refused by a rule of the DMP."),
    "error": Text(
        "Défaillance du simulateur : le logiciel qui appelle n'y est pour rien.",
        "Failure of the mock: the calling software is not at fault.",
    ),
    "transport": Text(
        "Aucune requête HTTP entière n'est arrivée : rien n'a été lu.",
        "No whole HTTP request came: nothing was read.",
    ),
    "handshake": Text(
        "Poignée de main TLS refusée : aucune requête n'a été envoyée.",
        "TLS handshake refused: no request was sent.",
    ),
}
_STRUCK: Final = Text(
    "Arrêtée par une panne injectée : le logiciel qui appelle n'y est pour rien.",
    "Stopped by an injected fault: the calling software is not at fault.",
)


@dataclass(frozen=True)
class Why:
    """`severity` is the rule's in the session now; `setting`: a line for the control API that would let it pass."""

    sentence: Text
    code: str
    meaning: Text
    rule: AcceptanceRule | None
    rule_id: str
    severity: str
    detail: str
    said: tuple[Said, ...]
    advice: Text
    setting: str


@dataclass(frozen=True)
class Injected:
    """A fault that struck an exchange: what it is, its parameters, what a correct LPS does then."""

    name: str
    text: Text
    parameters: str
    reaction: Text


def injected(line: dict[str, Any]) -> list[Injected]:
    """The faults of a line of the journal."""
    found = []
    for one in line["faults"]:
        name = str(one.get("fault", ""))
        kind = faults.kinds().get(name)
        given = ", ".join(f"{key} = {value}" for key, value in dict(one.get("with") or {}).items())
        text, reaction = (kind.text, kind.reaction) if kind else (NO_TEXT, NO_TEXT)
        found.append(Injected(name, text, given, reaction))
    return found


def why(line: dict[str, Any], answer: etree._Element | None, settings: Settings) -> Why:
    """`line` are the facts of the journal; `answer` the payload of the response, when it could be read."""
    rule = acceptance_rules.rules().get(line["rule"])
    entry = catalogue.entries().get(line["code"])
    told = tuple(said(answer)) if answer is not None else ()
    severity = settings.severity(rule.id) if rule else ""
    return Why(
        sentence=_STRUCK if line["rule"] == striking.RULE else _OUTCOMES.get(line["outcome"], NO_TEXT),
        code=line["code"],
        meaning=entry.text if entry else NO_TEXT,
        rule=rule,
        rule_id=line["rule"],
        severity=severity,
        detail="" if told else line["detail"],
        said=told,
        advice=_ADVICE.get(rule.stage, NO_TEXT) if rule and line["outcome"] == "refused" else NO_TEXT,
        setting=f'{{"{rule.id}": "warn"}}' if rule and severity == "refuse" else "",
    )


def warnings(line: dict[str, Any]) -> list[tuple[AcceptanceRule | None, dict[str, str]]]:
    """The warnings of a line of the journal, each with the rule that gave it."""
    return [(acceptance_rules.rules().get(one.get("rule", "")), one) for one in line["warnings"]]
