"""Registration requests: every field, what may lack, what is no view at all, dates that no calendar holds."""

from __future__ import annotations

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from protocol import facts, safexml
from protocol.errors import MetadataError
from protocol.gdp import (
    Author,
    CardTraits,
    Contact,
    GdpRequest,
    Issue,
    Name,
    Observation,
    Place,
    Relationship,
    birth_of,
    is_request,
    read_request,
)

INS = "207058575627097"
#: Two or three optional nil elements, as some stacks emit them.
REQUEST = f"""
<PRPA_IN201314UV02 xmlns="{facts.HL7}" xmlns:xsi="{facts.XSI}" ITSVersion="XML_1.0">
 <id root="1.2.3" extension="m-1"/><creationTime value="20240315103000"/>
 <interactionId root="{facts.OID_INTERACTIONS}" extension="PRPA_IN201314UV02"/><processingCode code="D"/>
 <receiver typeCode="RCV"><device><id root="{facts.OID_DMP}"/><asAgent xsi:nil="true"/></device></receiver>
 <sender typeCode="SND"><device><id root="1.2.3.9"/><softwareName>LPS-TEST</softwareName></device></sender>
 <attentionLine xsi:nil="true"/>
 <controlActProcess classCode="CACT" moodCode="EVN"><overseer xsi:nil="true"/>
  <reasonCode code="FERM" codeSystem="{facts.OID_REASONS}"/>
  <subject typeCode="SUBJ"><registrationRequest classCode="REG" moodCode="RQO"><statusCode code="active"/>
   <subject1 typeCode="SBJ"><patient classCode="PAT">
    <id root="{facts.OID_INS_C}" extension="1234567890123456789012"/>
    <id root="{facts.OID_INS_TEST}" extension="{INS}"/><statusCode code="terminated"/>
    <patientPerson>
     <name><prefix>Mme</prefix><family qualifier="SP">D'ÉTÉ</family><family qualifier="BR">HIVER</family>
      <family>AUTRE</family><given>Zoé</given><given>Anne</given></name>
     <telecom use="MC" value="tel:0600000000"/><telecom xsi:nil="true"/><telecom value="mailto:a@example.org"/>
     <administrativeGenderCode code="F"/><birthTime value="19520000"/>
     <addr><streetAddressLine>20 rue des édelweiss</streetAddressLine><streetAddressLine>bis</streetAddressLine>
      <additionalLocator>B</additionalLocator><postalCode>99000</postalCode><city>X</city><country>FR</country></addr>
     <personalRelationship classCode="PRS"><code code="MTH" codeSystem="2.16.840.1.113883.1.11.19579"/>
      <addr xsi:nil="true"/><telecom use="HP" value="tel:0400000000"/>
      <relationshipHolder1><name><prefix>Mme</prefix><given>Ève</given><family>MÈRE</family></name></relationshipHolder1>
     </personalRelationship>
     <contactParty><code code="CARTE_SESAM_VITALE" codeSystem="1.2.250.1.213.4.1.2.5"/><contactPerson>
      <name><family qualifier="SP">D ETE</family><given>ZOE</given></name><birthTime value="520000"/></contactPerson>
     </contactParty>
     <birthPlace><addr><postalCode>63999</postalCode></addr></birthPlace>
    </patientPerson><providerOrganization xsi:nil="true"/>
    <subjectOf><administrativeObservation><code code="C" codeSystem="1.2"/><effectiveTime value="20240315"/>
     <value xsi:type="BL" value="true"/></administrativeObservation></subjectOf>
    <subjectOf><administrativeObservation><code code="D" codeSystem="1.2"/></administrativeObservation></subjectOf>
   </patient></subject1>
   <author><assignedEntity><id root="{facts.OID_PS}" extension="899990000111"/><code code="G15_10/SM26"/>
    <assignedPerson><name><family>ESSAI</family><given>CLAUDE</given></name></assignedPerson>
    <representedOrganization><id root="{facts.OID_STRUCTURE}" extension="1990000010"/><name>HÔPITAL</name>
    </representedOrganization></assignedEntity></author>
  </registrationRequest></subject>
  <reasonOf><detectedIssueEvent><code code="FERMETURE_DEMANDE_PATIENT" codeSystem="1.3"/><text>l'a dit</text>
  </detectedIssueEvent></reasonOf>
 </controlActProcess>
</PRPA_IN201314UV02>"""
BARE = f"""<PRPA_IN201311UV02 xmlns="{facts.HL7}"><controlActProcess><subject><registrationRequest><subject1>
<patient/></subject1></registrationRequest></subject></controlActProcess></PRPA_IN201311UV02>"""


def _xml(text: str) -> etree._Element:
    return safexml.parse(text.strip().encode())


def test_every_field() -> None:
    assert read_request(_xml(REQUEST)) == GdpRequest(
        message_id=("1.2.3", "m-1"),
        interaction="PRPA_IN201314UV02",
        reason="FERM",
        sender_oid="1.2.3.9",
        sender_name="LPS-TEST",
        receiver_oid=facts.OID_DMP,
        patient=(facts.OID_INS_TEST, INS),
        request_status="active",
        patient_status="terminated",
        name=Name("D'ÉTÉ", "HIVER", ("Zoé", "Anne"), "Mme", ("AUTRE",)),
        sex="F",
        birth="19520000",
        telecom=(Contact("tel:0600000000", "MC"), Contact("mailto:a@example.org")),
        address=Place(("20 rue des édelweiss", "bis"), "B", "99000", "X", "FR"),
        representative=Relationship(
            "MTH",
            "2.16.840.1.113883.1.11.19579",
            Name(given=("Ève",), prefix="Mme", other=("MÈRE",)),
            None,
            (Contact("tel:0400000000", "HP"),),
        ),
        card=CardTraits(
            "CARTE_SESAM_VITALE", "1.2.250.1.213.4.1.2.5", Name(usual="D ETE", given=("ZOE",)), "520000"
        ),
        birth_place=Place(postal_code="63999"),
        observations=(Observation("C", "1.2", "true", "BL", "20240315"), Observation("D", "1.2", "")),
        author=Author(
            (facts.OID_PS, "899990000111"),
            "G15_10/SM26",
            "ESSAI",
            "CLAUDE",
            (facts.OID_STRUCTURE, "1990000010"),
            "HÔPITAL",
        ),
        issue=Issue("FERMETURE_DEMANDE_PATIENT", "1.3", "l'a dit"),
        created="20240315103000",
        processing="D",
    )


def test_missing_things_are_empty() -> None:
    read = read_request(_xml(BARE))
    assert (read.patient, read.name, read.author, read.observations) == (("", ""), Name(), Author(), ())
    assert (read.address, read.representative, read.card, read.birth_place, read.issue) == (None,) * 5


@pytest.mark.parametrize("part", ["addr", "personalRelationship", "contactParty", "patientPerson/name"])
def test_a_nil_element_is_none(part: str) -> None:
    root = _xml(REQUEST)
    path = (
        ".//hl7:patient//hl7:" + part.replace("/", "/hl7:")
        if "/" in part
        else f".//hl7:patientPerson/hl7:{part}"
    )
    safexml.xpath(root, path)[0].set(f"{{{facts.XSI}}}nil", "true")
    read = read_request(root)
    told = {"addr": read.address, "personalRelationship": read.representative, "contactParty": read.card}
    assert told.get(part) is None
    assert part != "patientPerson/name" or read.name == Name()


def test_an_older_interface_has_the_ins_c_alone() -> None:
    root = _xml(REQUEST.replace(f'<id root="{facts.OID_INS_TEST}" extension="{INS}"/>', ""))
    assert read_request(root).patient == (facts.OID_INS_C, "1234567890123456789012")


def test_the_last_of_two_observations_counts() -> None:
    read = read_request(_xml(REQUEST.replace('code="D"', 'code="C"')))
    found = read.observed("C")
    assert found is not None and found.value == ""
    assert read.observed("Z") is None


OWN = f'<id root="{facts.OID_INS_TEST}" extension="{INS}"/>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<a/>", "HL7-001"),
        (REQUEST.replace(facts.HL7, "urn:autre"), "HL7-001"),
        (REQUEST.replace("PRPA_IN201314UV02", "PRPA_IN201307UV02"), "HL7-001"),
        (REQUEST.replace("registrationRequest", "autre"), "HL7-004"),
        (REQUEST.replace("subject1", "subject2"), "HL7-004"),
        (BARE.replace("<patient/>", "<patient/><patient/>"), "HL7-004"),
        (REQUEST.replace(OWN, OWN + OWN.replace(INS, "1")), "HL7-003"),
    ],
)
def test_no_view_at_all(text: str, code: str) -> None:
    with pytest.raises(MetadataError) as caught:
        read_request(_xml(text))
    assert caught.value.code == code


def test_only_the_two_interactions_are_read() -> None:
    assert is_request(_xml(REQUEST))
    assert is_request(_xml(BARE))
    assert not is_request(_xml("<a/>"))


@given(st.data())
def test_a_message_with_parts_removed_gives_a_view_or_a_metadata_error(data: st.DataObject) -> None:
    root = _xml(REQUEST)
    elements = [element for element in root.iter("*") if element is not root]
    for element in data.draw(st.lists(st.sampled_from(elements), max_size=6, unique_by=id)):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    path = "hl7:controlActProcess/hl7:subject/hl7:registrationRequest/hl7:subject1/hl7:patient"
    if safexml.xpath(root, path):
        assert read_request(root).interaction in ("", "PRPA_IN201314UV02")
    else:
        with pytest.raises(MetadataError):
            read_request(root)


@given(st.dates())
def test_a_day_of_the_calendar_is_itself(day: object) -> None:
    stamp = day.isoformat().replace("-", "")  # type: ignore[attr-defined]
    assert birth_of(stamp) == (day, "")


@given(st.integers(1, 9999), st.integers(0, 99), st.integers(0, 99))
def test_a_lunar_date_has_the_nearest_day_and_its_stamp(year: int, month: int, day: int) -> None:
    stamp = f"{year:04}{month:02}{day:02}"
    born = birth_of(stamp)
    assert born is not None
    real = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    assert born[1] == ("" if real else stamp)
    assert born[0].year == year
    assert not 1 <= month <= 12 or born[0].month == month


@pytest.mark.parametrize(
    "stamp", ["", "1980", "1980-01-01", "00000101", "19800101120000", "１９８００１０１", "abcdefgh"]
)
def test_what_is_no_date_is_none(stamp: str) -> None:
    assert birth_of(stamp) is None
