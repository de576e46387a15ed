"""One side of an Exchange, decoded the oracle's own way: `email` for MIME, safexml for XML, XPath for the rest.

Nothing of protocol.soap, protocol.mime or protocol.vihf is used: two decoders must agree, or a rule fails.
Lazy; what can't be read is None or empty and says why in `trouble`. No verdict here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesFeedParser
from functools import cached_property, lru_cache, wraps
from typing import Final, Literal, TypeVar, cast
from urllib.parse import unquote

from cryptography import x509
from lxml import etree

from harness.checks import second
from harness.checks.cda_view import CdaView, SchemaPack
from harness.checks.xpath import attribute, first, nodes, strings, told
from protocol import facts, safexml
from protocol.errors import XmlRefused
from protocol.exchange import Exchange, Headers, header
from protocol.transactions import Transaction

T = TypeVar("T")
_LIST: Final = "descendant::rim:RegistryObjectList"
#: Above this, a body isn't decoded for judgement (the readers of the mock have their own, lower, limits).
MAX_BODY = 128 * 1024 * 1024


@dataclass(frozen=True)
class Declared:
    """What the campaign declares of the software under test; an empty value means "nothing declared".

    `wire_number` is secret: rules compare it and never show it. `now` is the clock of the campaign, None to use the
    start of the exchange.
    """

    software: str = ""
    version: str = ""
    wire_number: str = field(default="", repr=False)
    structure: str = ""
    ins_oid: str = facts.OID_INS_TEST
    modes: tuple[str, ...] = ()
    now: datetime | None = None


@dataclass(frozen=True)
class Piece:
    """One part of a multipart message: its number from 1, its headers, its decoded bytes."""

    number: int
    headers: Headers
    data: bytes

    @property
    def content_id(self) -> str:
        return header(self.headers, "Content-ID").strip().removeprefix("<").removesuffix(">")

    @property
    def media(self) -> str:
        return media_type(header(self.headers, "Content-Type"))[0]

    def parameter(self, name: str) -> str:
        return media_type(header(self.headers, "Content-Type"))[1].get(name, "")


@lru_cache(maxsize=128)
def media_type(value: str) -> tuple[str, Mapping[str, str]]:
    """A Content-Type as (media type in lower case, parameters by lower-case name)."""
    message = Message()
    message["Content-Type"] = value.replace("\r", " ").replace("\n", " ")
    parameters = message.get_params(failobj=[])[1:] if value.strip() else []
    return (
        value.partition(";")[0].strip().lower(),
        {str(name).lower(): str(content) for name, content in parameters},
    )


class Judged:
    """One side of one exchange, with what the campaign declared. Built by harness.checks.api.judge."""

    def __init__(
        self,
        exchange: Exchange,
        side: Literal["request", "response"],
        transaction: Transaction,
        declared: Declared,
        pack: SchemaPack | None = None,
        request: Judged | None = None,
    ) -> None:
        """`request`: the request's side, when it has been made already."""
        self.exchange = exchange
        self.side = side
        self.transaction = transaction
        self.declared = declared
        self.pack = pack
        self._request = request
        self._paths = safexml.Paths()
        # Rules ask the same things of a message: each expression is evaluated once.
        self._found: dict[str, list[etree._Element]] = {}
        self._found_in_payload: dict[str, list[etree._Element]] = {}
        self._found_in_list: dict[str, list[etree._Element]] = {}
        self._values: dict[str, list[str]] = {}
        self._kept: dict[Hashable, object] = {}

    @cached_property
    def request(self) -> Judged:
        """The request's side of the same exchange."""
        if self.side == "request":
            return self
        return self._request or Judged(self.exchange, "request", self.transaction, self.declared)

    @property
    def present(self) -> bool:
        """False for the response side of an exchange that got none."""
        return self.side == "request" or self.exchange.response is not None

    @property
    def now(self) -> datetime:
        return self.declared.now or self.exchange.started

    # Bytes

    @property
    def headers(self) -> Headers:
        if self.side == "request":
            return self.exchange.request.headers
        return self.exchange.response.headers if self.exchange.response else ()

    @property
    def body(self) -> bytes:
        if self.side == "request":
            return self.exchange.request.body
        return self.exchange.response.body if self.exchange.response else b""

    def header(self, name: str) -> str:
        return header(self.headers, name)

    @cached_property
    def media(self) -> str:
        return media_type(self.header("Content-Type"))[0]

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        return media_type(self.header("Content-Type"))[1]

    @property
    def multipart(self) -> bool:
        return self.media == "multipart/related"

    @property
    def refused_below_soap(self) -> bool:
        """An HTTP error without any SOAP in it (413, 415…): HTTP's own answer, which SOAP rules leave alone."""
        answer = self.exchange.response if self.side == "response" else None
        soap = self.media == "application/soap+xml" or self.multipart
        return answer is not None and answer.status >= 400 and not soap

    # MIME

    @cached_property
    def parts(self) -> tuple[Piece, ...]:
        """Every part in order, root included; none for a simple message or one that isn't readable as MIME."""
        if not self.multipart or len(self.body) > MAX_BODY:
            return ()
        head = f"Content-Type: {self.header('Content-Type')}\r\nMIME-Version: 1.0\r\n\r\n"
        parser = BytesFeedParser()
        parser.feed(head.encode("latin-1", "replace") + self.body)
        payload = parser.close().get_payload()
        if not isinstance(payload, list):
            return ()
        return tuple(
            _piece(number, part) for number, part in enumerate(payload, 1) if isinstance(part, Message)
        )

    @cached_property
    def start(self) -> Piece | None:
        """The root part: the one that `start` names, else the first."""
        wanted = self.parameters.get("start", "").strip().removeprefix("<").removesuffix(">")
        if not wanted:
            return self.parts[0] if self.parts else None
        return next((part for part in self.parts if part.content_id == wanted), None)

    def part(self, href: str) -> Piece | None:
        """The part that a `cid:` reference leads to; both the encoded and the plain form of the name are tried."""
        if not href.startswith("cid:"):
            return None
        names = {href.removeprefix("cid:"), unquote(href.removeprefix("cid:"))}
        return next((part for part in self.parts if part.content_id in names), None)

    @cached_property
    def parts_again(self) -> tuple[second.Cut, ...]:
        """The same parts by the second decoder."""
        if not self.multipart or len(self.body) > MAX_BODY:
            return ()
        return second.cut(self.body, second.boundary_of(self.header("Content-Type")))

    def opinion(self, of: str, signed: etree._Element, by: x509.Certificate | None, identifier: str) -> str:
        """Why the second verifier refuses a signature, "" when it accepts it; asked once for each `of`."""
        return self.kept(("opinion", of), lambda: second.signature_refused(signed, by, identifier))

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned when this key was first asked for: rules share what they compute of a message."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(T, self._kept[key])

    # XML

    @cached_property
    def _parsed(self) -> tuple[etree._Element | None, str]:
        if len(self.body) > MAX_BODY:
            return None, f"{len(self.body)} > {MAX_BODY}"
        data = self.body
        if self.multipart:
            if self.start is None:
                return None, "multipart/related: " + (self.parameters.get("start") or "boundary")
            data = self.start.data
        try:
            return safexml.parse(data, max_bytes=MAX_BODY, huge=True), ""
        except XmlRefused as refusal:
            return None, told(refusal)

    @property
    def root(self) -> etree._Element | None:
        """The root element of the message, None when it can't be read."""
        return self._parsed[0]

    @property
    def trouble(self) -> str:
        """Why the message can't be read; "" when it can."""
        return self._parsed[1]

    @cached_property
    def soap(self) -> str:
        """Namespace of the envelope, "" when the root is no envelope of SOAP 1.1 or 1.2."""
        known = {f"{{{name}}}Envelope": name for name in (facts.SOAP12, facts.SOAP11)}
        return "" if self.root is None else known.get(str(self.root.tag), "")

    @cached_property
    def payload(self) -> etree._Element | None:
        """The first element of the SOAP body; the root itself of a message kept without its envelope."""
        if not self.soap:
            return self.root
        return next(iter(self.nodes("(soap:Body|soap11:Body)/*")), None)

    @property
    def fault(self) -> etree._Element | None:
        return next(iter(self.nodes("soap:Body/soap:Fault|soap11:Body/soap11:Fault")), None)

    @cached_property
    def assertion(self) -> etree._Element | None:
        """The assertion of the one wsse:Security header; None when there isn't exactly one."""
        found = self.nodes("(soap:Header|soap11:Header)/wsse:Security/saml:Assertion")
        return found[0] if len(found) == 1 else None

    def nodes(self, expr: str) -> list[etree._Element]:
        """Elements of an XPath from the envelope; none when it can't be read."""
        return _once(self._found, self.root, expr, nodes)

    def in_payload(self, expr: str) -> list[etree._Element]:
        # Most look into the one list of a submission or of an answer: it isn't searched for again each time.
        rest = expr.removeprefix(f"{_LIST}/")
        if rest != expr and "|" not in rest and len(lists := self.in_payload(_LIST)) == 1:
            return _once(self._found_in_list, lists[0], f"./{rest}" if rest.startswith("/") else rest, nodes)
        return _once(self._found_in_payload, self.payload, expr, nodes)

    def value(self, expr: str) -> str:
        return next(iter(self.values(expr)), "")

    def values(self, expr: str) -> list[str]:
        return _once(self._values, self.root, expr, strings)

    def at(self, element: etree._Element | None = None, suffix: str = "") -> str:
        """Readable place; the whole side for None."""
        path = "" if element is None else self._paths.of(element)
        return f"{self.side}:{path}{suffix}"

    def attribute_values(self, name: str) -> list[etree._Element]:
        """AttributeValue elements of the VIHF attribute of that name (compared without case)."""
        return list(self._attribute_values.get(name.lower(), ()))

    @cached_property
    def _attribute_values(self) -> Mapping[str, list[etree._Element]]:
        found: dict[str, list[etree._Element]] = {}
        if self.assertion is not None:
            for item in nodes(self.assertion, "saml:AttributeStatement/saml:Attribute"):
                values = found.setdefault(attribute(item, "Name").lower(), [])
                values += nodes(item, "saml:AttributeValue")
        return found

    def vihf(self, name: str) -> str:
        """Text of the first value of a VIHF attribute, "" when absent."""
        return next((safexml.text(item) for item in self.attribute_values(name)), "")

    # Documents

    def binary(self, element: etree._Element) -> bytes | None:
        """The bytes of an element with xop:Include or base64 text; None when they can't be had."""
        include = first(element, "xop:Include")
        if include is not None:
            part = self.part(attribute(include, "href"))
            return None if part is None else part.data
        try:
            return base64.b64decode("".join(safexml.text(element).split()), validate=True)
        except (binascii.Error, ValueError):
            return None

    def binary_again(self, element: etree._Element) -> bytes | None:
        """`binary` by the second decoder, which takes the last part of a name where the first takes the first."""
        include = first(element, "xop:Include")
        if include is None:
            return second.inline("".join(str(piece) for piece in element.itertext()).encode())
        href = attribute(include, "href")
        names = {href.removeprefix("cid:"), unquote(href.removeprefix("cid:"))}
        led = [part for part in self.parts_again if href.startswith("cid:") and part.content_id in names]
        return led[-1].data if led else None

    @cached_property
    def carriers(self) -> tuple[etree._Element, ...]:
        """The xds:Document elements of a submission or of a retrieve response."""
        return (
            *self.in_payload("self::xds:ProvideAndRegisterDocumentSetRequest/xds:Document"),
            *self.in_payload("self::xds:RetrieveDocumentSetResponse/xds:DocumentResponse/xds:Document"),
        )

    @cached_property
    def documents(self) -> tuple[tuple[etree._Element, bytes], ...]:
        """Documents carried by a submission or a retrieve response: their xds:Document element and their bytes."""
        pairs = ((element, self.binary(element)) for element in self.carriers)
        return tuple((element, data) for element, data in pairs if data is not None)

    @cached_property
    def cda(self) -> tuple[CdaView, ...]:
        """Those that hold a ClinicalDocument, at the root or inside a style sheet."""
        views = (
            CdaView(data, self.at(element), self.pack)
            for element, data in self.documents
            if b"ClinicalDocument" in data
        )
        return tuple(view for view in views if view.root is not None)

    def cda_of(self, data: bytes) -> CdaView | None:
        """The view of one of `documents`, by its bytes, when it is among `cda`."""
        return next((document for document in self.cda if document.data is data), None)


def once_a_view(function: Callable[[Judged], T]) -> Callable[[Judged], T]:
    """A reading of a view that several rules ask for: made once, and kept with the view."""

    @wraps(function)
    def once(view: Judged) -> T:
        return view.kept(function, lambda: function(view))

    return once


def _once(
    known: dict[str, list[T]],
    start: etree._Element | None,
    expr: str,
    ask: Callable[[etree._Element, str], list[T]],
) -> list[T]:
    """What an expression selects from there, in a list that is the caller's own."""
    found = known.get(expr)
    if found is None:
        found = known[expr] = [] if start is None else ask(start, expr)
    return list(found)


def _piece(number: int, part: Message) -> Piece:
    data = part.get_payload(decode=True)
    return Piece(
        number,
        tuple((str(name), str(value)) for name, value in part.items()),
        data if isinstance(data, bytes) else b"",
    )
