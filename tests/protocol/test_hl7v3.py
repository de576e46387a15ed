"""The query by identifier: the fields of TD0.2, what may lack, what is no view at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError
from protocol.hl7v3 import GdpQuery, read_query_by_identifier

QUERY = f"""
<PRPA_IN201307UV02 xmlns="{facts.HL7}" xmlns:xsi="{facts.XSI}" ITSVersion="XML_1.0">
 <id root="1.2.3" extension="m-1"/><creationTime value="20240315103000"/>
 <interactionId root="{facts.OID_INTERACTIONS}" extension="PRPA_IN201307UV02"/>
 <processingCode code="D"/><processingModeCode code="T"/><acceptAckCode code="AL"/>
 <receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE">
  <id root="{facts.OID_DMP}"/><softwareName>DMP</softwareName><asAgent xsi:nil="true"/></device></receiver>
 <sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE">
  <id root="1.2.3.9"/><softwareName> LPS-TEST </softwareName></device></sender>
 <attentionLine xsi:nil="true"/>
 <controlActProcess classCode="CACT" moodCode="EVN">
  <reasonCode code="TEST_EXST" codeSystem="{facts.OID_REASONS}"/>
  <queryByParameter><queryId root="1.2.3" extension="q-1"/><statusCode code="new"/><parameterList>
   <patientIdentifier><value root="{facts.OID_INS_TEST}" extension="207058575627097"/>
   <semanticsText>Patient.id</semanticsText></patientIdentifier></parameterList></queryByParameter>
 </controlActProcess>
</PRPA_IN201307UV02>"""


def _xml(text: str) -> etree._Element:
    return safexml.parse(text.encode())


def test_every_field() -> None:
    assert read_query_by_identifier(_xml(QUERY)) == GdpQuery(
        message_id=("1.2.3", "m-1"),
        interaction="PRPA_IN201307UV02",
        reason="TEST_EXST",
        patient=(facts.OID_INS_TEST, "207058575627097"),
        query_id=("1.2.3", "q-1"),
        sender_oid="1.2.3.9",
        sender_name="LPS-TEST",
        receiver_oid=facts.OID_DMP,
        created="20240315103000",
        processing="D",
    )


def test_missing_things_are_empty() -> None:
    query = read_query_by_identifier(
        _xml(
            f'<PRPA_IN201307UV02 xmlns="{facts.HL7}"><controlActProcess><queryByParameter/>'
            "</controlActProcess></PRPA_IN201307UV02>"
        )
    )
    assert query == GdpQuery(("", ""), "", "", ("", ""), ("", ""), "", "", "")


def test_the_same_patient_twice_is_one_patient() -> None:
    value = f'<value root="{facts.OID_INS_TEST}" extension="207058575627097"/>'
    assert read_query_by_identifier(_xml(QUERY.replace(value, value * 2))).patient[1] == "207058575627097"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<a/>", "HL7-001"),
        (QUERY.replace(facts.HL7, "urn:autre"), "HL7-001"),
        (QUERY.replace("PRPA_IN201307UV02", "PRPA_IN201305UV02"), "HL7-001"),
        (QUERY.replace("queryByParameter", "autre"), "HL7-002"),
        (QUERY.replace("controlActProcess", "autre"), "HL7-002"),
        (
            QUERY.replace(
                "<semanticsText>", f'<value root="{facts.OID_INS_TEST}" extension="1"/><semanticsText>'
            ),
            "HL7-003",
        ),
    ],
)
def test_no_view_at_all(text: str, code: str) -> None:
    with pytest.raises(MetadataError) as caught:
        read_query_by_identifier(_xml(text))
    assert caught.value.code == code


@given(st.data())
def test_a_message_with_parts_removed_gives_a_view_or_a_metadata_error(data: st.DataObject) -> None:
    root = _xml(QUERY)
    elements = [element for element in root.iter("*") if element is not root]
    for element in data.draw(st.lists(st.sampled_from(elements), max_size=6, unique_by=id)):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    asked = safexml.xpath(root, "hl7:controlActProcess/hl7:queryByParameter")
    if not asked:
        with pytest.raises(MetadataError):
            read_query_by_identifier(root)
    else:
        assert read_query_by_identifier(root).interaction in ("", "PRPA_IN201307UV02")
