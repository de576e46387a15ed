"""What is written of a patient comes back when the answer is read again, whatever the texts hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from mock_dmp.render.hl7v3 import Existence, existence_response, record_response
from protocol import directory, facts, safexml
from protocol.hl7v3 import GdpQuery
from protocol.patientmodel import (
    QUALITIES,
    Address,
    Birthplace,
    Closure,
    InsNumber,
    Patient,
    Representative,
    Telecom,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
QUERY = GdpQuery(
    ("1.2", "m"), "PRPA_IN201307UV02", "CNSLT_DATA", ("1", "2"), ("1.2", "q"), "1.2.9", "LPS", facts.OID_DMP
)
#: Texts as a reader gives them back: no space at the ends, nothing that XML can't hold.
texts = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda text: text and safexml.holdable(text) == text)
)
maybe = st.one_of(st.just(""), texts)
telecoms = st.builds(Telecom, st.sampled_from(("MC", "HP", "MAIL")), texts)
addresses = st.builds(Address, st.lists(texts, max_size=2).map(tuple), maybe, maybe, maybe, maybe)
representatives = st.builds(
    Representative,
    st.sampled_from(QUALITIES),
    texts,
    st.lists(texts, min_size=1, max_size=2).map(tuple),
    maybe,
    st.none() | addresses,
    st.lists(telecoms, max_size=2).map(tuple),
)


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    model = directory.patients()["actif-autorise"]
    return replace(
        model,
        family_birth=draw(texts),
        family_usual=draw(maybe),
        given=tuple(draw(st.lists(texts, min_size=1, max_size=3))),
        prefix=draw(maybe),
        birth_place=Birthplace("63999", draw(maybe)),
        telecom=tuple(draw(st.lists(telecoms, max_size=3))),
        address=draw(st.none() | addresses),
        deceased=draw(st.booleans()),
        other_ins=tuple(draw(st.lists(st.just(InsNumber("1" * 15, facts.OID_INS_TEST)), max_size=1))),
        legal_representative=draw(st.none() | representatives),
        dmp=replace(
            model.dmp,
            status="closed",
            closed=Closure(NOW, draw(texts), draw(maybe)),
            opposition_bris_de_glace=draw(st.booleans()),
            opposition_acces_urgence=draw(st.booleans()),
        ),
    )


def again(root: etree._Element) -> etree._Element:
    """The element after a journey as bytes."""
    return safexml.parse(safexml.serialize(root))


def every(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=facts.NS)
    return [one if isinstance(one, str) else safexml.text(one) for one in found]


def address_of(here: etree._Element | None) -> Address | None:
    if here is None:
        return None

    def one(name: str) -> str:
        return safexml.value(here, f"hl7:{name}")

    lines = tuple(safexml.text(line) for line in safexml.xpath(here, "hl7:streetAddressLine"))
    return Address(lines, one("postalCode"), one("city"), one("country"), one("additionalLocator"))


def contacts_of(parent: etree._Element) -> list[tuple[str, str]]:
    return [(one.get("use", ""), one.get("value", "")) for one in safexml.xpath(parent, "hl7:telecom")]


def as_sent(several: tuple[Telecom, ...]) -> list[tuple[str, str]]:
    return [
        ("", f"mailto:{one.value}") if one.use == "MAIL" else (one.use, f"tel:{one.value}") for one in several
    ]


@given(patients(), st.lists(telecoms, max_size=2).map(tuple))
def test_the_record_comes_back(patient: Patient, channels: tuple[Telecom, ...]) -> None:
    root = again(record_response(QUERY, patient, channels, now=NOW))
    [person] = safexml.xpath(root, ".//hl7:patientPerson")
    assert every(person, "hl7:name/hl7:given") == list(patient.given)
    assert every(person, "hl7:name/hl7:family[@qualifier='BR']") == [patient.family_birth]
    assert every(person, "hl7:name/hl7:family[@qualifier='SP']") == [patient.family_usual or "NON RENSEIGNE"]
    assert contacts_of(person) == as_sent((*patient.telecom, *channels))
    where = next(iter(safexml.xpath(person, "hl7:addr")), None)
    assert address_of(where) == patient.address
    assert every(person, "hl7:deceasedInd/@value") == [str(patient.deceased).lower()]
    assert every(root, ".//hl7:patient/hl7:id/@extension")[1:] == [
        ins.number for ins in (patient.ins, *patient.other_ins)
    ]
    for code, value in (
        ("OPPOSITION_BRIS_DE_GLACE", patient.dmp.opposition_bris_de_glace),
        ("OPPOSITION_ACCES_URGENCE", patient.dmp.opposition_acces_urgence),
    ):
        path = f".//hl7:administrativeObservation[hl7:code/@code='{code}']/hl7:value/@value"
        assert every(root, path) == [str(value).lower()]
    assert patient.dmp.closed is not None
    assert every(root, ".//hl7:detectedIssueEvent/hl7:code/@code") == [patient.dmp.closed.code]
    assert every(root, ".//hl7:detectedIssueEvent/hl7:text") == [patient.dmp.closed.text]
    assert every(root, "hl7:attentionLine") == []


@given(patients())
def test_the_representative_comes_back(patient: Patient) -> None:
    root = again(record_response(QUERY, patient, (), now=NOW))
    found = safexml.xpath(root, ".//hl7:personalRelationship")
    who = patient.legal_representative
    assert len(found) == (who is not None)
    for here in found if who is not None else []:
        assert who is not None
        name = "hl7:relationshipHolder1/hl7:name"
        assert every(here, "hl7:code/@code") == [who.quality]
        assert every(here, f"{name}/hl7:family") == [who.family]
        assert every(here, f"{name}/hl7:given") == list(who.given)
        assert every(here, f"{name}/hl7:prefix") == ([who.prefix] if who.prefix else [])
        assert contacts_of(here) == as_sent(who.telecom)
        assert address_of(next(iter(safexml.xpath(here, "hl7:addr")), None)) == who.address


@given(patients())
def test_the_existence_test_keeps_the_home_number_to_itself(patient: Patient) -> None:
    root = again(existence_response(QUERY, Existence(patient, "VALIDE", False), now=NOW))
    [person] = safexml.xpath(root, ".//hl7:patientPerson")
    assert contacts_of(person) == as_sent(tuple(one for one in patient.telecom if one.use != "HP"))


def test_what_xml_cannot_hold_is_replaced() -> None:
    patient = replace(directory.patients()["actif-autorise"], family_birth="A\x00B\x1f")
    root = again(record_response(QUERY, patient, (), now=NOW))
    assert every(root, ".//hl7:family[@qualifier='BR']") == ["A\ufffdB\ufffd"]
