"""Derives the XDS metadata of a document from its CDA header, as an LPS does before it feeds it.

Reads what is there and decides nothing about conformance; a header that lacks something gives the nearest
honest value (start of the act = creation). Times go to UTC. Source: interface guide, document entry;
ANS mapping of CDA to XDS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from harness.drive import hl7names
from harness.drive.cdatime import utc
from harness.drive.formats import formats
from protocol import codes, safexml
from protocol.coded import Coded
from protocol.errors import MetadataError, Text
from protocol.facts import (
    HL7,
    OID_INS_C,
    OID_INS_DEMO,
    OID_INS_TEST,
    OID_PS,
    OID_SECTORS,
    OID_STRUCTURE,
    PRODUCTION_INS_OIDS,
)

_INS_OIDS: Final = frozenset({OID_INS_TEST, OID_INS_DEMO, OID_INS_C, *PRODUCTION_INS_OIDS})
_PRACTICE_SYSTEM: Final = "1.2.250.1.213.1.1.4.9"
#: What a header without them gets, since the entry must have them: a surgery, ambulatory care.
_FACILITY_DEFAULT: Final = Coded("SA07", OID_SECTORS, "Cabinet d'un seul praticien")
_PRACTICE_DEFAULT: Final = Coded("AMBULATOIRE", _PRACTICE_SYSTEM, "Ambulatoire")
_LONGEST_TITLE: Final = 128
#: Systems that eventCodeList may take: LOINC, ICD-10, CCAM, modality, body region.
_EVENT_SYSTEMS: Final = frozenset(
    {
        "2.16.840.1.113883.6.1",
        "2.16.840.1.113883.6.3",
        "1.2.250.1.213.2.5",
        "1.2.250.1.213.1.1.5.618",
        "1.2.250.1.213.1.1.5.695",
    }
)


@dataclass(frozen=True)
class Author:
    """`person` is an XCN, `institution` a XON or "", `role` a label, `specialty` code^label^system."""

    person: str
    institution: str = ""
    role: str = ""
    specialty: str = ""


@dataclass(frozen=True)
class DocumentMetadata:
    """Metadata of one document. Times are DTM in UTC; `service_stop` may be ""."""

    unique_id: str
    mime_type: str
    title: str
    language: str
    creation: str
    service_start: str
    service_stop: str
    type: Coded
    document_class: Coded
    format: Coded
    practice: Coded
    facility: Coded
    events: tuple[Coded, ...]
    authors: tuple[Author, ...]
    legal_authenticator: str
    patient: tuple[str, str]
    source_patient: str
    source_patient_info: tuple[str, ...]


def derive(data: bytes) -> DocumentMetadata:
    """Metadata of a CDA document, self-presentable ones included.

    Raises XmlRefused for bytes that are no safe XML, MetadataError when there is no ClinicalDocument in it or
    no identifier or type.
    """
    root = safexml.parse(data, huge=True)
    header = clinical_document(root)
    kind = _coded(header, "hl7:code")
    creation = utc(safexml.value(header, "hl7:effectiveTime/@value"))
    event = _main_event(header)
    return DocumentMetadata(
        unique_id=_needed(header, "hl7:id/@root"),
        mime_type="text/xml" if root is header else "application/xslt+xml",
        title=(safexml.value(header, "hl7:title") or kind.label)[:_LONGEST_TITLE],
        language=safexml.value(header, "hl7:languageCode/@code") or "fr-FR",
        creation=creation,
        service_start=_time(event, "hl7:effectiveTime/hl7:low/@value") or creation,
        service_stop=_time(event, "hl7:effectiveTime/hl7:high/@value"),
        type=kind,
        document_class=_class_of(kind),
        format=_format(header),
        practice=_practice(header),
        facility=_facility(header),
        events=_events(header),
        authors=tuple(_author(node) for node in safexml.xpath(header, "hl7:author/hl7:assignedAuthor")),
        legal_authenticator=_legal(header),
        patient=_patient(header),
        source_patient=_source_patient(header),
        source_patient_info=_patient_info(header),
    )


def clinical_document(root: etree._Element) -> etree._Element:
    """The ClinicalDocument of a tree: its root, or the one that a self-presentable document carries."""
    found = next(iter(root.iter(f"{{{HL7}}}ClinicalDocument")), None)
    if found is None:
        raise MetadataError(
            "META-001",
            Text("pas de ClinicalDocument dans le document", "no ClinicalDocument in the document"),
            found=str(root.tag),
        )
    return found


def _needed(header: etree._Element, path: str) -> str:
    value = safexml.value(header, path)
    if not value:
        raise MetadataError(
            "META-002", Text("l'en-tête CDA est incomplet", "the CDA header is incomplete"), field=path
        )
    return value


def _coded(node: etree._Element, path: str) -> Coded:
    found = safexml.xpath(node, path)
    if not found or not found[0].get("code"):
        raise MetadataError(
            "META-002", Text("l'en-tête CDA est incomplet", "the CDA header is incomplete"), field=path
        )
    return _code_of(found[0])


def _code_of(node: etree._Element) -> Coded:
    code = node.get("code", "")
    return Coded(code, node.get("codeSystem", ""), node.get("displayName", "") or code)


def _first(header: etree._Element, *paths: str) -> Coded | None:
    for path in paths:
        for node in safexml.xpath(header, path):
            if node.get("code"):
                return _code_of(node)
    return None


def _main_event(header: etree._Element) -> etree._Element:
    """The act that the document reports: the first one that says who did it and where."""
    events = safexml.xpath(header, "hl7:documentationOf/hl7:serviceEvent")
    told = [event for event in events if safexml.xpath(event, "hl7:performer")]
    return (told or events or [header])[0]


def _time(node: etree._Element, path: str) -> str:
    return utc(safexml.value(node, path))


def _class_of(kind: Coded) -> Coded:
    found = codes.class_of_type(kind.code, kind.system)
    if found is None:
        raise MetadataError(
            "META-003",
            Text("aucune classe pour ce type de document", "no class for this type of document"),
            field="code",
            found=str(kind),
        )
    return Coded(found, codes.class_system(found), codes.value_set("J57").label(found))


def _format(header: etree._Element) -> Coded:
    templates = [node.get("root", "") for node in safexml.xpath(header, "hl7:templateId")]
    media = safexml.value(header, "hl7:component/hl7:nonXMLBody/hl7:text/@mediaType")
    return formats().of(templates, media)


def _practice(header: etree._Element) -> Coded:
    tail = "hl7:representedOrganization/hl7:standardIndustryClassCode"
    found = _first(
        header,
        f"hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity/{tail}",
        f"hl7:author/hl7:assignedAuthor/{tail}",
        f"hl7:legalAuthenticator/hl7:assignedEntity/{tail}",
    )
    return found or _PRACTICE_DEFAULT


def _facility(header: etree._Element) -> Coded:
    path = "hl7:componentOf/hl7:encompassingEncounter/hl7:location/hl7:healthCareFacility/hl7:code"
    return _first(header, path) or _FACILITY_DEFAULT


def _events(header: etree._Element) -> tuple[Coded, ...]:
    nodes = safexml.xpath(header, "hl7:documentationOf/hl7:serviceEvent/hl7:code[@code]")
    kept = {(node.get("code"), node.get("codeSystem")): _code_of(node) for node in nodes}
    return tuple(coded for coded in kept.values() if coded.system in _EVENT_SYSTEMS)


def _author(node: etree._Element) -> Author:
    organization = next(iter(safexml.xpath(node, "hl7:representedOrganization")), None)
    code = next(iter(safexml.xpath(node, "hl7:code[@code]")), None)
    spoken = _code_of(code) if code is not None else None
    return Author(
        person=_person(node),
        institution="" if organization is None else _institution(organization),
        role=safexml.value(node, "../hl7:functionCode/@displayName"),
        specialty=hl7names.specialty(spoken.code, spoken.label, spoken.system) if spoken else "",
    )


def _person(node: etree._Element) -> str:
    identifier, oid = _identifier(node)
    family = safexml.value(node, "hl7:assignedPerson/hl7:name/hl7:family")
    given = safexml.value(node, "hl7:assignedPerson/hl7:name/hl7:given")
    machine = next(iter(safexml.xpath(node, "hl7:assignedAuthoringDevice")), None)
    if machine is not None:
        software = safexml.value(machine, "hl7:softwareName")
        return hl7names.device(identifier, software, safexml.value(machine, "hl7:manufacturerModelName"), oid)
    if oid in _INS_OIDS:
        return hl7names.patient_person(identifier, family, given, oid)
    return hl7names.person(identifier, family, given, oid)


def _identifier(node: etree._Element) -> tuple[str, str]:
    """Extension and root of the first id, the national one before the others."""
    for path in (f"hl7:id[@root='{OID_PS}']", "hl7:id[@extension]"):
        for found in safexml.xpath(node, path):
            return found.get("extension", ""), found.get("root", "")
    return "", OID_PS


def _institution(node: etree._Element) -> str:
    name = safexml.value(node, "hl7:name")
    identifier = safexml.value(node, f"hl7:id[@root='{OID_STRUCTURE}']/@extension")
    return hl7names.institution(name, identifier) if name and identifier else ""


def _legal(header: etree._Element) -> str:
    entity = next(iter(safexml.xpath(header, "hl7:legalAuthenticator/hl7:assignedEntity")), None)
    return "" if entity is None else _person(entity)


def _patient(header: etree._Element) -> tuple[str, str]:
    """INS number and domain of the header; ("", "") when it has none."""
    for node in safexml.xpath(header, "hl7:recordTarget/hl7:patientRole/hl7:id"):
        if node.get("root") in _INS_OIDS - {OID_INS_C}:
            return node.get("extension", ""), node.get("root", "")
    return "", ""


def _source_patient(header: etree._Element) -> str:
    for node in safexml.xpath(header, "hl7:recordTarget/hl7:patientRole/hl7:id"):
        if node.get("root") not in _INS_OIDS and node.get("extension"):
            return hl7names.local_identifier(node.get("extension", ""), node.get("root", ""))
    number, oid = _patient(header)
    return f"{number}^^^&{oid}&ISO^NH" if number else ""


def _patient_info(header: etree._Element) -> tuple[str, ...]:
    patient = next(iter(safexml.xpath(header, "hl7:recordTarget/hl7:patientRole/hl7:patient")), None)
    if patient is None:
        return ()
    given = hl7names.plain(
        safexml.value(patient, "hl7:name/hl7:given[@qualifier='BR']")
        or safexml.value(patient, "hl7:name/hl7:given")
    )
    lines = [
        f"PID-5|{hl7names.plain(family)}^{given}^^^^^{kind}"
        for qualifier, kind in (("BR", "L"), ("CL", "D"), ("SP", "D"))
        if (family := safexml.value(patient, f"hl7:name/hl7:family[@qualifier='{qualifier}']"))
    ]
    birth = safexml.value(patient, "hl7:birthTime/@value")[:8]
    sex = safexml.value(patient, "hl7:administrativeGenderCode/@code")
    lines += [f"PID-7|{birth}"] if birth else []
    return (*lines, f"PID-8|{sex}") if sex else tuple(lines)
