"""Header rules of form, wherever they apply: addresses, telecoms, dates, identifiers, codes, null flavors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from harness.checks.cda_count import BEYOND, GROUP, SM, every, judged, of_values
from harness.checks.cda_view import CdaView
from harness.checks.forms import is_oid, is_ts, is_uuid
from harness.checks.rule import EMPTY, RIGHT, WRONG, Finding, check_document, verdict
from harness.checks.xpath import attribute, local_name, local_tag
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
_DATED = ("time", "effectiveTime", "low", "high", "center")
_SIGN = re.compile("[+±-]")
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
_ADDRESS_USES = frozenset(ADDRESS_USES)
_USES = " ".join(ADDRESS_USES)
TELECOM_USES = ("H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG")
SCHEMES = ("tel", "fax", "mailto", "http", "https", "ftp", "mllp")
#: Codes of a system that their element names.
_HL7 = f"{{{facts.HL7}}}"
_SIMPLE = frozenset(
    f"{{{facts.HL7}}}{name}" for name in ("realmCode", "languageCode", "statusCode", "signatureCode")
)
_IDENTIFIERS = ("id", "setId", "templateId")
#: Attributes that say what is declared unknown.
_SAYING = frozenset(("value", "code", "root", "extension"))
NULLS = ("UNK", "NASK", "ASKU", "NAV", "MSK")


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
    expected = "streetAddressLine ≤ 7 | houseNumber, streetName, city… ≤ 1"
    if view.brief:
        held = view.in_header("addr")
        yield from (RIGHT if all(map(_good_parts, map(view.index.sorted, held))) else WRONG) if held else ()
    else:
        yield from judged(view, view.in_header("addr"), _good_address, _address, expected)


def _good_parts(children: Mapping[str, Sequence[etree._Element]]) -> bool:
    """The same as `_good_address`, of children that are sorted already."""
    lines, parts = 0, set()
    for tag, held in children.items():
        name = local_tag(tag)
        if name == "streetAddressLine":
            lines += len(held)
        elif name in _PARTS:
            if len(held) > 1 or name in parts:
                return False
            parts.add(name)
    return lines <= 7 and not (lines and parts)


def _parts(item: etree._Element) -> list[str]:
    return [local_name(child) for child in item.iterchildren(etree.Element)]


def _good_address(item: etree._Element) -> bool:
    names = _parts(item)
    lines = names.count("streetAddressLine")
    parts = [name for name in names if name in _PARTS]
    return lines <= 7 and not (lines and parts) and len(set(parts)) == len(parts)


def _address(item: etree._Element) -> str:
    """How many parts there are, and which ones when the address is wrong."""
    names = _parts(item)
    counts = "" if _good_address(item) else ", ".join(f"{n} {name}" for name, n in Counter(names).items())
    return counts or f"{len(names)} × *"


@check_document(
    "CDA-ADDR-USE",
    group=GROUP,
    clause=f"{SM} (CI-SISAddr)",
    title=Text("L'usage d'une adresse est un code HL7", "The use of an address is an HL7 code"),
    mend=Text("H, HP, WP… ou pas d'attribut use", "H, HP, WP… or no use attribute"),
)
def address_use(view: CdaView) -> Iterator[Finding]:
    told = [item for item in view.in_header("addr") if item.get("use", "")]
    yield from every(view, told, _good_uses, _use, _USES, "/@use")


def _use(item: etree._Element) -> str:
    return attribute(item, "use")


def _good_uses(item: etree._Element) -> bool:
    return _ADDRESS_USES.issuperset(_use(item).split(" "))


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
    yield from judged(
        view,
        view.in_header("telecom"),
        _good_telecom,
        lambda item: attribute(item, "value") or attribute(item, "nullFlavor"),
        "tel:… | mailto:… | nullFlavor",
    )


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
    told = [item for item in view.in_header("telecom") if item.get("use", "")]
    yield from of_values(view, told, "use", TELECOM_USES.__contains__, " | ".join(TELECOM_USES))


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
    held = view.in_header(*_DATED, "birthTime")
    told = [item for item in held if item.get("value") is not None]
    yield from of_values(view, told, "value", is_ts, "YYYYMMDD…")


def _value(item: etree._Element) -> str:
    return attribute(item, "value")


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
    signed = [item for item in view.in_header(*_DATED) if not item.get("value", "").isdecimal()]
    signed = [item for item in signed if _SIGN.search(item.get("value", ""))]
    yield from every(view, signed, _four_digits, _value, "±hhmm", "/@value")


def _four_digits(item: etree._Element) -> bool:
    value = _value(item)
    sign = _SIGN.search(value)
    return sign is not None and len(value) - sign.end() == 4


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
    held = [item for item in view.in_header(*_IDENTIFIERS) if item.get("root") is not None]
    yield from of_values(view, held, "root", _known_form, "OID | UUID")
    for item in view.repeated(*_IDENTIFIERS):
        key = _key(item)
        if item.get("root") is not None and key in map(_key, view.index.before(item)):
            yield verdict(False, view.at(item), "^".join(key), "1")


def _known_form(root: str) -> bool:
    return is_oid(root) or is_uuid(root)


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
    held = view.index.having_either("code", "displayName")
    told = [item for item in held if item.tag not in _SIMPLE and str(item.tag).startswith(_HL7)]
    yield from judged(view, told, _whole, _code, "code^codeSystem")


def _whole(item: etree._Element) -> bool:
    if item.get("code", ""):
        return bool(item.get("codeSystem", ""))
    return not item.get("displayName", "")


def _code(item: etree._Element) -> str:
    return f"{attribute(item, 'code')}^{attribute(item, 'codeSystem')}"


@check_document(
    "CDA-NULL-FLAVOR",
    group=GROUP,
    clause=f"{SM} (ANY)",
    title=Text("Ce qui est déclaré inconnu est vide", "What is declared unknown is empty"),
    mend=Text("retirer nullFlavor, ou le contenu", "remove nullFlavor, or the content"),
)
def null_flavor(view: CdaView) -> Iterator[Finding]:
    for item in view.index.having("nullFlavor"):
        held = [str(name) for name in item.keys() if name in _SAYING]  # noqa: SIM118 - an element is no dict
        text = safexml.text(item) if not view.under(item, "*") else ""
        yield verdict(not held and not text, view.at(item), ", ".join(held) + text or EMPTY, EMPTY)
