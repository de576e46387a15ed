"""Rules of the document entries of TD2.1: what a fiche must carry, and its agreement with the bytes of its document.

Value sets are in xds_codes; agreement with the CDA header in coherence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.checks.forms import cx, dtm_start, is_dtm, is_media
from harness.checks.judged import Judged
from harness.checks.rim import (
    FEEDING,
    VERSIONS,
    code_text,
    codes,
    documents_entries,
    entries,
    signature_entries,
    slot,
    slot_values,
    title,
)
from harness.checks.rule import Finding, check, verdict
from harness.checks.xds_objects import XCN_FORM, good_xcn
from harness.checks.xpath import attribute
from protocol import facts
from protocol.errors import Text

XDS = "XDS-ENTRY"
ON = FEEDING
ENTRIES = (*FEEDING, *VERSIONS)
ONE_CODE = {
    "classCode": facts.DE_CLASS,
    "typeCode": facts.DE_TYPE,
    "formatCode": facts.DE_FORMAT,
    "healthcareFacilityTypeCode": facts.DE_FACILITY,
    "practiceSettingCode": facts.DE_PRACTICE,
}
SLOTS = ("creationTime", "serviceStartTime", "languageCode", "legalAuthenticator", "sourcePatientId")
MEDIA = ("text/xml", "application/xslt+xml", "application/dicom")
VISIBILITY = ("MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")
PID = (
    "PID-3",
    "PID-5",
    "PID-7",
    "PID-8",
    "PID-11",
    "PID-13",
    "PID-14",
    "PID-15",
    "PID-16",
    "PID-18",
    "PID-21",
)


@check(
    "DE-TYPE",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.3.2 : document stable",
    title=Text("La fiche est celle d'un document stable", "The entry is that of a stable document"),
    mend=Text(
        "objectType urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1",
        "objectType urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1",
    ),
)
def kind(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        found = attribute(item, "objectType")
        yield verdict(
            found == facts.STABLE_DOCUMENT, view.at(item) + "/@objectType", found, facts.STABLE_DOCUMENT
        )


@check(
    "DE-MIME",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, fiche de document : text/xml, application/xslt+xml ou application/dicom",
    title=Text("Le type MIME est l'un de ceux du DMP", "The MIME type is one of the DMP's"),
    mend=Text("text/xml pour un CDA ; application/xslt+xml s'il est auto-présentable", "text/xml for a CDA"),
)
def mime(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        found = attribute(item, "mimeType")
        yield verdict(
            is_media(found) and found in MEDIA, view.at(item) + "/@mimeType", found, " | ".join(MEDIA)
        )


@check(
    "DE-SLOTS",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, fiche de document ; ITI TF-3 tableau 4.3.1-3",
    title=Text(
        "Les attributs obligatoires de la fiche sont là, une fois", "The entry's mandatory slots are there"
    ),
    mend=Text("ajouter le Slot qui manque", "add the missing Slot"),
)
def mandatory_slots(view: Judged) -> Iterator[Finding]:
    signatures = signature_entries(view)
    for item in entries(view):
        for name in SLOTS:
            if item in signatures and name == "legalAuthenticator":
                continue
            values = slot_values(item, name)
            good = len(values) == 1 and bool(values[0])
            yield verdict(good, f"{view.at(item)}/{name}", f"{len(values)}", "1")


@check(
    "DE-TIMES",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, dates : DTM en UTC, sans fuseau",
    title=Text("Les dates de la fiche sont des DTM valides", "The dates of the entry are valid DTMs"),
    mend=Text("AAAAMMJJhhmmss en UTC", "YYYYMMDDhhmmss in UTC"),
    requirements=("EX_3.1-1070",),
)
def times(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        for name in ("creationTime", "serviceStartTime", "serviceStopTime"):
            for value in slot_values(item, name):
                yield verdict(is_dtm(value), f"{view.at(item)}/{name}", value, "YYYY[MM[DD[hh[mm[ss]]]]]")


@check(
    "DE-CHRONOLOGY",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="ITI TF-3 : début de l'acte avant sa fin",
    title=Text("serviceStartTime précède serviceStopTime", "serviceStartTime comes before serviceStopTime"),
    mend=Text("remettre les bornes dans l'ordre", "put the bounds in order"),
)
def chronology(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        start, stop = slot(item, "serviceStartTime"), slot(item, "serviceStopTime")
        first, last = dtm_start(start), dtm_start(stop)
        if first and last:
            yield verdict(first <= last, f"{view.at(item)}/serviceStopTime", stop, f"≥ {start}")


@check(
    "DE-LANGUAGE",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, fiche de document : fr-FR ; art pour la signature",
    title=Text("languageCode est une langue au bon format", "languageCode is a language in the right form"),
    mend=Text("fr-FR ; art pour la signature", "fr-FR; art for the signature"),
)
def language(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        value, signed = slot(item, "languageCode"), item in signature_entries(view)
        good = value == "art" if signed else re.fullmatch(r"[a-z]{2}-[A-Z]{2}", value) is not None
        yield verdict(good, f"{view.at(item)}/languageCode", value, "art" if signed else "fr-FR")


@check(
    "DE-SOURCE-PATIENT",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, identité locale du patient : sourcePatientId en CX",
    title=Text(
        "sourcePatientId est l'identifiant local du patient", "sourcePatientId is the local patient id"
    ),
    mend=Text("{IPP}^^^&{OID}&ISO^PI, ou l'INS", "{IPP}^^^&{OID}&ISO^PI, or the INS"),
)
def source_patient(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        value = slot(item, "sourcePatientId")
        parsed = cx(value)
        good = parsed is not None and parsed[2] in ("PI", "NH", "")
        yield verdict(good, f"{view.at(item)}/sourcePatientId", value, "{IPP}^^^&{OID}&ISO^PI")


@check(
    "DE-PATIENT-INFO",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, identité locale du patient : sourcePatientInfo, PID-n|valeur",
    title=Text(
        "sourcePatientInfo donne PID-5 et n'emploie que des champs permis",
        "sourcePatientInfo gives PID-5 and uses allowed fields only",
    ),
    mend=Text(
        "PID-5|NOM^PRENOM^^^^^L, PID-7|AAAAMMJJ, PID-8|F", "PID-5|NAME^GIVEN^^^^^L, PID-7|YYYYMMDD, PID-8|F"
    ),
)
def patient_info(view: Judged) -> Iterator[Finding]:
    for item in documents_entries(view):
        values = slot_values(item, "sourcePatientInfo")
        where = f"{view.at(item)}/sourcePatientInfo"
        yield verdict(
            any(value.startswith("PID-5|") for value in values),
            where,
            " ; ".join(values),
            "PID-5|NOM^PRENOM / PID-5|NAME^GIVEN",
        )
        for value in values:
            name = value.partition("|")[0]
            good = name in PID and bool(value.partition("|")[2])
            if name == "PID-7":
                good = re.fullmatch(r"PID-7\|\d{8}", value) is not None
            if name == "PID-8":
                good = value in ("PID-8|M", "PID-8|F", "PID-8|U", "PID-8|O")
            yield verdict(good, where, value, "PID-n|…")


@check(
    "DE-TITLE",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, fiche de document : titre obligatoire ; ITI : 128 caractères",
    title=Text(
        "La fiche a un titre de 128 caractères au plus", "The entry has a title of 128 characters at most"
    ),
    mend=Text("un titre de 1 à 128 caractères", "a title of 1 to 128 characters"),
)
def entry_title(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        value = title(item)
        yield verdict(
            0 < len(value) <= 128, f"{view.at(item)}/rim:Name", f"{len(value)} : {value}", "1 … 128"
        )


@check(
    "DE-LEGAL-AUTHENTICATOR",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, identités, 7.4 : XCN du responsable",
    title=Text("legalAuthenticator est un XCN complet", "legalAuthenticator is a complete XCN"),
    mend=Text(
        "id^NOM^PRENOM^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
        "id^NAME^GIVEN^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
    ),
)
def legal_authenticator(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        for value in slot_values(item, "legalAuthenticator"):
            yield verdict(good_xcn(value), f"{view.at(item)}/legalAuthenticator", value, XCN_FORM)


@check(
    "DE-CODES",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="ITI TF-3 tableau 4.3.1-3 ; interface DMP, fiche de document",
    title=Text(
        "La fiche porte une fois chacun de ses codes obligatoires", "The entry has each mandatory code once"
    ),
    mend=Text(
        "une Classification, et une seule, pour ce schéma",
        "one Classification, and only one, for this scheme",
    ),
)
def mandatory_codes(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        for name, scheme in ONE_CODE.items():
            count = len(codes(item, scheme))
            yield verdict(count == 1, f"{view.at(item)}/{name}", str(count), "1")


@check(
    "DE-CONFIDENTIALITY",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="interface DMP, fiche de document : 1 à 4 codes, N d'abord ; EX_2.1-1050",
    title=Text(
        "Les confidentialityCode sont N, puis des codes de visibilité",
        "confidentialityCode is N, then visibility",
    ),
    mend=Text(
        "N en premier, puis MASQUE_PS, INVISIBLE_PATIENT…", "N first, then MASQUE_PS, INVISIBLE_PATIENT…"
    ),
    requirements=("EX_2.1-1050",),
)
def confidentiality(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        found = [code_text(code) for code in codes(item, facts.DE_CONFIDENTIALITY)]
        allowed = {f"{name}^{facts.OID_VISIBILITY}" for name in VISIBILITY}
        good = (
            found[:1] == [f"N^{facts.OID_CONFIDENTIALITY}"] and set(found[1:]) <= allowed and len(found) <= 4
        )
        good = good and len(set(found)) == len(found)
        yield verdict(
            good,
            f"{view.at(item)}/confidentialityCode",
            " | ".join(found),
            f"N + 0..3 × ({' | '.join(VISIBILITY)})",
        )


@check(
    "DE-VISIBILITY",
    on=ENTRIES,
    side="request",
    group=XDS,
    clause="EX_2.1-1050 : pas de cumul INVISIBLE_PATIENT et MASQUE_PS",
    title=Text(
        "Un document n'est pas à la fois masqué aux professionnels et invisible au patient",
        "A document is not both hidden from professionals and invisible to the patient",
    ),
    mend=Text("choisir l'un des deux codes", "choose one of the two codes"),
    requirements=("EX_2.1-1050",),
)
def visibility(view: Judged) -> Iterator[Finding]:
    for item in documents_entries(view):
        found = {code.code for code in codes(item, facts.DE_CONFIDENTIALITY)}
        both = {"INVISIBLE_PATIENT", "MASQUE_PS"} <= found
        yield verdict(
            not both,
            f"{view.at(item)}/confidentialityCode",
            " | ".join(sorted(found)),
            "≤ 1 × (INVISIBLE_PATIENT, MASQUE_PS)",
        )


@check(
    "DE-DOCUMENT",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-2 §3.41 : un document par fiche, une fiche par document",
    title=Text("Chaque fiche a son document, chaque document sa fiche", "Entries and documents go by pairs"),
    mend=Text(
        "Document/@id = ExtrinsicObject/@id, à la casse près",
        "Document/@id = ExtrinsicObject/@id, case included",
    ),
)
def documents(view: Judged) -> Iterator[Finding]:
    names = [attribute(item, "id") for item in entries(view)]
    carriers = view.in_payload("self::xds:ProvideAndRegisterDocumentSetRequest/xds:Document")
    for item in entries(view):
        mine = [element for element in carriers if attribute(element, "id") == attribute(item, "id")]
        readable = any(view.binary(element) is not None for element in mine)
        yield verdict(len(mine) == 1 and readable, view.at(item), f"{len(mine)} xds:Document", "1")
    for element in carriers:
        found = attribute(element, "id")
        yield verdict(found in names, view.at(element) + "/@id", found, " | ".join(names))
