"""Header rules of what was done: act, performer, encounter, orders, consent, replaced document."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.cda_count import BEYOND, GROUP, SM, counted, valued, with_attributes
from harness.checks.cda_view import CdaView
from harness.checks.forms import dtm_start, is_oid, is_ts, is_uuid
from harness.checks.rule import Finding, check_document, verdict
from harness.checks.xpath import attribute
from protocol import facts
from protocol.codes import value_set
from protocol.errors import Text

EVENT = "hl7:documentationOf/hl7:serviceEvent"
PERFORMER = f"{EVENT}/hl7:performer"
ENCOUNTER = "hl7:componentOf/hl7:encompassingEncounter"
FACILITY = f"{ENCOUNTER}/hl7:location/hl7:healthCareFacility"
SETTING = f"{PERFORMER}/hl7:assignedEntity/hl7:representedOrganization/hl7:standardIndustryClassCode"


@check_document(
    "CDA-SERVICE-EVENT",
    group=GROUP,
    clause=SM,
    title=Text("Chaque documentationOf décrit un acte", "Each documentationOf describes one act"),
    mend=Text(
        "un acte par documentationOf ; code et codeSystem ensemble",
        "one act for each documentationOf; code and codeSystem together",
    ),
)
def service_event(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:documentationOf", "hl7:serviceEvent", 1)
    for child in ("hl7:code", "hl7:effectiveTime", "hl7:performer[@typeCode='PRF'][hl7:assignedEntity]"):
        yield from counted(view, EVENT, child, 0)
    yield from with_attributes(view, f"{EVENT}/hl7:code", "code", "codeSystem")


@check_document(
    "CDA-SERVICE-TIME",
    group=GROUP,
    clause=SM,
    title=Text("La date d'un acte a un début valide", "The time of an act has a valid start"),
    mend=Text(
        "effectiveTime avec low, et high au plus une fois", "effectiveTime with low, and high once at most"
    ),
)
def service_time(view: CdaView) -> Iterator[Finding]:
    path = f"{EVENT}/hl7:effectiveTime[not(@nullFlavor)]"
    yield from counted(view, path, "hl7:low", 1)
    yield from counted(view, path, "hl7:high", 0)
    yield from valued(view, f"{path}/hl7:low", "value", is_ts, "YYYYMMDD…")


@check_document(
    "CDA-SERVICE-ORDER",
    group=GROUP,
    clause=f"{BEYOND} : intervalle dans le bon sens",
    title=Text("Un acte commence avant de finir", "An act starts before it ends"),
    mend=Text("remettre low et high dans l'ordre", "put low and high in order"),
    confidence="C",
    default="warning",
)
def service_order(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes(f"{EVENT}/hl7:effectiveTime"):
        low, high = view.value(item, "hl7:low", "value"), view.value(item, "hl7:high", "value")
        start, end = dtm_start(low), dtm_start(high)
        if start and end:
            yield verdict(
                start <= end or low.startswith(high), view.at(item), f"{low} … {high}", "low ≤ high"
            )


@check_document(
    "CDA-PERFORMER",
    group=GROUP,
    clause=SM,
    title=Text(
        "L'exécutant est identifié et dit son organisation", "The performer is identified, with organisation"
    ),
    mend=Text(
        "typeCode PRF, un id, une organisation et son cadre d'exercice",
        "typeCode PRF, one id, one organisation and its setting",
    ),
)
def performer(view: CdaView) -> Iterator[Finding]:
    yield from valued(view, PERFORMER, "typeCode", lambda value: value == "PRF", "PRF")
    yield from counted(view, PERFORMER, "hl7:assignedEntity[hl7:representedOrganization]", 1)
    yield from counted(view, f"{PERFORMER}/hl7:assignedEntity", "hl7:id", 1)
    path = f"{PERFORMER}/hl7:assignedEntity/hl7:representedOrganization"
    yield from counted(view, path, "hl7:standardIndustryClassCode", 1)
    yield from counted(view, path, "hl7:name", 0)


@check_document(
    "CDA-SERVICE-MAIN",
    group=GROUP,
    clause=f"{SM} : acte principal, daté, avec son exécutant",
    title=Text("L'acte principal a une date et un exécutant", "The main act has a time and a performer"),
    mend=Text("un acte avec effectiveTime/low et performer", "an act with effectiveTime/low and performer"),
    confidence="B",
    default="warning",
)
def service_main(view: CdaView) -> Iterator[Finding]:
    if view.root is not None:
        count = len(view.nodes(f"{EVENT}[hl7:effectiveTime/hl7:low][hl7:performer]"))
        yield verdict(count >= 1, f"{view.at(view.root)}/{EVENT}", str(count), "≥ 1")


@check_document(
    "CDA-PRACTICE-SETTING",
    group=GROUP,
    clause=f"{SM} ; JDV_J04",
    title=Text("Le cadre d'exercice est un code complet", "The practice setting is a complete code"),
    mend=Text(
        "code, codeSystem et displayName du cadre d'exercice",
        "code, codeSystem and displayName of the setting",
    ),
)
def practice_setting(view: CdaView) -> Iterator[Finding]:
    yield from with_attributes(view, SETTING, "code", "codeSystem", "displayName")


@check_document(
    "CDA-PRACTICE-SETTING-KNOWN",
    group=GROUP,
    clause=f"{BEYOND} : JDV_J62",
    title=Text("Le DMP connaît ce cadre d'exercice", "The DMP knows this practice setting"),
    mend=Text("prendre un cadre d'exercice de JDV_J62", "take a setting of JDV_J62"),
    confidence="C",
    default="warning",
)
def practice_setting_known(view: CdaView) -> Iterator[Finding]:
    yield from _known(view, SETTING, "J62")


@check_document(
    "CDA-ENCOUNTER",
    group=GROUP,
    clause=SM,
    title=Text("La prise en charge a une date et un lieu", "The encounter has a time and a place"),
    mend=Text(
        "effectiveTime et location/healthCareFacility", "effectiveTime and location/healthCareFacility"
    ),
)
def encounter(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ENCOUNTER, "hl7:effectiveTime", 1)
    yield from counted(view, ENCOUNTER, "hl7:location[hl7:healthCareFacility]", 1)
    for child in ("hl7:code", "hl7:dischargeDispositionCode", "hl7:responsibleParty[hl7:assignedEntity]"):
        yield from counted(view, ENCOUNTER, child, 0)
    yield from with_attributes(view, f"{ENCOUNTER}/hl7:id", "root")
    yield from with_attributes(view, f"{ENCOUNTER}/hl7:code", "code", "codeSystem", "displayName")


@check_document(
    "CDA-FACILITY",
    group=GROUP,
    clause=f"{SM} ; JDV_J02",
    title=Text("Le lieu de la prise en charge est un code complet", "The place of care is a complete code"),
    mend=Text(
        "code, codeSystem et displayName du secteur d'activité",
        "code, codeSystem and displayName of the sector",
    ),
)
def facility(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, FACILITY, "hl7:code", 1)
    yield from with_attributes(view, f"{FACILITY}/hl7:code", "code", "codeSystem", "displayName")


@check_document(
    "CDA-FACILITY-KNOWN",
    group=GROUP,
    clause=f"{BEYOND} : JDV_J61",
    title=Text("Le DMP connaît ce secteur d'activité", "The DMP knows this sector"),
    mend=Text("prendre un secteur de JDV_J61", "take a sector of JDV_J61"),
    confidence="C",
    default="warning",
)
def facility_known(view: CdaView) -> Iterator[Finding]:
    yield from _known(view, f"{FACILITY}/hl7:code", "J61")


@check_document(
    "CDA-ENCOUNTER-PEOPLE",
    group=GROUP,
    clause=SM,
    title=Text(
        "Responsable et participants de la prise en charge sont des professionnels identifiés",
        "People of the encounter are identified professionals",
    ),
    mend=Text(
        "un assignedEntity avec un id de racine 1.2.250.1.71.4.2.1",
        "an assignedEntity with an id of root 1.2.250.1.71.4.2.1",
    ),
)
def encounter_people(view: CdaView) -> Iterator[Finding]:
    wanted = f"hl7:assignedEntity[hl7:id/@root='{facts.OID_PS}']"
    yield from counted(view, f"{ENCOUNTER}/hl7:responsibleParty", wanted, 1)
    yield from counted(view, f"{ENCOUNTER}/hl7:encounterParticipant", wanted, 1)
    yield from valued(view, f"{ENCOUNTER}/hl7:encounterParticipant", "typeCode", bool, "JDV_J140")


@check_document(
    "CDA-RELATED",
    group=GROUP,
    clause=f"{SM} ; interface DMP, remplacement",
    title=Text(
        "Un document remplacé est désigné par son identifiant", "A replaced document is named by its id"
    ),
    mend=Text('typeCode="RPLC", un parentDocument avec id', 'typeCode="RPLC", one parentDocument with id'),
    under="hl7:relatedDocument",
)
def related(view: CdaView) -> Iterator[Finding]:
    path = "hl7:relatedDocument"
    yield from valued(view, path, "typeCode", lambda value: value == "RPLC", "RPLC")
    yield from counted(view, path, "hl7:parentDocument", 1)
    yield from counted(view, f"{path}/hl7:parentDocument", "hl7:id", 1)
    yield from valued(
        view,
        f"{path}/hl7:parentDocument/hl7:id",
        "root",
        lambda root: is_oid(root) or is_uuid(root),
        "OID | UUID",
    )


@check_document(
    "CDA-RELATED-OTHER",
    group=GROUP,
    clause=f"{BEYOND} : un document ne se remplace pas lui-même",
    title=Text("Le document remplacé est un autre document", "The replaced document is another one"),
    mend=Text("mettre l'id du document remplacé", "put the id of the replaced document"),
    confidence="C",
    default="warning",
    under="hl7:relatedDocument",
)
def related_other(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("hl7:relatedDocument/hl7:parentDocument/hl7:id"):
        found = (attribute(item, "root"), attribute(item, "extension"))
        own = [(attribute(mine, "root"), attribute(mine, "extension")) for mine in view.nodes("hl7:id")]
        yield verdict(found not in own, view.at(item), "^".join(found), "≠ ClinicalDocument/id")


@check_document(
    "CDA-ORDER",
    group=GROUP,
    clause=SM,
    title=Text("Une prescription d'origine est identifiée", "An order is identified"),
    mend=Text("un order avec un id", "one order with an id"),
    under="hl7:inFulfillmentOf",
)
def order(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, "hl7:inFulfillmentOf", "hl7:order", 1)
    yield from counted(view, "hl7:inFulfillmentOf/hl7:order", "hl7:id", 1)


@check_document(
    "CDA-CONSENT",
    group=GROUP,
    clause=SM,
    title=Text("Un consentement est codé et achevé", "A consent is coded and completed"),
    mend=Text(
        "un consent avec code et statusCode completed", "one consent with a code and statusCode completed"
    ),
    under="hl7:authorization",
)
def consent(view: CdaView) -> Iterator[Finding]:
    path = "hl7:authorization"
    yield from counted(view, path, "hl7:consent", 1)
    yield from counted(view, f"{path}/hl7:consent", "hl7:code", 1)
    yield from counted(view, f"{path}/hl7:consent", "hl7:statusCode[@code='completed' or @nullFlavor]", 1)


def _known(view: CdaView, path: str, jdv: str) -> Iterator[Finding]:
    known = value_set(jdv)
    for item in view.nodes(f"{path}[@code]"):
        found = f"{attribute(item, 'code')}^{attribute(item, 'codeSystem')}"
        good = known.contains(attribute(item, "code"), attribute(item, "codeSystem"))
        yield verdict(good, view.at(item), found, f"∈ JDV_{jdv} ({known.version})")
