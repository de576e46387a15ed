"""What an authority looks up on the server: unique ids of documents and lots, patients, and the ids of the messages.

Read from the bytes of a frame by their form, so that a message no parser takes still gives its identifiers. Nothing is
judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any, Final

from protocol.exchange import Exchange
from protocol.facts import DE_UNIQUE_ID, SS_UNIQUE_ID

_EXTERNAL: Final = re.compile(rb"<(?:[\w.-]+:)?ExternalIdentifier\b[^>]*>")
_SCHEME: Final = re.compile(rb"""identificationScheme\s*=\s*["']([^"']*)["']""")
_VALUE: Final = re.compile(rb"""(?<![\w:])value\s*=\s*["']([^"']*)["']""")
_RETRIEVED: Final = re.compile(rb"<(?:[\w.-]+:)?DocumentUniqueId\b[^>]*>\s*([^<\s]+)\s*<")
#: The domain of a CX first: looking for the digits before it everywhere costs twenty times as much.
_DOMAIN: Final = re.compile(rb"\^\^\^&(?:amp;)?(1\.2\.250\.1\.213\.1\.4\.[0-9]+)&(?:amp;)?ISO")
_NUMBER: Final = re.compile(rb"(?:[0-9]{22}|[0-9]{6}[0-9AB][0-9]{8})\Z")
_LONGEST: Final = 22
_HL7: Final = re.compile(
    rb"""<(?:[\w.-]+:)?(?:id|value)\s[^>]*?root\s*=\s*["'](1\.2\.250\.1\.213\.1\.4\.[0-9]+)["'][^>]*?"""
    rb"""extension\s*=\s*["']([0-9]{6}[0-9AB][0-9]{8}|[0-9]{22})["']"""
)
_MESSAGE: Final = re.compile(rb"<(?:[\w.-]+:)?(MessageID|RelatesTo)\b[^>]*>\s*([^<\s]+)\s*<")
_KINDS: Final = {DE_UNIQUE_ID: "documents", SS_UNIQUE_ID: "sets"}


def of_frame(exchange: Exchange) -> dict[str, list[str]]:
    """`documents` and `sets` (unique ids), `patients` (`number^^^&domain&ISO`), each sorted, each once."""
    found: dict[str, set[str]] = {"documents": set(), "sets": set(), "patients": set()}
    for body in _bodies(exchange):
        for tag in _EXTERNAL.findall(body):
            scheme, value = _SCHEME.search(tag), _VALUE.search(tag)
            if scheme and value and (kind := _KINDS.get(_text(scheme[1]))):
                found[kind].add(_text(value[1]))
        found["documents"] |= {_text(value) for value in _RETRIEVED.findall(body)}
        found["patients"] |= set(_patients(body))
        found["patients"] |= {f"{_text(number)}^^^&{_text(oid)}&ISO" for oid, number in _HL7.findall(body)}
    return {kind: sorted(values) for kind, values in found.items() if values}


def trace(exchange: Exchange) -> dict[str, str]:
    """Ids under which the platform may know the exchange: our own, those of the messages, the session of the mock."""
    told = {"exchange": exchange.id, "session": exchange.session}
    for side, body in zip(("sent", "answered"), _bodies(exchange), strict=False):
        for name, value in _MESSAGE.findall(body):
            told.setdefault(f"{side}_{_text(name)}", _text(value))
    return {name: value for name, value in told.items() if value}


def together(frames: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Those of all the frames of a case."""
    found: dict[str, set[str]] = {}
    for item in frames:
        for kind, values in item.get("identifiers", {}).items():
            found.setdefault(kind, set()).update(values)
    return {kind: sorted(values) for kind, values in sorted(found.items())}


def _bodies(exchange: Exchange) -> tuple[bytes, ...]:
    return (exchange.request.body, exchange.response.body if exchange.response else b"")


def _patients(body: bytes) -> Iterator[str]:
    for domain in _DOMAIN.finditer(body):
        at = domain.start()
        if number := _NUMBER.search(body, max(0, at - _LONGEST), at):
            yield f"{_text(number[0])}^^^&{_text(domain[1])}&ISO"


def _text(raw: bytes) -> str:
    return unescape(raw.decode("utf-8", "replace"))
