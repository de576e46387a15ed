"""Small changes of an XML tree that mutators are made of: drop, put, twin, add, rename, move, text.

Each makes a `Change` out of an XPath whose prefixes are those of the rules; the last step may be `@name`. It changes
the first node that the path selects (`every`: all of them) and tells whether there was one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

from lxml import etree

from harness.checks.xpath import PREFIXES
from harness.mutate.registry import Change

Shape = Callable[[str], str]
_ATTRIBUTE: Final = re.compile(r"(.*)/@([\w:.-]+)", re.DOTALL)


def select(root: etree._Element, path: str) -> list[etree._Element]:
    """Elements of an XPath, from the root; the document's own element is `.`."""
    found = root.xpath(path, namespaces=PREFIXES)
    return [item for item in found if isinstance(item, etree._Element)] if isinstance(found, list) else []


def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.rpartition(":")
    namespace = "http://www.w3.org/XML/1998/namespace" if prefix == "xml" else PREFIXES.get(prefix, "")
    return f"{{{namespace}}}{local}" if prefix else local


def _split(path: str) -> tuple[str, str]:
    """(path of the element, name of its attribute or "")."""
    found = _ATTRIBUTE.fullmatch(path)
    return (found[1], _name(found[2])) if found else (path, "")


def remove(element: etree._Element) -> None:
    """Take an element away; what follows it stays."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    tail = element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def drop(path: str, *, every: bool = False) -> Change:
    """Take the node away."""

    def change(root: etree._Element, _: Random) -> bool:
        owner, attribute = _split(path)
        held = [one for one in select(root, owner) if not attribute or attribute in one.attrib]
        for one in held if every else held[:1]:
            if attribute:
                del one.attrib[attribute]
            else:
                remove(one)
        return bool(held)

    return change


def put(path: str, value: str) -> Change:
    """Give the node that value. An attribute that isn't there is added to the element."""
    return shape(path, lambda _: value, absent=True)


def shape(path: str, function: Shape, *, absent: bool = False) -> Change:
    """Give the node the value that the function makes of its own. False when that changes nothing."""

    def change(root: etree._Element, _: Random) -> bool:
        owner, attribute = _split(path)
        for one in select(root, owner):
            if attribute and not absent and attribute not in one.attrib:
                continue
            old = one.get(attribute, "") if attribute else (one.text or "")
            new = function(old)
            if new == old:
                continue
            if attribute:
                one.set(attribute, new)
            else:
                one.text = new
            return True
        return False

    return change


def replace(path: str, old: str, new: str) -> Change:
    """Change a piece of the value, the first time that it is there."""
    return shape(path, lambda text: text.replace(old, new, 1))


def _written(fragment: str) -> list[etree._Element]:
    """The elements of a fragment: a constant of the mutators, never a value from outside."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
    return list(etree.fromstring(f"<x {declared}>{fragment}</x>"))


def twin(path: str) -> Change:
    """The element a second time, after itself."""

    def change(root: etree._Element, _: Random) -> bool:
        for one in select(root, path)[:1]:
            other = copy.deepcopy(one)
            one.addnext(other)
            return True
        return False

    return change


def add(path: str, fragment: str, *, first: bool = False) -> Change:
    """An element, written as XML with the prefixes of the rules, as the last child (or the first)."""

    def change(root: etree._Element, _: Random) -> bool:
        for parent in select(root, path)[:1]:
            for place, child in enumerate(_written(fragment)):
                parent.insert(place, child) if first else parent.append(child)
            return True
        return False

    return change


def after(path: str, fragment: str) -> Change:
    """Elements, written as XML with the prefixes of the rules, right after the element."""

    def change(root: etree._Element, _: Random) -> bool:
        for one in select(root, path)[:1]:
            for other in reversed(_written(fragment)):
                one.addnext(other)
            return True
        return False

    return change


def rename(path: str, name: str) -> Change:
    """Another name for the element, in its own namespace unless `name` has a prefix."""

    def change(root: etree._Element, _: Random) -> bool:
        for one in select(root, path)[:1]:
            namespace = etree.QName(one).namespace or ""
            one.tag = _name(name) if ":" in name else f"{{{namespace}}}{name}" if namespace else name
            return True
        return False

    return change


def first_of(path: str) -> Change:
    """The element before its elder brother."""

    def change(root: etree._Element, _: Random) -> bool:
        for one in select(root, path)[:1]:
            parent = one.getparent()
            if parent is not None and parent.index(one) > 0:
                parent.insert(0, one)
                return True
        return False

    return change


def comment_in(path: str) -> Change:
    """A comment in the middle of the text of the element."""

    def change(root: etree._Element, chance: Random) -> bool:
        for one in select(root, path):
            text = one.text or ""
            if len(text.strip()) > 2:
                place = chance.randrange(1, len(text) - 1)
                note = etree.Comment("x")
                one.text, note.tail = text[:place], text[place:]
                one.insert(0, note)
                return True
        return False

    return change


def each(*changes: Change) -> Change:
    """All of these; True when one of them did something."""

    def change(root: Any, chance: Random) -> bool:
        done = [bool(one(root, chance)) for one in changes]
        return any(done)

    return change
