"""Message logs of .NET (WCF): `.svclog` files of the service trace viewer, and `SOAPMessage.e2e` of trace listeners.

A row of E2ETraceEvent elements without a root, each with one message as XML. WCF writes the envelope anew, and MTOM is
lost: the bytes are never those of the wire. Of a message that was logged at two levels, that of the transport is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Final

from lxml import etree

from harness.capture.formats.api import Half, Item, Source, envelope_in
from harness.capture.formats.http_text import host_of, path_of
from protocol import safexml
from protocol.errors import WireError
from protocol.exchange import RESERIALISED, SUPPOSED, Headers, header

_RECORD: Final = "http://schemas.microsoft.com/2004/06/ServiceModel/Management/MessageTrace"
_EVENT: Final = re.compile(rb"<(?P<tag>(?:[\w-]{1,100}:)?E2ETraceEvent|MessageLogTraceRecord)[\s>]")
_ACTIVITY: Final = re.compile(rb"ActivityID=[\"']\{?([0-9A-Fa-f-]{36})")
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_REQUESTS: Final = ("ServiceLevelSendRequest", "ServiceLevelReceiveRequest")


class Wcf:
    """`--format wcf`."""

    name: Final = "wcf"
    rank: Final = 20

    def recognises(self, source: Source) -> bool:
        return b"E2ETraceEvent" in source.head or b"MessageLogTraceRecord" in source.head

    def read(self, source: Source) -> Iterator[Item]:
        found = [_message(source, at, data) for at, data in _events(source.data)]
        transport = any(isinstance(item, tuple) and item[0] for item in found)
        for item in found:
            if not isinstance(item, tuple):
                yield item
            elif item[0] or not transport:
                yield item[1]


def _events(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each event that holds a message, and where it begins; the last one may be cut."""
    first = _EVENT.search(data)
    while first is not None:
        closing = b"</" + first["tag"]
        end = data.find(closing, first.end())
        close = data.find(b">", end) if end >= 0 else -1
        event = data[first.start() : close + 1] if close >= 0 else data[first.start() :]
        if b"MessageLogTraceRecord" in event:
            yield first.start(), event
        first = _EVENT.search(data, close + 1) if close >= 0 else None


def _message(source: Source, at: int, event: bytes) -> tuple[bool, Half] | Item:
    """Whether it was logged by the transport, and the message."""
    place = source.line(at)
    try:
        root = safexml.parse(event, huge=True)
    except WireError as problem:
        fr, en = (f"événement coupé ou illisible : {problem.message('fr')}", problem.message("en"))
        return source.unread(place, fr, f"event cut or unreadable: {en}")
    record = next(iter([root] if _is(root) else root.iter(f"{{{_RECORD}}}MessageLogTraceRecord")), None)
    envelope = None if record is None else next((item for item in record if _named(item, "Envelope")), None)
    if record is None or envelope is None:
        return source.unread(
            place,
            "aucune enveloppe : « logEntireMessage » était-il actif ?",
            "no envelope: was “logEntireMessage” on?",
        )
    asked, answered = (_child(record, name) for name in ("HttpRequest", "HttpResponse"))
    level = record.get("Source", "")
    is_request = asked is not None or (answered is None and _looks_asked(level, envelope))
    headers, marks = _headers(asked if is_request else answered), {RESERIALISED}
    if not header(headers, "Content-Type") or header(headers, "Content-Type").lower().startswith(
        "multipart/"
    ):
        # The parts are inside the envelope now: what it is no longer is what was announced.
        headers = (
            *(pair for pair in headers if pair[0].lower() != "content-type"),
            ("Content-Type", _kind(envelope)),
        )
        marks.add(SUPPOSED)
    to = safexml.value(record, "*[local-name()='Addressing']/*[local-name()='To']") or safexml.value(
        envelope, "soap:Header/wsa:To"
    )
    if is_request and to and not header(headers, "Host"):
        headers = (("Host", host_of(to)), *headers)
    half = Half(
        "request" if is_request else "response",
        place,
        _bytes(event, envelope),
        headers,
        safexml.text(_child(asked, "Method")) or "POST",
        path_of(to) if to else "",
        _status(answered, envelope),
        _activity(event),
        _moment(record.get("Time", "")),
        frozenset(marks),
    )
    return level.startswith("Transport"), half


def _bytes(event: bytes, envelope: etree._Element) -> bytes:
    """The envelope as the log has it, when it stands alone; else written anew."""
    found = envelope_in(event)
    if found is None:
        return safexml.serialize(envelope)
    try:
        safexml.parse(found, huge=True)
    except WireError:  # it needs the namespaces of what is around it
        return safexml.serialize(envelope)
    return found


def _is(element: etree._Element) -> bool:
    return element.tag == f"{{{_RECORD}}}MessageLogTraceRecord"


def _named(element: etree._Element, name: str) -> bool:
    return isinstance(element.tag, str) and etree.QName(element).localname == name


def _child(element: etree._Element | None, name: str) -> etree._Element | None:
    return None if element is None else next((item for item in element if _named(item, name)), None)


def _looks_asked(level: str, envelope: etree._Element) -> bool:
    if level in _REQUESTS:
        return True
    if level.endswith("Reply"):
        return False
    return not safexml.value(envelope, "soap:Header/wsa:RelatesTo")


def _headers(element: etree._Element | None) -> Headers:
    """WebHeaders: an element a header."""
    web = _child(element, "WebHeaders")
    return () if web is None else tuple((etree.QName(item).localname, safexml.text(item)) for item in web)


def _kind(envelope: etree._Element) -> str:
    soap12 = etree.QName(envelope).namespace == "http://www.w3.org/2003/05/soap-envelope"
    return "application/soap+xml; charset=utf-8" if soap12 else "text/xml; charset=utf-8"


def _status(answered: etree._Element | None, envelope: etree._Element) -> int:
    """WCF writes the name of the status (`InternalServerError`) or its number."""
    told = safexml.text(_child(answered, "StatusCode"))
    if told.isdigit():
        return int(told)
    names = {status.name.replace("_", "").lower(): status.value for status in HTTPStatus}
    fault = bool(safexml.xpath(envelope, "soap:Body/soap:Fault"))
    return names.get(told.lower(), 500 if fault else 200)


def _activity(event: bytes) -> str:
    found = _ACTIVITY.search(event)
    key = found[1].decode().lower() if found else ""
    return "" if key == _NOBODY else key


def _moment(stamp: str) -> datetime | None:
    """`2026-01-15T09:30:00.1234567+01:00`: seven digits, one more than Python reads."""
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


READER: Final = Wcf()
