"""The answer that faults and defects spoil: first as XML with its parts, then as bytes.

The dispatcher makes it, hands it around and sends what is left; nothing here decides when.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace
from typing import Literal

from lxml import etree

from mock_dmp.conduct import Conduct
from mock_dmp.context import Attachment, Call, Refusal
from mock_dmp.render.soap import Packaging
from protocol import facts, safexml
from protocol.exchange import Headers


@dataclass
class Answering:
    """One answer on its way out.

    `call` is None when the request could not be read as far as a transaction; `refusal` is the refusal that it tells,
    if any. `envelope` and `attachments` count until it is packed; `status`, `headers` (without Content-Length) and
    `body` from then on. `announced`: a Content-Length that is not the size of the body.
    """

    call: Call | None
    envelope: etree._Element
    attachments: tuple[Attachment, ...]
    packaging: Packaging
    status: int
    refusal: Refusal | None = None
    headers: Headers = ()
    body: bytes = b""
    announced: int | None = None
    conduct: Conduct = field(default_factory=Conduct)
    stage: Literal["envelope", "bytes"] = "envelope"

    @property
    def transaction(self) -> str:
        return self.call.transaction.id if self.call else ""

    @property
    def payload(self) -> etree._Element | None:
        """The element of the Body."""
        return next(iter(self.nodes("soap:Body/*")), None)

    def nodes(self, path: str) -> list[etree._Element]:
        """Elements of an XPath from the envelope."""
        return safexml.xpath(self.envelope, path)

    def header(self, name: str) -> etree._Element | None:
        """A WS-Addressing header by its local name."""
        return next(iter(self.nodes(f"soap:Header/wsa:{name}")), None)

    def set_header(self, name: str, value: str) -> None:
        """Replace the value of an HTTP header; an empty one removes it."""
        kept = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers = (*kept, (name, value)) if value else tuple(kept)

    def content_type(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")

    def behave(self, **changes: object) -> None:
        """Change the conduct on the socket."""
        self.conduct = replace(self.conduct, **changes)  # type: ignore[arg-type]  # each fault knows its fields


def remove(element: etree._Element | None) -> None:
    """Take an element out of its parent, if it is there."""
    if element is not None and (parent := element.getparent()) is not None:
        parent.remove(element)


def rim(name: str) -> str:
    """Clark name in the namespace of ebRIM."""
    return f"{{{facts.RIM}}}{name}"


def drawn(*told: object) -> random.Random:
    """A generator that gives the same for the same values, in every process."""
    digest = hashlib.sha256("/".join(map(str, told)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - it must be repeatable
