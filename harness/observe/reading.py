"""What the bytes of a frame say that tells which act of the software it is: read through the oracle's own view.

Each reader gives the values that it found, none when the frame does not say. What was wanted is `traits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import unquote, urlsplit

from lxml import etree

from harness.checks import rim
from harness.checks.judged import Declared, Judged
from harness.checks.xpath import attribute, nodes
from harness.naming import page_of
from harness.observe.source import Seen
from protocol import discriminants, facts, safexml, webps
from protocol.exchange import header
from protocol.transactions import Registry

_PURPOSE: Final = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
_RESOURCE: Final = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
_CONFIDENTIALITY: Final = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
_INS_SYSTEMS: Final = frozenset(
    {facts.OID_INS_C, facts.OID_INS_NIR, facts.OID_INS_NIA, facts.OID_INS_TEST, facts.OID_INS_DEMO}
)
VISIBILITIES: Final = (facts.MASKED, facts.HIDDEN_FROM_PATIENT, facts.HIDDEN_FROM_REPRESENTATIVES)
_REPLACING: Final = (facts.RPLC, facts.XFRM_RPLC)

Values = tuple[str, ...]


@dataclass(frozen=True)
class Frame:
    """A frame of the software under test, read as the request of its transaction."""

    seen: Seen
    registry: Registry

    @cached_property
    def view(self) -> Judged:
        """The request. Raises ToolError for a frame that is no call."""
        return Judged(self.seen.exchange, "request", self.registry.by_id(self.seen.transaction), Declared())

    @cached_property
    def said(self) -> Values:
        """Every text and attribute value of the payload: where a small message holds its parameters."""
        if self.view.payload is None:
            return ()
        every = self.view.payload.iter(etree.Element)
        return tuple(
            value.strip()
            for element in every
            for value in (element.text or "", *map(str, element.attrib.values()))
            if value.strip()
        )


def transaction(frame: Frame) -> Values:
    """What is asked for; several where the message alone does not tell: a new version that masks nothing, a page that
    sends its user to Pro Santé Connect first.
    """
    if _to_connect(frame):
        return webps.TRANSACTIONS
    if frame.seen.transaction == "TD3.3a" and "unmask" in operations(frame):
        return ("TD3.3a", "TD3.3b")
    return (frame.seen.transaction,)


def patients(frame: Frame) -> Values:
    """Matricules: of the VIHF, then of the message or of the address."""
    view = frame.view
    told = [item.partition("^")[0] for item in (view.vihf(_RESOURCE),) if item]
    told += [
        attribute(element, "extension")
        for element in view.in_payload("descendant::hl7:id[@extension]|descendant::hl7:value[@extension]")
        if attribute(element, "root") in _INS_SYSTEMS
    ]
    told += [said.partition("^")[0].strip("'") for said in frame.said if _is_cx(said)]
    if page_of(frame.seen.exchange):
        told += [part for part in _path(frame)[2:3] if part]
    return tuple(dict.fromkeys(told))


def modes(frame: Frame) -> Values:
    """DIRECTE, INDIRECTE or INDIRECTE_RENFORCEE; of a page, by who opens it."""
    if _to_connect(frame):
        return ("DIRECTE", "INDIRECTE_RENFORCEE")
    if page_of(frame.seen.exchange):
        return ("INDIRECTE_RENFORCEE",) if frame.seen.transaction == "TD0.10" else ("DIRECTE",)
    said = frame.view.vihf("Authentification_mode").upper()
    return (said,) if said else ()


def cards(frame: Frame) -> Values:
    """CPS, CPE or none, as the assertion tells it."""
    assertion = frame.view.assertion
    return () if assertion is None else (discriminants.card(assertion),)


def callers(frame: Frame) -> Values:
    return tuple(filter(None, frame.view.values("//saml:Assertion/saml:Subject/saml:NameID")))


def structures(frame: Frame) -> Values:
    return tuple(filter(None, (frame.view.vihf("Identifiant_Structure"),)))


def accesses(frame: Frame) -> Values:
    """normal, bris_de_glace or centre_15; normal when the assertion does not say."""
    values = frame.view.attribute_values(_PURPOSE)
    found = [attribute(coded, "code") for value in values for coded in nodes(value, "*")]
    return tuple(filter(None, found)) or ("normal",)


def secrets(frame: Frame) -> Values:
    """Whether the caller asks for what is hidden from legal representatives."""
    return ("secret",) if frame.view.vihf(_CONFIDENTIALITY) else ()


def queries(frame: Frame) -> Values:
    """The stored query."""
    return tuple(frame.view.values("//rim:AdhocQuery/@id"))


def return_types(frame: Frame) -> Values:
    return tuple(frame.view.values("//query:ResponseOption/@returnType"))


def criterion(name: str) -> Callable[[Frame], Values]:
    """The values of one parameter of a stored query, without quotes and parentheses."""

    def read(frame: Frame) -> Values:
        for query in frame.view.nodes("//rim:AdhocQuery"):
            return tuple(atom for value in rim.slot_values(query, name) for atom in _atoms(value))
        return ()

    return read


def retrieved(frame: Frame) -> Values:
    """The documents that are asked for."""
    return tuple(frame.view.values("//xds:DocumentRequest/xds:DocumentUniqueId"))


def entries(frame: Frame) -> list[etree._Element]:
    """Entries of the documents that are fed, without that of the signature."""
    return list(rim.documents_entries(frame.view))


def counted(frame: Frame) -> Values:
    return (str(len(entries(frame))),)


def unique_ids(frame: Frame) -> Values:
    return tuple(filter(None, (rim.external(entry, facts.DE_UNIQUE_ID) for entry in entries(frame))))


def visibilities(frame: Frame) -> Values:
    found = {code.code for entry in entries(frame) for code in rim.codes(entry, facts.DE_CONFIDENTIALITY)}
    return tuple(code for code in VISIBILITIES if code in found)


def types(frame: Frame) -> Values:
    return tuple(code.code for entry in entries(frame) for code in rim.codes(entry, facts.DE_TYPE))


def replaced(frame: Frame) -> Values:
    """What the submission replaces: entryUUIDs."""
    every = (one for kind in _REPLACING for one in rim.targets(frame.view, kind))
    return tuple(filter(None, (attribute(one, "targetObject") for one in every)))


def replaces(frame: Frame) -> Values:
    return ("replacement",) if replaced(frame) else ()


def objects(frame: Frame) -> Values:
    """Every object of the registry that a metadata update speaks of: its ids, logical ids and uniqueIds."""
    names = ("id", "lid", "targetObject", "sourceObject", "value")
    wanted = "descendant::rim:*[@lid or @targetObject or @id or @value]"
    found = (attribute(one, name) for one in frame.view.in_payload(wanted) for name in names)
    return tuple(dict.fromkeys(value for value in found if value))


def operations(frame: Frame) -> Values:
    """mask, unmask, archive, unarchive, delete."""
    payload = frame.view.payload
    return () if payload is None else tuple(sorted(discriminants.operations(payload)))


def pages(frame: Frame) -> Values:
    return tuple(filter(None, (page_of(frame.seen.exchange),)))


def methods(frame: Frame) -> Values:
    return (frame.seen.exchange.request.method,)


def said(frame: Frame) -> Values:
    return frame.said


def families(frame: Frame) -> Values:
    """Family names that a search or a record holds."""
    return tuple(filter(None, map(safexml.text, frame.view.in_payload("descendant::hl7:family"))))


def fact(frame: Frame, name: str) -> str:
    """The facts that plans use of a message; "" for one that a frame of others does not tell."""
    readers: Mapping[str, Callable[[], Values]] = {
        "document_unique_ids": lambda: retrieved(frame) or unique_ids(frame),
        "document_unique_id": lambda: unique_ids(frame),
        "submission_unique_id": lambda: _of_set(frame, facts.SS_UNIQUE_ID),
        "source_id": lambda: _of_set(frame, facts.SS_SOURCE_ID),
        "assertion_id": lambda: tuple(frame.view.values("//saml:Assertion/@ID")),
        "issued": lambda: tuple(frame.view.values("//saml:Assertion/@IssueInstant")),
        "message_id": lambda: (frame.seen.message_id,),
        "patient": lambda: tuple(filter(None, (frame.view.vihf(_RESOURCE),))),
        "path": lambda: (frame.seen.exchange.request.target,),
    }
    reader = readers.get(name)
    return next(iter(reader()), "") if reader else ""


def _to_connect(frame: Frame) -> bool:
    """Whether a page answers that its user must log in first: nobody is known yet."""
    answer = frame.seen.exchange.response
    place = header(answer.headers, "Location") if answer is not None else ""
    return bool(page_of(frame.seen.exchange)) and "/pro-sante-connect" in place


def _of_set(frame: Frame, scheme: str) -> Values:
    first = rim.first_set(frame.view)
    return () if first is None else tuple(filter(None, (rim.external(first, scheme),)))


def _is_cx(text: str) -> bool:
    """Whether a text is an INS as HL7 v2 writes it: `280…^^^&1.2.250…&ISO^NH`."""
    return "^^^&" in text and any(f"&{system}&" in text for system in _INS_SYSTEMS)


def _atoms(value: str) -> list[str]:
    """`('a','b')` -> a, b; `'a'` -> a; 12 -> 12."""
    inside = value.strip().removeprefix("(").removesuffix(")")
    return [atom.strip().strip("'").replace("''", "'") for atom in inside.split(",") if atom.strip()]


def _path(frame: Frame) -> list[str]:
    """`AccesDirect`, page, matricule."""
    parts = [unquote(part) for part in urlsplit(frame.seen.exchange.request.target).path.split("/") if part]
    return parts[2:] if parts[:1] == ["s"] else parts
