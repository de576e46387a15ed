"""SoapUI projects and exports: the requests of interfaces and test steps, the responses of mock services.

A project holds texts that somebody wrote or pasted, not what crossed a wire: bytes and most headers are supposed.
Requests and responses of one operation go together, in their order. Raw messages saved from SoapUI are plain HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from lxml import etree

from harness.capture.formats.api import Half, Item, Source
from harness.capture.formats.http_text import host_of, path_of
from harness.capture.formats.supposing import supposed_kind
from protocol import safexml
from protocol.errors import WireError
from protocol.exchange import RESERIALISED, SUPPOSED, Headers

_CONFIG: Final = "http://eviware.com/soapui/config"
_C: Final = f"{{{_CONFIG}}}"
_MARKS: Final = frozenset({RESERIALISED, SUPPOSED})


class SoapUi:
    """`--format soapui`."""

    name: Final = "soapui"
    rank: Final = 15

    def recognises(self, source: Source) -> bool:
        return _CONFIG.encode() in source.head

    def read(self, source: Source) -> Iterator[Item]:
        try:
            root = safexml.parse(source.data, max_bytes=len(source.data), huge=True)
        except WireError as problem:
            yield source.unread(problem.field or "line 1", problem.message("fr"), problem.message("en"))
            return
        asked: Counter[str] = Counter()
        answered: Counter[str] = Counter()
        for element in root.iter(f"{_C}request", f"{_C}mockResponse", f"{_C}response"):
            place = f"line {element.sourceline}"
            if element.tag == f"{_C}mockResponse":
                yield from _response(source, element, place, answered)
            elif element.tag == f"{_C}request" and not len(element) and _text(element):
                yield _request(element, place, asked)


def _request(element: etree._Element, place: str, seen: Counter[str]) -> Half:
    """`con:request` in a `con:call` or in the `con:request` of a test step, beside its `con:endpoint`."""
    body, holder = _text(element).encode(), element.getparent()
    assert holder is not None  # noqa: S101 - a childless root has no text that is an envelope
    operation = _operation(holder)
    seen[operation] += 1
    address = safexml.text(holder.find(f"{_C}endpoint"))
    headers: Headers = (("Content-Type", supposed_kind(body)),)
    if address:
        headers = (("Host", host_of(address)), *headers)
    target = path_of(address) if address else ""
    return Half(
        "request", place, body, headers, target=target, key=f"{operation}#{seen[operation]}", marks=_MARKS
    )


def _response(source: Source, element: etree._Element, place: str, seen: Counter[str]) -> Iterator[Item]:
    """`con:mockResponse`: its content in an element, or in an attribute."""
    content = _text(element.find(f"{_C}responseContent")) or element.get("responseContent", "")
    if not content.strip():
        name = element.get("name", "")
        yield source.unread(
            place, f"mockResponse sans contenu : {name}", f"mockResponse without content: {name}"
        )
        return
    body = content.encode()
    operation = _operation(element)
    seen[operation] += 1
    entries = element.iterfind(f"{_C}responseHeaders/{_C}entry")
    headers = tuple((entry.get("key", ""), entry.get("value", "")) for entry in entries)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", supposed_kind(body)))
    told = element.get("httpResponseStatus", "200")
    status = int(told) if told.isdigit() else 200
    yield Half(
        "response", place, body, headers, status=status, key=f"{operation}#{seen[operation]}", marks=_MARKS
    )


def _operation(element: etree._Element) -> str:
    """The operation that the element is about: its own child, or the nearest parent that names one."""
    own = safexml.text(element.find(f"{_C}operation"))
    if own:
        return own
    for holder in element.iterancestors():
        if holder.tag == f"{_C}mockOperation":
            return holder.get("operation", "") or holder.get("name", "")
        if holder.tag == f"{_C}operation":
            return holder.get("name", "")
        if named := safexml.text(holder.find(f"{_C}operation")):
            return named
    return ""


def _text(element: etree._Element | None) -> str:
    """The text whole, its white space with it."""
    return "" if element is None else str(element.xpath("string()"))


READER: Final = SoapUi()
