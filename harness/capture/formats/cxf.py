"""Logs of Apache CXF, both kinds: the logging interceptors (a block a message) and the logging feature (REQ_OUT…).

A log is text: the bytes of a message are those of the log, and what CXF left out (limit, binary content) is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from harness.capture.formats.api import Half, Item, Side, Source, kept_as
from harness.capture.formats.http_text import host_of, path_of
from protocol.exchange import RESERIALISED, Headers, header

#: A block of the interceptors; the rule of dashes that ends it is 38 long.
_BLOCK: Final = re.compile(rb"\b(?P<way>Inbound|Outbound) Message[ \t]*\r?\n-{10,}[ \t]*\r?\n", re.MULTILINE)
_BLOCK_END: Final = re.compile(rb"\r?\n-{30,}[ \t]*(?=\r?\n|\Z)")
#: An event of the feature. Faults are messages too.
_EVENT: Final = re.compile(
    rb"\b(?P<kind>REQ|RESP|FAULT)_(?P<way>IN|OUT)\b(?=[ \t]*\r?\n[ \t]+[A-Z][A-Za-z-]+: |[ \t]+(?:Address|HttpMethod|"
    rb"Content-Type|ResponseCode|ExchangeId|ServiceName|PortName|Headers|Payload): )"
)
_FIELD: Final = re.compile(
    rb"(?:^|(?<=\s))(?P<name>ID|Address|Response-Code|ResponseCode|Encoding|Http-Method|HttpMethod|Content-Type|"
    rb"ExchangeId|MessageId|ServiceName|PortName|PortTypeName|OperationName|Headers|Messages?|Payload): ?"
)
#: `Name=[value]` of the interceptors, `Name=value` of the feature: up to the next name.
_ENTRY: Final = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(.*?)\s*(?=,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+=|\Z)", re.DOTALL
)
_STAMP: Final = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
)
_LEFT_OUT: Final = (
    (b"message truncated to", "message coupé par CXF (limit)", "message cut by CXF (limit)"),
    (b"--- Binary Content ---", "contenu binaire omis par CXF", "binary content left out by CXF"),
    (b"--- Content suppressed ---", "contenu omis par CXF", "content left out by CXF"),
    (b"--- Multipart Content ---", "contenu multipart omis par CXF", "multipart content left out by CXF"),
)


class Cxf:
    """`--format cxf`."""

    name: Final = "cxf"
    rank: Final = 30

    def recognises(self, source: Source) -> bool:
        return _BLOCK.search(source.head) is not None or _EVENT.search(source.head) is not None

    def read(self, source: Source) -> Iterator[Item]:
        data, at = source.data, 0
        starts = sorted([*_BLOCK.finditer(data), *_EVENT.finditer(data)], key=lambda found: found.start())
        for rank, begin in enumerate(starts):
            if begin.start() < at:  # inside the message before
                continue
            end, ruled = starts[rank + 1].start() if rank + 1 < len(starts) else len(data), False
            if begin.re is _BLOCK and (rule := _BLOCK_END.search(data, begin.end(), end)) is not None:
                end, ruled = rule.start(), True
            item, at = _message(source, begin, end, ruled)
            if item is not None:
                yield item


def _message(source: Source, begin: re.Match[bytes], end: int, ruled: bool) -> tuple[Item | None, int]:
    """The message and where to go on."""
    place = source.line(begin.start())
    fields, at = _fields(source.data, begin.end(), end)
    if at < 0:
        said = b" ".join(fields.get("Messages", b"").split())[:100].decode("utf-8", "replace")
        why = source.unread(
            place, f"message sans contenu (Payload) {said}", f"message without Payload {said}"
        )
        return why, end
    payload = source.data[at:end]
    for mark, fr, en in _LEFT_OUT:
        if mark in source.data[begin.end() : at + 200] or mark in payload[-200:]:
            return source.unread(place, fr, en), end
    kind = fields.get("Content-Type", b"").decode("latin-1")
    body = payload if ruled else _whole(payload, kind)
    headers = _headers(fields.get("Headers", b"").decode("latin-1"), kind)
    marks = kept_as(body, headers) | ({RESERIALISED} if source.recoded else set())
    address = fields.get("Address", b"").decode("latin-1")
    status = fields.get("Response-Code", fields.get("ResponseCode", b"")).decode("latin-1")
    side = _side(begin, status, bool(address))
    if side == "request" and address and not header(headers, "Host"):
        headers = (("Host", host_of(address)), *headers)
    return (
        Half(
            side,
            place,
            body,
            headers,
            fields.get("Http-Method", fields.get("HttpMethod", b"POST")).decode("latin-1"),
            path_of(address) if address else "",
            int(status) if status.isdigit() else 200 if b"FAULT" not in begin.group() else 500,
            fields.get("ExchangeId", fields.get("ID", b"")).decode("latin-1"),
            _moment(source.data, begin.start()),
            frozenset(marks),
        ),
        at + len(body),
    )


def _fields(data: bytes, at: int, end: int) -> tuple[dict[str, bytes], int]:
    """What stands before the payload, and where that begins; -1 when there is none."""
    found: dict[str, bytes] = {}
    before: re.Match[bytes] | None = None
    for match in _FIELD.finditer(data, at, end):
        if before is not None:
            found.setdefault(before["name"].decode(), data[before.end() : match.start()].strip())
        if match["name"] == b"Payload":
            return found, match.end()
        before = match
    if before is not None:
        found.setdefault(before["name"].decode(), data[before.end() : end].strip())
    return found, -1


def _whole(payload: bytes, kind: str) -> bytes:
    """The payload without the lines of log after it: to the end of the envelope or of the multipart."""
    boundary = re.search(r'boundary="?([^";]+)', kind)
    if boundary:
        closing = b"--" + boundary[1].encode("latin-1") + b"--"
        end = payload.find(closing)
        if end >= 0:
            end += len(closing)
            return payload[: end + 2 * payload.startswith(b"\r\n", end)]
    elif (end := payload.rfind(b"Envelope>")) >= 0:
        return payload[: end + len(b"Envelope>")]
    return payload.rstrip(b"\r\n")


def _headers(text: str, kind: str) -> Headers:
    inside = text.strip().removeprefix("{").removesuffix("}")
    found = []
    for name, value in _ENTRY.findall(inside):
        bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
        found.append((name, bare.strip()))
    if kind and not any(name.lower() == "content-type" for name, _ in found):
        found.append(("Content-Type", kind))
    return tuple(found)


def _side(begin: re.Match[bytes], status: str, address: bool) -> Side:
    if begin.re is _EVENT:
        return "request" if begin["kind"] == b"REQ" else "response"
    if status:
        return "response"
    return "request" if address or begin["way"] == b"Outbound" else "response"


def _moment(data: bytes, at: int) -> datetime | None:
    """A stamp with its time zone, on the line or the one before; without a zone it could be hours off."""
    start = data.rfind(b"\n", 0, max(data.rfind(b"\n", 0, at), 0)) + 1
    stamps = _STAMP.findall(data, start, at)
    if not stamps:
        return None
    return datetime.fromisoformat(stamps[-1].decode().replace(",", ".").replace("Z", "+00:00"))


READER: Final = Cxf()
