"""HTTP as text: start lines, headers, bodies, wherever they stand in a log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from protocol.exchange import Headers, header

START: Final = re.compile(
    rb"^[ \t]*(?:(?P<method>POST|GET|PUT|DELETE|HEAD|OPTIONS) (?P<target>\S+) HTTP/[12](?:\.[01])?"
    rb"|HTTP/[12](?:\.[01])? (?P<status>[1-5][0-9]{2})(?: [^\r\n]*)?)\r?$",
    re.MULTILINE,
)
_HEADER: Final = re.compile(rb"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
#: What stands between two messages, and what shows that a body goes on.
_RULE: Final = re.compile(rb"[\s=-]*")
_MORE: Final = re.compile(rb"Envelope>|^--\S+--\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Found:
    """One message in a log: where it begins and ends, and its parts."""

    start: int
    end: int
    method: str
    target: str
    status: int
    headers: Headers
    body: bytes


def message_at(data: bytes, match: re.Match[bytes], limit: int) -> Found:
    """The message whose start line was found; it ends at `limit` at the latest."""
    at, headers = _headers(data, match.end() + 1, limit)
    body, end = _body(data, at, limit, headers)
    method = (match["method"] or b"").decode("ascii")
    return Found(
        match.start(),
        end,
        method,
        path_of((match["target"] or b"").decode("latin-1")),
        int(match["status"] or 0),
        headers,
        body,
    )


def path_of(target: str) -> str:
    """Path and query of a target in any form."""
    if target.startswith("/"):
        return target
    try:
        parts = urlsplit(target)
    except ValueError:
        return target
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def host_of(address: str) -> str:
    """Host and port of an address, "" when it has none."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _headers(data: bytes, at: int, limit: int) -> tuple[int, Headers]:
    """Where the body begins, and the headers before it."""
    found: list[tuple[str, str]] = []
    while at < limit:
        end = data.find(b"\n", at, limit)
        end = limit if end < 0 else end
        line = data[at:end].rstrip(b"\r")
        if not line.strip():
            return min(end + 1, limit), tuple(found)
        header_line = _HEADER.fullmatch(line)
        if header_line is None:
            return at, tuple(found)
        found.append((header_line[1].decode("ascii"), header_line[2].strip().decode("latin-1")))
        at = end + 1
    return limit, tuple(found)


def _body(data: bytes, at: int, limit: int, headers: Headers) -> tuple[bytes, int]:
    """The body and where it ends: by its chunks, by its length when the log kept it, else by what follows."""
    length = header(headers, "Content-Length").strip()
    if "chunked" in header(headers, "Transfer-Encoding").lower():
        whole = _chunks(data, at)
        if whole is not None:
            return whole
    elif length.isdigit() and len(length) < 12 and (end := at + int(length)) <= len(data):
        rest = _RULE.match(data, end)
        followed = rest is None or rest.end() == len(data) or START.match(data, rest.end())
        if followed or (end <= limit and not _MORE.search(data, end, limit)):
            return data[at:end], max(end, at)
    return _unframed(data[at:limit]), limit


def _unframed(text: bytes) -> bytes:
    """What is left to the next message, without the rule of dashes that many tools write between two."""
    bare = text.rstrip(b"\r\n")
    start = bare.rfind(b"\n") + 1
    if len(bare) - start >= 5 and not bare[start:].strip(b"-= \t"):
        return bare[:start].rstrip(b"\r\n")
    return bare


def _chunks(data: bytes, at: int) -> tuple[bytes, int] | None:
    """The chunks put together and where they end; None when they are not chunks (most logs undo them)."""
    pieces: list[bytes] = []
    while True:
        size = _CHUNK.match(data, at)
        if size is None:
            return None
        at, length = size.end(), int(size[1], 16)
        if length == 0:
            return b"".join(pieces), at
        if at + length > len(data):
            return None
        pieces.append(data[at : at + length])
        at += length
        if data[at : at + 2] == b"\r\n":
            at += 2
        elif data[at : at + 1] == b"\n":
            at += 1
        else:
            return None
