"""The written examples of the rules put into real frames: what `explain` shows as accepted and refused is judged.

An example is a piece of XML, with an ellipsis for what isn't shown, or a short line (`typeCode 11488-4`). Each piece
takes the place of its like in a frame of a run. `tried` looks for a frame in which the good one passes and the bad
one fails, among those that have a place for both.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Final

from lxml import etree

from harness.checks import api
from harness.checks.judged import Declared
from harness.checks.xpath import PREFIXES, attribute
from harness.mutate.edits import remove, select
from harness.mutate.registry import Change, Mutator
from harness.mutate.specimen import Frame, mutated
from harness.rule_examples import Example
from protocol import facts

RIM: Final = f"{{{facts.RIM}}}"
_CODES: Final = {
    "typeCode": facts.DE_TYPE,
    "classCode": facts.DE_CLASS,
    "formatCode": facts.DE_FORMAT,
    "confidentialityCode": facts.DE_CONFIDENTIALITY,
    "eventCodeList": facts.DE_EVENT,
    "practiceSettingCode": facts.DE_PRACTICE,
    "healthcareFacilityTypeCode": facts.DE_FACILITY,
    "contentTypeCode": facts.SS_CONTENT_TYPE,
}
_SHORT: Final = re.compile(rf"\b({'|'.join(_CODES)}) ([\w:.-]+(?:, (?!(?:{'|'.join(_CODES)})\b)[\w:.-]+)*)")
_NONE: Final = re.compile(r"\(pas d[e'] ?(Slot|classification|association)? ?([\w$:./-]+)\)")
_MORE: Final = re.compile(r"\s*…\s*(?=/?>)")
_WITHOUT: Final = re.compile(r"\(sans ([\w, ]+)\)")
_SENT: Final = re.compile(r"envoyé le (\d\d)/(\d\d)/(\d{4}) à (\d+) h (\d\d) UTC")
_VIHF: Final = re.compile(r"\b(Identifiant_Structure|confidentiality-code) (\w+)")
_PART: Final = re.compile(r"<!-- (document|fiche|auteur|lot|VIHF|signature|demande|réponse|TD[\w.]+) -->")
_DECLARED: Final = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
_ENTRY: Final = "//rim:RegistryObjectList/rim:ExtrinsicObject"
_SET: Final = "//rim:RegistryObjectList/rim:RegistryPackage"
_QUERY: Final = "//query:AdhocQueryRequest/rim:AdhocQuery"


_KINDS: Final = {"request": "request", "response": "answer"}


class Unfit(Exception):
    """The frame has no place for the piece."""


def tried(rule: str, shown: Example, frames: Iterable[Frame], declared: Declared) -> tuple[bool, list[str]]:
    """(whether in some frame the good one passed and the bad one failed, what went otherwise in the others)."""
    item, wrong = api.rule(rule), []
    sides = ("request", "response") if item.side == "both" else (item.side,)
    for frame in frames:
        if frame.side not in sides or not item.concerns(frame.transaction.id):
            continue
        try:
            good, bad = (_said(rule, one, shown.good, frame, declared) for one in (shown.good, shown.bad))
        except Unfit:
            continue
        if "PASS" in good and not good & {"FAIL", "ERROR", "AMBIGUOUS"} and bad & {"FAIL", "AMBIGUOUS"}:
            return True, []
        wrong.append(f"{frame.name}: {sorted(good)} | {sorted(bad)}")
    return False, wrong


def _said(rule: str, text: str, good: str, frame: Frame, declared: Declared) -> set[str]:
    changed = spliced(rule, text, good, frame)
    sent = _SENT.search(text)
    if sent is not None:
        day, month, year, hour, minute = (int(part) for part in sent.groups())
        now = datetime(year, month, day, hour, minute, tzinfo=UTC)
        declared = replace(declared, now=now)
        changed = replace(changed, exchange=replace(changed.exchange, started=now))
    found = api.judge(changed.exchange, changed.transaction, declared, sides=(changed.side,), only=[rule])
    return {one.status for one in found}


def spliced(rule: str, text: str, good: str, frame: Frame) -> Frame:
    """The frame with the pieces of the text in the place of their like. Raises Unfit."""
    parts = _parts(text)
    for over, piece in parts:
        change = _change(rule, over, piece, good)
        side, kind = frame.side, "carried" if over == "document" else _KINDS[frame.side]
        if over == "demande":
            frame, kind = replace(frame, side="request"), "request"
        made = mutated(Mutator("excerpt", kind, (), ("x",), False, change), frame, 1)  # type: ignore[arg-type]
        if made is None:
            raise Unfit
        assert isinstance(made, Frame)
        frame = replace(made, side=side)
    return frame


def _change(rule: str, over: str, piece: str, good: str) -> Change:
    def change(root: etree._Element, _: Random) -> bool:
        if over == "document":
            _into_document(root, piece)
        else:
            _into_message(root, piece, good, _owner(rule, over))
        return True

    return change


def _parts(text: str) -> list[tuple[str, str]]:
    """(what a comment says that a text is of, or "", the text)."""
    pieces = _PART.split(text)
    first = [("", pieces[0])] if pieces[0].strip() else []
    return [*first, *zip(pieces[1::2], pieces[2::2], strict=True)]


def _owner(rule: str, over: str) -> str:
    if over in ("lot", "fiche", "signature"):
        signs = "[rim:Classification/@nodeRepresentation='E1762']"
        return {"lot": _SET, "fiche": _ENTRY, "signature": _ENTRY + signs}[over]
    if over in ("VIHF", "demande", "réponse"):
        return "//wsse:Security/saml:Assertion" if over == "VIHF" else "/soap:Envelope/soap:Body/*"
    if over == "auteur" or rule.startswith("XDS-AUTHOR"):
        return f"{_ENTRY}/rim:Classification[@classificationScheme='{facts.DE_AUTHOR}']"
    if rule.startswith("QUERY"):
        return _QUERY
    if rule.startswith("SS-") or rule == "CODE-CONTENT-TYPE":
        return _SET
    if rule.startswith("XADES"):
        return _ENTRY + "[rim:Classification/@nodeRepresentation='E1762']"
    return _ENTRY


def _written(text: str) -> list[etree._Element]:
    """The elements of a text; what isn't closed is closed at its end, what isn't shown is left out."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(f"<x {_DECLARED}>{_MORE.sub('', text).replace('…', '')}</x>".encode(), parser)
    return [one for one in root if isinstance(one.tag, str)]


# ---- into a message


def _into_message(root: etree._Element, text: str, good: str, owner: str) -> None:
    held = select(root, owner)
    if not held and not owner.startswith(_QUERY):
        held = select(root, "//rim:RegistryObjectList|/soap:Envelope/soap:Body/*")[:1]
    if not held:
        raise Unfit
    place = held[0]
    for kind, name in _NONE.findall(text):
        _without(root, place, kind, name)
    for names in _WITHOUT.findall(text):
        for name in re.split(r", | ni ", names):
            _bare(place, name)
    for name, codes in _SHORT.findall(text):
        _coded(place, _CODES[name], codes.split(", "))
    elements = _written(text)
    for name, value in _VIHF.findall(text):
        _told(place, name, value)
    cleared: set[str] = set()
    for number, element in enumerate(elements):
        _put(root, place, element, good, cleared, number)
    known = (_NONE, _SHORT, _WITHOUT, _SENT, _VIHF)
    if not elements and not any(pattern.search(text) for pattern in known):
        raise Unfit


def _told(assertion: etree._Element, name: str, value: str) -> None:
    """The VIHF with that value of an attribute, added when it isn't there."""
    held = select(assertion, f"saml:AttributeStatement/saml:Attribute[contains(@Name, '{name}')]")
    if not held:
        held = [
            copy.deepcopy(select(assertion, "saml:AttributeStatement/saml:Attribute[@Name='LPS_Nom']")[0])
        ]
        held[0].set("Name", f"urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:{name}")
        select(assertion, "saml:AttributeStatement")[0].append(held[0])
    held[0][0].text = value


def _without(root: etree._Element, place: etree._Element, kind: str, name: str) -> None:
    path = {
        "classification": f"rim:Classification[@classificationScheme='{name}']",
        "association": f"//rim:Association[contains(@associationType, '{name}')]",
    }.get(kind, f".//rim:Slot[@name='{name}']")
    if name == "fiche":
        path = _ENTRY
    if name in _CODES:
        path = f"rim:Classification[@classificationScheme='{_CODES[name]}']"
    for one in select(place, path) or select(root, "/" + path.removeprefix(".") if path[0] == "." else path):
        remove(one)


def _bare(place: etree._Element, name: str) -> None:
    """Without an attribute, or without the classification that says what the object is."""
    if name == "classification":
        for one in select(place, "rim:Classification[@classificationNode]"):
            remove(one)
    else:
        place.attrib.pop(name, None)


def _coded(place: etree._Element, scheme: str, codes: list[str]) -> None:
    """These codes of that scheme, written as the first one there was."""
    before = select(place, f"rim:Classification[@classificationScheme='{scheme}']")
    model = before[0] if before else select(place, "rim:Classification[rim:Slot/@name='codingScheme']")[0]
    where = model.getprevious()
    for number, code in enumerate(codes):
        made = copy.deepcopy(model)
        made.set("classificationScheme", scheme)
        made.set("nodeRepresentation", code)
        made.set("id", f"excerpt{number}")
        for value in select(made, "rim:Slot[@name='codingScheme']/rim:ValueList/rim:Value"):
            if scheme == facts.DE_CONFIDENTIALITY and code != "N":
                value.text = "1.2.250.1.213.1.1.4.13"
        if where is not None:
            where.addnext(made)
        where = made
    for one in before:
        remove(one)


def _put(
    root: etree._Element,
    place: etree._Element,
    one: etree._Element,
    good: str,
    cleared: set[str],
    number: int,
) -> None:
    name = etree.QName(one).localname
    like = _like(root, place, one, good)
    if name in ("AdhocQueryResponse", "RegistryResponse", "RetrieveDocumentSetResponse") and like:
        _attributes(like[0], one)
        for child in list(like[0]):
            remove(child)
        like[0].extend(list(one))
        return
    if name in ("ExtrinsicObject", "RegistryPackage", "AdhocQueryRequest", "AdhocQuery"):
        target = like[number] if number < len(like) else place
        _attributes(target, one)
        inner: set[str] = set()
        for count, child in enumerate(list(one)):
            _put(root, target, child, good, inner, count)
        return
    if name == "ExternalIdentifier" and like:
        _attributes(like[0], one)
        for label in select(like[0], "rim:Name"):
            remove(label)
        like[0].extend(list(one))
        return
    key = f"{name} {attribute(one, 'name') or attribute(one, 'classificationScheme')}"
    made = copy.deepcopy(one)
    _completed(made, like, place, number)
    anchor = None
    if like:
        anchor = like[0].getprevious()
        parent = like[0].getparent()
        if key in cleared:
            like[-1].addnext(made)
            return
        for old in like:
            remove(old)
        cleared.add(key)
        if anchor is not None:
            anchor.addnext(made)
        elif parent is not None:
            parent.insert(0, made)
        return
    cleared.add(key)
    last = [*select(place, f"rim:{name}"), *select(place, "rim:Slot")][-1:] if name != "Slot" else []
    if last:
        last[0].addnext(made)
    elif name == "Association":
        select(root, "//rim:RegistryObjectList")[0].append(made)
    else:
        place.insert(0, made)


def _completed(made: etree._Element, like: list[etree._Element], place: etree._Element, number: int) -> None:
    """What an excerpt leaves out of an element: its id, its parent, and what the one it replaces says beside."""
    if etree.QName(made).localname in ("Classification", "Association") and made.get("id") is None:
        made.set("id", f"excerpt{number}")
    if made.get("classifiedObject") in ("Document01", "SubmissionSet01"):
        made.set("classifiedObject", attribute(place, "id"))
    if etree.QName(made).localname == "Association":
        if made.get("objectType") is None and like:
            made.set("objectType", attribute(like[0], "objectType"))
        for old in like[:1]:
            # The names of an excerpt stand for those of the frame.
            for end, symbol in (("sourceObject", "SubmissionSet01"), ("targetObject", "Document01")):
                if made.get(end) == symbol:
                    made.set(end, attribute(old, end))
            names = {attribute(child, "name") for child in made}
            if not len(made):
                made.extend([copy.deepcopy(x) for x in old if attribute(x, "name") not in names])


def _attributes(target: etree._Element, one: etree._Element) -> None:
    """What is said; children that name the element by its old id follow."""
    before = attribute(target, "id")
    for name, value in one.attrib.items():
        target.set(name, value)
    for child in target if one.get("id") and before else ():
        for name in ("classifiedObject", "registryObject"):
            if child.get(name) == before:
                child.set(name, attribute(target, "id"))


def _like(
    root: etree._Element, place: etree._Element, one: etree._Element, good: str
) -> list[etree._Element]:
    """The elements of the message that a piece takes the place of."""
    name = etree.QName(one).localname
    tag = one.tag
    if name == "Slot":
        return select(place, f".//rim:Slot[@name='{attribute(one, 'name')}']")
    if name == "Classification":
        for kept in ("classificationScheme", "classificationNode"):
            if one.get(kept):
                return select(place, f"rim:Classification[@{kept}='{attribute(one, kept)}']")
        return select(place, "rim:Classification[1]")
    if name == "ExternalIdentifier":
        labels = [*select(one, "rim:Name/rim:LocalizedString")]
        named = [attribute(item, "value") for item in labels]
        named += re.findall(r'LocalizedString value="(XDS[\w.]+)"', good)
        paths = [f"rim:ExternalIdentifier[rim:Name/rim:LocalizedString/@value='{name}']" for name in named]
        return next((held for path in paths if (held := select(place, path))), [])
    if name in ("Name", "VersionInfo"):
        return select(place, f"rim:{name}")
    if name == "NameID":
        return select(place, "saml:Subject/saml:NameID")
    if name == "Association":
        kind, target = attribute(one, "associationType"), attribute(one, "targetObject")
        first = select(root, f"//rim:Association[@associationType='{kind}'][@targetObject='{target}']")
        return first[:1] or select(root, f"//rim:Association[@associationType='{kind}']")[:1]
    found = list(root.iter(str(tag)))
    if name in ("ExtrinsicObject", "RegistryPackage"):
        return select(root, _ENTRY if name == "ExtrinsicObject" else _SET)
    return found[:1] if name != "DocumentRequest" else found


# ---- into a document


def _into_document(root: etree._Element, text: str) -> None:
    # The prefix is left out in what is shown of a document.
    text = re.sub(r"<(/?)(?=[A-Za-z]+[\s>/])", r"<\1hl7:", text)
    for one in _written(text):
        _follow(root, one)


def _follow(place: etree._Element, one: etree._Element) -> None:
    """Attributes and text of a piece, and of what it holds, given to the first element of that name below."""
    if one.tag == f"{{{facts.HL7}}}ClinicalDocument":
        raise Unfit
    roots = [item for item in place.iterdescendants(str(one.tag)) if item.get("root") == one.get("root")]
    found = (
        next(iter(roots), None)
        if one.get("root") and roots
        else next(place.iterdescendants(str(one.tag)), None)
    )
    if found is None:
        raise Unfit
    _attributes(found, one)
    if (one.text or "").strip():
        found.text = one.text
    for child in one:
        _follow(found, child)
