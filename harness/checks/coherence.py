"""Rules of coherence of a submission: the CDA header and the fiche that goes with it say the same.

Each rule looks at the CDA documents of TD2.1, entry by entry; what a document doesn't say isn't compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from harness.checks.cda_view import CdaView
from harness.checks.forms import cx, dtm_start, is_ins_oid, xcn
from harness.checks.judged import Judged, once_a_view
from harness.checks.rim import (
    FEEDING,
    code_text,
    codes,
    document_of,
    documents_entries,
    external,
    slot,
    slot_values,
    targets,
    title,
)
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, first, nodes, string, strings
from protocol import facts
from protocol.errors import Text

COH = "COHERENCE"
ON = FEEDING
CLAUSE = "interface DMP, fiche de document : cohérence de la fiche et de l'en-tête CDA"
#: Level-1 body media types and the format that each asks for.
FORMATS = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
    "text/rtf": "urn:ihe:iti-fr:xds-sd:rtf:2010",
    "image/jpeg": "urn:ihe:iti-fr:xds-sd:jpeg:2010",
    "image/tiff": "urn:ihe:iti-fr:xds-sd:tiff:2010",
}


@once_a_view
def pairs(view: Judged) -> tuple[tuple[etree._Element, CdaView, etree._Element], ...]:
    """(entry, view of its document, ClinicalDocument) for each CDA document of the submission."""
    found = []
    for item in documents_entries(view):
        data = document_of(view, item)
        if data is not None:
            document = view.cda_of(data)
            if document is not None and document.root is not None:
                found.append((item, document, document.root))
    return tuple(found)


def _same_code(view: Judged, scheme: str, path: str, name: str) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        coded = first(root, path)
        if coded is not None and attribute(coded, "code"):
            said = f"{attribute(coded, 'code')}^{attribute(coded, 'codeSystem')}"
            found = " | ".join(code_text(code) for code in codes(item, scheme))
            yield verdict(found == said, f"{view.at(item)}/{name}", found, f"{said} (CDA)")


def _same_time(view: Judged, slot_name: str, path: str) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said, found = string(root, path), slot(item, slot_name)
        if said and found:
            left, right = dtm_start(found), dtm_start(said)
            shared = min(len(found), len(said.split("+")[0].split("-")[0].split(".")[0]))
            good = (
                left is not None
                and right is not None
                and f"{left:%Y%m%d%H%M%S}"[:shared] == f"{right:%Y%m%d%H%M%S}"[:shared]
            )
            yield verdict(good, f"{view.at(item)}/{slot_name}", found, f"{said} (CDA)")


@check(
    "COH-UNIQUE-ID",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text("uniqueId de la fiche = id du document", "uniqueId of the entry = id of the document"),
    mend=Text("recopier id/@root du document dans uniqueId", "copy the document's id/@root into uniqueId"),
    requirements=("EX_2.1-1130",),
)
def unique_id(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        identifier, extension = string(root, "hl7:id/@root"), string(root, "hl7:id/@extension")
        said = f"{identifier}^{extension}" if extension else identifier
        found = external(item, facts.DE_UNIQUE_ID)
        yield verdict(found == said, f"{view.at(item)}/uniqueId", found, f"{said} (CDA)")


@check(
    "COH-PATIENT",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "Le patient de la fiche est celui du document", "The patient of the entry is that of the document"
    ),
    mend=Text("prendre patientId dans recordTarget", "take patientId from recordTarget"),
)
def patient(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        parsed = cx(external(item, facts.DE_PATIENT_ID))
        ids = [
            f"{string(one, '@extension')}^{string(one, '@root')}"
            for one in nodes(root, "hl7:recordTarget/hl7:patientRole/hl7:id")
            if is_ins_oid(string(one, "@root"))
        ]
        if parsed is not None:
            found = f"{parsed[0]}^{parsed[1]}"
            yield verdict(found in ids, f"{view.at(item)}/patientId", found, " | ".join(ids) or "INS (CDA)")


@check(
    "COH-TYPE",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text("typeCode de la fiche = code du document", "typeCode of the entry = code of the document"),
    mend=Text("recopier code et codeSystem du document", "copy the document's code and codeSystem"),
)
def type_code(view: Judged) -> Iterator[Finding]:
    yield from _same_code(view, facts.DE_TYPE, "hl7:code", "typeCode")


@check(
    "COH-PRACTICE",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "practiceSettingCode = cadre d'exercice de l'exécutant", "practiceSettingCode = performer's setting"
    ),
    mend=Text(
        "recopier standardIndustryClassCode de l'exécutant", "copy the performer's standardIndustryClassCode"
    ),
)
def practice(view: Judged) -> Iterator[Finding]:
    path = (
        "hl7:documentationOf/hl7:serviceEvent[hl7:performer/hl7:assignedEntity/hl7:representedOrganization]"
        "/hl7:performer/hl7:assignedEntity/hl7:representedOrganization/hl7:standardIndustryClassCode"
    )
    yield from _same_code(view, facts.DE_PRACTICE, path, "practiceSettingCode")


@check(
    "COH-FACILITY",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "healthcareFacilityTypeCode = lieu de la prise en charge",
        "healthcareFacilityTypeCode = place of care",
    ),
    mend=Text("recopier healthCareFacility/code", "copy healthCareFacility/code"),
)
def facility(view: Judged) -> Iterator[Finding]:
    path = "hl7:componentOf/hl7:encompassingEncounter/hl7:location/hl7:healthCareFacility/hl7:code"
    yield from _same_code(view, facts.DE_FACILITY, path, "healthcareFacilityTypeCode")


@check(
    "COH-CREATION-TIME",
    on=ON,
    side="request",
    group=COH,
    clause="creationTime = effectiveTime, ramené en UTC",
    title=Text("creationTime = effectiveTime du document, en UTC", "creationTime = effectiveTime, in UTC"),
    mend=Text("convertir effectiveTime en UTC", "convert effectiveTime to UTC"),
    requirements=("EX_3.1-1070",),
)
def creation_time(view: Judged) -> Iterator[Finding]:
    yield from _same_time(view, "creationTime", "hl7:effectiveTime/@value")


@check(
    "COH-SERVICE-TIMES",
    on=ON,
    side="request",
    group=COH,
    clause="serviceStartTime et serviceStopTime = documentationOf, ramenés en UTC",
    title=Text(
        "Les dates de l'acte sont celles du document", "The dates of the act are those of the document"
    ),
    mend=Text("convertir les bornes de l'acte en UTC", "convert the bounds of the act to UTC"),
)
def service_times(view: Judged) -> Iterator[Finding]:
    path = "hl7:documentationOf[1]/hl7:serviceEvent/hl7:effectiveTime"
    yield from _same_time(view, "serviceStartTime", f"{path}/hl7:low/@value")
    yield from _same_time(view, "serviceStopTime", f"{path}/hl7:high/@value")


@check(
    "COH-LANGUAGE",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text("languageCode est le même", "languageCode is the same"),
    mend=Text("recopier languageCode du document", "copy the document's languageCode"),
)
def language(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said, found = string(root, "hl7:languageCode/@code"), slot(item, "languageCode")
        yield verdict(found == said, f"{view.at(item)}/languageCode", found, f"{said} (CDA)")


@check(
    "COH-TITLE",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text("Le titre de la fiche est celui du document", "The entry's title is that of the document"),
    mend=Text("recopier title du document", "copy the document's title"),
    confidence="B",
    default="warning",
)
def entry_title(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said, found = " ".join(string(root, "hl7:title").split()), " ".join(title(item).split())
        yield verdict(
            found == said or (len(said) > 128 and said.startswith(found)),
            f"{view.at(item)}/rim:Name",
            found,
            said,
        )


@check(
    "COH-LEGAL-AUTHENTICATOR",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text("legalAuthenticator désigne la même personne", "legalAuthenticator names the same person"),
    mend=Text("prendre legalAuthenticator dans le document", "take legalAuthenticator from the document"),
)
def legal_authenticator(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said = string(root, "hl7:legalAuthenticator/hl7:assignedEntity/hl7:id/@extension")
        parsed = xcn(slot(item, "legalAuthenticator"))
        if said and slot(item, "legalAuthenticator"):
            yield verdict(
                parsed is not None and parsed[0] == said,
                f"{view.at(item)}/legalAuthenticator",
                parsed[0] if parsed else "",
                said,
            )


@check(
    "COH-AUTHORS",
    on=ON,
    side="request",
    group=COH,
    clause=CLAUSE,
    title=Text(
        "Les auteurs de la fiche sont ceux du document", "The authors of the entry are those of the document"
    ),
    mend=Text("prendre les auteurs dans le document", "take the authors from the document"),
    requirements=("EX_2.1-1140",),
)
def authors(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        said = set(strings(root, "hl7:author/hl7:assignedAuthor/hl7:id/@extension"))
        for one in codes(item, facts.DE_AUTHOR):
            for value in slot_values(one.element, "authorPerson"):
                parsed = xcn(value)
                if parsed is not None and said:
                    yield verdict(
                        parsed[0] in said, view.at(one.element), parsed[0], " | ".join(sorted(said))
                    )


@check(
    "COH-FORMAT",
    on=ON,
    side="request",
    group=COH,
    clause="niveau 1 : formatCode par type de média",
    title=Text("Le format est celui du corps de niveau 1", "The format is that of the level-1 body"),
    mend=Text(
        "choisir formatCode d'après le type de média du corps", "choose formatCode by the body's media type"
    ),
)
def format_code(view: Judged) -> Iterator[Finding]:
    for item, _, root in pairs(view):
        media = string(root, "hl7:component/hl7:nonXMLBody/hl7:text/@mediaType")
        if media in FORMATS:
            found = [code.code for code in codes(item, facts.DE_FORMAT)]
            yield verdict(
                found == [FORMATS[media]], f"{view.at(item)}/formatCode", " | ".join(found), FORMATS[media]
            )


@check(
    "COH-MIME",
    on=ON,
    side="request",
    group=COH,
    clause="interface DMP, fiche de document : text/xml, ou application/xslt+xml pour un document auto-présentable",
    title=Text(
        "Le type MIME dit si le document se présente seul", "The MIME type tells self-displaying documents"
    ),
    mend=Text(
        "application/xslt+xml pour un document auto-présentable, text/xml sinon",
        "application/xslt+xml for a self-displaying document, else text/xml",
    ),
)
def mime(view: Judged) -> Iterator[Finding]:
    for item, document, _ in pairs(view):
        expected = "application/xslt+xml" if document.self_displaying else "text/xml"
        found = attribute(item, "mimeType")
        yield verdict(found == expected, f"{view.at(item)}/@mimeType", found, expected)


@check(
    "COH-REPLACEMENT",
    on=ON,
    side="request",
    group=COH,
    clause="interface DMP, remplacement : relatedDocument et association RPLC vont ensemble",
    title=Text(
        "Un remplacement se dit dans le document et dans le lot", "A replacement is told in both places"
    ),
    mend=Text(
        "mettre relatedDocument et l'association RPLC, ou ni l'un ni l'autre",
        "put relatedDocument and the RPLC association, or neither",
    ),
)
def replacement(view: Judged) -> Iterator[Finding]:
    replaced = {attribute(link, "sourceObject") for link in targets(view, facts.RPLC)}
    for item, _, root in pairs(view):
        inside = bool(nodes(root, "hl7:relatedDocument[@typeCode='RPLC']"))
        outside = attribute(item, "id") in replaced
        if inside or outside:
            yield verdict(inside == outside, view.at(item), f"CDA {inside}, RPLC {outside}", "CDA = RPLC")
