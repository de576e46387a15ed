"""Any XML payload as a table: the path of each value, and the value. For what has no decoder of its own."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from mock_dmp.ui.blocks import Block, table
from mock_dmp.ui.masking import MASK, is_credential
from protocol import facts
from protocol.errors import Text

_DEPTH = 40
_HEADERS = (Text("Chemin", "Path"), Text("Valeur", "Value"))
_PREFIXES = {uri: prefix for prefix, uri in facts.NS.items()}


def block(payload: etree._Element, title: Text, *, open_: bool = False) -> Block:
    """Attributes and texts of a payload, in document order."""
    return Block(title, tables=(table(title, _HEADERS, _leaves(payload, "", 0)),), open=open_)


def _leaves(element: etree._Element, above: str, depth: int) -> Iterator[tuple[str, str]]:
    here = f"{above}/{_name(element.tag)}"
    for name, value in element.attrib.items():
        yield f"{here}/@{_name(name)}", value
    content = (element.text or "").strip()
    if content:
        yield here, MASK if is_credential(etree.QName(element).localname) else content
    for child in element:
        if isinstance(child.tag, str) and depth < _DEPTH:
            yield from _leaves(child, here, depth + 1)
        if (child.tail or "").strip():
            yield f"{here}/text()", str(child.tail).strip()


def _name(tag: object) -> str:
    name = etree.QName(str(tag))
    prefix = _PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else name.localname
