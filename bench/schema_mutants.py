"""Structural defects put into a document at random, with a seed: what two schemas of the same format must agree on.

Each kind changes one place of a copy. Places are drawn by name of element first, so that rare ones are not drowned
by tables. Meant for comparing schemas; harness.mutate has the defects that rules are proved with.
"""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

HL7: Final = "urn:hl7-org:v3"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE: Final = f"{{{_XSI}}}type"
_SPACES: Final = (
    "urn:hl7-org:sdtc",
    "urn:ihe:pharm:medication",
    "urn:oid:1.3.6.1.4.1.19376.1.3.2",
    "urn:dicom-org:ps3-20",
    "urn:example:autre",
    "",
)
_TYPES: Final = (
    *("ANY", "BL", "CD", "CE", "CO", "CS", "ED", "II", "INT", "MO", "PQ", "REAL", "ST", "TS", "XX"),
    *("EIVL_TS", "IVL_PQ", "IVL_TS", "PIVL_TS"),
)
_VALUES: Final = (
    *("", " ", "XX", "é", "A b", "a#b", "UNK", "COMP", "EVN", "OBS", "true", "TRUE", "http://a b/"),
    *("0", "1", "-1", "1.5", "1,5", "1e3", "NaN", "1.2.3", "01.2", "3.1", "2.16.840.1.113883."),
    *("2026", "20260230", "202602301200+0100", "20260101T120000", "2026010112000000"),
)


@dataclass(frozen=True)
class Mutant:
    """A document with one defect: its kind, the element it was put on, and the changed document."""

    kind: str
    place: str
    root: etree._Element


class Unfit(Exception):
    """This kind of defect can't be put at that place."""


def mutants(root: etree._Element, count: int, seed: int) -> Iterator[Mutant]:
    """`count` mutants of a document, the same ones for the same seed. Never changes `root`."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, no secret
    kinds = list(KINDS.items())
    made = 0
    while made < count:
        kind, change = chance.choice(kinds)
        changed = copy.deepcopy(root)
        element = _draw(changed, chance)
        place = etree.QName(element).localname
        try:
            change(element, chance)
        except Unfit:
            continue
        made += 1
        yield Mutant(kind, place, changed)


def _draw(root: etree._Element, chance: random.Random) -> etree._Element:
    """An element, by its name and that of its parent first."""
    by_name: dict[tuple[object, object], list[etree._Element]] = defaultdict(list)
    for element in root.iter(etree.Element):
        parent = element.getparent()
        by_name[(element.tag, None if parent is None else parent.tag)].append(element)
    return chance.choice(by_name[chance.choice(sorted(by_name, key=str))])


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    if parent is None:
        raise Unfit
    return parent


def _other(element: etree._Element, chance: random.Random) -> etree._Element:
    """Any other element of the document."""
    others = [item for item in element.getroottree().iter(etree.Element) if item is not element]
    if not others:
        raise Unfit
    return chance.choice(others)


def _remove(element: etree._Element, chance: random.Random) -> None:
    _parent(element).remove(element)


def _repeat(element: etree._Element, chance: random.Random) -> None:
    _parent(element).insert(_parent(element).index(element), copy.deepcopy(element))


def _late(element: etree._Element, chance: random.Random) -> None:
    _parent(element).append(element)


def _early(element: etree._Element, chance: random.Random) -> None:
    _parent(element).insert(0, element)


def _swap(element: etree._Element, chance: random.Random) -> None:
    parent = _parent(element)
    if len(parent) < 2:
        raise Unfit
    children = list(parent)
    chance.shuffle(children)
    parent.extend(children)


def _rename(element: etree._Element, chance: random.Random) -> None:
    element.tag = _other(element, chance).tag


def _misspell(element: etree._Element, chance: random.Random) -> None:
    name = etree.QName(element)
    element.tag = etree.QName(name.namespace, name.localname[:1].swapcase() + name.localname[1:]).text


def _namespace(element: etree._Element, chance: random.Random) -> None:
    element.tag = etree.QName(chance.choice(_SPACES) or None, etree.QName(element).localname).text


def _foreign(element: etree._Element, chance: random.Random) -> None:
    tag = etree.QName(
        chance.choice(_SPACES) or HL7, chance.choice(("id", "desc", "code", "autre", "statusCode"))
    )
    element.insert(chance.randint(0, len(element)), etree.Element(tag))


def _graft(element: etree._Element, chance: random.Random) -> None:
    element.insert(chance.randint(0, len(element)), copy.deepcopy(_other(element, chance)))


def _unwrap(element: etree._Element, chance: random.Random) -> None:
    parent = _parent(element)
    place = parent.index(element)
    if not len(element):
        raise Unfit
    for child in reversed(list(element)):
        parent.insert(place, child)
    parent.remove(element)


def _empty(element: etree._Element, chance: random.Random) -> None:
    if not len(element):
        raise Unfit
    for child in list(element):
        element.remove(child)


def _strip(element: etree._Element, chance: random.Random) -> None:
    _unset(element, chance.choice(_names(element)))


def _bare(element: etree._Element, chance: random.Random) -> None:
    for name in _names(element):
        _unset(element, name)


def _value(element: etree._Element, chance: random.Random) -> None:
    element.set(chance.choice(_names(element)), chance.choice(_VALUES))


def _case(element: etree._Element, chance: random.Random) -> None:
    name = chance.choice(_names(element))
    element.set(name, element.attrib[name].swapcase())


def _spaced(element: etree._Element, chance: random.Random) -> None:
    name = chance.choice(_names(element))
    element.set(name, f" {element.attrib[name]}\t")


def _unknown_attribute(element: etree._Element, chance: random.Random) -> None:
    element.set(
        chance.choice(("autre", "{urn:example:autre}x", "{urn:hl7-org:sdtc}valueSet", "Code", "ID")), "x"
    )


def _borrowed_attribute(element: etree._Element, chance: random.Random) -> None:
    other = _other(element, chance)
    name = chance.choice(_names(other))
    element.set(name, other.attrib[name])


def _null(element: etree._Element, chance: random.Random) -> None:
    element.set("nullFlavor", chance.choice(("UNK", "NI", "NP", "unk", "")))


def _nil(element: etree._Element, chance: random.Random) -> None:
    element.set(f"{{{_XSI}}}nil", chance.choice(("true", "false", "oui")))


def _type(element: etree._Element, chance: random.Random) -> None:
    element.set(_TYPE, chance.choice(_TYPES))


def _retype(element: etree._Element, chance: random.Random) -> None:
    typed = [item for item in element.getroottree().iter(etree.Element) if _TYPE in item.attrib]
    if not typed:
        raise Unfit
    chosen = chance.choice(typed)
    _unset(chosen, _TYPE) if chance.random() < 0.3 else chosen.set(_TYPE, chance.choice(_TYPES))


def _text(element: etree._Element, chance: random.Random) -> None:
    element.text = (element.text or "") + chance.choice(("texte", "1", " "))


def _tail(element: etree._Element, chance: random.Random) -> None:
    _parent(element)
    element.tail = (element.tail or "") + "texte"


def _same_id(element: etree._Element, chance: random.Random) -> None:
    named = [item for item in element.getroottree().iter(etree.Element) if "ID" in item.attrib]
    if not named:
        raise Unfit
    element.set("ID", chance.choice(named).attrib["ID"])


def _names(element: etree._Element) -> list[str]:
    names = [str(name) for name in element.attrib]
    if not names:
        raise Unfit
    return names


def _unset(element: etree._Element, name: str) -> None:
    del element.attrib[name]


#: Kind of defect -> what puts it on an element.
KINDS: Final[dict[str, Callable[[etree._Element, random.Random], None]]] = {
    "removed": _remove,
    "repeated": _repeat,
    "late": _late,
    "early": _early,
    "shuffled": _swap,
    "renamed": _rename,
    "misspelt": _misspell,
    "namespace": _namespace,
    "foreign": _foreign,
    "grafted": _graft,
    "unwrapped": _unwrap,
    "emptied": _empty,
    "attribute-removed": _strip,
    "attributes-removed": _bare,
    "value": _value,
    "value-case": _case,
    "value-spaced": _spaced,
    "attribute-unknown": _unknown_attribute,
    "attribute-borrowed": _borrowed_attribute,
    "null-flavor": _null,
    "nil": _nil,
    "type": _type,
    "retyped": _retype,
    "text": _text,
    "tail": _tail,
    "same-id": _same_id,
}
