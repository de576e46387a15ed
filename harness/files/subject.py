"""What a file given to `dmpcompat check` is, and how it becomes something the rules can judge.

A message kept alone (SOAP, MIME or bare XDS payload) is wrapped as one side of an Exchange; the rules it can't
answer (connection, freshness) are then left out.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from lxml import etree

from harness.checks.judged import Declared, Judged
from harness.checks.xpath import string, told
from protocol import facts, safexml
from protocol.errors import Text, UsageError, XmlRefused
from protocol.exchange import Exchange, Request, Response, load
from protocol.transactions import load as load_transactions

Kind = Literal["auto", "cda", "xds", "exchange"]
SIDES: tuple[Literal["request", "response"], ...] = ("request", "response")
_SUFFIX = "_echange.json"
#: A ClinicalDocument that can't be read is still told to be one.
_NAMED = re.compile(rb"<(\w+:)?ClinicalDocument\b")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_ENVELOPES = (f"{{{facts.SOAP12}}}Envelope", f"{{{facts.SOAP11}}}Envelope")
_DOCUMENTS = (f"{{{facts.HL7}}}ClinicalDocument", "{http://www.w3.org/1999/XSL/Transform}stylesheet")
_PAYLOADS = (facts.XDSB, facts.QUERY, facts.LCM, facts.RS)
#: What a message without its envelope can answer for.
PAYLOAD_GROUPS = (
    "SCHEMA",
    "XDS-SUBMISSION",
    "XDS-ENTRY",
    "XDS-CODES",
    "XDS-QUERY",
    "XDS-RETRIEVE",
    "XDS-RESPONSE",
)
#: What the metadata of an XDM delivery can answer for: those of a submission, whose documents are files beside it.
METADATA_GROUPS = ("SCHEMA", "XDS-SUBMISSION", "XDS-ENTRY", "XDS-CODES")
#: What a message without its connection can answer for, beside those.
MESSAGE_GROUPS = (
    *PAYLOAD_GROUPS,
    "A-SOAP",
    "A-VIHF",
    "A-NUM",
    "A-INS",
    "MTOM",
    "XADES",
    "COHERENCE",
    "HL7V3",
    "HABILITATIONS",
    "FAULT",
    "CDA-HEADER",
    "CDA-BODY",
    "CDA-OFFICIAL",
)


@dataclass(frozen=True)
class Subject:
    """One file, read: its kind and its bytes (b"" for an exchange, whose bytes are in other files).

    `root`: of the XML, when telling the kind has read it. Kind "auto" is nothing we judge: `why`; `foreign` when that
    is because it is well-formed XML of another vocabulary.
    """

    path: Path
    kind: Kind
    data: bytes
    root: etree._Element | None = field(default=None, compare=False, repr=False)
    why: str = ""
    foreign: bool = False

    def sides_of(self, exchange: Exchange) -> tuple[Literal["request", "response"], ...]:
        """Sides that have something to judge: a message kept alone has one."""
        if self.kind == "exchange":
            return SIDES
        return ("request",) if exchange.request.body else ("response",)


@dataclass(frozen=True)
class Message:
    """A message kept alone, as one side of an exchange, and the groups of rules it can answer for."""

    exchange: Exchange
    groups: tuple[str, ...]


def kind_of(path: Path, asked: Kind) -> Subject:
    """Read a file and tell what it is. `asked` is believed, save "auto". Raises OSError."""
    if is_exchange(path.name, asked):
        return Subject(path, "exchange", b"")
    return subject_of(path, path.read_bytes(), asked)


def is_exchange(name: str, asked: Kind) -> bool:
    return asked == "exchange" or (asked == "auto" and name.endswith(_SUFFIX))


def subject_of(path: Path, data: bytes, asked: Kind) -> Subject:
    """The same for bytes already read; `path` gives the name. `asked` isn't "exchange"."""
    if asked == "cda":
        with suppress(XmlRefused):
            return Subject(path, asked, data, safexml.parse(data, huge=True))
    if asked != "auto":
        return Subject(path, asked, data)
    if data.lstrip(b"\r\n\t ")[:2] == b"--" or data[:13].lower() in (b"content-type:", b"mime-version:"):
        return Subject(path, "xds", data)
    try:
        root = safexml.parse(data, huge=True)
    except XmlRefused as refusal:
        if _NAMED.search(data[:4096].replace(b"\0", b"")):  # UTF-16 too
            return Subject(path, "cda", data)
        return Subject(path, "auto", data, why=told(refusal))
    if root.tag in _DOCUMENTS:
        return Subject(path, "cda", data, root)
    if root.tag in _ENVELOPES or etree.QName(root).namespace in _PAYLOADS:
        return Subject(path, "xds", data, root)
    return Subject(path, "auto", data, root, why=str(root.tag), foreign=True)


def read_exchange(path: Path) -> Exchange:
    """The exchange that a `…_echange.json` describes. Raises EvidenceError, UsageError (CHECK-011: another name)."""
    if not path.name.endswith(_SUFFIX):
        raise UsageError(
            "CHECK-011",
            Text("ce n'est pas la description d'un échange", "not the description of an exchange"),
            field="PATH",
            found=path.name,
            expected=f"*{_SUFFIX}",
        )
    return load(path.parent, path.name.removesuffix(_SUFFIX))


def read_message(subject: Subject) -> Message:
    """A SOAP, MIME or bare XDS message as one side of an exchange. What can't be read gives SOAP-READABLE its say."""
    content_type, body = _media(subject.data)
    headers = (("Content-Type", content_type),)
    now = datetime.now(UTC)
    empty = Request("POST", "", headers, b"")
    asked = Exchange(subject.path.name, "import", "", now, now, Request("POST", "", headers, body), None)
    view = Judged(asked, "request", next(iter(load_transactions().implemented())), Declared())
    groups = MESSAGE_GROUPS if view.soap or view.root is None else PAYLOAD_GROUPS
    if view.payload is not None and _answers(view.payload):
        answer = Exchange(subject.path.name, "import", "", now, now, empty, Response(200, headers, body))
        return Message(answer, groups)
    return Message(asked, groups)


def _media(data: bytes) -> tuple[str, bytes]:
    """Content-Type and body: a file may start with its own MIME headers, or at its first boundary."""
    end = _BLANK_LINE.search(data)
    if end is not None and data[:13].lower() in (b"content-type:", b"mime-version:"):
        head = re.sub(r"\r?\n[ \t]+", " ", data[: end.start()].decode("latin-1"))
        values = [
            line.partition(":")[2].strip()
            for line in head.splitlines()
            if line.lower().startswith("content-type:")
        ]
        return next(iter(values), "application/soap+xml"), data[end.end() :]
    if data.lstrip().startswith(b"--"):
        boundary = data.lstrip()[2:].split(b"\n")[0].strip().decode("latin-1")
        kind = 'type="application/xop+xml"; start-info="application/soap+xml"'
        return f'multipart/related; boundary="{boundary}"; {kind}', data
    return "application/soap+xml; charset=UTF-8", data


def _answers(payload: etree._Element) -> bool:
    """Whether a payload is an answer: by its name, or because it is a fault."""
    name = etree.QName(payload).localname
    return name.endswith(("Response", "Fault", "201308UV02")) or bool(
        string(payload, "self::rs:RegistryResponse/@status")
    )
