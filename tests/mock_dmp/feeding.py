"""Feeding a mock in tests: send a lot with a defect, look at what is listed."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from protocol import facts
from tests.mock_dmp.builders import Answered, Lps, Who
from tests.mock_dmp.submissions import (
    Lot,
    find_documents,
    get_documents,
)

P = "alimentation"
WHO = Who().on(P)
Mutation = Callable[[etree._Element], None]


def feed(lps: Lps, lot: Lot, who: Who = WHO, *mutations: Mutation) -> Answered:
    body, parts = lot.build()
    for mutate in mutations:
        mutate(body)
    return lps.send("TD2.1", body, who.on(lot.patient), parts=parts)


def listed(lps: Lps, patient: str = P) -> list[str]:
    """uniqueIds of the Approved documents."""
    answer = lps.send("TD3.1", find_documents(patient), Who().on(patient))
    assert answer.xds == "Success"
    scheme = facts.DE_UNIQUE_ID
    return [
        str(one) for one in answer.all(f".//rim:ExternalIdentifier[@identificationScheme='{scheme}']/@value")
    ]


def entry_uuid(lps: Lps, unique_id: str, patient: str = P) -> str:
    return lps.send("TD3.1", get_documents(unique_id), Who().on(patient)).one(".//rim:ObjectRef/@id")


def first(body: etree._Element, path: str) -> etree._Element:
    return body.xpath(path, namespaces=facts.NS)[0]


def drop(path: str) -> Mutation:
    def mutate(body: etree._Element) -> None:
        element = first(body, path)
        element.getparent().remove(element)

    return mutate


def put(path: str, attribute: str, value: str) -> Mutation:
    return lambda body: first(body, path).set(attribute, value)


def add(path: str, *children: etree._Element) -> Mutation:
    return lambda body: [first(body, path).insert(0, child) for child in children] and None


ENTRY = ".//rim:ExtrinsicObject[@id='Document01']"
SET = ".//rim:RegistryPackage"
LIST = ".//rim:RegistryObjectList"


def cls(scheme: str) -> str:
    return f"{ENTRY}/rim:Classification[@classificationScheme='{scheme}']"
