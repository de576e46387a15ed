"""Fault huge-results: far more entries than anybody can show."""

from __future__ import annotations

import copy
import uuid

from lxml import etree

from mock_dmp.faults.answering import Answering, rim
from mock_dmp.faults.api import Parameter, fault
from protocol import facts
from protocol.errors import Text


@fault(
    "huge-results",
    family="content",
    text=Text(
        "La recherche rend des milliers de fiches fictives, faites d'après les vraies",
        "The search returns thousands of synthetic entries, made after the real ones",
    ),
    reaction=Text(
        "Rester utilisable : paginer, trier, filtrer ; ne pas tout ouvrir",
        "Stay usable: page, sort, filter; do not open everything",
    ),
    stage="envelope",
    forbids=("AFTER-BULK-READ",),
    parameters=(
        Parameter("count", 5000, Text("nombre de fiches", "number of entries"), least=1, most=50_000),
    ),
    confidence="B",
)
def huge(answering: Answering, *, count: int) -> None:
    """Without effect when the search finds nothing to make them after."""
    for listing in answering.nodes("soap:Body/query:AdhocQueryResponse/rim:RegistryObjectList"):
        models = listing.findall(rim("ExtrinsicObject"))
        for rank in range(1, count - len(models) + 1) if models else ():
            made = copy.deepcopy(models[rank % len(models)])
            _renamed(made, rank)
            listing.append(made)
        for response in answering.nodes("soap:Body/query:AdhocQueryResponse"):
            response.set("totalResultCount", str(len(listing)))


def _renamed(entry: etree._Element, rank: int) -> None:
    """Ids of its own for a copy, the same ones each time."""
    own = uuid.uuid5(uuid.NAMESPACE_OID, f"dmpcompat {entry.get('id')} {rank}").urn
    old = entry.get("id") or ""
    for element in entry.iter():
        for name in ("id", "lid", "classifiedObject", "registryObject"):
            value = element.get(name)
            if value == old:
                element.set(name, own)
            elif value and name == "id":
                element.set(name, uuid.uuid5(uuid.NAMESPACE_OID, f"{value} {rank}").urn)
    for identifier in entry.findall(rim("ExternalIdentifier")):
        if identifier.get("identificationScheme") == facts.DE_UNIQUE_ID:
            identifier.set("value", f"{identifier.get('value')}.{rank}")
