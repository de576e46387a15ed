"""Finds the node that a defect acts on; a message that has none can't take that defect."""

from __future__ import annotations

from lxml import etree

from protocol import safexml
from protocol.errors import Text, UsageError


def first(tree: etree._Element, path: str) -> etree._Element:
    """First element that the XPath selects (prefixes of facts.NS). Raises UsageError when there is none."""
    found = safexml.xpath(tree, path)
    if not found:
        raise UsageError(
            "ALTER-003",
            Text("le message n'a rien à altérer ici", "the message has nothing to alter here"),
            field=path,
        )
    return found[0]


def drop(node: etree._Element) -> None:
    """Take a node out of its parent."""
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def value_of(assertion: etree._Element, name: str) -> etree._Element:
    """AttributeValue of an attribute of the VIHF."""
    return first(assertion, f".//saml:Attribute[@Name='{name}']/saml:AttributeValue")
