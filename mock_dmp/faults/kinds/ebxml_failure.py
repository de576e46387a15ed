"""Fault ebxml-failure: a RegistryResponse Failure with this error code."""

from __future__ import annotations

from mock_dmp.context import Call, Refusal
from mock_dmp.faults.api import Parameter, fault
from protocol import catalogue
from protocol.errors import Text


@fault(
    "ebxml-failure",
    family="service",
    text=Text(
        "Un RegistryResponse Failure avec ce code d'erreur",
        "A RegistryResponse Failure with this error code",
    ),
    reaction=Text(
        "Dire l'erreur du document ; corriger avant de renvoyer sous un nouvel identifiant",
        "Tell the error of the document; mend before sending under a new id",
    ),
    stage="refuse",
    moments=("before", "after"),
    forbids=("AFTER-OTHER-BYTES", "AFTER-VIHF-AGAIN", "AFTER-STORM"),
    parameters=(
        Parameter(
            "code",
            "XDSRegistryBusy",
            Text("code du catalogue des erreurs", "code of the error catalogue"),
            values=tuple(catalogue.entries()),
        ),
    ),
    confidence="A",
)
def refuse(_call: Call, *, code: str) -> Refusal:
    return Refusal(code, carrier="ebxml", context="panne injectée")
