"""Header rules of form, wherever they apply: addresses, telecoms, dates, identifiers, codes, null flavors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from harness.checks.cda_count import BEYOND, GROUP, SM, each
from harness.checks.cda_view import CdaView
from harness.checks.forms import is_oid, is_ts, is_uuid
from harness.checks.rule import EMPTY, Finding, check_document, verdict
from harness.checks.xpath import XSI_TYPE, attribute, nodes
from protocol import facts, safexml
from protocol.errors import Text

ADDRESS_PARTS = (
    "country",
    "state",
    "city",
    "postalCode",
    "county",
    "houseNumber",
    "houseNumberNumeric",
    "streetName",
    "streetNameType",
    "additionalLocator",
    "unitID",
    "postBox",
    "precinct",
)
_PARTS = frozenset(ADDRESS_PARTS)
ADDRESS_USES = (
    "H",
    "HP",
    "HV",
    "WP",
    "DIR",
    "PUB",
    "BAD",
    "TMP",
    "AS",
    "CONF",
    "EC",
    "MC",
    "PG",
    "PST",
    "PHYS",
    "SRCH",
    "SNDX",
    "ABC",
    "SYL",
    "IDE",
)
TELECOM_USES = ("H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG")
SCHEMES = ("tel", "fax", "mailto", "http", "https", "ftp", "mllp")
#: Codes of a system that their element names.
_SIMPLE = frozenset(
    f"{{{facts.HL7}}}{name}" for name in ("realmCode", "languageCode", "statusCode", "signatureCode")
)
NULLS = ("UNK", "NASK", "ASKU", "NAV", "MSK")


def _header(view: CdaView, names: str) -> list[etree._Element]:
    return view.in_header(*names.split())


@check_document(
    "CDA-ADDR",
    group=GROUP,
    clause=f"{SM} (CI-SISAddr)",
    title=Text(
        "Une adresse est en parties structurées ou en lignes, pas les deux",
        "An address is structured or in lines, not both",
    ),
    mend=Text("au plus 7 streetAddressLine, ou chaque partie une fois", "at most 7 lines, or each part once"),
)
def address(view: CdaView) -> Iterator[Finding]:
    rows = ((item, *_address(item)) for item in _header(view, "addr"))
    yield from each(view, rows, "streetAddressLine ≤ 7 | houseNumber, streetName, city… ≤ 1")


def _address(item: etree._Element) -> tuple[bool, str]:
    """Whether an address is right, and its parts when it isn't."""
    names = [str(child.tag).rpartition("}")[2] for child in item.iterchildren(etree.Element)]
    parts = [name for name in names if name in _PARTS]
    lines = names.count("streetAddressLine")
    good = lines <= 7 and not (lines and parts) and len(set(parts)) == len(parts)
    counts = "" if good else ", ".join(f"{count} {name}" for name, count in Counter(names).items())
    return good, counts or f"{len(names)} × *"


@check_document(
    "CDA-ADDR-USE",
    group=GROUP,
    clause=f"{SM} (CI-SISAddr)",
    title=Text("L'usage d'une adresse est un code HL7", "The use of an address is an HL7 code"),
    mend=Text("H, HP, WP… ou pas d'attribut use", "H, HP, WP… or no use attribute"),
)
def address_use(view: CdaView) -> Iterator[Finding]:
    for item in _header(view, "addr"):
        used = attribute(item, "use").split(" ")
        if used != [""]:
            yield verdict(
                set(used) <= set(ADDRESS_USES),
                view.at(item) + "/@use",
                " ".join(used),
                " ".join(ADDRESS_USES),
            )


@check_document(
    "CDA-TELECOM",
    group=GROUP,
    clause=f"{SM} (CI-SISTelecom)",
    title=Text(
        "Un moyen de contact a une valeur avec son schéma, ou est vide",
        "A telecom has a value with its scheme",
    ),
    mend=Text("tel:…, mailto:… ou nullFlavor seul", "tel:…, mailto:… or nullFlavor alone"),
)
def telecom(view: CdaView) -> Iterator[Finding]:
    rows = (
        (item, _good_telecom(item), attribute(item, "value") or attribute(item, "nullFlavor"))
        for item in _header(view, "telecom")
    )
    yield from each(view, rows, "tel:… | mailto:… | nullFlavor")


def _good_telecom(item: etree._Element) -> bool:
    value, null = attribute(item, "value"), attribute(item, "nullFlavor")
    scheme, _, rest = value.partition(":")
    return null in NULLS and not value if null else scheme in SCHEMES and bool(rest.strip())


@check_document(
    "CDA-TELECOM-USE",
    group=GROUP,
    clause=f"{SM} (CI-SISTelecom)",
    title=Text("L'usage d'un moyen de contact est un code HL7", "The use of a telecom is an HL7 code"),
    mend=Text("H, HP, WP, MC… ou pas d'attribut use", "H, HP, WP, MC… or no use attribute"),
)
def telecom_use(view: CdaView) -> Iterator[Finding]:
    told = ((item, attribute(item, "use")) for item in _header(view, "telecom"))
    rows = ((item, used in TELECOM_USES, used) for item, used in told if used)
    yield from each(view, rows, " | ".join(TELECOM_USES), "/@use")


@check_document(
    "CDA-DATES",
    group=GROUP,
    clause=f"{SM} (TS)",
    title=Text(
        "Chaque date de l'en-tête est une date du calendrier", "Each date of the header is a calendar date"
    ),
    mend=Text("AAAAMMJJ[hhmm[ss]][+hhmm]", "YYYYMMDD[hhmm[ss]][+hhmm]"),
)
def dates(view: CdaView) -> Iterator[Finding]:
    told = (
        (item, item.get("value")) for item in _header(view, "time effectiveTime low high center birthTime")
    )
    rows = ((item, is_ts(value), value) for item, value in told if value is not None)
    yield from each(view, rows, "YYYYMMDD…", "/@value")


@check_document(
    "CDA-ZONES",
    group=GROUP,
    clause=f"{BEYOND} : fuseau à quatre chiffres",
    title=Text("Le fuseau d'une date a quatre chiffres", "The zone of a date has four digits"),
    mend=Text("+0100 et non +100", "+0100, not +100"),
    confidence="C",
    default="warning",
)
def zones(view: CdaView) -> Iterator[Finding]:
    for item in _header(view, "time effectiveTime low high center"):
        _, sign, zone = re.sub("[+-]", "±", attribute(item, "value")).partition("±")
        if sign:
            yield verdict(len(zone) == 4, view.at(item) + "/@value", attribute(item, "value"), "±hhmm")


@check_document(
    "CDA-IDENTIFIERS",
    group=GROUP,
    clause=f"{SM} (II)",
    title=Text(
        "Une racine d'identifiant est un OID ou un UUID, sans doublon", "An id root is an OID or a UUID, once"
    ),
    mend=Text("root en OID ou UUID ; retirer le doublon", "root as an OID or a UUID; remove the duplicate"),
)
def identifiers(view: CdaView) -> Iterator[Finding]:
    held = [item for item in _header(view, "id setId templateId") if item.get("root") is not None]
    rows = (
        (item, is_oid(root) or is_uuid(root), root) for item in held for root in [attribute(item, "root")]
    )
    yield from each(view, rows, "OID | UUID", "/@root")
    for item in held:
        key = _key(item)
        if any(_key(other) == key for other in item.itersiblings(str(item.tag), preceding=True)):
            yield verdict(False, view.at(item), "^".join(key), "1")


def _key(element: etree._Element) -> tuple[str, str]:
    return attribute(element, "root"), attribute(element, "extension")


@check_document(
    "CDA-CODED",
    group=GROUP,
    clause=f"{SM} (CD)",
    title=Text("Un code vient avec son système, un libellé avec un code", "A code comes with its system"),
    mend=Text("ajouter codeSystem, ou retirer displayName", "add codeSystem, or remove displayName"),
)
def coded(view: CdaView) -> Iterator[Finding]:
    yield from each(view, _codes(view), "code^codeSystem")


def _codes(view: CdaView) -> Iterator[tuple[etree._Element, bool, str]]:
    for item in view.header:
        attributes = item.attrib
        if "code" not in attributes and "displayName" not in attributes:
            continue
        if item.tag in _SIMPLE or not str(item.tag).startswith(f"{{{facts.HL7}}}"):
            continue
        code, system = attribute(item, "code"), attribute(item, "codeSystem")
        good = bool(code and system) or (not code and not attribute(item, "displayName"))
        yield item, good, f"{code}^{system}"


@check_document(
    "CDA-NULL-FLAVOR",
    group=GROUP,
    clause=f"{SM} (ANY)",
    title=Text("Ce qui est déclaré inconnu est vide", "What is declared unknown is empty"),
    mend=Text("retirer nullFlavor, ou le contenu", "remove nullFlavor, or the content"),
)
def null_flavor(view: CdaView) -> Iterator[Finding]:
    for item in view.header:
        if "nullFlavor" not in item.attrib:
            continue
        kept = [
            str(name)
            for name in item.attrib
            if name not in ("nullFlavor", XSI_TYPE, "use", "typeCode", "classCode")
        ]
        held = [name for name in kept if name in ("value", "code", "root", "extension")]
        text = safexml.text(item) if not nodes(item, "*") else ""
        yield verdict(not held and not text, view.at(item), ", ".join(held) + text or EMPTY, EMPTY)
