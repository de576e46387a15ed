"""What is known of one call while it is served: what was asked, the answer being made, the record being filled.

Values of `mock_dmp.dispatch`, which does the work; `Asked` and `Answer` are what the application gives and takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from lxml import etree

from mock_dmp.conduct import Conduct
from mock_dmp.context import Attachment, Call, Problem, Refusal, Session
from mock_dmp.faults.striking import Interference
from mock_dmp.journal import Record
from mock_dmp.render.soap import Packaging
from protocol.exchange import Headers, Tls, header
from protocol.soap import SoapMessage
from protocol.transactions import Transaction


@dataclass(frozen=True)
class Asked:
    """A request off the wire. `path` is without the session's prefix; the body is a blob.

    `problem` is (HTTP status, word) when the transport could not take it whole; `faults` are those of its handshake.
    """

    session: str
    method: str
    target: str
    path: str
    headers: Headers
    body: str
    size: int
    tls: Tls | None = None
    remote: str = ""
    problem: tuple[int, str] | None = None
    faults: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Answer:
    """What goes on the wire; the body is a blob of `size` bytes. `conduct`: None to leave as usual."""

    status: int
    headers: Headers
    body: str
    size: int
    conduct: Conduct | None = None


@dataclass
class Draft:
    """An answer before it is packed."""

    payload: etree._Element
    action: str
    packaging: Packaging
    status: int = 200
    attachments: tuple[Attachment, ...] = ()


@dataclass
class Progress:
    """What is known of a request so far: a fault raised early must still answer in the right way."""

    asked: Asked
    record: Record
    session: Session | None = None
    message: SoapMessage | None = None
    transaction: Transaction | None = None
    warnings: list[Problem] = field(default_factory=list)
    call: Call | None = None
    refusal: Refusal | None = None
    interference: Interference | None = None
    gone: bool = False  # the session was deleted, or reset, since the call began

    def packaging(self) -> Packaging:
        """That of the request by default; a transaction that must answer in MTOM does."""
        came = "mtom" if "multipart/" in header(self.asked.headers, "Content-Type").lower() else "simple"
        wanted = self.session.settings.switch("answer_packaging") if self.session else "request"
        if wanted in ("simple", "mtom"):
            return cast(Packaging, wanted)
        if self.transaction is not None and self.transaction.mtom_response == "required":
            return "mtom"
        if wanted == "transaction" and self.transaction is not None:
            return "simple" if self.transaction.mtom_response == "never" else cast(Packaging, came)
        return cast(Packaging, came)

    def relates_to(self) -> str:
        return self.record.message_id
