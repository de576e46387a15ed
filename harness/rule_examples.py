"""Good and bad samples of the rules, as data: documents changed in one place, and short excerpts of messages.

Read from datasets/checks: documents.yaml, messages.yaml, wire.yaml. The tests break the rules by the same changes, so
what `explain` shows is what was seen to fail. Nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from protocol import facts
from protocol.datafolders import folder
from protocol.errors import Text, ToolError
from protocol.yamlread import read_yaml

_PREFIXES: Final = {"h": facts.HL7, "xsl": "http://www.w3.org/1999/XSL/Transform", "s": "urn:hl7-org:sdtc"}
_LENGTH: Final = 320
_NAMESPACES: Final = re.compile(r' xmlns(?::\w+)?="[^"]*"')
#: Ways of changing whose value is a piece of XML that can be shown by itself.
_PIECES: Final = ("+", ">", "<", "~")
#: Shown for what isn't there, in both languages.
ABSENT: Final = "(absent)"


@dataclass(frozen=True)
class Change:
    """One change of one of our good samples.

    `what`: "@name" sets an attribute, "-@name" removes it, "-" removes the element, "=" sets its text, "+" adds
    children, ">" and "<" add after and before it, "~" puts something else in its place, "?" sets the
    document's xml-stylesheet; `value`: the text or XML that goes with it.
    """

    rule: str
    sample: str
    at: str
    what: str
    value: str = ""


@dataclass(frozen=True)
class Example:
    """What a rule takes and what it refuses, short, by us."""

    good: str
    bad: str


@cache
def broken() -> tuple[Change, ...]:
    """Changes that break the rule they name. Raises ToolError when the data set can't be read."""
    return _changes("broken")


@cache
def right() -> tuple[Change, ...]:
    """Right parts that our samples do without: changes that break nothing, and that the rule they name looks at."""
    return _changes("right")


@cache
def excerpts() -> Mapping[str, Example]:
    """Examples that are written out, by rule. Raises ToolError when the data set can't be read."""
    return _examples("messages.yaml")


@cache
def fields() -> Mapping[str, Example]:
    """Pieces of test frames before and after a change of one field, by rule. Raises ToolError as `excerpts`."""
    return _examples("wire.yaml")


def _examples(name: str) -> Mapping[str, Example]:
    document = read_yaml(folder("datasets") / "checks" / name)
    return {
        rule: Example(str(one["good"]).strip(), str(one["bad"]).strip())
        for rule, one in document.data["examples"].items()
    }


def example(rule: str) -> Example | None:
    """The example of a rule, None when there is none."""
    written = excerpts().get(rule) or fields().get(rule)
    if written is not None:
        return written
    change = next((one for one in broken() if one.rule == rule), None)
    return None if change is None else _shown(change)


def document(change: Change) -> bytes:
    """The sample with its change. Raises ToolError (CHECK-010) when the place isn't in the sample."""
    root = _sample(change.sample)
    element = _place(root, change)
    _apply(element, change)
    return etree.tostring(root.getroottree())


def _changes(part: str) -> tuple[Change, ...]:
    document = read_yaml(folder("datasets") / "checks" / "documents.yaml")
    rows: list[list[Any]] = document.data[part]
    return tuple(Change(*(str(value) for value in row)) for row in rows)


def _sample(name: str) -> etree._Element:
    path: Path = folder("cda_samples") / "bons" / f"{name}.xml"
    # One of our own files: nothing to defend against.
    return etree.parse(str(path)).getroot()


def _place(root: etree._Element, change: Change) -> etree._Element:
    found = root.xpath(change.at, namespaces=_PREFIXES)
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, etree._Element):
        raise ToolError(
            "CHECK-010",
            Text(
                "l'exemple d'une règle ne trouve pas sa place", "the example of a rule doesn't find its place"
            ),
            field=change.rule,
            found=f"{change.sample}: {change.at}",
        )
    return first


def _apply(element: etree._Element, change: Change) -> None:
    what, value = change.what, change.value
    if what.startswith("@"):
        element.set(what[1:], value)
    elif what.startswith("-@"):
        del element.attrib[what[2:]]
    elif what == "-":
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    elif what == "=":
        element.text = value
    elif what == "+":
        element.extend(_parsed(value))
    elif what == "?":
        element.getroottree().getroot().addprevious(etree.ProcessingInstruction("xml-stylesheet", value))
    elif what == "~":
        parent = element.getparent()
        if parent is not None:
            parent.replace(element, _parsed(value)[0])
    elif what == ">":
        for added in reversed(_parsed(value)):
            element.addnext(added)
    else:
        for added in _parsed(value):
            element.addprevious(added)


def _parsed(xml: str) -> list[etree._Element]:
    return list(etree.fromstring(f'<x xmlns="{facts.HL7}" xmlns:xsi="{facts.XSI}">{xml}</x>'))


def _shown(change: Change) -> Example:
    """The element before and after; what was added around it is shown with it."""
    root = _sample(change.sample)
    element = _place(root, change)
    taken = next((one for one in right() if one.rule == change.rule and one.what in _PIECES), None)
    if taken is not None and change.what in _PIECES:
        return Example(_piece(taken.value), _piece(change.value))
    good = _short(element)
    _apply(element, change)
    if change.what == "-":
        return Example(good, ABSENT)
    if change.what == "?":
        return Example('<?xml-stylesheet type="text/xsl" href="#"?>', f"<?xml-stylesheet {change.value}?>")
    if change.what == "~":
        return Example(good, _piece(change.value))
    if change.what in "<>":
        return Example(
            good,
            f"{good}\n{_piece(change.value)}" if change.what == ">" else f"{_piece(change.value)}\n{good}",
        )
    if change.what == "+":
        name = etree.QName(element).localname
        return Example(_opening(element, name) + " …", f"{_opening(element, name)} … {_piece(change.value)}")
    return Example(good, _short(element))


def _piece(xml: str) -> str:
    return _trim(_NAMESPACES.sub("", xml))


def _opening(element: etree._Element, name: str) -> str:
    shown = "".join(
        f' {etree.QName(key).localname}="{value}"' for key, value in list(element.attrib.items())[:3]
    )
    return f"<{name}{shown}>"


def _short(element: etree._Element) -> str:
    """One element as text, without its namespaces, cut when it is long."""
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return _trim(re.sub(r">\s+<", "><", _NAMESPACES.sub("", text)))


def _trim(text: str) -> str:
    return text if len(text) <= _LENGTH else text[:_LENGTH] + "…"
