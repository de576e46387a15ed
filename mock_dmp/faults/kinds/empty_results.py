"""Fault empty-results: a success that holds nothing."""

from __future__ import annotations

from mock_dmp.faults.answering import Answering, remove
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "empty-results",
    family="content",
    text=Text("La recherche réussit et ne rend rien", "The search succeeds and returns nothing"),
    reaction=Text(
        "Dire qu'aucun document n'est visible, sans en déduire qu'il n'y en a pas, ni renvoyer ce qui est déjà déposé",
        "Tell that no document is visible, without concluding that there is none, nor feeding again what is there",
    ),
    stage="envelope",
    forbids=("AFTER-DOUBLE", "AFTER-STORM"),
    confidence="B",
)
def empty(answering: Answering) -> None:
    for item in answering.nodes("soap:Body/*/rim:RegistryObjectList/* | soap:Body/*/xds:DocumentResponse"):
        remove(item)
    for response in answering.nodes("soap:Body/query:AdhocQueryResponse"):
        response.set("totalResultCount", "0")
    answering.attachments = ()
