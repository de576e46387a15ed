"""Mutations of the details of a CDA document: codes of its value sets, types of data, embedded files, style sheet."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from random import Random
from typing import Final

from lxml import etree

from harness.mutate.edits import add, drop, each, put, select, shape, twin
from harness.mutate.registry import Change, mutator

CDA: Final = "cda"
_BYTES: Final = "cda-bytes"
_DOCUMENT: Final = "descendant-or-self::hl7:ClinicalDocument"
_ROLE: Final = "hl7:recordTarget/hl7:patientRole"
_AUTHOR: Final = "hl7:author/hl7:assignedAuthor"
_LEGAL: Final = "hl7:legalAuthenticator/hl7:assignedEntity"
_PERFORMER: Final = "hl7:documentationOf/hl7:serviceEvent/hl7:performer/hl7:assignedEntity"
_STAY: Final = "hl7:componentOf/hl7:encompassingEncounter"
_TEXT: Final = "hl7:component/hl7:nonXMLBody/hl7:text"
_ENTRY: Final = "hl7:component/hl7:structuredBody//hl7:entry"

mutator("cda-profession-unknown", over=CDA, breaks="CDA-PROFESSION-KNOWN")(
    put(f"{_AUTHOR}/hl7:code/@code", "G99_99")
)
mutator("cda-function-unknown", over=CDA, breaks="CDA-FUNCTION-KNOWN")(
    add("hl7:author", '<hl7:functionCode code="CHEF" codeSystem="2.16.840.1.113883.5.88"/>', first=True)
)
mutator("cda-function-no-system", over=CDA, breaks=("CDA-AUTHOR-CODE", "CDA-FUNCTION"))(
    add("hl7:author", '<hl7:functionCode code="PCP"/>', first=True)
)
mutator("cda-encounter-unknown", over=CDA, breaks="CDA-ENCOUNTER-KNOWN")(
    put(f"{_STAY}/hl7:code/@code", "VIDE")
)
mutator("cda-encounter-unlabelled", over=CDA, breaks="CDA-ENCOUNTER-CODE")(
    drop(f"{_STAY}/hl7:code/@displayName")
)
mutator("cda-encounter-ends-first", over=CDA, breaks="CDA-ENCOUNTER-ORDER")(
    put(f"{_STAY}/hl7:effectiveTime/hl7:high/@value", "19990101000000+0100")
)
mutator("cda-encounter-two-starts", over=CDA, breaks="CDA-ENCOUNTER-TIMES")(
    twin(f"{_STAY}/hl7:effectiveTime/hl7:low")
)
mutator("cda-encounter-role", over=CDA, breaks="CDA-ENCOUNTER-ROLE")(
    add(
        _STAY, '<hl7:encounterParticipant typeCode="VISITOR"><hl7:assignedEntity/></hl7:encounterParticipant>'
    )
)
mutator("cda-discharge-other", over=CDA, breaks="CDA-DISCHARGE")(
    add(_STAY, '<hl7:dischargeDispositionCode code="1" codeSystem="1.2.3" displayName="x"/>')
)
mutator("cda-place-two", over=CDA, breaks="CDA-ENCOUNTER")(twin(f"{_STAY}/hl7:location"))
mutator("cda-participant-unknown", over=CDA, breaks="CDA-PARTICIPANT-KIND")(
    add(
        _DOCUMENT,
        '<hl7:participant typeCode="AMI"><hl7:associatedEntity classCode="PROV"/></hl7:participant>',
    )
)
mutator("cda-participant-two-starts", over=CDA, breaks="CDA-PARTICIPANT-TIME")(
    add(
        _DOCUMENT,
        '<hl7:participant typeCode="REF"><hl7:time><hl7:low value="2026"/><hl7:low value="2027"/></hl7:time>'
        '<hl7:associatedEntity classCode="PROV"/></hl7:participant>',
    )
)
mutator("cda-participant-id-half", over=CDA, breaks="CDA-PARTICIPANT-ENTITY")(
    add(
        _DOCUMENT,
        '<hl7:participant typeCode="REF"><hl7:time value="2026"/><hl7:associatedEntity classCode="PROV">'
        '<hl7:id root="1.2"/><hl7:id root="1.2.3"/></hl7:associatedEntity></hl7:participant>',
    )
)
mutator("cda-civility-odd", over=CDA, breaks="CDA-CIVILITY")(
    add(f"{_AUTHOR}/hl7:assignedPerson/hl7:name", "<hl7:prefix>Votre Honneur</hl7:prefix>", first=True)
)
mutator("cda-device-nameless", over=CDA, breaks="CDA-DEVICE")(
    add(
        _AUTHOR,
        "<hl7:assignedAuthoringDevice><hl7:softwareName>x</hl7:softwareName></hl7:assignedAuthoringDevice>",
    )
)
mutator("cda-legal-nameless", over=CDA, breaks="CDA-PERSON-NAMED")(
    drop(f"{_LEGAL}/hl7:assignedPerson/hl7:name/hl7:family")
)
mutator("cda-legal-two-families", over=CDA, breaks="CDA-NAMES")(
    twin(f"{_LEGAL}/hl7:assignedPerson/hl7:name/hl7:family")
)
mutator("cda-legal-two-codes", over=CDA, breaks="CDA-ENTITIES")(twin(f"{_LEGAL}/hl7:code"))
mutator("cda-guardian-family", over=CDA, breaks="CDA-GUARDIAN-PARTS")(
    add(
        f"{_ROLE}/hl7:patient",
        "<hl7:guardian><hl7:guardianPerson><hl7:name><hl7:family qualifier='AC'>X</hl7:family></hl7:name>"
        "</hl7:guardianPerson></hl7:guardian>",
    )
)
mutator("cda-data-enterer-two-times", over=CDA, breaks="CDA-DATA-ENTERER")(
    add(
        _DOCUMENT,
        '<hl7:dataEnterer><hl7:time value="2026"/><hl7:time value="2027"/><hl7:assignedEntity/></hl7:dataEnterer>',
    )
)
mutator("cda-organisation-no-id", over=CDA, breaks="CDA-ORGANISATION-ID")(
    drop(f"{_PERFORMER}/hl7:representedOrganization/hl7:id/@extension")
)
mutator("cda-organisation-two-names", over=CDA, breaks="CDA-ORGANISATION")(
    twin(f"{_PERFORMER}/hl7:representedOrganization/hl7:name")
)
mutator("cda-organisation-two-parts", over=CDA, breaks="CDA-ORGANISATION-PART")(
    add(f"{_PERFORMER}/hl7:representedOrganization", "<hl7:asOrganizationPartOf/><hl7:asOrganizationPartOf/>")
)
mutator("cda-relation-unknown", over=CDA, breaks="CDA-RELATION-KNOWN")(
    add(
        _DOCUMENT,
        '<hl7:informant><hl7:relatedEntity classCode="NOK"><hl7:code code="VOISIN" codeSystem="1.2.3" displayName="x"/>'
        "<hl7:relatedPerson><hl7:name><hl7:family>X</hl7:family></hl7:name></hl7:relatedPerson></hl7:relatedEntity>"
        "</hl7:informant>",
    )
)
mutator("cda-recipient-id-half", over=CDA, breaks="CDA-RECIPIENT-PARTS")(
    add(
        _DOCUMENT,
        '<hl7:informationRecipient><hl7:intendedRecipient><hl7:id root="1.2.250.1.71.4.2.1"/></hl7:intendedRecipient>'
        "</hl7:informationRecipient>",
    )
)
mutator("cda-order-two-codes", over=CDA, breaks="CDA-ORDER-PARTS")(
    add(
        _DOCUMENT,
        '<hl7:inFulfillmentOf><hl7:order><hl7:id root="1.2"/><hl7:code code="a"/><hl7:code code="b"/></hl7:order>'
        "</hl7:inFulfillmentOf>",
    )
)
mutator("cda-consent-class", over=CDA, breaks="CDA-CONSENT-CLASS")(
    add(_DOCUMENT, '<hl7:authorization typeCode="XX"><hl7:consent classCode="ACT"/></hl7:authorization>')
)
mutator("cda-born-after", over=CDA, breaks="CDA-BIRTH-ORDER")(
    put(f"{_ROLE}/hl7:patient/hl7:birthTime/@value", "29990101")
)
mutator("cda-address-loose-text", over=CDA, breaks="CDA-ADDR-MIXED")(
    shape(f"{_ROLE}/hl7:addr", lambda text: f"chez moi {text}")
)
mutator("cda-name-loose-text", over=CDA, breaks="CDA-NAME-MIXED")(
    shape(f"{_AUTHOR}/hl7:assignedPerson/hl7:name", lambda text: f"Camille {text}")
)
mutator("cda-telecom-twice", over=CDA, breaks="CDA-DISTINCT")(twin(f"{_ROLE}/hl7:telecom"))
mutator("cda-time-silent", over=CDA, breaks="CDA-TIME-VALUE")(drop("hl7:legalAuthenticator/hl7:time/@value"))
mutator("cda-time-with-bounds", over=CDA, breaks="CDA-POINT-IN-TIME")(
    add("hl7:legalAuthenticator/hl7:time", '<hl7:low value="2026"/>')
)
mutator("cda-label-lines", over=CDA, breaks="CDA-DISPLAY-NAME")(
    shape("hl7:code/@displayName", lambda text: text + "\n\tx")
)
mutator("cda-header-other-type", over=CDA, breaks="XSD-CDA")(put("hl7:code/@xsi:type", "CD"))
mutator("cda-translation-half", over=CDA, breaks="CDA-CODED")(add("hl7:code", '<hl7:translation code="x"/>'))
mutator("cda-french-model-of-another-type", over=CDA, breaks=("MODEL-TYPE", "VAC-EDITION"))(
    add(_DOCUMENT, '<hl7:templateId root="1.2.250.1.213.1.1.1.46" extension="1999.01"/>', first=True)
)
mutator("vaccination-twice", over=CDA, breaks="VAC-ONE")(lambda root, _: _second_vaccination(root))
mutator("vaccination-restricted", over=CDA, breaks="VAC-OPEN")(
    lambda root, chance: bool(
        select(root, ".//hl7:substanceAdministration[hl7:consumable]")
        and select(root, "hl7:code[@code='87273-9']")
        and put("hl7:confidentialityCode/@code", "R")(root, chance)
    )
)

# Entries
mutator("entry-date-impossible", over=CDA, breaks="BODY-DATES")(
    put(f"{_ENTRY}//hl7:effectiveTime/@value", "20261399")
)
mutator("entry-id-odd", over=CDA, breaks="BODY-IDENTIFIERS")(put(f"{_ENTRY}//hl7:id/@root", "local"))
mutator("entry-code-no-system", over=CDA, breaks="BODY-CODED")(drop(f"{_ENTRY}//hl7:code/@codeSystem"))
mutator("entry-quantity-word", over=CDA, breaks="BODY-QUANTITY")(
    put(f"{_ENTRY}//hl7:value[@unit]/@value", "beaucoup")
)
mutator("entry-null-and-value", over=CDA, breaks="BODY-NULL")(
    put(f"{_ENTRY}//hl7:effectiveTime[@value]/@nullFlavor", "UNK")
)
mutator("entry-status-unknown", over=CDA, breaks="BODY-STATUS")(
    put(f"{_ENTRY}//hl7:statusCode/@code", "fini")
)
mutator("narrative-image-lost", over=CDA, breaks="BODY-MULTIMEDIA")(
    add(
        "hl7:component/hl7:structuredBody//hl7:section/hl7:text",
        '<hl7:renderMultiMedia referencedObject="nulle"/>',
    )
)
mutator("narrative-link-lost", over=CDA, breaks="BODY-LINKS")(
    add(
        "hl7:component/hl7:structuredBody//hl7:section/hl7:text",
        '<hl7:linkHtml href="#nulle">x</hl7:linkHtml>',
    )
)
mutator("narrative-media-bare", over=CDA, breaks="BODY-MEDIA-DATA")(
    add(_ENTRY, "<hl7:observationMedia classCode='OBS' moodCode='EVN'><hl7:value/></hl7:observationMedia>")
)


# Embedded files
def _file(media: str, change: Callable[[bytes], bytes]) -> Change:
    """Change the bytes that the body carries in base64."""

    def changed(root: etree._Element, _: Random) -> bool:
        for one in select(root, f"{_TEXT}[@mediaType='{media}'][@representation='B64']"):
            one.text = base64.b64encode(change(base64.b64decode(one.text or ""))).decode()
            return True
        return False

    return changed


_PDF: Final = "application/pdf"
mutator("pdf-cut", over=CDA, breaks="BODY-PDF-WHOLE")(_file(_PDF, lambda data: data[: len(data) // 2]))
mutator("pdf-script", over=CDA, breaks="BODY-PDF-PASSIVE")(
    _file(
        _PDF,
        lambda data: data.replace(
            b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (x) >>"
        ),
    )
)
mutator("pdf-encrypted", over=CDA, breaks="BODY-PDF-OPEN")(
    _file(_PDF, lambda data: data.replace(b"trailer\n<<", b"trailer\n<< /Encrypt 9 0 R"))
)
mutator("rtf-cut", over=CDA, breaks="BODY-RTF-WHOLE")(_file("text/rtf", lambda data: data.rstrip()[:-1]))
mutator("text-latin", over=CDA, breaks="BODY-TEXT-UTF8")(
    _file("text/plain", lambda data: data.decode("utf-8").encode("latin-1", "replace"))
)


# The style sheet that shows the document
def _sheet(old: bytes, new: bytes) -> Change:
    def change(data: bytes, _: Random) -> bytes | None:
        return data.replace(old, new, 1) if b"stylesheet" in data[:2000] and old in data else None

    return change


mutator("self-display-event", over=_BYTES, breaks="BODY-SELF-EVENTS")(_sheet(b"<body", b'<body onload="x()"'))
mutator("self-display-link", over=_BYTES, breaks="BODY-SELF-LINKS")(
    _sheet(b"</body>", b'<a href="http://example.org/">x</a></body>')
)
mutator("self-display-import", over=_BYTES, breaks="BODY-SELF-STYLE")(
    _sheet(b"</head>", b'<style>@import "http://example.org/x.css";</style></head>')
)
mutator("self-display-reads", over=_BYTES, breaks="BODY-SELF-FUNCTIONS")(
    _sheet(b"</body>", b"""<xsl:value-of select="document('x.xml')"/></body>""")
)


@mutator("style-sheet-elsewhere", over=_BYTES, breaks="BODY-STYLESHEET")
def elsewhere(data: bytes, _: Random) -> bytes | None:
    told = b'<?xml-stylesheet type="text/xsl" href="http://example.org/x.xsl"?>'
    place = data.find(b"?>") + 2
    return (
        data[:place] + told + data[place:]
        if data.startswith(b"<?xml ") and b"stylesheet" not in data
        else None
    )


def _second_vaccination(root: etree._Element) -> bool:
    held = select(
        root, "hl7:component/hl7:structuredBody//hl7:entry[hl7:substanceAdministration/hl7:consumable]"
    )
    if not held or not select(root, "hl7:code[@code='87273-9']"):
        return False
    held[0].addnext(copy.deepcopy(held[0]))
    return True


mutator("cda-author-id-half", over=CDA, breaks=("CDA-AUTHOR", "CDA-ID-ROOT"))(
    each(drop(f"{_AUTHOR}/hl7:id/@root"), drop(f"{_AUTHOR}/hl7:id/@extension"))
)
