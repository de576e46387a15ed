"""Why a schema refused something, in words: what was found where, what was expected, in French and in English.

Built from the kinds of errors and the values that libxml2 gives, never from xmlschema, which costs seconds and words
of one language. Nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Final, Protocol

from lxml import etree

from harness.checks.xpath import PREFIXES
from protocol import safexml
from protocol.errors import NO_TEXT, Text

#: Prefixes shown before names; the namespace of the element that is judged has none.
_SHOWN: Final = {uri: prefix for prefix, uri in PREFIXES.items()} | {
    "urn:ihe:pharm:medication": "pharm",
    "urn:dicom-org:ps3-20": "dicom",
    "http://www.w3.org/2001/XMLSchema": "xs",
}
_NAME: Final = re.compile(r"\{([^{}'\s]+)\}")
_SUBJECT: Final = re.compile(
    r"^Element '(?P<element>[^']+)'(?:, attribute '(?P<attribute>[^']+)')?: (?P<said>.*)$", re.S
)
_EXPECTED: Final = re.compile(r"Expected is (?:one of )?\( (?P<names>.+?) \)\.")
_VALUE: Final = re.compile(
    r"^(?:\[facet '\w+'\] )?(?:The value )?'(?P<value>.*?)' (?:is not|does not|has a)", re.DOTALL
)
_SET: Final = re.compile(r"of the set \{(?P<set>.*)\}", re.DOTALL)
_PATTERN: Final = re.compile(r"by the pattern '(?P<pattern>.*)'\.", re.DOTALL)
_CONSTRAINT: Final = re.compile(r"value constraint '(?P<value>.*)'", re.DOTALL)
_KIND_OF: Final = re.compile(r"of the (?:atomic|list|union|local atomic) type '(?P<type>[^']+)'")
_STEP: Final = re.compile(r"(?P<name>\*|[^\[\]]+)(?:\[(?P<rank>\d+)\])?")
#: libxml2 names that many of the elements it expected, and stops.
_MOST: Final = 10
_MOMENT: Final = "2026 | 20261101 | 20261101101500+0100"
_IDENTIFIER: Final = "OID | UUID"
#: What a type or a pattern of ours wants, in a form that reads in both languages.
_FORMS: Final = {
    "words": "≥ 1 caractère / character",
    "positive": "≥ 1",
    r"[^\s]+": "≥ 1 caractère, sans espace / character, no space",
    r"[0-2](\.(0|[1-9][0-9]*))*": "OID",
    r"[0-9a-zA-Z]{8}-[0-9a-zA-Z]{4}-[0-9a-zA-Z]{4}-[0-9a-zA-Z]{4}-[0-9a-zA-Z]{12}": _IDENTIFIER,
    r"[A-Za-z][A-Za-z0-9\-]*": _IDENTIFIER,
    r"[0-9]{14}\.[0-9]+([+\-][0-9]{1,4})?": _MOMENT,
    "true|false": "true | false",
    "[0-9]{14}": "20261101101500",
    "cid:.+": "cid:…",
}

#: How near two names must be for one to be the other misspelt (difflib's ratio).
_ALIKE: Final = 0.8

_WORDS: Final = {
    "unexpected": Text("élément qui n'est pas attendu à cette place", "element not expected at this place"),
    "unknown": Text("élément inconnu dans celui qui le contient", "element unknown in the one that holds it"),
    "misplaced": Text("élément hors de l'ordre", "element out of order"),
    "early": Text(
        "élément trop tôt : il en manque un avant lui", "element too early: one is missing before it"
    ),
    "repeated": Text("élément répété de trop", "element repeated once too many"),
    "misspelt": Text("nom d'élément mal écrit", "name of element misspelt"),
    "missing": Text("il manque un élément à l'intérieur", "an element is missing inside"),
    "text": Text("texte là où seuls des éléments sont admis", "text where only elements are allowed"),
    "content": Text("contenu dans un élément qui doit être vide", "content in an element that must be empty"),
    "attribute": Text("attribut inconnu ici", "attribute unknown here"),
    "no-attribute": Text("il manque un attribut", "an attribute is missing"),
    "fixed": Text("valeur autre que la seule admise", "value other than the only one allowed"),
    "code": Text("valeur hors de la liste", "value out of the list"),
    "form": Text("valeur qui n'a pas la forme voulue", "value not of the wanted form"),
    "xsi-type": Text("xsi:type qui ne convient pas ici", "xsi:type that doesn't fit here"),
    "no-xsi-type": Text("il faut un xsi:type", "an xsi:type is needed"),
    "nil": Text("xsi:nil qui n'est pas admis ici", "xsi:nil not allowed here"),
    "more": Text("autres refus, non montrés", "further refusals, not shown"),
    "root": Text("racine inconnue du schéma", "root unknown to the schema"),
    "other": NO_TEXT,
}
_KINDS: Final = {
    "CVC_COMPLEX_TYPE_2_1": "content",
    "CVC_COMPLEX_TYPE_2_2": "content",
    "CVC_COMPLEX_TYPE_2_3": "text",
    "CVC_COMPLEX_TYPE_3_2_1": "attribute",
    "CVC_COMPLEX_TYPE_3_2_2": "attribute",
    "CVC_COMPLEX_TYPE_4": "no-attribute",
    "CVC_AU": "fixed",
    "CVC_ELT_5_2_2_2_2": "fixed",
    "CVC_ENUMERATION_VALID": "code",
    "CVC_PATTERN_VALID": "form",
    "CVC_MINLENGTH_VALID": "form",
    "CVC_MININCLUSIVE_VALID": "form",
    "CVC_DATATYPE_VALID_1_2_1": "form",
    "CVC_DATATYPE_VALID_1_2_2": "form",
    "CVC_DATATYPE_VALID_1_2_3": "form",
    "CVC_TYPE_3_1_1": "attribute",
    "CVC_TYPE_3_1_2": "content",
    "CVC_TYPE_2": "no-xsi-type",
    "CVC_ELT_2": "no-xsi-type",
    "CVC_ELT_3_1": "nil",
    "CVC_ELT_3_2_1": "nil",
    "CVC_ELT_4_1": "xsi-type",
    "CVC_ELT_4_2": "xsi-type",
    "CVC_ELT_4_3": "xsi-type",
    "CVC_ELT_1": "root",
}


#: Refusals that are told of one part.
MOST: Final = 50


class Log(Protocol):
    """What is read of an error log of lxml."""

    def __iter__(self) -> Iterator[etree._LogEntry]: ...

    def __len__(self) -> int: ...


#: Names (with namespace) that an element may hold, in their order; () when it isn't known.
Children = Callable[[etree._Element], tuple[str, ...]]


def _no_children(_: etree._Element) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Refusal:
    """One refusal: readable path (`/@name` for an attribute), line (0 unknown), kind, what was found and expected.

    `element` is the place in the document that was judged; `found` and `expected` are data; `said` is libxml2's own.
    """

    path: str
    line: int
    kind: str
    found: str
    expected: str
    said: str

    @property
    def words(self) -> Text:
        """What is wrong, in one clause."""
        return _WORDS[self.kind]

    def message(self, lang: str = "fr") -> str:
        """One line: what is wrong, found, expected."""
        words = self.words.to("fr" if lang == "fr" else "en") or self.said
        after = "attendu" if lang == "fr" else "expected"
        found = f" : {self.found}" if lang == "fr" else f": {self.found}"
        said = words + (found if self.found else "")
        return said + (f" — {after}{' : ' if lang == 'fr' else ': '}{self.expected}" if self.expected else "")


def refusals(
    element: etree._Element, log: Log, children: Children = _no_children, most: int = MOST
) -> tuple[Refusal, ...]:
    """The refusals of a log of lxml, once each; paths are counted from `element`, or from a copy judged in its stead.

    `children`: names that a place may have, in order; with it, what is unknown, out of order, or too early, is told
    apart. Beyond `most` the rest is only counted: a document of the wrong kind has thousands, and finding the place
    of each takes time.
    """
    # The log gives a value that is wrong twice.
    entries = list(islice(log, 2 * most))
    told = list(dict.fromkeys(_told(element, entries, children)))[:most]
    left = len(log) - len(entries)
    if left:
        told.append(Refusal(safexml.path_of(element), 0, "more", str(left), "0", ""))
    return tuple(told)


def _told(element: etree._Element, log: list[etree._LogEntry], children: Children) -> Iterator[Refusal]:
    home = etree.QName(element).namespace or ""
    listed = {_spot(entry) for entry in log if _name(entry) == "CVC_ENUMERATION_VALID"}
    typed = {_spot(entry) for entry in log if _name(entry).startswith("CVC_DATATYPE_VALID")}
    for entry in log:
        name = _name(entry)
        kind = _KINDS.get(name, "other")
        # libxml2 says twice what is wrong with a value: the list it isn't in, or the type it isn't of, says most.
        twice = _spot(entry) in (listed if name.startswith("CVC_DATATYPE_VALID") else typed)
        if kind == "form" and twice:
            continue
        yield _refusal(_resolve(element, entry.path or ""), entry, kind, home, children)


def _spot(entry: etree._LogEntry) -> tuple[str, str]:
    return entry.path or "", _attribute(entry)


def _refusal(
    place: etree._Element, entry: etree._LogEntry, kind: str, home: str, children: Children
) -> Refusal:
    match = _SUBJECT.match(entry.message)
    said = match["said"] if match else entry.message
    attribute = _attribute(entry)
    path = safexml.path_of(place) + (f"/@{_short(attribute, home)}" if attribute else "")
    line = place.sourceline or entry.line
    name = _short(str(place.tag), home)
    if _name(entry) == "ELEMENT_CONTENT":
        names = _expected(said)
        expected = _listed(names, home)
        if said.startswith("Missing child"):
            return Refusal(path, line, "missing", "", expected, _shortened(said, home))
        kind, other = _why(place, names, children)
        if other:
            expected = f"{name} → {_short(other, home)}" if kind == "misplaced" else _short(other, home)
        return Refusal(path, line, kind, name, expected, _shortened(said, home))
    found, expected = _values(kind, said, place, attribute, home)
    return Refusal(path, line, kind, found, expected, _shortened(said, home))


def _values(kind: str, said: str, place: etree._Element, attribute: str, home: str) -> tuple[str, str]:
    """What was found and what was expected, for a value, a text or a type."""
    value = _VALUE.search(said)
    shown = f'"{value["value"]}"' if value else ""
    if kind == "code":
        codes = _SET.search(said)
        return shown, " | ".join(re.findall(r"'([^']*)'", codes["set"])) if codes else ""
    if kind == "form":
        pattern, typed = _PATTERN.search(said), _KIND_OF.search(said)
        wanted = pattern["pattern"] if pattern else _short(typed["type"], home) if typed else ""
        return shown, _FORMS.get(wanted, wanted)
    if kind == "fixed":
        constraint = _CONSTRAINT.search(said)
        return shown, constraint["value"] if constraint else ""
    if kind == "no-attribute":
        named = re.search(r"attribute '([^']+)'", said)
        return "", f"@{_short(named[1], home)}" if named else ""
    if kind == "attribute":
        return f"@{_short(attribute, home)}", ""
    if kind in ("xsi-type", "no-xsi-type"):
        return place.get("{http://www.w3.org/2001/XMLSchema-instance}type") or "", ""
    if kind == "text":
        texts = [place.text, *(child.tail for child in place)]
        return next((f'"{text.strip()[:60]}"' for text in texts if text and text.strip()), ""), ""
    return _short(str(place.tag), home), ""


def _why(place: etree._Element, expected: list[str], children: Children) -> tuple[str, str]:
    """Why an element isn't expected; and the name it should have, or that of the sibling it should come before."""
    tag, parent = str(place.tag), place.getparent()
    before = [str(item.tag) for item in place.itersiblings(etree.Element, preceding=True)]
    if before and before[0] == tag:
        return "repeated", ""
    ranks = {name: rank for rank, name in enumerate(children(parent) if parent is not None else ())}
    if tag not in ranks:
        meant = _meant(tag, [*expected, *ranks])
        return ("misspelt", meant) if meant else ("unknown" if ranks else "unexpected", "")
    passed = [name for name in before if ranks.get(name, -1) > ranks[tag]]
    if passed:
        return "misplaced", passed[-1]
    if tag in before:
        return "repeated", ""
    needed = any(ranks.get(name, ranks[tag]) < ranks[tag] for name in expected)
    return "early" if needed else "unexpected", ""


def _meant(tag: str, names: list[str]) -> str:
    """The name that was meant, "" when none is near enough."""
    local = etree.QName(tag).localname
    others = {name.rpartition("}")[2]: name for name in reversed(names)}
    if local in others:
        return ""
    same_letters = [other for other in others if other.lower() == local.lower()]
    near = same_letters or get_close_matches(local, others, 1, _ALIKE)
    return others[near[0]] if near else ""


def _expected(said: str) -> list[str]:
    """The names that libxml2 expected, with their namespaces; at most _MOST of them."""
    match = _EXPECTED.search(said)
    return match["names"].split(", ") if match else []


def _listed(names: list[str], home: str) -> str:
    return " | ".join([_short(name, home) for name in names] + ["…"] * (len(names) == _MOST))


def _short(name: str, home: str) -> str:
    """A name with the prefix that readers know, none for the namespace of what is judged."""
    match = _NAME.match(name)
    if match is None:
        return name
    local = name[match.end() :]
    if match[1] == home:
        return local
    return f"{_SHOWN[match[1]]}:{local}" if match[1] in _SHOWN else name


def _shortened(said: str, home: str) -> str:
    return _NAME.sub(lambda match: _short(match[0], home), said)


def _name(entry: etree._LogEntry) -> str:
    return entry.type_name.removeprefix("SCHEMAV_")


def _attribute(entry: etree._LogEntry) -> str:
    match = _SUBJECT.match(entry.message)
    return (match["attribute"] or "") if match else ""


def _resolve(root: etree._Element, path: str) -> etree._Element:
    """The element at a path of libxml2 (`/*/*[3]/c:id[2]`), counted from `root`; the nearest one that is there."""
    here = root
    for step in path.strip("/").split("/")[1:]:
        match = _STEP.fullmatch(step)
        children = list(here.iterchildren(etree.Element)) if match else []
        if match and match["name"] != "*":
            prefix, _, local = match["name"].rpartition(":")
            children = [
                child
                for child in children
                if etree.QName(child).localname == local and (child.prefix or "") == prefix
            ]
        rank = int(match["rank"] or 1) if match else 1
        if rank > len(children):
            return here
        here = children[rank - 1]
    return here
