"""Fault ws-status: an error status of a custom service of the DMP (output/status)."""

from __future__ import annotations

from mock_dmp.context import Call, Refusal
from mock_dmp.faults.api import Parameter, fault
from protocol import catalogue
from protocol.errors import Text


@fault(
    "ws-status",
    family="service",
    text=Text(
        "Un statut d'erreur d'un service propre au DMP (output/status)",
        "An error status of a custom service of the DMP (output/status)",
    ),
    reaction=Text(
        "Dire le statut ; ne pas se croire autorisé, ouvert ou fermé",
        "Tell the status; do not take oneself for authorised, opened or closed",
    ),
    stage="refuse",
    moments=("before", "after"),
    forbids=("AFTER-RETRY", "AFTER-NO-READ", "AFTER-STORM"),
    parameters=(
        Parameter(
            "code",
            "DMPPatientAccessAlreadyExists",
            Text("code du catalogue des erreurs", "code of the error catalogue"),
            values=tuple(catalogue.entries()),
        ),
    ),
    confidence="A",
)
def refuse(_call: Call, *, code: str) -> Refusal:
    return Refusal(code, carrier="ws", context="panne injectée")
