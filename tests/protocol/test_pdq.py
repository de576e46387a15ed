"""Reading a search without INS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocol import facts, pdq, safexml
from protocol.errors import MetadataError

FORM = """<PRPA_IN201305UV02 xmlns="urn:hl7-org:v3"><id root="1.2" extension="m"/>
<interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201305UV02"/>
<receiver><device><id root="1.2.250.1.213.4.1.1.1"/></device></receiver>
<sender><device><id root="1.9"/><softwareName>LPS</softwareName></device></sender>
<controlActProcess><code code="PRPA_TE201305UV02"/><queryByParameter><queryId root="1.2" extension="q"/>
<parameterList>%s</parameterList></queryByParameter></controlActProcess></PRPA_IN201305UV02>"""
NAME = "<livingSubjectName><value use='SRCH'><family>A <!-- x -->B</family><given>C</given></value></livingSubjectName>"


def payload(criteria: str) -> etree._Element:
    return safexml.parse((FORM % criteria).encode())


def test_everything_is_read() -> None:
    read = pdq.read_search(
        payload(
            f"{NAME}<livingSubjectBirthTime><value value='19500109'/></livingSubjectBirthTime>"
            "<livingSubjectAdministrativeGender><value code='M'/></livingSubjectAdministrativeGender>"
            "<patientAddress><value><postalCode>99000</postalCode><city>VILLE</city></value></patientAddress>"
        )
    )
    assert read.criteria == pdq.Criteria("A B", "C", True, "19500109", "M", "99000", "VILLE", False)
    assert (read.message_id, read.query_id) == (("1.2", "m"), ("1.2", "q"))
    assert (read.interaction, read.trigger) == (pdq.QUESTION, "PRPA_TE201305UV02")
    assert (read.sender_oid, read.sender_name, read.receiver_oid) == ("1.9", "LPS", facts.OID_DMP)


def test_what_is_missing_is_empty() -> None:
    assert pdq.read_search(payload("")).criteria == pdq.Criteria()


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        (safexml.parse(b"<a/>"), "HL7-001"),
        (safexml.parse(b'<PRPA_IN201305UV02 xmlns="urn:hl7-org:v3"/>'), "HL7-002"),
        (payload(NAME + NAME), "HL7-004"),
    ],
)
def test_unreadable(tree: etree._Element, code: str) -> None:
    with pytest.raises(MetadataError, match=code):
        pdq.read_search(tree)


def test_leniently_the_first_counts() -> None:
    other = NAME.replace("A ", "Z ")
    assert pdq.read_search(payload(NAME + other), lenient=True).criteria.family == "A B"


@given(st.text(alphabet="<>&'\"ab é", max_size=20))
def test_a_name_is_never_markup(text: str) -> None:
    tree = payload(NAME)
    family = tree.find(f".//{{{facts.HL7}}}family")
    assert family is not None
    for child in list(family):
        family.remove(child)
    family.text = text
    again = safexml.parse(safexml.serialize(tree))
    assert pdq.read_search(again).criteria.family == " ".join(text.split())
