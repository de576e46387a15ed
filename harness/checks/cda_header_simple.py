"""Header rules of data types that the CDA schema leaves wider than the header's own: simple codes, plain texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.checks.cda_count import GROUP, SM, judged
from harness.checks.cda_view import CdaView
from harness.checks.rule import Finding, check_document
from protocol import facts
from protocol.errors import Text

_QUALIFIER: Final = f"{{{facts.HL7}}}qualifier"
_REFERENCE: Final = f"{{{facts.HL7}}}reference"
#: Codes without qualifiers (CE), codes without a system (CS).
_CODED: Final = (
    "administrativeGenderCode",
    "confidentialityCode",
    "standardIndustryClassCode",
    "functionCode",
)
_BARE: Final = ("realmCode", "languageCode", "signatureCode", "statusCode")


@check_document(
    "CDA-SIMPLE",
    group=GROUP,
    clause=f"{SM} (CE, CS, ST)",
    title=Text(
        "Codes simples sans qualifier, codes sans système remplis ou dits absents, titre sans référence",
        "Simple codes without qualifier, codes without system filled or told absent, title without reference",
    ),
    mend=Text(
        "retirer qualifier ou reference ; code ou nullFlavor, l'un des deux",
        "remove qualifier or reference; code or nullFlavor, one of both",
    ),
    confidence="B",
    default="warning",
)
def simple(view: CdaView) -> Iterator[Finding]:
    yield from judged(view, view.in_header(*_CODED), _unqualified, _children, "0 qualifier")
    yield from judged(view, view.in_header(*_BARE), _told_once, _attributes, "code | nullFlavor")
    yield from judged(view, view.nodes("hl7:title"), _plain, _children, "0 reference")


def _unqualified(item: etree._Element) -> bool:
    return len(item) == 0 or item.find(_QUALIFIER) is None


def _plain(item: etree._Element) -> bool:
    return len(item) == 0 or item.find(_REFERENCE) is None


def _told_once(item: etree._Element) -> bool:
    return (item.get("code") is None) != (item.get("nullFlavor") is None)


def _children(item: etree._Element) -> str:
    return ", ".join(str(etree.QName(child).localname) for child in item if isinstance(child.tag, str))


def _attributes(item: etree._Element) -> str:
    return ", ".join(str(name) for name in item.attrib)
