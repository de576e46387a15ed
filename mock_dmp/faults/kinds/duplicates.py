"""Fault duplicated-entries: every object of the answer twice."""

from __future__ import annotations

import copy

from mock_dmp.faults.answering import Answering
from mock_dmp.faults.api import fault
from protocol.errors import Text


@fault(
    "duplicated-entries",
    family="content",
    text=Text("Chaque fiche est rendue deux fois", "Each entry is returned twice"),
    reaction=Text("Montrer chaque document une fois", "Show each document once"),
    stage="envelope",
    forbids=("AFTER-READ-TWICE",),
    confidence="C",
)
def duplicated(answering: Answering) -> None:
    for listing in answering.nodes("soap:Body/query:AdhocQueryResponse/rim:RegistryObjectList"):
        for item in list(listing):
            listing.append(copy.deepcopy(item))
        for response in answering.nodes("soap:Body/query:AdhocQueryResponse"):
            response.set("totalResultCount", str(len(listing)))
