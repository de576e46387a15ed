"""What each `EXPECT-…` finding means, in a sentence: for the reason of a verdict, reports and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.checks import api
from protocol.errors import DmpcompatError, Text

PREFIX: Final = "EXPECT-"
_OTHER: Final = Text("Ce que le cas attend de la réponse", "What the case expects of the answer")
_TITLES: Final[Mapping[str, Text]] = {
    "EXPECT-SUCCESS": Text("L'issue de l'appel", "The outcome of the call"),
    "EXPECT-ANSWER": Text("La plateforme répond", "The platform answers"),
    "EXPECT-READABLE": Text("La réponse se lit", "The answer can be read"),
    "EXPECT-CONNECTION": Text("La connexion est refusée", "The connection is refused"),
    "EXPECT-HTTP": Text("Le code HTTP de la réponse", "The HTTP status of the answer"),
    "EXPECT-ERROR": Text("L'erreur répondue", "The error that is answered"),
    "EXPECT-FAULT": Text("La faute SOAP répondue", "The SOAP fault that is answered"),
    "EXPECT-EBXML": Text("L'erreur XDS répondue", "The XDS error that is answered"),
    "EXPECT-ACK": Text("L'acquittement HL7", "The HL7 acknowledgement"),
    "EXPECT-ACK-CODE": Text("Le code de l'acquittement HL7", "The code of the HL7 acknowledgement"),
    "EXPECT-STATUS": Text("Le statut répondu", "The status that is answered"),
    "EXPECT-QUERY-RESPONSE": Text("La réponse à la recherche du patient", "The answer to the patient query"),
    "EXPECT-AUTHORISATION": Text("L'état de l'autorisation", "The state of the authorisation"),
    "EXPECT-PATIENT-STATUS": Text("L'état du DMP", "The state of the DMP"),
    "EXPECT-CAUSE": Text("L'erreur dit sa cause", "The error tells its cause"),
    "EXPECT-RETRIEVED": Text("Le document rendu, octet pour octet", "The retrieved document, byte for byte"),
    "EXPECT-SEEN": Text("Ce que le logiciel voit revenir", "What the software sees coming back"),
    "EXPECT-XPATH": Text("Une valeur de la réponse", "A value of the answer"),
    "EXPECT-TITLE": Text("Le titre de la page", "The title of the page"),
    "EXPECT-TEXT": Text("Les mots de la page", "The words of the page"),
    "EXPECT-LOCATION": Text("Où la page renvoie", "Where the page leads"),
    "EXPECT-TRACE": Text("Les traces d'accès", "The traces of access"),
    "EXPECT-PATIENT-SEES": Text("Ce que voit le patient", "What the patient sees"),
    "EXPECT-HOST": Text("La machine que le logiciel appelle", "The host that the software calls"),
    "EXPECT-INSI": Text("La réponse du téléservice INSi", "The answer of the INSi service"),
    "EXPECT-WITHIN": Text("Le délai depuis l'appel précédent", "The time since the call before"),
    "EXPECT-PARAMETER": Text("Un paramètre du fichier", "A parameter of the file"),
    "EXPECT-HANDSHAKE": Text("Ce que la poignée de main TLS admet", "What the TLS handshake accepts"),
    "EXPECT-REQUEST": Text("Une valeur de la requête", "A value of the request"),
}


def names() -> tuple[str, ...]:
    """The expectations that have a title of their own."""
    return tuple(_TITLES)


def title(rule: str) -> Text:
    """Title of a rule of the oracle or of an expectation; the id itself for a rule that is no longer there."""
    if rule.startswith(PREFIX):
        return _TITLES.get(rule, _OTHER)
    try:
        return api.rule(rule).title
    except DmpcompatError:
        return Text(rule, rule)
