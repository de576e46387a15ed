"""An exchange as a page shows it: indented, without namespace declarations, long values cut and marked with `…`.

What changes from one run to the next is replaced (`harness.stand_ins`), so that two runs of one case read alike.
For readers only: nothing is judged on this text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, Literal
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness.checks.judged import Declared, Judged, Piece
from harness.stand_ins import Steady
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
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")
_LONGEST: Final = 160
_LONGEST_LINE: Final = 400
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
_SESSION: Final = re.compile(r"^/s/[^/]+(?=/)")
_ELSEWHERE: Final = "<!-- MessageID, To, RelatesTo or ReplyTo and VIHF: see TD0.1 -->"


def exchange_text(exchange: Exchange, transaction: Transaction, *, whole: bool = False) -> tuple[str, str]:
    """(request, response) as text; the response is "" when none came.

    `whole`: with the common part of the header, VIHF included, which is left out otherwise.
    """
    steady = Steady(exchange.started, exchange.session)
    asked = _lines(exchange, "request", transaction, frozenset() if whole else _COMMON)
    answered = []
    if exchange.response is not None:
        answered = _lines(exchange, "response", transaction, frozenset() if whole else _COMMON)
    return steady("\n".join(_shortened(asked))), steady("\n".join(_shortened(answered)))


def _shortened(lines: list[str]) -> list[str]:
    """Beginning and end of what is too long to read."""
    if len(lines) <= _LINES:
        return lines
    return [*lines[: _LINES - _LAST], f"… {len(lines) - _LINES} lines …", *lines[-_LAST:]]


def _lines(exchange: Exchange, side: Side, transaction: Transaction, hidden: Collection[str]) -> list[str]:
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
        return [*lines, *_multipart(view, hidden)]
    if view.root is None:
        body = exchange.request.body if side == "request" else answer.body if answer else b""
        return [*lines, *_plain(_STYLE.sub("<style>…</style>".encode(), body))]
    return [*lines, *_element(view.root, 0, hidden)]


def _plain(body: bytes) -> list[str]:
    text = body.decode("utf-8", "replace")
    if not text.isprintable() and "\n" not in text:
        return [f"… {len(body)} bytes: {text[:_SHOWN]!a}…"] if text else []
    return [_cut(line.rstrip(), _LONGEST_LINE) for line in text.splitlines() if line.strip()]


def _multipart(view: Judged, hidden: Collection[str]) -> Iterator[str]:
    boundary = view.parameters.get("boundary", "")
    for part in view.parts:
        yield f"--{boundary}"
        yield from (f"{name}: {value}" for name, value in part.headers if name.lower().startswith("content-"))
        yield ""
        if part is view.start and view.root is not None:
            yield from _element(view.root, 0, hidden)
        else:
            yield _attachment(part)
    yield f"--{boundary}--"


def _attachment(part: Piece) -> str:
    text = part.data[: _SHOWN * 2].decode("utf-8", "replace")
    start = " ".join(re.sub(r"<\?xml[^>]*\?>", "", text).split())[:_SHOWN]
    return f"… {len(part.data)} bytes: {start if start.isprintable() else '(binary)'}…"


def _element(node: etree._Element, depth: int, hidden: Collection[str]) -> Iterator[str]:
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
    inner = list(_children(node, children, depth, hidden))
    flat = f"{opening}>{text}{''.join(line.strip() for line in inner)}</{tag}>"
    if len(flat) <= _WIDTH and depth > 1:
        yield flat
        return
    yield from (f"{opening}>{text}", *inner, f"{pad}</{tag}>")


def _children(
    node: etree._Element, children: list[etree._Element], depth: int, hidden: Collection[str]
) -> Iterator[str]:
    in_header = node.tag in (f"{{{facts.SOAP12}}}Header", f"{{{facts.SOAP11}}}Header")
    told = False
    for child in children:
        if in_header and child.tag in hidden:
            if not told:
                yield "  " * (depth + 1) + _ELSEWHERE
            told = True
            continue
        yield from _element(child, depth + 1, hidden)


def _name(tag: str) -> str:
    name = etree.QName(tag)
    prefix = _PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


def _cut(value: str, longest: int = _LONGEST) -> str:
    if len(value) <= longest:
        return value
    # Keys and signatures: their beginning tells nothing and is another one at each run.
    shown = "" if _BASE64.fullmatch(value) else value[:_SHOWN]
    return f"{shown}… ({len(value)} characters)"
