"""Writes the SOAP answers: envelope with WS-Addressing, faults, and the packaging (simple or MTOM).

Payloads are built by the services; the bytes of attachments are copied as they are, piece by piece.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import unquote

from lxml import etree

from mock_dmp.context import Attachment, Problem
from protocol import catalogue, facts

Packaging = Literal["simple", "mtom"]

#: Action of an answer that is a fault (WS-Addressing 1.0 SOAP binding, section 6).
FAULT_ACTION = "http://www.w3.org/2005/08/addressing/soap/fault"
WSA_FAULT_ACTION = "http://www.w3.org/2005/08/addressing/fault"

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_INCLUDE = f"{{{facts.XOP}}}Include"
_PIECE = 256 * 1024


class Writer(Protocol):
    """Where bytes go."""

    def write(self, data: bytes) -> object: ...


@dataclass(frozen=True)
class FaultAnswer:
    """A fault as payload, and the action that announces it."""

    payload: etree._Element
    action: str


def envelope(payload: etree._Element, *, action: str, relates_to: str = "") -> etree._Element:
    """A SOAP 1.2 envelope around `payload`, with the addressing headers of an answer."""
    root = etree.Element(_soap("Envelope"), nsmap={"soap": facts.SOAP12})
    header = etree.SubElement(root, _soap("Header"), nsmap={"wsa": facts.WSA})
    announced = etree.SubElement(header, _wsa("Action"))
    announced.set(_soap("mustUnderstand"), "true")
    announced.text = action
    etree.SubElement(header, _wsa("MessageID")).text = uuid.uuid4().urn
    etree.SubElement(header, _wsa("To")).text = facts.WSA_ANONYMOUS
    if relates_to:
        etree.SubElement(header, _wsa("RelatesTo")).text = relates_to
    etree.SubElement(root, _soap("Body")).append(payload)
    return root


def fault(problems: Sequence[Problem]) -> FaultAnswer:
    """soap:Fault for these problems; the first gives the code (Subcode in the soap prefix)."""
    entry = catalogue.error(problems[0].code)
    body = etree.Element(_soap("Fault"), nsmap={"soap": facts.SOAP12, "wsa": facts.WSA})
    code = etree.SubElement(body, _soap("Code"))
    etree.SubElement(code, _soap("Value")).text = f"soap:{entry.soap_code}"
    if entry.subcode:
        name = entry.subcode if ":" in entry.subcode else f"soap:{entry.subcode}"
        etree.SubElement(etree.SubElement(code, _soap("Subcode")), _soap("Value")).text = name
    words = etree.SubElement(etree.SubElement(body, _soap("Reason")), _soap("Text"))
    words.set(_XML_LANG, "fr")
    words.text = _legible(" ".join(sentence(problem) for problem in problems))
    return FaultAnswer(body, WSA_FAULT_ACTION if entry.code.startswith("wsa:") else FAULT_ACTION)


def sentence(problem: Problem) -> str:
    """What a French reader is told: the catalogue's sentence, then what is particular to this request."""
    general = catalogue.error(problem.code).text.fr
    particular = " — ".join(part for part in (problem.text.fr, problem.context) if part)
    return f"{general.rstrip('.')} : {particular}" if particular and particular != general else general


def pack(root: etree._Element, attachments: Sequence[Attachment], packaging: Packaging, out: Writer) -> str:
    """Write the message; returns its Content-Type.

    In simple packaging the attachments come back inside, as base64 (XOP 1.0 section 3).
    """
    if packaging == "simple":
        _inline(root, attachments)
        out.write(_serialize(root))
        return "application/soap+xml; charset=UTF-8"
    boundary, start = f"uuid_{uuid.uuid4()}", f"root.{uuid.uuid4()}@dmpcompat"
    out.write(
        _part_head(
            boundary, start, 'application/xop+xml; charset=UTF-8; type="application/soap+xml"', first=True
        )
    )
    out.write(_serialize(root))
    for attachment in attachments:
        out.write(_part_head(boundary, attachment.content_id, attachment.content_type))
        with attachment.open() as stream:
            while piece := stream.read(_PIECE):
                out.write(piece)
    out.write(f"\r\n--{boundary}--\r\n".encode())
    return (
        f'multipart/related; boundary="{boundary}"; type="application/xop+xml"; start="<{start}>"; '
        'start-info="application/soap+xml"'
    )


def _part_head(boundary: str, content_id: str, content_type: str, *, first: bool = False) -> bytes:
    lines = (
        "" if first else "\r\n",
        f"--{boundary}\r\n",
        f"Content-Type: {_header_value(content_type)}\r\n",
        "Content-Transfer-Encoding: binary\r\n",
        f"Content-ID: <{_header_value(content_id)}>\r\n\r\n",
    )
    return "".join(lines).encode()


def _header_value(value: str) -> str:
    """A media type that came from a client must not bring lines of its own."""
    return "".join(sign for sign in value if sign.isprintable() and sign.isascii())


def _inline(root: etree._Element, attachments: Sequence[Attachment]) -> None:
    by_id = {attachment.content_id: attachment for attachment in attachments}
    for include in list(root.iter(_INCLUDE)):
        attachment = by_id.get(unquote((include.get("href") or "").removeprefix("cid:")))
        parent = include.getparent()
        if attachment is None or parent is None:
            continue
        with attachment.open() as stream:
            parent.text = base64.b64encode(stream.read()).decode()
        parent.remove(include)


def _legible(text: str) -> str:
    """Without the characters that XML 1.0 forbids: the text quotes what the client sent."""
    return "".join(
        sign if sign.isprintable() or sign in "\t\n" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )


def _serialize(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _soap(name: str) -> str:
    return f"{{{facts.SOAP12}}}{name}"


def _wsa(name: str) -> str:
    return f"{{{facts.WSA}}}{name}"
