"""What the metadata of a PDF declares beyond PDF/A: that it is PDF/UA-1 too, for readers that ask before they read aloud.

PDF/A takes no property that it does not know without a description of it (ISO 19005-3, 6.6.2.3): both are added.
"""

from __future__ import annotations

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
