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
        "Un code simple n'a pas de qualifier, un code sans système a une valeur ou dit son absence, un titre est un texte",
        "A simple code has no qualifier, a code without system has a value or tells its absence, a title is a text",
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
    return item.find(_QUALIFIER) is None


def _plain(item: etree._Element) -> bool:
    return item.find(_REFERENCE) is None


def _told_once(item: etree._Element) -> bool:
    return ("code" in item.attrib) != ("nullFlavor" in item.attrib)


def _children(item: etree._Element) -> str:
    return ", ".join(str(etree.QName(child).localname) for child in item if isinstance(child.tag, str))


def _attributes(item: etree._Element) -> str:
    return ", ".join(str(name) for name in item.attrib)
