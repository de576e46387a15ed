"""Mutations of the header of a CDA document: what identifies it, its patient, its people, its acts."""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.mutate.edits import add, drop, each, put, rename, replace, shape, twin
from harness.mutate.registry import mutator

CDA: Final = "cda"
_ROOT = "descendant-or-self::hl7:ClinicalDocument"
_ROLE = "hl7:recordTarget/hl7:patientRole"
_PATIENT = f"{_ROLE}/hl7:patient"
_INS = f"{_ROLE}/hl7:id[starts-with(@root, '1.2.250.1.213.1.4')]"
_AUTHOR = "hl7:author/hl7:assignedAuthor"
_ACT = "hl7:documentationOf/hl7:serviceEvent"
_PERFORMER = f"{_ACT}/hl7:performer/hl7:assignedEntity"
_STAY = "hl7:componentOf/hl7:encompassingEncounter"

# What the document is
mutator("cda-realm-gone", over=CDA, breaks="CDA-REALM")(drop("hl7:realmCode"))
mutator("cda-realm-foreign", over=CDA, breaks="CDA-REALM")(put("hl7:realmCode/@code", "US"))
mutator("cda-type-id-gone", over=CDA, breaks="CDA-TYPE-ID")(drop("hl7:typeId"))
mutator("cda-type-id-other", over=CDA, breaks="CDA-TYPE-ID")(put("hl7:typeId/@extension", "POCD_HD000020"))
mutator("cda-template-gone", over=CDA, breaks="CDA-TEMPLATES")(drop("hl7:templateId"))
mutator("cda-template-french-gone", over=CDA, breaks="CDA-TEMPLATES")(
    drop("hl7:templateId[@root='1.2.250.1.213.1.1.1.1']")
)
mutator("cda-template-blank", over=CDA, breaks="CDA-TEMPLATES")(drop("hl7:templateId/@root"))
mutator("cda-id-gone", over=CDA, breaks="CDA-ID")(drop("hl7:id"))
mutator("cda-id-twice", over=CDA, breaks="CDA-ID")(twin("hl7:id"))
mutator("cda-id-no-oid", over=CDA, breaks="CDA-ID")(put("hl7:id/@root", "2.25.01"))
mutator("cda-author-id-flavor", over=CDA, breaks="CDA-NULL-FLAVOR")(
    put(f"{_AUTHOR}/hl7:id/@nullFlavor", "UNK")
)
mutator("cda-id-flavor", over=CDA, breaks="CDA-ID")(
    each(drop("hl7:id/@root"), put("hl7:id/@nullFlavor", "UNK"))
)
mutator("cda-code-gone", over=CDA, breaks="CDA-CODE")(drop("hl7:code"))
mutator("cda-code-system-gone", over=CDA, breaks="CDA-CODE")(drop("hl7:code/@codeSystem"))
mutator("cda-code-label-gone", over=CDA, breaks="CDA-CODE")(drop("hl7:code/@displayName"))
mutator("cda-code-unknown", over=CDA, breaks="CDA-CODE-KNOWN")(put("hl7:code/@code", "99999-9"))
mutator("cda-title-gone", over=CDA, breaks="CDA-TITLE")(drop("hl7:title"))
mutator("cda-title-empty", over=CDA, breaks="CDA-TITLE")(put("hl7:title", " "))
mutator("cda-date-gone", over=CDA, breaks="CDA-EFFECTIVE-TIME")(drop("hl7:effectiveTime"))
mutator("cda-date-of-a-day", over=CDA, breaks="CDA-EFFECTIVE-TIME-ZONE")(
    shape("hl7:effectiveTime/@value", lambda value: value[:8])
)
mutator("cda-date-impossible", over=CDA, breaks=("CDA-DATES", "CDA-EFFECTIVE-TIME"))(
    shape("hl7:effectiveTime/@value", lambda value: value[:4] + "0231" + value[8:])
)
mutator("cda-date-no-zone", over=CDA, breaks="CDA-EFFECTIVE-TIME-ZONE")(
    shape("hl7:effectiveTime/@value", lambda value: value[:14])
)
mutator("cda-date-iso", over=CDA, breaks="CDA-DATES")(
    put("hl7:author/hl7:time/@value", "2026-11-06T15:30:00")
)
mutator("cda-author-time-short-zone", over=CDA, breaks="CDA-ZONES")(
    shape("hl7:author/hl7:time/@value", lambda value: value[:-2])
)
mutator("cda-confidentiality-gone", over=CDA, breaks="CDA-CONFIDENTIALITY")(drop("hl7:confidentialityCode"))
mutator("cda-confidentiality-unknown", over=CDA, breaks="CDA-CONFIDENTIALITY")(
    put("hl7:confidentialityCode/@code", "X")
)
mutator("cda-confidentiality-system", over=CDA, breaks="CDA-CONFIDENTIALITY-SYSTEM")(
    put("hl7:confidentialityCode/@codeSystem", "2.16.840.1.113883.5.26")
)
mutator("cda-language-gone", over=CDA, breaks="CDA-LANGUAGE")(drop("hl7:languageCode"))
mutator("cda-language-alone", over=CDA, breaks="CDA-LANGUAGE")(put("hl7:languageCode/@code", "fr"))
mutator("cda-set-id-gone", over=CDA, breaks="CDA-SET-ID")(drop("hl7:setId"))
mutator("cda-version-gone", over=CDA, breaks="CDA-VERSION-NUMBER")(drop("hl7:versionNumber"))
mutator("cda-version-word", over=CDA, breaks="CDA-VERSION-NUMBER")(put("hl7:versionNumber/@value", "un"))
mutator("cda-version-zero", over=CDA, breaks="CDA-VERSION-POSITIVE")(put("hl7:versionNumber/@value", "0"))
mutator("cda-custodian-gone", over=CDA, breaks="CDA-PARTS")(drop("hl7:custodian"))
mutator("cda-author-gone", over=CDA, breaks="CDA-PARTS")(drop("hl7:author"))
mutator("cda-record-target-twice", over=CDA, breaks="CDA-PARTS")(twin("hl7:recordTarget"))
mutator("cda-legal-authenticator-gone", over=CDA, breaks="CDA-PARTS")(drop("hl7:legalAuthenticator"))
mutator("cda-event-gone", over=CDA, breaks=("CDA-PARTS", "CDA-SERVICE-MAIN"))(
    drop("hl7:documentationOf", every=True)
)
mutator("cda-encounter-gone", over=CDA, breaks="CDA-PARTS")(drop("hl7:componentOf"))
mutator("cda-class-wrong", over=CDA, breaks="CDA-CLASS")(
    put("descendant-or-self::hl7:ClinicalDocument/@classCode", "DOC")
)
mutator("cda-mood-wrong", over=CDA, breaks="CDA-CLASS")(
    put("descendant-or-self::hl7:ClinicalDocument/@moodCode", "INT")
)
mutator("cda-related-unknown", over=CDA, breaks="CDA-RELATED")(put("hl7:relatedDocument/@typeCode", "SUBS"))
mutator("cda-related-no-id", over=CDA, breaks="CDA-RELATED")(
    drop("hl7:relatedDocument/hl7:parentDocument/hl7:id")
)
mutator("cda-related-itself", over=CDA, breaks="CDA-RELATED-OTHER")(lambda root, _: _related_to_itself(root))
mutator("cda-order-no-id", over=CDA, breaks="CDA-ORDER")(
    add(_ROOT, "<hl7:inFulfillmentOf><hl7:order/></hl7:inFulfillmentOf>")
)
mutator("cda-consent-no-code", over=CDA, breaks="CDA-CONSENT")(
    add(_ROOT, "<hl7:authorization><hl7:consent/></hl7:authorization>")
)
# The patient
mutator("cda-patient-id-gone", over=CDA, breaks=("CDA-PATIENT-ID", "CDA-INS"))(
    drop(f"{_ROLE}/hl7:id", every=True)
)
mutator("cda-ins-gone", over=CDA, breaks="CDA-INS")(drop(_INS))
mutator("cda-ins-twice", over=CDA, breaks="CDA-IDENTIFIERS")(twin(_INS))
mutator("cda-ins-key-wrong", over=CDA, breaks="CDA-INS-KEY")(
    shape(f"{_INS}/@extension", lambda value: value[:-2] + f"{(int(value[-2:]) + 1) % 97:02}")
)
mutator("cda-ins-digit", over=CDA, breaks="CDA-INS-KEY")(
    shape(f"{_INS}/@extension", lambda value: value[:9] + str((int(value[9]) + 1) % 10) + value[10:])
)
mutator("cda-ins-of-production", over=CDA, breaks="CDA-INS-TEST")(put(f"{_INS}/@root", "1.2.250.1.213.1.4.8"))
mutator("cda-ins-other-sex", over=CDA, breaks="CDA-INS-AGREES")(
    shape(f"{_PATIENT}/hl7:administrativeGenderCode/@code", lambda code: "M" if code == "F" else "F")
)
mutator("cda-name-gone", over=CDA, breaks="CDA-PATIENT")(drop(f"{_PATIENT}/hl7:name"))
mutator("cda-birth-name-gone", over=CDA, breaks="CDA-INS-TRAITS")(
    drop(f"{_PATIENT}/hl7:name/hl7:family[@qualifier='BR']")
)
mutator("cda-given-gone", over=CDA, breaks="CDA-PATIENT-NAME")(
    drop(f"{_PATIENT}/hl7:name/hl7:given", every=True)
)
mutator("cda-family-empty", over=CDA, breaks="CDA-INS-TRAITS")(put(f"{_PATIENT}/hl7:name/hl7:family", ""))
mutator("cda-gender-gone", over=CDA, breaks="CDA-PATIENT")(drop(f"{_PATIENT}/hl7:administrativeGenderCode"))
mutator("cda-gender-unknown", over=CDA, breaks="CDA-GENDER")(
    put(f"{_PATIENT}/hl7:administrativeGenderCode/@code", "X")
)
mutator("cda-birth-gone", over=CDA, breaks="CDA-PATIENT")(drop(f"{_PATIENT}/hl7:birthTime"))
mutator("cda-birth-slashes", over=CDA, breaks=("CDA-BIRTH", "CDA-DATES"))(
    put(f"{_PATIENT}/hl7:birthTime/@value", "01/08/1978")
)
mutator("cda-birth-other-month", over=CDA, breaks="CDA-INS-AGREES")(
    shape(
        f"{_PATIENT}/hl7:birthTime/@value",
        lambda value: value[:4] + ("01" if value[4:6] != "01" else "02") + value[6:],
    )
)
mutator("cda-birthplace-empty", over=CDA, breaks="CDA-BIRTHPLACE")(
    drop(f"{_PATIENT}/hl7:birthplace/hl7:place")
)
mutator("cda-guardian-nameless", over=CDA, breaks="CDA-GUARDIAN")(
    add(_PATIENT, "<hl7:guardian><hl7:guardianPerson/></hl7:guardian>")
)
mutator("cda-patient-gone", over=CDA, breaks="CDA-PATIENT")(drop(_PATIENT))

# Forms
mutator("cda-address-city-twice", over=CDA, breaks="CDA-ADDR")(twin(f"{_ROLE}/hl7:addr/hl7:city"))
mutator("cda-address-both-forms", over=CDA, breaks="CDA-ADDR")(
    add(f"{_ROLE}/hl7:addr", "<hl7:streetAddressLine>12 rue de l'Essai</hl7:streetAddressLine>", first=True)
)
mutator("cda-address-use", over=CDA, breaks="CDA-ADDR-USE")(put(f"{_ROLE}/hl7:addr/@use", "HOME"))
mutator("cda-telecom-no-scheme", over=CDA, breaks="CDA-TELECOM")(
    put(f"{_ROLE}/hl7:telecom/@value", "0600000001")
)
mutator("cda-telecom-blank", over=CDA, breaks="CDA-TELECOM")(drop(f"{_ROLE}/hl7:telecom/@value"))
mutator("cda-telecom-use", over=CDA, breaks="CDA-TELECOM-USE")(put(f"{_ROLE}/hl7:telecom/@use", "MOBILE"))
mutator("cda-identifier-no-root", over=CDA, breaks="CDA-ID-ROOT")(drop(f"{_AUTHOR}/hl7:id/@root"))
mutator("cda-identifier-no-oid", over=CDA, breaks="CDA-IDENTIFIERS")(put(f"{_AUTHOR}/hl7:id/@root", "rpps"))
mutator("cda-coded-no-code", over=CDA, breaks="CDA-CODED")(drop(f"{_AUTHOR}/hl7:code/@code"))
mutator("cda-coded-no-system", over=CDA, breaks="CDA-CODED")(drop(f"{_AUTHOR}/hl7:code/@codeSystem"))
mutator("cda-flavor-unknown", over=CDA, breaks="CDA-NULL-CONTAINER")(
    put(f"{_ROLE}/hl7:addr/@nullFlavor", "NONE")
)

# People
mutator("cda-author-id-gone", over=CDA, breaks="CDA-AUTHOR")(drop(f"{_AUTHOR}/hl7:id"))
mutator("cda-author-time-gone", over=CDA, breaks="CDA-AUTHOR")(drop("hl7:author/hl7:time"))
mutator("cda-author-person-and-device", over=CDA, breaks="CDA-AUTHOR-KIND")(
    add(
        _AUTHOR,
        "<hl7:assignedAuthoringDevice><hl7:softwareName>x</hl7:softwareName></hl7:assignedAuthoringDevice>",
    )
)
mutator("cda-author-organisation-gone", over=CDA, breaks="CDA-AUTHOR-ORGANISATION-THERE")(
    drop(f"{_AUTHOR}/hl7:representedOrganization")
)
mutator("cda-author-organisation-id", over=CDA, breaks="CDA-AUTHOR-ORGANISATION-THERE")(
    drop(f"{_AUTHOR}/hl7:representedOrganization/hl7:id")
)
mutator("cda-author-nameless", over=CDA, breaks="CDA-AUTHOR-KIND")(
    drop(f"{_AUTHOR}/hl7:assignedPerson/hl7:name")
)
mutator("cda-author-no-family", over=CDA, breaks="CDA-AUTHOR-KIND")(
    drop(f"{_AUTHOR}/hl7:assignedPerson/hl7:name/hl7:family")
)
mutator("cda-rpps-short", over=CDA, breaks="CDA-PROFESSIONAL-ID")(
    shape(f"{_AUTHOR}/hl7:id[@root='1.2.250.1.71.4.2.1']/@extension", lambda value: value[:5])
)
mutator("cda-finess-wrong", over=CDA, breaks="CDA-STRUCTURE-ID")(
    put(f"{_AUTHOR}/hl7:representedOrganization/hl7:id[@root='1.2.250.1.71.4.2.2']/@extension", "9")
)
mutator("cda-author-code-twice", over=CDA, breaks="CDA-AUTHOR-CODE")(twin(f"{_AUTHOR}/hl7:code"))
mutator("cda-author-code-unlabelled", over=CDA, breaks="CDA-AUTHOR-CODE")(
    drop(f"{_AUTHOR}/hl7:code/@displayName")
)
mutator("cda-custodian-name-twice", over=CDA, breaks="CDA-CUSTODIAN")(
    twin("hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/hl7:name")
)
mutator("cda-custodian-foreign", over=CDA, breaks="CDA-CUSTODIAN")(
    put("hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/hl7:id/@root", "1.2.3")
)
mutator("cda-custodian-id-gone", over=CDA, breaks="CDA-CUSTODIAN")(
    drop("hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization/hl7:id")
)
mutator("cda-authenticator-unsigned", over=CDA, breaks="CDA-LEGAL-AUTHENTICATOR")(
    drop("hl7:legalAuthenticator/hl7:signatureCode")
)
mutator("cda-authenticator-intended", over=CDA, breaks="CDA-LEGAL-AUTHENTICATOR")(
    put("hl7:legalAuthenticator/hl7:signatureCode/@code", "I")
)
mutator("cda-authenticator-time-gone", over=CDA, breaks="CDA-LEGAL-AUTHENTICATOR")(
    drop("hl7:legalAuthenticator/hl7:time")
)
mutator("cda-second-authenticator-unsigned", over=CDA, breaks="CDA-AUTHENTICATOR")(
    add(_ROOT, "<hl7:authenticator><hl7:time value='2026'/></hl7:authenticator>")
)
mutator("cda-entity-id-gone", over=CDA, breaks="CDA-LEGAL-AUTHENTICATOR")(
    drop("hl7:legalAuthenticator/hl7:assignedEntity/hl7:id")
)
mutator("cda-informant-nobody", over=CDA, breaks="CDA-INFORMANT")(add(_ROOT, "<hl7:informant/>"))
mutator("cda-recipient-nobody", over=CDA, breaks="XSD-CDA")(
    add(_ROOT, "<hl7:informationRecipient><hl7:intendedRecipient/></hl7:informationRecipient>")
)
mutator("cda-participant-kind", over=CDA, breaks="CDA-PARTICIPANT")(
    add(_ROOT, "<hl7:participant><hl7:associatedEntity/></hl7:participant>")
)
# Acts
mutator("cda-event-time-gone", over=CDA, breaks="CDA-SERVICE-MAIN")(drop(f"{_ACT}/hl7:effectiveTime"))
mutator("cda-event-no-start", over=CDA, breaks="CDA-SERVICE-TIME")(drop(f"{_ACT}/hl7:effectiveTime/hl7:low"))
mutator("cda-event-ends-first", over=CDA, breaks="CDA-SERVICE-ORDER")(
    put(f"{_ACT}/hl7:effectiveTime/hl7:high/@value", "19990101000000+0100")
)
mutator("cda-performer-gone", over=CDA, breaks="CDA-SERVICE-MAIN")(drop(f"{_ACT}/hl7:performer"))
mutator("cda-performer-kind", over=CDA, breaks="CDA-PERFORMER")(
    put(f"{_ACT}/hl7:performer/@typeCode", "SPRF")
)
mutator("cda-setting-gone", over=CDA, breaks="CDA-PERFORMER")(
    drop(f"{_PERFORMER}/hl7:representedOrganization/hl7:standardIndustryClassCode")
)
mutator("cda-setting-unknown", over=CDA, breaks="CDA-PRACTICE-SETTING-KNOWN")(
    put(f"{_PERFORMER}/hl7:representedOrganization/hl7:standardIndustryClassCode/@code", "NULLE_PART")
)
mutator("cda-facility-gone", over=CDA, breaks="CDA-FACILITY")(
    drop(f"{_STAY}/hl7:location/hl7:healthCareFacility/hl7:code")
)
mutator("cda-facility-unknown", over=CDA, breaks="CDA-FACILITY-KNOWN")(
    put(f"{_STAY}/hl7:location/hl7:healthCareFacility/hl7:code/@code", "SA99")
)
mutator("cda-encounter-time-gone", over=CDA, breaks="CDA-ENCOUNTER")(drop(f"{_STAY}/hl7:effectiveTime"))
mutator("cda-encounter-people", over=CDA, breaks="CDA-ENCOUNTER-PEOPLE")(
    add(_STAY, "<hl7:encounterParticipant><hl7:assignedEntity/></hl7:encounterParticipant>")
)
mutator("cda-header-disordered", over=CDA, breaks="XSD-CDA")(lambda root, _: _last_first(root))
mutator("cda-author-organisation-name-twice", over=CDA, breaks="CDA-AUTHOR-ORGANISATION")(
    twin(f"{_AUTHOR}/hl7:representedOrganization/hl7:name")
)
mutator("cda-setting-unlabelled", over=CDA, breaks="CDA-PRACTICE-SETTING")(
    drop(f"{_PERFORMER}/hl7:representedOrganization/hl7:standardIndustryClassCode/@displayName")
)
mutator("cda-unknown-element", over=CDA, breaks="XSD-CDA")(rename("hl7:title", "titre"))
mutator("cda-unknown-attribute", over=CDA, breaks="XSD-CDA")(put("hl7:title/@lang", "fr"))
mutator("cda-unknown-child", over=CDA, breaks="XSD-CDA")(add(_ROLE, "<hl7:remark>x</hl7:remark>"))
mutator("cda-version-of-text", over=CDA, breaks=("CDA-VERSION-NUMBER", "XSD-CDA"))(
    replace("hl7:versionNumber/@value", "1", "1.0")
)


def _last_first(root: etree._Element) -> bool:
    custodian = root.find("{urn:hl7-org:v3}custodian")
    if custodian is None:
        return False
    root.insert(0, custodian)
    return True


def _related_to_itself(root: etree._Element) -> bool:
    parent = root.find("{urn:hl7-org:v3}relatedDocument/{urn:hl7-org:v3}parentDocument/{urn:hl7-org:v3}id")
    own = root.find("{urn:hl7-org:v3}id")
    if parent is None or own is None:
        return False
    parent.attrib.clear()
    for name, value in own.attrib.items():
        parent.set(name, value)
    return True
