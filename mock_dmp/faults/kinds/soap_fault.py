"""Fault soap-fault: a SOAP fault of the error catalogue, in place of the answer."""

from __future__ import annotations

from mock_dmp.context import Call, Refusal
from mock_dmp.faults.api import Parameter, fault
from protocol import catalogue
from protocol.errors import Text


@fault(
    "soap-fault",
    family="service",
    text=Text(
        "Une faute SOAP du catalogue des erreurs, à la place de la réponse",
        "A SOAP fault of the error catalogue, in place of the answer",
    ),
    reaction=Text(
        "Dire la cause en clair, avec son code ; ne pas insister à l'identique",
        "Tell the cause in clear words, with its code; do not insist with the same",
    ),
    stage="refuse",
    moments=("before", "after"),
    forbids=("AFTER-RETRY", "AFTER-VIHF-AGAIN", "AFTER-STORM"),
    parameters=(
        Parameter(
            "code",
            "DMPAccessDeniedByRightsService",
            Text("code du catalogue des erreurs", "code of the error catalogue"),
            values=tuple(catalogue.entries()),
        ),
    ),
    confidence="A",
)
def refuse(_call: Call, *, code: str) -> Refusal:
    return Refusal(code, carrier="fault", context="panne injectée")
