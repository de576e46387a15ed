"""Rules of a structured body, whatever its type: narrative, media, tables, dates, ids and codes of the entries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.cda_count import BEYOND, BODY
from harness.checks.cda_view import CdaView
from harness.checks.forms import is_oid, is_ts, is_uuid
from harness.checks.rule import EMPTY, Finding, check_document, verdict
from harness.checks.xpath import XSI_TYPE, attribute, nodes
from protocol import facts, safexml
from protocol.errors import Text

_BODY: Final = "hl7:component/hl7:structuredBody"
_SECTION: Final = f"{_BODY}/descendant::hl7:section"
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_TIMES: Final = tuple(f"{{{facts.HL7}}}{name}" for name in ("effectiveTime", "time", "low", "high", "center"))


def _entries(view: CdaView) -> list[etree._Element]:
    return view.nodes(f"{_SECTION}/hl7:entry")


@check_document(
    "BODY-MULTIMEDIA",
    group=BODY,
    clause="CDA R2 §4.3.5.10 : renderMultiMedia désigne un observationMedia ou une région",
    title=Text("Chaque image montrée est dans le document", "Each image shown is in the document"),
    mend=Text("accorder referencedObject et l'ID", "make referencedObject and the ID agree"),
)
def multimedia(view: CdaView) -> Iterator[Finding]:
    shown = view.nodes(f"{_SECTION}/hl7:text/descendant::hl7:renderMultiMedia")
    known = {attribute(item, "ID") for item in view.nodes("descendant::*[@ID]")} if shown else set()
    for item in shown:
        for name in attribute(item, "referencedObject").split() or [""]:
            yield verdict(name in known, view.at(item) + "/@referencedObject", name, "ID")


@check_document(
    "BODY-LINKS",
    group=BODY,
    clause=f"{BEYOND} : un renvoi du texte mène à un texte du document",
    title=Text(
        "Chaque renvoi interne du texte mène à un texte du document",
        "Each inside link of the text leads to a text",
    ),
    mend=Text("accorder href et l'ID, ou retirer le lien", "make href and the ID agree, or remove the link"),
    confidence="C",
    default="info",
)
def links(view: CdaView) -> Iterator[Finding]:
    found = view.nodes(f"{_SECTION}/hl7:text/descendant::hl7:linkHtml")
    known = {attribute(item, "ID") for item in view.nodes("descendant::*[@ID]")} if found else set()
    for item in found:
        address = attribute(item, "href")
        if not address.startswith("#"):
            continue
        yield verdict(address[1:] in known, view.at(item) + "/@href", address, "#ID")


@check_document(
    "BODY-DATES",
    group=BODY,
    clause=f"{BEYOND} : dates du calendrier dans les entrées",
    title=Text(
        "Chaque date d'une entrée est une date du calendrier", "Each date of an entry is a calendar date"
    ),
    mend=Text("AAAAMMJJ[hhmm[ss]][+hhmm]", "YYYYMMDD[hhmm[ss]][+hhmm]"),
    confidence="C",
    default="warning",
)
def dates(view: CdaView) -> Iterator[Finding]:
    for entry in _entries(view):
        for item in entry.iter(*_TIMES):
            value, typed = item.get("value"), (item.get(XSI_TYPE) or "").rpartition(":")[2]
            if (
                value is None
                or typed in ("PQ", "IVL_PQ", "PIVL_TS", "EIVL_TS")
                or item.get("unit") is not None
            ):
                continue
            parent = item.getparent()
            holder = "" if parent is None else (parent.get(XSI_TYPE) or "").rpartition(":")[2]
            if holder not in ("IVL_PQ", "IVL_INT", "IVL_REAL", "RTO_PQ_PQ"):
                name = str(parent.tag).rpartition("}")[2] if parent is not None else ""
                if item.tag in _TIMES[:2] or name in ("effectiveTime", "time"):
                    yield verdict(is_ts(value), view.at(item) + "/@value", value, "YYYYMMDD…")


@check_document(
    "BODY-IDENTIFIERS",
    group=BODY,
    clause="CDA R2, type II : root est un OID ou un UUID",
    title=Text(
        "Une racine d'identifiant d'entrée est un OID ou un UUID", "The root of an id is an OID or a UUID"
    ),
    mend=Text("root en OID ou UUID", "root as an OID or a UUID"),
    confidence="C",
    default="info",
)
def identifiers(view: CdaView) -> Iterator[Finding]:
    for entry in _entries(view):
        for item in entry.iter(f"{{{facts.HL7}}}id", f"{{{facts.HL7}}}templateId"):
            root = item.get("root")
            if root is not None:
                yield verdict(is_oid(root) or is_uuid(root), view.at(item) + "/@root", root, "OID | UUID")


@check_document(
    "BODY-CODED",
    group=BODY,
    clause=f"{BEYOND} : type CD, un code vient avec son système",
    title=Text("Un code d'entrée vient avec son système", "A code of an entry comes with its system"),
    mend=Text("ajouter codeSystem", "add codeSystem"),
    confidence="C",
    default="warning",
)
def coded(view: CdaView) -> Iterator[Finding]:
    for entry in _entries(view):
        for item in entry.iter(f"{{{facts.HL7}}}code", f"{{{facts.HL7}}}value"):
            code = item.get("code")
            if code is not None and (item.get(XSI_TYPE) or "CD").rpartition(":")[2] in ("CD", "CE"):
                system = attribute(item, "codeSystem")
                yield verdict(bool(system), view.at(item), f"{code}^{system}", "code^codeSystem")


@check_document(
    "BODY-QUANTITY",
    group=BODY,
    clause="CDA R2, type PQ : valeur décimale",
    title=Text("Une quantité mesurée est un nombre", "A measured quantity is a number"),
    mend=Text('value="12.5" unit="g/L"', 'value="12.5" unit="g/L"'),
    confidence="B",
    default="warning",
)
def quantity(view: CdaView) -> Iterator[Finding]:
    for entry in _entries(view):
        for item in entry.iter(f"{{{facts.HL7}}}value", f"{{{facts.HL7}}}doseQuantity"):
            value = item.get("value")
            if value is not None and (item.get(XSI_TYPE) or "").rpartition(":")[2] == "PQ":
                yield verdict(_NUMBER.fullmatch(value) is not None, view.at(item) + "/@value", value, "12.5")


@check_document(
    "BODY-NULL",
    group=BODY,
    clause="CDA R2, type ANY : nullFlavor exclut la valeur",
    title=Text(
        "Dans une entrée, ce qui est inconnu n'a pas de valeur", "In an entry, what is unknown has no value"
    ),
    mend=Text("retirer nullFlavor, ou la valeur", "remove nullFlavor, or the value"),
    confidence="B",
    default="warning",
)
def null(view: CdaView) -> Iterator[Finding]:
    for entry in _entries(view):
        for item in entry.iter(etree.Element):
            if "nullFlavor" in item.attrib:
                held = [name for name in ("value", "code", "root") if item.get(name)]
                yield verdict(not held, view.at(item), " ".join(held) or EMPTY, EMPTY)


@check_document(
    "BODY-STATUS",
    group=BODY,
    clause="CDA R2 : statusCode est un code d'état HL7",
    title=Text("L'état d'un acte est un code connu", "The status of an act is a known code"),
    mend=Text("completed, active, aborted, suspended…", "completed, active, aborted, suspended…"),
    confidence="B",
    default="warning",
)
def status(view: CdaView) -> Iterator[Finding]:
    known = (
        "active",
        "completed",
        "aborted",
        "suspended",
        "cancelled",
        "held",
        "new",
        "normal",
        "nullified",
        "obsolete",
    )
    for entry in _entries(view):
        for item in entry.iter(f"{{{facts.HL7}}}statusCode"):
            code = item.get("code")
            if code is not None:
                yield verdict(code in known, view.at(item) + "/@code", code, " | ".join(known))


@check_document(
    "BODY-MEDIA-DATA",
    group=BODY,
    clause=f"{BEYOND} : type ED, image jointe en base64",
    title=Text(
        "Une image jointe à une section a un type et des octets", "An image of a section has type and bytes"
    ),
    mend=Text('mediaType et representation="B64"', 'mediaType and representation="B64"'),
    confidence="C",
    default="warning",
)
def media_data(view: CdaView) -> Iterator[Finding]:
    for item in view.nodes(f"{_SECTION}/descendant::hl7:observationMedia/hl7:value"):
        kind, said = attribute(item, "mediaType"), attribute(item, "representation")
        filled = bool(safexml.text(item).strip()) or bool(nodes(item, "hl7:reference"))
        good = bool(kind) and filled and (said == "B64" or bool(nodes(item, "hl7:reference")))
        yield verdict(good, view.at(item), f"{kind} {said}", "mediaType B64")
