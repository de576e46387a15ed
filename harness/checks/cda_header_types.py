"""Header rules of data types: names, addresses, moments, identifiers, integers, codes, null flavors.

Those of cda_header_forms look at values; these at what an element of such a type may hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.cda_count import GROUP, SM, each, judged
from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document, verdict
from harness.checks.xpath import XSI_TYPE, attribute
from protocol import facts
from protocol.errors import Text

_CONTROLS: Final = re.compile(r"[\t\r\n]")
_SDTC: Final = "{urn:hl7-org:sdtc}"
#: The data type that an element of that name has in the header, wherever it is.
_TYPES: Final = {
    "administrativeGenderCode": "CE",
    "confidentialityCode": "CE",
    "standardIndustryClassCode": "CE",
    "functionCode": "CE",
    "languageCode": "CS",
    "realmCode": "CS",
    "signatureCode": "CS",
    "statusCode": "CS",
    "birthTime": "TS",
    "versionNumber": "INT",
    "id": "II",
    "setId": "II",
    "templateId": "II",
    "telecom": "TEL",
    "addr": "AD",
}
#: The same where the element that holds it decides.
_INSIDE: Final = {
    ("ClinicalDocument", "effectiveTime"): "TS",
    ("ClinicalDocument", "code"): "CE",
    ("author", "time"): "TS",
    ("legalAuthenticator", "time"): "TS",
    ("authenticator", "time"): "TS",
    ("serviceEvent", "effectiveTime"): "IVL_TS",
    ("encompassingEncounter", "effectiveTime"): "IVL_TS",
    ("assignedAuthor", "code"): "CE",
    ("assignedEntity", "code"): "CE",
}
#: What may stay beside a nullFlavor: what was said instead of a code.
_BESIDE_NULL: Final = frozenset(f"{{{facts.HL7}}}{name}" for name in ("originalText", "translation"))


def _name(element: etree._Element | None) -> str:
    return "" if element is None else str(element.tag).rpartition("}")[2]


def _mixed(element: etree._Element) -> tuple[bool, bool]:
    """(has child elements, has text of its own)."""
    said = element.text
    parts, text = False, said is not None and not said.isspace() and said != ""
    for child in element[:]:
        parts = parts or isinstance(child.tag, str)
        if not text and (said := child.tail) is not None:
            text = not said.isspace() and said != ""
    return parts, text


@check_document(
    "CDA-ADDR-MIXED",
    group=GROUP,
    clause=f"{SM} (AD)",
    title=Text(
        "Une adresse est faite de parties, ou de texte, ou déclarée inconnue",
        "An address is parts, or text, or declared unknown",
    ),
    mend=Text(
        "ôter le texte hors des parties ; remplir l'adresse", "remove the loose text; fill the address"
    ),
)
def address_mixed(view: CdaView) -> Iterator[Finding]:
    told = [item for item in view.in_header("addr") if item.get("nullFlavor") is None]
    yield from judged(view, told, _either, _seen, "parties | texte / parts | text")


def _either(element: etree._Element) -> bool:
    parts, text = _mixed(element)
    return parts != text


def _seen(element: etree._Element) -> str:
    parts, text = _mixed(element)
    return " + ".join(name for name, held in (("parties / parts", parts), ("texte / text", text)) if held)


@check_document(
    "CDA-NAME-MIXED",
    group=GROUP,
    clause=f"{SM} (EN)",
    title=Text("Un nom est fait de parties ou de texte", "A name is parts or text, not both"),
    mend=Text("mettre le texte dans family ou given", "put the text in family or given"),
)
def name_mixed(view: CdaView) -> Iterator[Finding]:
    named = view.in_header("name")
    yield from judged(
        view, named, lambda item: not all(_mixed(item)), _seen, "parties | texte / parts | text"
    )


@check_document(
    "CDA-DISTINCT",
    group=GROUP,
    clause=f"{SM} (RIM : valeurs distinctes)",
    title=Text(
        "Adresses, contacts et noms d'un même objet diffèrent",
        "Addresses, telecoms, names of one object differ",
    ),
    mend=Text("retirer la répétition", "remove the repetition"),
)
def distinct(view: CdaView) -> Iterator[Finding]:
    before = view.index.before
    several = view.repeated("addr", "telecom", "name")
    yield from judged(
        view,
        several,
        lambda item: not any(_same(item, other) for other in before(item)),
        lambda item: str(_content(item))[:80],
        "≠",
    )


def _same(one: etree._Element, other: etree._Element) -> bool:
    # Nearly all differ by their attributes, which cost less to read.
    return sorted(one.items()) == sorted(other.items()) and _content(one) == _content(other)


def _content(element: etree._Element) -> tuple[object, ...]:
    """All that an element says, whatever the prefixes and the white space around."""
    return tuple(
        (str(one.tag), tuple(sorted(one.attrib.items())), (one.text or "").strip(), (one.tail or "").strip())
        if one is not element
        else (tuple(sorted(one.attrib.items())), (one.text or "").strip())
        for one in element.iter(etree.Element)
    )


@check_document(
    "CDA-TIME-VALUE",
    group=GROUP,
    clause=f"{SM} (TS, IVL_TS)",
    title=Text("Chaque date a une valeur, des bornes, ou est déclarée inconnue", "Each time says something"),
    mend=Text('value="AAAAMMJJ…", low/high, ou nullFlavor', 'value="YYYYMMDD…", low/high, or nullFlavor'),
)
def time_value(view: CdaView) -> Iterator[Finding]:
    yield from judged(
        view,
        view.in_header("time", "effectiveTime", "low", "high", "center", "birthTime"),
        lambda item: item.get("value") is not None or item.get("nullFlavor") is not None or len(item) > 0,
        lambda item: attribute(item, "value"),
        "@value | low, high | @nullFlavor",
    )


@check_document(
    "CDA-POINT-IN-TIME",
    group=GROUP,
    clause=f"{SM} : date ponctuelle",
    title=Text("Une date ponctuelle n'a pas de bornes", "A point in time has no bounds"),
    mend=Text("une seule valeur dans value", "one value, in value"),
)
def point_in_time(view: CdaView) -> Iterator[Finding]:
    patient = "hl7:recordTarget/hl7:patientRole/hl7:patient"
    paths = (
        *(
            f"hl7:{name}/hl7:time"
            for name in ("author", "legalAuthenticator", "authenticator", "dataEnterer")
        ),
        f"{patient}/hl7:birthTime",
        f"{patient}/sdtc:deceasedTime",
    )
    rows = ((item, len(item) == 0, f"{len(item)} × *") for path in paths for item in view.nodes(path))
    yield from each(view, rows, "0")


@check_document(
    "CDA-ID-ROOT",
    group=GROUP,
    clause=f"{SM} (II)",
    title=Text(
        "Un identifiant a sa racine, ou est déclaré inconnu", "An id has its root, or is declared unknown"
    ),
    mend=Text("root, ou nullFlavor seul", "root, or nullFlavor alone"),
)
def id_root(view: CdaView) -> Iterator[Finding]:
    named = view.in_header("id", "setId", "templateId", "typeId")
    yield from judged(view, named, lambda item: bool(_rooted(item)), _rooted, "@root | @nullFlavor")


def _rooted(element: etree._Element) -> str:
    return element.get("root", "") or element.get("nullFlavor", "")


@check_document(
    "CDA-NULL-CONTAINER",
    group=GROUP,
    clause=f"{SM} (ANY)",
    title=Text("Ce qui est déclaré inconnu ne contient rien", "What is declared unknown holds nothing"),
    mend=Text("retirer nullFlavor, ou les éléments", "remove nullFlavor, or the elements"),
)
def null_container(view: CdaView) -> Iterator[Finding]:
    unknown = view.index.having("nullFlavor")
    held = (
        (item, [child for child in item.iterchildren(etree.Element) if child.tag not in _BESIDE_NULL])
        for item in unknown
    )
    yield from each(view, ((item, not inside, f"{len(inside)} × *") for item, inside in held), "0")


#: Parts that must be told: no nullFlavor stands for them.
_MANDATORY: Final = (
    "hl7:relatedDocument/hl7:parentDocument",
    "hl7:componentOf/hl7:encompassingEncounter",
    "hl7:recordTarget/hl7:patientRole",
    "hl7:recordTarget/hl7:patientRole/hl7:patient",
    "hl7:documentationOf/hl7:serviceEvent",
    "hl7:custodian/hl7:assignedCustodian",
    "hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization",
    "hl7:legalAuthenticator/hl7:assignedEntity",
)


@check_document(
    "CDA-MANDATORY",
    group=GROUP,
    clause=f"{SM} : parties obligatoires, nullFlavor exclu",
    title=Text(
        "Une partie obligatoire n'est pas déclarée inconnue", "A mandatory part is not declared unknown"
    ),
    mend=Text("remplir la partie", "fill the part"),
)
def mandatory(view: CdaView) -> Iterator[Finding]:
    parts = (item for path in _MANDATORY for item in view.nodes(path))
    rows = ((item, item.get("nullFlavor") is None, item.get("nullFlavor", "")) for item in parts)
    yield from each(view, rows, "≠ nullFlavor")


@check_document(
    "CDA-DISPLAY-NAME",
    group=GROUP,
    clause=f"{SM} (CD)",
    title=Text("Un libellé tient sur une ligne, sans tabulation", "A label is one line, without tabs"),
    mend=Text("nettoyer displayName", "clean displayName"),
    confidence="B",
    default="warning",
)
def display_name(view: CdaView) -> Iterator[Finding]:
    yield from judged(
        view,
        view.index.having("displayName"),
        lambda item: not _CONTROLS.search(attribute(item, "displayName")),
        lambda item: repr(attribute(item, "displayName")),
        "texte / text",
        "/@displayName",
    )


@check_document(
    "CDA-INTEGERS",
    group=GROUP,
    clause=f"{SM} (INT)",
    title=Text("Version et rang sont des entiers", "Versions and ranks are integers"),
    mend=Text("un entier dans value", "an integer in value"),
)
def integers(view: CdaView) -> Iterator[Finding]:
    path = "hl7:recordTarget/hl7:patientRole/hl7:patient/sdtc:multipleBirthOrderNumber"
    for item in [*view.nodes("hl7:relatedDocument/hl7:parentDocument/hl7:versionNumber"), *view.nodes(path)]:
        value = attribute(item, "value")
        good = re.fullmatch(r"\d+", value) is not None or "nullFlavor" in item.attrib
        if str(item.tag).startswith(_SDTC):
            good = good and value.strip("0") != ""
        yield verdict(good, view.at(item), value, "entier / integer")


@check_document(
    "CDA-XSI-TYPE",
    group=GROUP,
    clause=f"{SM} : xsi:type, s'il est dit, est le type attendu",
    title=Text(
        "Dans l'en-tête, un xsi:type redit le type de l'élément",
        "In the header, an xsi:type repeats the type",
    ),
    mend=Text("retirer xsi:type", "remove xsi:type"),
)
def header_type(view: CdaView) -> Iterator[Finding]:
    for item in view.index.having(XSI_TYPE):
        expected = _TYPES.get(_name(item)) or _INSIDE.get((_name(item.getparent()), _name(item)))
        if expected is not None:
            found = attribute(item, XSI_TYPE).strip().rpartition(":")[2]
            yield verdict(found == expected, view.at(item) + "/@xsi:type", found, expected)


@check_document(
    "CDA-TRANSLATION",
    group=GROUP,
    clause=f"{SM} (CD)",
    title=Text("Chaque traduction d'un code est un code complet", "Each translation is a complete code"),
    mend=Text("code, codeSystem et displayName", "code, codeSystem and displayName"),
)
def translation(view: CdaView) -> Iterator[Finding]:
    wanted = ("code", "codeSystem", "displayName")
    path = "hl7:componentOf/hl7:encompassingEncounter/hl7:location/hl7:healthCareFacility/hl7:code/hl7:translation"
    for item in view.nodes(path):
        missing = [name for name in wanted if not attribute(item, name)]
        yield verdict(not missing, view.at(item), " ".join(missing), " ".join(wanted))
    for item in view.nodes("hl7:documentationOf/hl7:serviceEvent/hl7:code/hl7:translation"):
        found = len(view.under(item, "hl7:qualifier"))
        yield verdict(found <= 1, view.at(item), f"{found} qualifier", "≤ 1")
