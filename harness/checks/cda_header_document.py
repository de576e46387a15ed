"""Header rules of the document itself: identity, type, dates, confidentiality, language, version, cardinalities."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.checks.cda_count import BEYOND, GROUP, SM, counted, valued, with_attributes
from harness.checks.cda_view import CdaView
from harness.checks.forms import has_zone, is_oid, is_ts, is_uuid
from harness.checks.rule import Finding, check_document, failed, passed, verdict
from harness.checks.xpath import attribute
from protocol import safexml
from protocol.codes import value_set
from protocol.errors import Text

FRANCE, CI_SIS = "2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"
CONFIDENTIALITY = ("L", "M", "N", "R", "U", "V")


@check_document(
    "CDA-READABLE",
    group=GROUP,
    clause="XML 1.0 ; CDA R2",
    title=Text("Le fichier est un ClinicalDocument bien formé", "The file is a well-formed ClinicalDocument"),
    mend=Text("corriger le XML à l'endroit indiqué", "mend the XML at that place"),
)
def readable(view: CdaView) -> Iterator[Finding]:
    if view.root is not None:
        yield passed(view.at(view.root))
    else:
        found = view.trouble or (str(view.outer.tag) if view.outer is not None else "")
        yield failed(view.at(None), found, "{urn:hl7-org:v3}ClinicalDocument")


@check_document(
    "CDA-REALM",
    group=GROUP,
    clause=SM,
    title=Text("Le royaume est la France", "The realm is France"),
    mend=Text('<realmCode code="FR"/>', '<realmCode code="FR"/>'),
)
def realm(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:realmCode", 1)
    yield from valued(view, "hl7:realmCode", "code", lambda code: code == "FR", "FR")


@check_document(
    "CDA-TYPE-ID",
    group=GROUP,
    clause="CDA R2 §4.2.1.1 ; sans lui, l'en-tête n'est pas contrôlé par le kit",
    title=Text("typeId est celui du CDA R2", "typeId is that of CDA R2"),
    mend=Text("2.16.840.1.113883.1.3 / POCD_HD000040", "2.16.840.1.113883.1.3 / POCD_HD000040"),
)
def type_id(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:typeId", 1)
    for item in view.nodes("hl7:typeId"):
        found = f"{attribute(item, 'root')} / {attribute(item, 'extension')}"
        expected = "2.16.840.1.113883.1.3 / POCD_HD000040"
        yield verdict(found == expected, view.at(item), found, expected)


@check_document(
    "CDA-TEMPLATES",
    group=GROUP,
    clause=SM,
    title=Text(
        "Le document se déclare conforme à HL7 France, au CI-SIS et à son modèle",
        "The document claims HL7 France, the CI-SIS and its own template",
    ),
    mend=Text(
        f"templateId {FRANCE}, {CI_SIS} et celui du type", f"templateId {FRANCE}, {CI_SIS} and the type's"
    ),
)
def templates(view: CdaView) -> Iterator[Finding]:
    if view.root is None:
        return
    told = (item.get("root") for item in view.nodes("hl7:templateId"))
    found = [root for root in told if root is not None]
    for root in (FRANCE, CI_SIS):
        yield verdict(
            found.count(root) == 1, view.at(view.root) + "/templateId", f"{found.count(root)} × {root}", "1"
        )
    others = [root for root in found if root not in (FRANCE, CI_SIS)]
    yield verdict(
        bool(others),
        view.at(view.root) + "/templateId",
        " | ".join(others),
        "≥ 1 modèle du type / template of the type",
    )


@check_document(
    "CDA-ID",
    group=GROUP,
    clause=SM,
    title=Text("Le document a un identifiant, OID ou UUID", "The document has an id, OID or UUID"),
    mend=Text("un id dont root est un OID ou un UUID", "one id whose root is an OID or a UUID"),
    requirements=("EX_2.1-1130",),
)
def identifier(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:id", 1)
    yield from valued(view, "hl7:id", "root", lambda root: is_oid(root) or is_uuid(root), "OID | UUID")


@check_document(
    "CDA-CODE",
    group=GROUP,
    clause=f"{SM} ; JDV_J07",
    title=Text("Le type du document est un code complet", "The type of the document is a complete code"),
    mend=Text("code, codeSystem et displayName", "code, codeSystem and displayName"),
)
def code(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:code", 1)
    yield from with_attributes(view, "hl7:code", "code", "codeSystem", "displayName")


@check_document(
    "CDA-CODE-KNOWN",
    group=GROUP,
    clause=f"{BEYOND} : JDV_J66, types admis par le DMP",
    title=Text("Le DMP connaît ce type de document", "The DMP knows this document type"),
    mend=Text("prendre un type de JDV_J66", "take a type of JDV_J66"),
    requirements=("EX_2.1-1070",),
    confidence="C",
    default="warning",
)
def code_known(view: CdaView) -> Iterator[Finding]:
    known = value_set("J66")
    for item in view.nodes("hl7:code"):
        kind, system = attribute(item, "code"), attribute(item, "codeSystem")
        yield verdict(
            known.contains(kind, system), view.at(item), f"{kind}^{system}", f"∈ JDV_J66 ({known.version})"
        )


@check_document(
    "CDA-TITLE",
    group=GROUP,
    clause=SM,
    title=Text("Le document a un titre", "The document has a title"),
    mend=Text("écrire un titre", "write a title"),
)
def title(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:title", 1)
    for item in view.nodes("hl7:title"):
        text = safexml.text(item).strip()
        yield verdict(bool(text), view.at(item), text, "texte / text")


@check_document(
    "CDA-EFFECTIVE-TIME",
    group=GROUP,
    clause=SM,
    title=Text("Le document est daté", "The document is dated"),
    mend=Text("une date du calendrier, AAAAMMJJhhmmss+hhmm", "a calendar date, YYYYMMDDhhmmss+hhmm"),
)
def effective_time(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:effectiveTime", 1)
    yield from valued(view, "hl7:effectiveTime", "value", is_ts, "YYYYMMDDhhmmss+hhmm")
    for item in view.nodes("hl7:effectiveTime"):
        count = len(view.under(item, "*"))
        yield verdict(count == 0, view.at(item), f"{count} × *", "0")


@check_document(
    "CDA-EFFECTIVE-TIME-ZONE",
    group=GROUP,
    clause=f"{BEYOND} : sans fuseau, la date UTC de la fiche ne peut en être déduite",
    title=Text(
        "La date du document va à la seconde et dit son fuseau", "The date goes to the second, with its zone"
    ),
    mend=Text("AAAAMMJJhhmmss+hhmm", "YYYYMMDDhhmmss+hhmm"),
    confidence="C",
    default="warning",
)
def effective_time_zone(view: CdaView) -> Iterator[Finding]:
    def precise(value: str) -> bool:
        return has_zone(value) and re.match(r"\d{14}", value) is not None

    yield from valued(view, "hl7:effectiveTime", "value", precise, "YYYYMMDDhhmmss+hhmm")


@check_document(
    "CDA-CONFIDENTIALITY",
    group=GROUP,
    clause=f"{SM} ; Confidentiality",
    title=Text("La confidentialité est un code complet", "Confidentiality is a complete code"),
    mend=Text(
        "N avec codeSystem 2.16.840.1.113883.5.25 et displayName",
        "N with codeSystem 2.16.840.1.113883.5.25 and displayName",
    ),
)
def confidentiality(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:confidentialityCode", 1)
    yield from with_attributes(view, "hl7:confidentialityCode", "code", "codeSystem", "displayName")
    yield from valued(
        view,
        "hl7:confidentialityCode",
        "code",
        lambda value: value in CONFIDENTIALITY,
        " | ".join(CONFIDENTIALITY),
    )


@check_document(
    "CDA-CONFIDENTIALITY-SYSTEM",
    group=GROUP,
    clause=f"{BEYOND} : la visibilité est dans la fiche, jamais dans le document",
    title=Text("La confidentialité est N, de son système", "Confidentiality is N, of its system"),
    mend=Text("N de 2.16.840.1.113883.5.25", "N of 2.16.840.1.113883.5.25"),
    confidence="C",
    default="warning",
)
def confidentiality_system(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("hl7:confidentialityCode"):
        found = f"{attribute(item, 'code')}^{attribute(item, 'codeSystem')}"
        yield verdict(found == "N^2.16.840.1.113883.5.25", view.at(item), found, "N^2.16.840.1.113883.5.25")


@check_document(
    "CDA-LANGUAGE",
    group=GROUP,
    clause=SM,
    title=Text("La langue a la forme ll-CC", "The language has the form ll-CC"),
    mend=Text("fr-FR", "fr-FR"),
)
def language(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:languageCode", 1)
    yield from valued(
        view,
        "hl7:languageCode",
        "code",
        lambda value: re.fullmatch(r"[a-z]{2}-[A-Z]{2}", value) is not None,
        "ll-CC",
    )


@check_document(
    "CDA-SET-ID",
    group=GROUP,
    clause=SM,
    title=Text(
        "setId est commun aux versions du document", "setId is shared by the versions of the document"
    ),
    mend=Text("un setId dont root est un OID ou un UUID", "one setId whose root is an OID or a UUID"),
)
def set_id(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:setId", 1)
    yield from valued(view, "hl7:setId", "root", lambda root: is_oid(root) or is_uuid(root), "OID | UUID")


@check_document(
    "CDA-VERSION-NUMBER",
    group=GROUP,
    clause=SM,
    title=Text("Le numéro de version est un entier", "The version number is an integer"),
    mend=Text("un versionNumber entier", "one integer versionNumber"),
)
def version_number(view: CdaView) -> Iterator[Finding]:
    yield from counted(view, ".", "hl7:versionNumber", 1)
    yield from valued(
        view,
        "hl7:versionNumber",
        "value",
        lambda value: re.fullmatch(r"-?\d+", value) is not None,
        "entier / integer",
    )


@check_document(
    "CDA-VERSION-POSITIVE",
    group=GROUP,
    clause=f"{BEYOND} : la première version porte le numéro 1",
    title=Text("Le numéro de version est positif", "The version number is positive"),
    mend=Text("commencer à 1", "start at 1"),
    confidence="C",
    default="warning",
)
def version_positive(view: CdaView) -> Iterator[Finding]:
    yield from valued(
        view,
        "hl7:versionNumber",
        "value",
        lambda value: re.fullmatch(r"0*[1-9]\d*", value) is not None,
        "≥ 1",
    )


#: child of ClinicalDocument, at least, at most
PARTS: tuple[tuple[str, int, int | None], ...] = (
    ("hl7:recordTarget", 1, 1),
    ("hl7:author[hl7:assignedAuthor]", 1, None),
    ("hl7:dataEnterer", 0, 1),
    ("hl7:custodian[hl7:assignedCustodian]", 1, 1),
    ("hl7:legalAuthenticator", 1, 1),
    ("hl7:documentationOf[hl7:serviceEvent]", 1, None),
    ("hl7:relatedDocument[@typeCode='RPLC']", 0, 1),
    ("hl7:componentOf[hl7:encompassingEncounter]", 1, 1),
    ("hl7:component", 1, 1),
)


@check_document(
    "CDA-PARTS",
    group=GROUP,
    clause=SM,
    title=Text(
        "L'en-tête a toutes ses parties, en bon nombre", "The header has all its parts, in right number"
    ),
    mend=Text(
        "ajouter la partie qui manque, ou retirer celle de trop",
        "add the missing part, or remove the extra one",
    ),
)
def parts(view: CdaView) -> Iterator[Finding]:
    for child, low, high in PARTS:
        yield from counted(view, ".", child, low, high)


@check_document(
    "CDA-CLASS",
    group=GROUP,
    clause="CDA R2 : classCode DOCCLIN, moodCode EVN",
    title=Text(
        "Classe et humeur, si elles sont dites, sont celles d'un document", "Class and mood are a document's"
    ),
    mend=Text(
        "retirer classCode et moodCode, ou DOCCLIN et EVN",
        "remove classCode and moodCode, or DOCCLIN and EVN",
    ),
)
def class_code(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes("."):
        found = f"{item.get('classCode', 'DOCCLIN')} {item.get('moodCode', 'EVN')}"
        yield verdict(found == "DOCCLIN EVN", view.at(item), found, "DOCCLIN EVN")
