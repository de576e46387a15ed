"""An exchange as a page shows it: indented, without namespace declarations, long values cut and marked with `…`.

What changes from one run to the next (identifiers, moments, boundaries) is replaced by stand-ins, the same one
for the same value, so that two runs of one case read alike. For readers only: nothing is judged on this text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness.checks.judged import Declared, Judged, Piece
from protocol import facts
from protocol.exchange import Exchange, header
from protocol.transactions import Transaction

Side = Literal["request", "response"]

_PREFIXES: Final = {uri: prefix for prefix, uri in facts.NS.items()} | {
    "http://www.w3.org/XML/1998/namespace": "xml"
}
_WIDTH: Final = 110
_LINES: Final = 110
_LAST: Final = 15
_STYLE: Final = re.compile(rb"<style>.*?</style>", re.DOTALL)
_LONGEST: Final = 160
_SHOWN: Final = 60
#: Parts of the header that every call carries and one page describes.
_COMMON: Final = frozenset(
    f"{{{uri}}}{name}"
    for uri, name in (
        (facts.WSA, "MessageID"),
        (facts.WSA, "To"),
        (facts.WSA, "From"),
        (facts.WSA, "RelatesTo"),
        (facts.WSA, "ReplyTo"),
        (facts.WSSE, "Security"),
    )
)
_ELSEWHERE: Final = "<!-- MessageID, To, RelatesTo or ReplyTo and VIHF: see TD0.1 -->"


def exchange_text(exchange: Exchange, transaction: Transaction) -> tuple[str, str]:
    """(request, response) as text; the response is "" when none came."""
    steady = _Steady(exchange.started)
    asked = _lines(exchange, "request", transaction)
    answered = _lines(exchange, "response", transaction) if exchange.response is not None else []
    return steady("\n".join(_shortened(asked))), steady("\n".join(_shortened(answered)))


def _shortened(lines: list[str]) -> list[str]:
    """Beginning and end of what is too long to read."""
    if len(lines) <= _LINES:
        return lines
    return [*lines[: _LINES - _LAST], f"… {len(lines) - _LINES} lines …", *lines[-_LAST:]]


def _lines(exchange: Exchange, side: Side, transaction: Transaction) -> list[str]:
    view = Judged(exchange, side, transaction, Declared())
    answer = exchange.response
    if side == "request":
        headers = exchange.request.headers
        target = _SESSION.sub("", unquote(exchange.request.target))
        head = f"{exchange.request.method} {target} HTTP/1.1"
    else:
        headers = answer.headers if answer else ()
        head = f"HTTP/1.1 {answer.status if answer else ''}"
    kind = header(headers, "Content-Type")
    lines = [head, *([f"Content-Type: {kind}"] if kind else []), ""]
    if kind.lower().startswith("multipart/"):
        return [*lines, *_multipart(view)]
    if view.root is None:
        body = exchange.request.body if side == "request" else answer.body if answer else b""
        return [*lines, *_plain(_STYLE.sub("<style>…</style>".encode(), body))]
    return [*lines, *_element(view.root, 0)]


def _plain(body: bytes) -> list[str]:
    text = body.decode("utf-8", "replace")
    if not text.isprintable() and "\n" not in text:
        return [f"… {len(body)} bytes: {text[:_SHOWN]!a}…"] if text else []
    return [_cut(line.rstrip()) for line in text.splitlines() if line.strip()]


def _multipart(view: Judged) -> Iterator[str]:
    boundary = view.parameters.get("boundary", "")
    for part in view.parts:
        yield f"--{boundary}"
        yield from (f"{name}: {value}" for name, value in part.headers if name.lower().startswith("content-"))
        yield ""
        if part is view.start and view.root is not None:
            yield from _element(view.root, 0)
        else:
            yield _attachment(part)
    yield f"--{boundary}--"


def _attachment(part: Piece) -> str:
    text = part.data[: _SHOWN * 2].decode("utf-8", "replace")
    start = " ".join(re.sub(r"<\?xml[^>]*\?>", "", text).split())[:_SHOWN]
    return f"… {len(part.data)} bytes: {start if start.isprintable() else '(binary)'}…"


def _element(node: etree._Element, depth: int) -> Iterator[str]:
    pad, tag = "  " * depth, _name(str(node.tag))
    opening = "".join(
        [
            f"{pad}<{tag}",
            *(f" {_name(str(name))}={quoteattr(_cut(value))}" for name, value in node.attrib.items()),
        ]
    )
    children = [child for child in node if isinstance(child.tag, str)]
    text = escape(_cut(" ".join((node.text or "").split())))
    if not children:
        yield f"{opening}>{text}</{tag}>" if text else f"{opening}/>"
        return
    inner = list(_children(node, children, depth))
    flat = f"{opening}>{text}{''.join(line.strip() for line in inner)}</{tag}>"
    if len(flat) <= _WIDTH and depth > 1:
        yield flat
        return
    yield from (f"{opening}>{text}", *inner, f"{pad}</{tag}>")


def _children(node: etree._Element, children: list[etree._Element], depth: int) -> Iterator[str]:
    in_header = node.tag in (f"{{{facts.SOAP12}}}Header", f"{{{facts.SOAP11}}}Header")
    told = False
    for child in children:
        if in_header and child.tag in _COMMON:
            if not told:
                yield "  " * (depth + 1) + _ELSEWHERE
            told = True
            continue
        yield from _element(child, depth + 1)


def _name(tag: str) -> str:
    name = etree.QName(tag)
    prefix = _PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_SHOWN]}… ({len(value)} characters)"


class _Steady:
    """Replaces what differs from run to run. The same value has the same stand-in."""

    def __init__(self, started: datetime) -> None:
        self._started = started.astimezone(UTC)
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        for pattern, stand_in in self._rules():
            text = pattern.sub(stand_in, text)
        return text

    def _rules(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]:
        return (
            (_UUID, self._numbered("uuid", "00000000-0000-4000-8000-{:012d}")),
            (_UUID_OID, self._numbered("oid", "2.25.10000000000000000000000000000000{:05d}")),
            (_BOUNDARY, self._numbered("boundary", "boundary_{:d}")),
            (_DIGEST, self._numbered("digest", "{:040x}")),
            (_HL7_TIME, self._moment("%Y%m%d%H%M%S", "20260131083000")),
            (_ISO_TIME, self._moment("%Y-%m-%dT%H:%M:%S", "2026-01-31T08:30:00Z")),
        )

    def _numbered(self, kind: str, form: str) -> Callable[[re.Match[str]], str]:
        def stand_in(found: re.Match[str]) -> str:
            if found[0] not in self._known:
                self._counts[kind] = self._counts.get(kind, 0) + 1
                self._known[found[0]] = form.format(self._counts[kind])
            return self._known[found[0]]

        return stand_in

    def _moment(self, form: str, stand_in: str) -> Callable[[re.Match[str]], str]:
        """A moment near the exchange is that of the run; another one is data and stays."""

        def replace(found: re.Match[str]) -> str:
            try:
                moment = datetime.strptime(found[1], form).replace(tzinfo=UTC)
            except ValueError:
                return found[0]
            return stand_in if abs(moment - self._started) < timedelta(days=2) else found[0]

        return replace


_SESSION: Final = re.compile(r"^/s/[^/]+(?=/)")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_OID: Final = re.compile(r"\b2\.25\.[0-9]{20,39}\b")
_BOUNDARY: Final = re.compile(r"(?<=boundary=\")[^\"]+|(?<=^--)[^\s]+?(?=(?:--)?$)", re.MULTILINE)
_DIGEST: Final = re.compile(r"\b[0-9a-f]{40}\b")
_HL7_TIME: Final = re.compile(r"\b([0-9]{14})\b")
_ISO_TIME: Final = re.compile(
    r"\b([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(?:Z|\+00:00)"
)
