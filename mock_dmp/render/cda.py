"""Writes the CDA document of a seeded entry: a French header (CI-SIS, level 1) around a text or a sample's body.

The mock's own writer, for documents that a DMP holds from the start. What is submitted is never touched.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from protocol import facts
from protocol.coded import Coded
from protocol.directory import Patient, Professional, Structure

_TEMPLATES: Final = ("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20")
#: The DMP as custodian of what a patient files there (CI-SIS).
_DMP: Final = "1.2.250.1.213.4.1"
_GENDERS: Final = {"M": "Masculin", "F": "Féminin", "U": "Inconnu"}


@dataclass(frozen=True)
class Written:
    """What the header tells. `author` and `structure` are None when the patient wrote it.

    `body` is a `component` taken from elsewhere, with the `templates` of its model; None makes one of `text`.
    `replaces` is the uniqueId of the earlier document, "" when there is none.
    """

    unique_id: str
    title: str
    type: Coded
    practice: Coded
    facility: Coded
    at: datetime
    patient: Patient
    author: Professional | None
    structure: Structure | None
    text: str
    replaces: str = ""
    body: etree._Element | None = None
    templates: tuple[str, ...] = ()


def clinical_document(told: Written) -> bytes:
    """The document, UTF-8 with its XML declaration."""
    root = etree.Element(_hl7("ClinicalDocument"), nsmap={None: facts.HL7, "xsi": facts.XSI})
    _put(root, "realmCode", code="FR")
    _put(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    for template in told.templates or _TEMPLATES:
        _put(root, "templateId", root=template)
    _put(root, "id", root=told.unique_id)
    _code(root, "code", told.type)
    _put(root, "title").text = told.title
    _put(root, "effectiveTime", value=_stamp(told.at))
    _put(root, "confidentialityCode", code="N", displayName="Normal", codeSystem=facts.OID_CONFIDENTIALITY)
    _put(root, "languageCode", code="fr-FR")
    _put(root, "setId", root=told.unique_id)
    _put(root, "versionNumber", value="1")
    _record_target(root, told.patient)
    _author(root, told)
    _custodian(root, told)
    _legal_authenticator(root, told)
    _service(root, told)
    if told.replaces:
        parent = _put(_put(root, "relatedDocument", typeCode="RPLC"), "parentDocument")
        _put(parent, "id", root=told.replaces)
    _encounter(root, told)
    _component(root, told)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _record_target(root: etree._Element, patient: Patient) -> None:
    role = _put(_put(root, "recordTarget"), "patientRole")
    _put(role, "id", root=patient.ins.oid, extension=patient.ins.number)
    _unknown_place(role)
    person = _put(role, "patient")
    name = _put(person, "name")
    _put(name, "family", qualifier="BR").text = patient.family_birth
    _put(name, "given").text = " ".join(patient.given)
    _put(name, "given", qualifier="BR").text = patient.given[0]
    if patient.family_usual:
        _put(name, "family", qualifier="CL").text = patient.family_usual
        _put(name, "given", qualifier="CL").text = patient.given[0]
    gender = Coded(patient.sex, "2.16.840.1.113883.5.1", _GENDERS[patient.sex])
    _code(person, "administrativeGenderCode", gender)
    _put(person, "birthTime", value=patient.birth_stamp)
    place = _put(_put(_put(person, "birthplace"), "place"), "addr")
    _put(place, "county").text = patient.birth_place.insee


def _author(root: etree._Element, told: Written) -> None:
    author = _put(root, "author")
    _put(author, "time", value=_stamp(told.at))
    assigned = _put(author, "assignedAuthor")
    _who(assigned, told)
    if told.author is not None:
        _code(assigned, "code", _speciality(told.author))
    _unknown_place(assigned)
    _person(assigned, told)
    if told.structure is not None:
        _organisation(_put(assigned, "representedOrganization"), told.structure)


def _custodian(root: etree._Element, told: Written) -> None:
    """The structure of the author; for what the patient wrote, the DMP itself."""
    kept = _put(_put(_put(root, "custodian"), "assignedCustodian"), "representedCustodianOrganization")
    if told.structure is not None:
        _organisation(kept, told.structure)
        return
    _put(kept, "id", root=_DMP)
    _put(kept, "name").text = "Dossier médical partagé (simulateur)"
    _put(kept, "telecom", nullFlavor="NASK")
    _put(kept, "addr", nullFlavor="NASK")


def _legal_authenticator(root: etree._Element, told: Written) -> None:
    legal = _put(root, "legalAuthenticator")
    _put(legal, "time", value=_stamp(told.at))
    _put(legal, "signatureCode", code="S")
    entity = _put(legal, "assignedEntity")
    _who(entity, told)
    _unknown_place(entity)
    _person(entity, told)


def _service(root: etree._Element, told: Written) -> None:
    event = _put(_put(root, "documentationOf"), "serviceEvent")
    _put(_put(event, "effectiveTime"), "low", value=_stamp(told.at))
    entity = _put(_put(event, "performer", typeCode="PRF"), "assignedEntity")
    _who(entity, told)
    _person(entity, told)
    organisation = _put(entity, "representedOrganization")
    if told.structure is not None:
        _put(organisation, "id", root=facts.OID_STRUCTURE, extension=told.structure.struct_id)
        _put(organisation, "name").text = told.structure.name
    _code(organisation, "standardIndustryClassCode", told.practice)


def _encounter(root: etree._Element, told: Written) -> None:
    encounter = _put(_put(root, "componentOf"), "encompassingEncounter")
    _put(_put(encounter, "effectiveTime"), "low", value=_stamp(told.at))
    facility = _put(_put(encounter, "location"), "healthCareFacility")
    if told.structure is not None:
        _put(facility, "id", root=facts.OID_STRUCTURE, extension=told.structure.struct_id)
    _code(facility, "code", told.facility)


def _component(root: etree._Element, told: Written) -> None:
    if told.body is not None:
        root.append(told.body)
        return
    body = _put(_put(root, "component"), "nonXMLBody")
    text = _put(body, "text", mediaType="text/plain", representation="B64")
    text.text = base64.b64encode(told.text.encode()).decode("ascii")


def _who(parent: etree._Element, told: Written) -> None:
    if told.author is not None:
        _put(parent, "id", root=facts.OID_PS, extension=told.author.ps_id)
    else:
        _put(parent, "id", root=told.patient.ins.oid, extension=told.patient.ins.number)


def _person(parent: etree._Element, told: Written) -> None:
    name = _put(_put(parent, "assignedPerson"), "name")
    given, family = (
        (told.patient.given[0], told.patient.family_birth)
        if told.author is None
        else (told.author.given, told.author.family)
    )
    _put(name, "given").text = given
    _put(name, "family").text = family


def _organisation(parent: etree._Element, structure: Structure) -> None:
    _put(parent, "id", root=facts.OID_STRUCTURE, extension=structure.struct_id)
    _put(parent, "name").text = structure.name
    _put(parent, "telecom", nullFlavor="NASK")
    _put(parent, "addr", nullFlavor="NASK")


def _unknown_place(parent: etree._Element) -> None:
    _put(parent, "addr", nullFlavor="NASK")
    _put(parent, "telecom", nullFlavor="NASK")


def _speciality(author: Professional) -> Coded:
    """Profession and specialty in one code, as authors of the CI-SIS have it: `G15_10/SM26`."""
    national = author.role.system == facts.OID_PROFESSIONS
    code, label = (f"G15_{author.role.code}" if national else author.role.code), author.role.label
    if author.specialty is not None:
        code, label = f"{code}/{author.specialty.code}", f"{label} - {author.specialty.label}"
    return Coded(code, facts.OID_AUTHOR_SPECIALTY if national else author.role.system, label)


def _code(parent: etree._Element, name: str, code: Coded) -> None:
    _put(parent, name, code=code.code, displayName=code.label, codeSystem=code.system)


def _put(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, _hl7(name), attributes)


def _hl7(name: str) -> str:
    return f"{{{facts.HL7}}}{name}"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S+0000")
