"""Header rules of the lesser parts: devices, guardians, organisations, participants, encounter, consent, orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.cda_count import GROUP, SM, counted, every, judged, valued, with_attributes
from harness.checks.cda_view import CdaView
from harness.checks.forms import is_ts
from harness.checks.rule import RIGHT, WRONG, Finding, check_document, verdict
from harness.checks.xpath import attribute
from protocol import facts
from protocol.errors import Text

PATIENT: Final = "hl7:recordTarget/hl7:patientRole/hl7:patient"
ENCOUNTER: Final = "hl7:componentOf/hl7:encompassingEncounter"
PERFORMER: Final = "hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity"
ENTITY: Final = "hl7:participant/hl7:associatedEntity"
#: Those whose organisation is named by its national identifier.
_ORGANISED: Final = (
    "hl7:author/hl7:assignedAuthor",
    "hl7:informant/hl7:assignedEntity",
    "hl7:legalAuthenticator/hl7:assignedEntity",
    "hl7:authenticator/hl7:assignedEntity",
    PERFORMER,
    f"{ENCOUNTER}/hl7:responsibleParty/hl7:assignedEntity",
    f"{ENCOUNTER}/hl7:encounterParticipant/hl7:assignedEntity",
)
_ORGANISATIONS: Final = (
    *(f"{one}/hl7:representedOrganization" for one in _ORGANISED),
    "hl7:informationRecipient/hl7:intendedRecipient/hl7:receivedOrganization",
)
#: Those whose person, when there is one, has a family name.
_NAMED: Final = (
    *(f"{path}/hl7:assignedPerson" for path in _ORGANISED if path != PERFORMER),
    "hl7:informant/hl7:relatedEntity/hl7:relatedPerson",
    f"{ENTITY}/hl7:associatedPerson",
    f"{PATIENT}/hl7:guardian/hl7:guardianPerson",
)


@check_document(
    "CDA-DEVICE",
    group=GROUP,
    clause=SM,
    title=Text(
        "Un dispositif auteur dit son modèle et son logiciel", "An authoring device tells model and software"
    ),
    mend=Text("manufacturerModelName et softwareName", "manufacturerModelName and softwareName"),
    under="hl7:author/hl7:assignedAuthor/hl7:assignedAuthoringDevice",
)
def device(view: CdaView) -> Iterator[Finding]:
    path = "hl7:author/hl7:assignedAuthor/hl7:assignedAuthoringDevice"
    yield from counted(view, path, "hl7:manufacturerModelName", 1)
    yield from counted(view, path, "hl7:softwareName", 1)


@check_document(
    "CDA-PERSON-NAMED",
    group=GROUP,
    clause=SM,
    title=Text("Une personne citée a un nom de famille", "A person who is cited has a family name"),
    mend=Text("name/family, ou pas de personne", "name/family, or no person"),
)
def person_named(view: CdaView) -> Iterator[Finding]:
    people = [person for path in _NAMED for person in view.nodes(path)]
    if view.brief:
        if people:
            yield from RIGHT if view.index.within(people, "hl7:name[hl7:family]", 1, 1) else WRONG
        return

    def count(person: etree._Element) -> int:
        return len(view.under(person, "hl7:name[hl7:family]"))

    yield from judged(
        view,
        people,
        lambda person: count(person) == 1,
        lambda person: str(count(person)),
        "1..1",
        "/hl7:name[hl7:family]",
    )


@check_document(
    "CDA-GUARDIAN-PARTS",
    group=GROUP,
    clause=SM,
    title=Text(
        "Nom ou organisation du représentant sont bien faits",
        "The guardian's name or organisation is well made",
    ),
    mend=Text(
        "family BR, SP ou CL ; organisation identifiée par FINESS ou SIRET",
        "family BR, SP or CL; an organisation with its national id",
    ),
    under=f"{PATIENT}/hl7:guardian",
)
def guardian_parts(view: CdaView) -> Iterator[Finding]:
    path = f"{PATIENT}/hl7:guardian"
    yield from counted(view, f"{path}/hl7:guardianPerson/hl7:name", "hl7:family", 1, 3)
    yield from counted(view, f"{path}/hl7:guardianPerson/hl7:name", "hl7:prefix", 0)
    family = f"{path}/hl7:guardianPerson/hl7:name/hl7:family"
    yield from valued(
        view, family, "qualifier", lambda value: value in ("", "BR", "SP", "CL"), "BR | SP | CL | –"
    )
    organisation = f"{path}/hl7:guardianOrganization"
    yield from counted(view, organisation, "hl7:name", 0)
    yield from with_attributes(view, f"{organisation}/hl7:id", "root", "extension")
    yield from valued(
        view, f"{organisation}/hl7:id", "root", lambda root: root == facts.OID_STRUCTURE, facts.OID_STRUCTURE
    )


@check_document(
    "CDA-DECEASED",
    group=GROUP,
    clause=SM,
    title=Text("Décès et naissance multiple sont dits une fois", "Death and multiple birth are told once"),
    mend=Text("une fois chacun, la date au calendrier", "once each, a calendar date"),
)
def deceased(view: CdaView) -> Iterator[Finding]:
    for name in ("deceasedInd", "deceasedTime", "multipleBirthInd", "multipleBirthOrderNumber"):
        if view.nodes(f"{PATIENT}/sdtc:{name}"):
            yield from counted(view, PATIENT, f"sdtc:{name}", 0)
    yield from valued(view, f"{PATIENT}/sdtc:deceasedTime", "value", is_ts, "YYYYMMDD…")


@check_document(
    "CDA-DATA-ENTERER",
    group=GROUP,
    clause=SM,
    title=Text("Une saisie a une date au plus", "A data entry has one time at most"),
    mend=Text("une seule date de saisie", "a single time"),
    under="hl7:dataEnterer",
)
def data_enterer(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:dataEnterer", "hl7:time", 0)
    yield from valued(view, "hl7:dataEnterer/hl7:time", "value", is_ts, "YYYYMMDD…")


@check_document(
    "CDA-ORGANISATION-ID",
    group=GROUP,
    clause=f"{SM} : identifiant national de structure",
    title=Text(
        "L'organisation d'un intervenant a l'identifiant national", "An organisation has its national id"
    ),
    mend=Text(f"root {facts.OID_STRUCTURE} et extension", f"root {facts.OID_STRUCTURE} and extension"),
)
def organisation_id(view: CdaView) -> Iterator[Finding]:
    expected = f"1 × …^{facts.OID_STRUCTURE}"
    for path in _ORGANISATIONS:
        for item in view.nodes(path):
            known = view.under(item, "hl7:id[not(@nullFlavor)]")
            if known:
                roots = [one.get("root", "") for one in known]
                good = roots.count(facts.OID_STRUCTURE) == 1 and all(
                    one.get("extension", "") for one in known
                )
                yield verdict(good, view.at(item) + "/id", " | ".join(roots), expected)


@check_document(
    "CDA-ORGANISATION",
    group=GROUP,
    clause=SM,
    title=Text(
        "Une organisation a un nom et un cadre d'exercice au plus",
        "An organisation has one name, one setting",
    ),
    mend=Text(
        "garder un name et un standardIndustryClassCode complet", "keep one name and one complete setting"
    ),
)
def organisation(view: CdaView) -> Iterator[Finding]:
    known = view.in_header("representedOrganization", "receivedOrganization", "scopingOrganization")
    yield from counted(view, known, "hl7:name", 0)
    yield from counted(view, known, "hl7:standardIndustryClassCode", 0)
    settings = view.index.under(known, "hl7:standardIndustryClassCode[not(@nullFlavor)]")
    yield from every(
        view,
        settings,
        lambda item: not _missing(item),
        lambda item: " ".join(_missing(item)),
        "code, codeSystem, displayName",
    )


def _missing(setting: etree._Element) -> list[str]:
    return [name for name in ("code", "codeSystem", "displayName") if not setting.get(name, "")]


@check_document(
    "CDA-ORGANISATION-PART",
    group=GROUP,
    clause=SM,
    title=Text(
        "Le rattachement d'une organisation est dit une fois", "What an organisation is part of is told once"
    ),
    mend=Text("un seul asOrganizationPartOf", "a single asOrganizationPartOf"),
)
def organisation_part(view: CdaView) -> Iterator[Finding]:
    for holder in view.in_header("asOrganizationPartOf"):
        twins = view.index.before(holder)
        yield verdict(not twins, view.at(holder), str(len(twins) + 1), "1")
        for name in ("code", "statusCode", "effectiveTime"):
            count = len(view.under(holder, f"hl7:{name}"))
            yield verdict(count <= 1, f"{view.at(holder)}/{name}", str(count), "0..1")


@check_document(
    "CDA-FUNCTION",
    group=GROUP,
    clause=f"{SM} ; JDV_J47",
    title=Text("Une fonction est un code et son système", "A function is a code and its system"),
    mend=Text(
        "code et codeSystem, originalText au plus une fois", "code and codeSystem, originalText once at most"
    ),
)
def function(view: CdaView) -> Iterator[Finding]:
    for item in view.in_header("functionCode"):
        if item.get("nullFlavor") is None:
            said = f"{attribute(item, 'code')}^{attribute(item, 'codeSystem')}"
            good = bool(attribute(item, "code") and attribute(item, "codeSystem"))
            yield verdict(
                good and len(view.under(item, "hl7:originalText")) <= 1,
                view.at(item),
                said,
                "code^codeSystem",
            )


@check_document(
    "CDA-RELATION",
    group=GROUP,
    clause=f"{SM} ; JDV_J11",
    title=Text(
        "Le lien avec le patient est un code complet", "The relation to the patient is a complete code"
    ),
    mend=Text("un code, codeSystem et displayName", "one code, codeSystem and displayName"),
    under="hl7:informant/hl7:relatedEntity",
)
def relation(view: CdaView) -> Iterator[Finding]:
    path = "hl7:informant/hl7:relatedEntity"
    yield from counted(view, path, "hl7:code", 0)
    yield from with_attributes(view, f"{path}/hl7:code", "code", "codeSystem", "displayName")


@check_document(
    "CDA-RECIPIENT-PARTS",
    group=GROUP,
    clause=SM,
    title=Text("L'identifiant d'un destinataire est complet", "The id of a recipient is complete"),
    mend=Text("root et extension", "root and extension"),
    under="hl7:informationRecipient",
)
def recipient_parts(view: CdaView) -> Iterator[Finding]:
    path = "hl7:informationRecipient/hl7:intendedRecipient"
    yield from with_attributes(view, f"{path}/hl7:id", "root", "extension")
    yield from with_attributes(view, f"{path}/hl7:templateId", "root")
    for child, low in (("family", 1), ("given", 0), ("prefix", 0), ("suffix", 0)):
        yield from counted(view, f"{path}/hl7:informationRecipient/hl7:name", f"hl7:{child}", low)


@check_document(
    "CDA-PARTICIPANT-TIME",
    group=GROUP,
    clause=SM,
    title=Text("La date d'un participant a ses bornes", "The time of a participant has its bounds"),
    mend=Text("low et high au plus une fois, avec value", "low and high once at most, with value"),
)
def participant_time(view: CdaView) -> Iterator[Finding]:
    for path in ("hl7:participant/hl7:time", f"{ENCOUNTER}/hl7:encounterParticipant/hl7:time"):
        for bound in ("low", "high"):
            yield from counted(view, path, f"hl7:{bound}", 0)
            yield from valued(view, f"{path}/hl7:{bound}", "value", is_ts, "YYYYMMDD…")


@check_document(
    "CDA-PARTICIPANT-ENTITY",
    group=GROUP,
    clause=SM,
    title=Text("L'entité d'un participant est identifiée", "The entity of a participant is identified"),
    mend=Text(
        "un id complet, un code complet, une personne, une organisation",
        "one complete id, code, person, organisation",
    ),
    under="hl7:participant",
)
def participant_entity(view: CdaView) -> Iterator[Finding]:
    for child in ("id", "code", "associatedPerson", "scopingOrganization"):
        yield from counted(view, ENTITY, f"hl7:{child}", 0)
    for child in ("functionCode", "templateId"):
        yield from counted(view, "hl7:participant", f"hl7:{child}", 0)
    yield from with_attributes(view, f"{ENTITY}/hl7:id", "root", "extension")
    yield from with_attributes(view, f"{ENTITY}/hl7:code", "code", "codeSystem", "displayName")


@check_document(
    "CDA-ENCOUNTER-CODE",
    group=GROUP,
    clause=f"{SM} ; JDV_J142",
    title=Text("Le type de prise en charge est un code complet", "The kind of encounter is a complete code"),
    mend=Text("code, codeSystem et displayName", "code, codeSystem and displayName"),
)
def encounter_code(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ENCOUNTER, "hl7:code", 0)
    yield from with_attributes(view, f"{ENCOUNTER}/hl7:code", "code", "codeSystem", "displayName")


@check_document(
    "CDA-ENCOUNTER-TIMES",
    group=GROUP,
    clause=SM,
    title=Text(
        "La prise en charge a un début et une fin au plus", "The encounter has one start, one end at most"
    ),
    mend=Text("low et high au plus une fois", "low and high once at most"),
)
def encounter_times(view: CdaView) -> Iterator[Finding]:
    for bound in ("low", "high"):
        yield from counted(view, f"{ENCOUNTER}/hl7:effectiveTime", f"hl7:{bound}", 0)


@check_document(
    "CDA-DISCHARGE",
    group=GROUP,
    clause=SM,
    title=Text(
        "Le mode de sortie est un code de son système", "The discharge disposition is a code of its system"
    ),
    mend=Text(
        "code, displayName, codeSystem 1.2.250.1.213.2.14", "code, displayName, codeSystem 1.2.250.1.213.2.14"
    ),
)
def discharge(view: CdaView) -> Iterator[Finding]:
    path = f"{ENCOUNTER}/hl7:dischargeDispositionCode"
    yield from with_attributes(view, path, "code", "displayName")
    system = "1.2.250.1.213.2.14"
    yield from valued(view, path, "codeSystem", lambda value: value == system, system)


@check_document(
    "CDA-PLACE",
    group=GROUP,
    clause=SM,
    title=Text(
        "Le lieu de soins a un emplacement et un nom au plus", "The place of care has one location, one name"
    ),
    mend=Text("un location, un name", "one location, one name"),
)
def place(view: CdaView) -> Iterator[Finding]:
    path = f"{ENCOUNTER}/hl7:location/hl7:healthCareFacility"
    yield from counted(view, path, "hl7:location", 0)
    yield from counted(view, f"{path}/hl7:location", "hl7:name", 0)


@check_document(
    "CDA-ORDER-PARTS",
    group=GROUP,
    clause=SM,
    title=Text(
        "Une prescription d'origine a un code et un numéro au plus", "An order has one code, one number"
    ),
    mend=Text("un code, un accessionNumber", "one code, one accessionNumber"),
    under="hl7:inFulfillmentOf",
)
def order_parts(view: CdaView) -> Iterator[Finding]:
    path = "hl7:inFulfillmentOf/hl7:order"
    yield from counted(view, path, "hl7:code", 0)
    yield from counted(view, path, "*[local-name()='accessionNumber']", 0)
    yield from counted(view, f"{path}/hl7:code", "hl7:originalText", 0)


@check_document(
    "CDA-CONSENT-CLASS",
    group=GROUP,
    clause=f"{SM} : AUTH, CONS, EVN",
    title=Text("Un consentement est de la classe des consentements", "A consent is of the class of consents"),
    mend=Text(
        "typeCode AUTH, classCode CONS, moodCode EVN, ou rien",
        "typeCode AUTH, classCode CONS, moodCode EVN, or none",
    ),
    under="hl7:authorization",
)
def consent_class(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("hl7:authorization"):
        found = item.get("typeCode", "AUTH")
        yield verdict(found == "AUTH", view.at(item) + "/@typeCode", found, "AUTH")
    for item in view.nodes("hl7:authorization/hl7:consent"):
        found = f"{item.get('classCode', 'CONS')} {item.get('moodCode', 'EVN')}"
        yield verdict(found == "CONS EVN", view.at(item), found, "CONS EVN")
