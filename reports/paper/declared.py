"""What the metadata of a PDF declares beyond PDF/A: that it is PDF/UA-1 too, for those who ask before reading aloud.

PDF/A takes no property that it does not know without a description of it (ISO 19005-3, 6.6.2.3): both are added.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from lxml import etree

from protocol import safexml

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_UA: Final = "http://www.aiim.org/pdfua/ns/id/"
_EXTENSION: Final = "http://www.aiim.org/pdfa/ns/extension/"
_SCHEMA: Final = "http://www.aiim.org/pdfa/ns/schema#"
_PROPERTY: Final = "http://www.aiim.org/pdfa/ns/property#"
_HEADER: Final = b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_FOOTER: Final = b'\n<?xpacket end="r"?>'


def accessible(xmp: bytes) -> bytes:
    """The metadata packet that says PDF/UA-1 beside what it said."""
    root = safexml.parse(xmp)
    rdf = root.find(f"{{{_RDF}}}RDF")
    if rdf is None:
        raise ValueError("metadata without rdf:RDF")
    told = _within(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""}, {"pdfuaid": _UA})
    _within(told, f"{{{_UA}}}part").text = "1"
    _described(_within(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""}, _PREFIXES))
    return _HEADER + etree.tostring(root, encoding="utf-8") + _FOOTER


def told(xmp: bytes) -> Counter[tuple[str, str]]:
    """What a packet says, by property, however it is written; who wrote it last and when aside. Raises XmlRefused."""
    said: Counter[tuple[str, str]] = Counter()
    for element in safexml.parse(xmp).iter(etree.Element):
        of = next((one.tag for one in (element, *element.iterancestors()) if not _syntax(one.tag)), "")
        for name, value in element.attrib.items():
            if name == _RESOURCE or not _syntax(name):
                said[str(of if name == _RESOURCE else name), str(value)] += 1
        if len(element) == 0 and (text := (element.text or "").strip()):
            said[str(of), text] += 1
    return Counter({pair: count for pair, count in said.items() if pair[0] not in _OF_WRITERS})


def _syntax(name: str | bytes | bytearray | etree.QName) -> bool:
    return str(name).startswith((f"{{{_RDF}}}", "{http://www.w3.org/XML/", "{adobe:ns:meta/}"))


_RESOURCE: Final = f"{{{_RDF}}}resource"
_OF_WRITERS: Final = (
    "{http://ns.adobe.com/pdf/1.3/}Producer",
    "{http://ns.adobe.com/xap/1.0/}ModifyDate",
    "{http://ns.adobe.com/xap/1.0/}MetadataDate",
)
_PREFIXES: Final = {"pdfaExtension": _EXTENSION, "pdfaSchema": _SCHEMA, "pdfaProperty": _PROPERTY}


def _described(description: etree._Element) -> None:
    schema = _resource(_within(description, f"{{{_EXTENSION}}}schemas"), "Bag")
    _within(schema, f"{{{_SCHEMA}}}schema").text = "PDF/UA identification"
    _within(schema, f"{{{_SCHEMA}}}namespaceURI").text = _UA
    _within(schema, f"{{{_SCHEMA}}}prefix").text = "pdfuaid"
    part = _resource(_within(schema, f"{{{_SCHEMA}}}property"), "Seq")
    for name, value in (
        ("name", "part"),
        ("valueType", "Integer"),
        ("category", "internal"),
        ("description", "Part of ISO 14289 that the document follows"),
    ):
        _within(part, f"{{{_PROPERTY}}}{name}").text = value


def _resource(parent: etree._Element, container: str) -> etree._Element:
    listed = _within(parent, f"{{{_RDF}}}{container}")
    return _within(listed, f"{{{_RDF}}}li", {f"{{{_RDF}}}parseType": "Resource"})


def _within(
    parent: etree._Element,
    tag: str,
    attributes: dict[str, str] | None = None,
    prefixes: dict[str, str] | None = None,
) -> etree._Element:
    return etree.SubElement(parent, tag, attributes, prefixes)
