"""HAR (HTTP Archive 1.2): what browsers and proxies export. Bodies in base64 are bytes; text went through JSON.

Some tools write base64 in requests too (`encoding`), which the format knows for responses only: read as well.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from harness.capture.formats.api import Half, Item, Pair, Source, kept_as
from harness.capture.formats.http_text import path_of
from protocol import jsonread
from protocol.exchange import RESERIALISED, Headers, header

_MAX_STATUS: Final = 999


class _Odd(Exception):
    """An entry that is not as HAR has it; its words are for a reader."""


class Har:
    """`--format har`."""

    name: Final = "har"
    rank: Final = 10

    def recognises(self, source: Source) -> bool:
        head = source.head.lstrip()
        return head.startswith(b"{") and b'"log"' in head and (b'"entries"' in head or b'"creator"' in head)

    def read(self, source: Source) -> Iterator[Item]:
        try:
            entries = jsonread.loads(source.data)["log"]["entries"]
            if not isinstance(entries, list):
                raise TypeError("entries")
        except (ValueError, KeyError, TypeError, RecursionError) as problem:
            yield source.unread("log.entries", f"HAR illisible : {problem}", f"unreadable HAR: {problem}")
            return
        for rank, entry in enumerate(entries):
            place = f"log.entries[{rank}]"
            try:
                yield _pair(entry, place, source.recoded)
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, _Odd) as problem:
                why = f"{type(problem).__name__}: {problem}"
                yield source.unread(place, f"entrée illisible : {why}", f"unreadable entry: {why}")


def _pair(entry: dict[str, Any], place: str, recoded: bool) -> Pair:
    asked, answered = entry["request"], entry["response"]
    headers = _headers(asked)
    posted = asked.get("postData") or {}
    body, marks = _body(posted, headers, asked.get("bodySize", -1), recoded)
    if not posted and asked.get("bodySize", 0) > 0:
        raise _Odd(f"request body left out ({asked['bodySize']} B)")
    at = _moment(entry.get("startedDateTime"))
    request = Half(
        "request",
        f"{place}.request",
        body,
        headers,
        _text(asked["method"]),
        path_of(_text(asked["url"])),
        at=at,
        marks=marks,
    )
    status = int(answered.get("status", 0))
    if not 0 <= status <= _MAX_STATUS:
        raise _Odd(f"status {status}")
    if status == 0:  # how the format says that nothing came
        return Pair(request, None, _text(answered.get("_error") or "no response"))
    headers = _headers(answered)
    content = answered.get("content") or {}
    if not content.get("text") and content.get("size", 0) > 0:
        return Pair(request, None, f"response body left out ({content['size']} B)")
    body, marks = _body(content, headers, content.get("size", -1), recoded)
    return Pair(request, Half("response", f"{place}.response", body, headers, status=status, marks=marks))


def _text(value: object) -> str:
    """Raises ValueError for half of a surrogate pair: JavaScript writes some, no file of ours holds one."""
    found = str(value)
    found.encode()
    return found


def _body(
    content: dict[str, Any], headers: Headers, size: object, recoded: bool
) -> tuple[bytes, frozenset[str]]:
    text = content.get("text") or ""
    if not isinstance(text, str):
        raise _Odd("text")
    coded = header(headers, "Content-Encoding").strip().lower() not in ("", "identity")
    if content.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True), frozenset({RESERIALISED} if coded else ())
        except binascii.Error as problem:
            raise _Odd(f"base64: {problem}") from problem
    data = text.encode(_charset(content, headers), "replace")
    marks = kept_as(data, headers)
    if marks and size == len(data) and data and not coded and "\ufffd" not in text:
        marks = frozenset()  # the length that the tool saw on the wire
    return data, marks if text and not recoded else frozenset({RESERIALISED} if text else ())


def _charset(content: dict[str, Any], headers: Headers) -> str:
    kind = header(headers, "Content-Type") or str(content.get("mimeType", ""))
    named = kind.lower().partition("charset=")[2].partition(";")[0].strip(' "')
    return named if named in ("iso-8859-1", "iso-8859-15", "windows-1252", "utf-16") else "utf-8"


def _headers(message: dict[str, Any]) -> Headers:
    """Without the pseudo-headers of HTTP/2."""
    pairs = ((_text(item["name"]), _text(item["value"])) for item in message.get("headers", []))
    return tuple((name, value) for name, value in pairs if not name.startswith(":"))


def _moment(stamp: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


READER: Final = Har()
