"""Requests that open, reopen, change and close a DMP, written apart from the driver; and what answers say."""

from __future__ import annotations

from lxml import etree

from protocol import directory
from tests.mock_dmp.builders import Answered, Lps, Who

REASONS = {"TD1.1": "CREA_RD", "TD1.2": "REAC", "TD1.3b": "MODIF_DATA", "TD1.4": "FERM"}
ROOTS = {"TD1.1": "PRPA_IN201311UV02"}
_OBSERVATION = """<subjectOf><administrativeObservation classCode="OBS" moodCode="EVN">
<code code="{code}" codeSystem="1.2.250.1.213.4.1.2.3"/>{at}<value xsi:type="BL" value="{value}"/>
</administrativeObservation></subjectOf>"""
_CARD = """<contactParty classCode="CON"><code code="CARTE_SESAM_VITALE" codeSystem="1.2.250.1.213.4.1.2.5"/>
<contactPerson><name><family qualifier="SP">{family}</family><given>{given}</given></name><birthTime value="{birth}"/>
</contactPerson></contactParty>"""
_CLOSING = """<reasonOf typeCode="RSON"><detectedIssueEvent classCode="ALRT" moodCode="EVN">
<code code="FERMETURE_DEMANDE_PATIENT" codeSystem="1.2.250.1.213.4.1.2.4"/><text>Il le veut</text>
</detectedIssueEvent></reasonOf>"""
_TRAITS = """<telecom use="MC" value="tel:0600000041"/><administrativeGenderCode code="{sex}"/>
<birthTime value="{birth}"/><addr><streetAddressLine>1 rue Neuve</streetAddressLine><city>X</city></addr>{card}"""
_MESSAGE = """<{root} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 ITSVersion="XML_1.0"><id root="1.2.3.4" extension="m1"/><creationTime value="20260101120000"/>
<interactionId root="2.16.840.1.113883.1.6" extension="{root}"/><processingCode code="D"/>
<processingModeCode code="T"/><acceptAckCode code="AL"/>
<receiver><device><id root="1.2.250.1.213.4.1.1.1"/></device></receiver>
<sender><device><id root="1.2.3.4"/><softwareName>LPS</softwareName></device></sender>
<controlActProcess classCode="CACT" moodCode="EVN"><reasonCode code="{reason}" codeSystem="1.2.250.1.213.1.1.4.11"/>
<subject typeCode="SUBJ"><registrationRequest classCode="REG" moodCode="RQO"><statusCode code="active"/>
<subject1 typeCode="SBJ"><patient classCode="PAT"><id root="{oid}" extension="{number}"/><statusCode code="{state}"/>
<patientPerson><name><family qualifier="SP">{family}</family><given>{given}</given></name>{traits}</patientPerson>
<providerOrganization xsi:nil="true"/>{observations}</patient></subject1>
<author typeCode="AUT"><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="{ps}"/><assignedPerson><name>
<family>ESSAI</family><given>CLAUDE</given></name></assignedPerson>
<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="{structure}"/></representedOrganization>
</assignedEntity></author></registrationRequest></subject>{closing}</controlActProcess></{root}>"""


def observation(code: str, value: str, at: str = "") -> str:
    return _OBSERVATION.format(code=code, value=value, at=f'<effectiveTime value="{at}"/>' if at else "")


def registration(transaction: str, patient: str, *changes: tuple[str, str]) -> etree._Element:
    """The good request of a transaction, then each (text, text by which it is replaced, once at least)."""
    known = directory.patients()[patient]
    author, place = directory.professionals()["medecin"], directory.structures()["cabinet"]
    birth, given = known.birth_stamp, known.given[0]
    family = known.family_usual or known.family_birth
    observations = {
        "TD1.1": observation("CONSENTEMENT_OUVERTURE_DMP", "true", "20260101")
        + observation("OPPOSITION_BRIS_DE_GLACE", "false")
        + observation("OPPOSITION_ACCES_URGENCE", "true"),
        "TD1.2": observation("CONSENTEMENT_REACTIVATION_DMP", "true", "20260102030405"),
        "TD1.3b": observation("OPPOSITION_BRIS_DE_GLACE", "true"),
    }
    card = _CARD.format(family=family, given=given, birth=birth[2:]) if transaction == "TD1.1" else ""
    text = _MESSAGE.format(
        root=ROOTS.get(transaction, "PRPA_IN201314UV02"),
        reason=REASONS[transaction],
        oid=known.ins.oid,
        number=known.ins.number,
        state="terminated" if transaction == "TD1.4" else "active",
        family=family,
        given=given,
        traits="" if transaction == "TD1.4" else _TRAITS.format(sex=known.sex, birth=birth, card=card),
        observations=observations.get(transaction, ""),
        ps=author.ps_id,
        structure=place.struct_id,
        closing=_CLOSING if transaction == "TD1.4" else "",
    )
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return etree.fromstring(text)


def send(
    lps: Lps, transaction: str, patient: str, *changes: tuple[str, str], who: Who | None = None
) -> Answered:
    """Send that request as a physician of the practice."""
    return lps.send(transaction, registration(transaction, patient, *changes), (who or Who()).on(patient))


def message(answer: Answered) -> tuple[str, str]:
    """(name of the message inside the wrapper, acknowledgement)."""
    [interaction] = answer.all("*/hl7:interactionId/@extension")
    [kind] = answer.all("*/hl7:acknowledgement/@typeCode")
    return str(interaction), str(kind)


def problems(answer: Answered) -> list[str]:
    """Codes of the acknowledgement, or of the fault."""
    if answer.fault:
        return [answer.fault]
    return [str(code) for code in answer.all(".//hl7:acknowledgementDetail/hl7:code/@code")]


def said(answer: Answered) -> str:
    return " ".join(map(str, answer.all(".//hl7:acknowledgementDetail/hl7:text/text()")))
