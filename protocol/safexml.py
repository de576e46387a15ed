"""The one door by which XML from outside comes in, and the few readings everybody does on it.

`parse` refuses any document type, entity, unknown encoding and whatever exceeds the limits; it opens no file
and no connection, and makes a new parser a call, so threads share no parser. What the XML means is not its
business.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from protocol import facts
from protocol.errors import NO_TEXT, Text, XmlRefused

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_DEPTH: Final = 256
MAX_ATTRIBUTES: Final = 256
MAX_MARKUP: Final = 1_000_000
MAX_NAMESPACES: Final = 20_000

_XML_SPACE: Final = " \t\r\n"
#: Encodings that SOAP and CDA senders use. Others (UTF-7, EBCDIC…) are a way round filters.
_ENCODINGS: Final = frozenset(
    {
        *("UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII", "ASCII"),
        *("ISO-8859-1", "ISO-8859-15", "WINDOWS-1252"),
    }
)
#: A document type after the prolog; possessive, so that a hostile prolog can't make it backtrack.
_DOCTYPE: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_UNHOLDABLE: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LIBXML_DEPTH: Final = 256
_PREFIXES: Final = {uri: prefix for prefix, uri in facts.NS.items()}


def parse(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, huge: bool = False
) -> etree._Element:
    """Parse bytes and return the root element. Compressed bytes are never expanded.

    `huge` lifts the parser's own limit of 10 MB for one text (inline base64 documents); `max_bytes` holds.
    Raises XmlRefused: XML-EMPTY, XML-SIZE, XML-DTD, XML-MARKUP, XML-SYNTAX, XML-ENCODING, XML-DEPTH,
    XML-ATTRIBUTES.
    """
    _refuse_before(data, max_bytes)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=huge or max_depth > _LIBXML_DEPTH,
        remove_comments=False,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as problem:
        raise _from_syntax(problem) from None
    except (ValueError, LookupError) as problem:
        raise _refused("XML-SYNTAX", Text("XML illisible", "unreadable XML"), found=str(problem)) from None
    _refuse_after(root, max_depth)
    return root


def text(element: etree._Element | None) -> str:
    """The whole text of an element, without its comments and surrounding white space; "" for None.

    Never `.text`: a comment in the middle of an identifier would cut it.
    """
    if element is None:
        return ""
    whole = element.xpath("string()") if len(element) else element.text  # childless: no comment either
    return str(whole or "").strip(_XML_SPACE)


def serialize(element: etree._Element) -> bytes:
    """The element alone (no tail), UTF-8, with an XML declaration."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True, with_tail=False)


def canonical(
    element: etree._Element | etree._ElementTree, *, exclusive: bool = True, with_comments: bool = False
) -> bytes:
    """Canonical form (Exclusive C14N 1.0 by default, else C14N 1.0) of an element, without its tail, or of a
    whole document, with what stands around its root.

    Raises XmlRefused XML-C14N: canonical XML does not exist for relative namespace URIs.
    """
    try:
        return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=with_comments)
    except etree.C14NError as problem:
        raise _refused(
            "XML-C14N", Text("pas de forme canonique", "no canonical form"), found=str(problem)
        ) from None


def holdable(text: str) -> str:
    """The text with U+FFFD in place of the characters that XML 1.0 can't hold, even escaped."""
    return _UNHOLDABLE.sub("\ufffd", text)


def xpath(element: etree._Element, expression: str) -> list[etree._Element]:
    """Elements that the expression selects, with the prefixes of `facts.NS`; other nodes are left out."""
    found = _compiled(expression)(element)
    if not isinstance(found, list):
        return []
    return [node for node in found if isinstance(node, etree._Element) and isinstance(node.tag, str)]


def value(element: etree._Element, expression: str) -> str:
    """Text of the first node that the expression selects, or the string it computes; "" when none."""
    found: Any = _compiled(expression)(element)
    first = (found[0] if found else "") if isinstance(found, list) else found
    return text(first) if isinstance(first, etree._Element) else str(first).strip(_XML_SPACE)


@lru_cache(maxsize=2048)
def _compiled(expression: str) -> etree.XPath:
    """Compiling an expression takes longer than looking for it; ours are few. Threads may share it: it locks."""
    return etree.XPath(expression, namespaces=facts.NS, smart_strings=False)


def path_of(element: etree._Element) -> str:
    """A path for a reader, `/soap:Envelope/soap:Body/xds:Document[2]`; ranks only where they are needed."""
    steps = [_step(element), *(_step(parent) for parent in element.iterancestors())]
    return "/" + "/".join(reversed(steps))


class Paths:
    """`path_of` for many elements of one document, which must not change: siblings are counted once."""

    def __init__(self) -> None:
        self._known: dict[etree._Element, str] = {}

    def of(self, element: etree._Element) -> str:
        known = self._known.get(element)
        if known is not None:
            return known
        parent = element.getparent()
        if parent is None or not isinstance(element.tag, str):
            return self._known.setdefault(element, path_of(element))
        start, children = self.of(parent), list(parent.iterchildren(etree.Element))
        tags = [str(child.tag) for child in children]
        several = len(set(tags)) < len(tags)
        counts = Counter(tags) if several else {}
        ranks: dict[str, int] = {}
        for child, tag in zip(children, tags, strict=True):
            path = f"{start}/{_label(tag, child.prefix)}"
            if several and counts[tag] > 1:
                ranks[tag] = rank = ranks.get(tag, 0) + 1
                path = f"{path}[{rank}]"
            self._known[child] = path
        return self._known[element]


def _step(element: etree._Element) -> str:
    if not isinstance(element.tag, str):
        return "comment()" if isinstance(element, etree._Comment) else "processing-instruction()"
    label = _label(element.tag, element.prefix)
    before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
    alone = before == 0 and next(element.itersiblings(element.tag), None) is None
    return label if alone else f"{label}[{before + 1}]"


@lru_cache(maxsize=4096)
def _label(tag: str, own_prefix: str | None) -> str:
    name = etree.QName(tag)
    prefix = _PREFIXES.get(name.namespace or "", own_prefix or "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _refuse_before(data: bytes, max_bytes: int) -> None:
    """What can be told without a parser, so that hostile bytes never reach one."""
    if not data.strip():
        raise _refused("XML-EMPTY", Text("aucun contenu XML", "no XML content"))
    if len(data) > max_bytes:
        raise _refused(
            "XML-SIZE",
            Text("le document XML est trop gros", "the XML document is too big"),
            found=f"{len(data)} o / B",
            expected=f"<= {max_bytes} o / B",
        )
    if _DOCTYPE.match(data):
        raise _doctype()
    for mark, limit, what in ((b"<", MAX_MARKUP, "<"), (b"xmlns", MAX_NAMESPACES, "xmlns")):
        if (count := data.count(mark)) > limit:
            raise _refused(
                "XML-MARKUP",
                Text("trop de balises ou d'espaces de noms", "too many tags or namespaces"),
                found=f"{count} {what}",
                expected=f"<= {limit}",
            )


def _refuse_after(root: etree._Element, max_depth: int) -> None:
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:  # UTF-16 escapes the look at the bytes
        raise _doctype()
    if (info.encoding or "UTF-8").upper() not in _ENCODINGS:
        raise _refused(
            "XML-ENCODING",
            Text("encodage refusé", "encoding refused"),
            found=info.encoding or "",
            expected="UTF-8",
        )
    if _deeper(root, max_depth):
        raise _depth(max_depth)
    if _compiled(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")(root):
        raise _refused(
            "XML-ATTRIBUTES",
            Text("un élément porte trop d'attributs", "an element has too many attributes"),
            expected=f"<= {MAX_ATTRIBUTES}",
        )


def _deeper(root: etree._Element, most: int) -> bool:
    """Is an element below `most` levels? XPath is the fast way, and has a depth of its own."""
    if most <= _LIBXML_DEPTH:
        return bool(_compiled(f"boolean({'/*' * (most + 1)})")(root))
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > most:
            return True
    return False


def _from_syntax(problem: etree.XMLSyntaxError) -> XmlRefused:
    said = str(problem.msg or problem)
    if "xcessive depth" in said:
        return _depth(_LIBXML_DEPTH)
    line, column = problem.position
    return _refused(
        "XML-SYNTAX",
        Text("le XML n'est pas bien formé", "the XML is not well-formed"),
        field=f"ligne {line}, colonne {column}",
        found=said,
    )


def _doctype() -> XmlRefused:
    return _refused(
        "XML-DTD",
        Text("une déclaration DOCTYPE est interdite", "a DOCTYPE declaration is forbidden"),
        found="<!DOCTYPE",
        mend=Text(
            "retirer la déclaration DOCTYPE et ses entités", "remove the DOCTYPE declaration and its entities"
        ),
    )


def _depth(limit: int) -> XmlRefused:
    return _refused(
        "XML-DEPTH",
        Text("les éléments sont trop imbriqués", "elements are nested too deeply"),
        expected=f"<= {limit}",
    )


def _refused(
    code: str, words: Text, *, field: str = "", found: str = "", expected: str = "", mend: Text = NO_TEXT
) -> XmlRefused:
    return XmlRefused(code, words, field=field, found=found, expected=expected, mend=mend)
