"""The rules of the stages `transport` and `soap`, judged before the VIHF is looked at, and the routing.

A transaction is chosen by wsa:Action and root of the Body among those of the path, never by an HTTP header.
What makes a message unreadable is refused by `read`, whatever the settings say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mock_dmp.acceptance.engine import Breach, Stage
from mock_dmp.context import Problem, Refusal
from mock_dmp.state.settings import Settings
from protocol import discriminants, facts, soap, transactions
from protocol.errors import WireError
from protocol.exchange import Headers, Tls, header
from protocol.mime import parse_content_type
from protocol.soap import SoapMessage
from protocol.transactions import Transaction

_UUID_URN = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

#: Code of an unreadable message -> (code of the answer, rule).
_UNREADABLE = {
    "SOAP-VERSION": ("soap:VersionMismatch", "SOAP-VERSION"),
    "SOAP-WSA-TWICE": ("wsa:InvalidAddressingHeader", "SOAP-STRUCTURE"),
    **dict.fromkeys(soap.TOO_LARGE, ("MockMessageTooLarge", "HTTP-SIZE")),
    **dict.fromkeys(soap.UNSUPPORTED_MEDIA, ("MockUnsupportedMediaType", "HTTP-CONTENT-TYPE")),
}


@dataclass(frozen=True)
class Wire:
    """A message that could be read, with what it came on. `offered`: the transactions of the path."""

    path: str
    headers: Headers
    tls: Tls | None
    message: SoapMessage
    offered: tuple[Transaction, ...]

    @property
    def action(self) -> str:
        return self.message.envelope.addressing.action

    @property
    def root(self) -> str:
        return str(self.message.envelope.body.tag)

    @property
    def transaction(self) -> Transaction | None:
        """What is asked, by action and root; by root alone when the action fits nothing offered here."""
        envelope = self.message.envelope
        said = discriminants.of_message(envelope.body, envelope.assertions)
        chosen = transactions.load().by_action(self.action, self.root, said)
        if chosen is not None and chosen in self.offered:
            return chosen
        same_root = [item for item in self.offered if item.request_root == self.root]
        return next((item for item in same_root if item.implemented), same_root[0] if same_root else None)


TRANSPORT: Stage[Wire] = Stage("transport")
SOAP: Stage[Wire] = Stage("soap")


def read(stream: BinaryIO, headers: Headers, settings: Settings) -> SoapMessage:
    """Read the message. Raises Refusal."""
    try:
        return soap.read_message(
            stream, header(headers, "Content-Type"), lenient_soap11=settings.on("lenient_soap11")
        )
    except WireError as problem:
        raise unreadable(problem) from problem


def unreadable(problem: WireError) -> Refusal:
    """The refusal for bytes that a reader of `protocol` could not take."""
    code, rule = _UNREADABLE.get(problem.code, ("MockMalformedMessage", "SOAP-STRUCTURE"))
    where = " — ".join(part for part in (problem.field, problem.found) if part)
    return Refusal(code, problem.text, context=where, rule=rule)


def route(wire: Wire, settings: Settings) -> tuple[Transaction, list[Problem]]:
    """The transaction that is asked for, and the warnings. Raises Refusal."""
    warnings: list[Problem] = []
    for stage in (TRANSPORT, SOAP):
        for judged in stage.judge(wire, settings):
            problem = judged.problem
            if problem.severity == "error":
                raise Refusal(problem.code, problem.text, context=problem.context, rule=judged.rule)
            warnings.append(problem)
    chosen = wire.transaction
    if chosen is None:
        raise Refusal("wsa:ActionNotSupported", context=f"Body : {wire.root}", rule="WSA-ACTION-COHERENCE")
    if not chosen.implemented:
        raise Refusal("MockNotImplemented", context=chosen.id)
    return chosen, [*warnings, *_action_parameter(wire)]


def _action_parameter(wire: Wire) -> Iterator[Problem]:
    """A clue only: known clients put another name there, and the national server serves them."""
    said = parse_content_type(header(wire.headers, "Content-Type")).params.get("action", "")
    if said and said != wire.action:
        where = f'Content-Type; action="{said}"'
        yield Problem(
            "wsa:ActionNotSupported", context=where, location="WSA-ACTION-COHERENCE", severity="warning"
        )


@TRANSPORT.rule("TLS-CLIENT-CERT")
def _client_certificate(wire: Wire) -> Iterator[Breach]:
    if wire.tls is not None and not wire.tls.certificate:  # without TLS at all, --plain-http was asked for
        yield Breach("TLS", expected="un certificat client")


@SOAP.rule("SOAP-MUST-UNDERSTAND")
def _must_understand(wire: Wire) -> Iterator[Breach]:
    for name in wire.message.envelope.not_understood:
        yield Breach("Header", found=name)


@SOAP.rule("WSA-ACTION")
def _action(wire: Wire) -> Iterator[Breach]:
    known = sorted({item.action for item in wire.offered})
    if not wire.action:
        yield Breach("wsa:Action", expected=", ".join(known), code="wsa:MessageAddressingHeaderRequired")
    elif wire.action not in known:
        yield Breach("wsa:Action", wire.action, ", ".join(known))


@SOAP.rule("WSA-ACTION-COHERENCE")
def _coherence(wire: Wire) -> Iterator[Breach]:
    roots = {item.request_root for item in wire.offered if item.action == wire.action}
    if roots and wire.root not in roots:
        yield Breach("Body", wire.root, ", ".join(sorted(roots)))


@SOAP.rule("WSA-MESSAGE-ID")
def _message_id(wire: Wire) -> Iterator[Breach]:
    found = wire.message.envelope.addressing.message_id
    if not _UUID_URN.fullmatch(found):
        yield Breach("wsa:MessageID", found, "urn:uuid:…")


@SOAP.rule("WSA-TO")
def _to(wire: Wire) -> Iterator[Breach]:
    if wire.message.envelope.addressing.to is None:
        yield Breach("wsa:To", expected="présent, même vide")


@SOAP.rule("WSA-REPLY-TO")
def _reply_to(wire: Wire) -> Iterator[Breach]:
    if wire.message.envelope.addressing.reply_to is None:
        yield Breach("wsa:ReplyTo", expected=facts.WSA_ANONYMOUS)


@SOAP.rule("WSA-MUST-UNDERSTAND")
def _demanded(wire: Wire) -> Iterator[Breach]:
    if "Action" not in wire.message.envelope.addressing.must_understand:
        yield Breach("wsa:Action", expected='soap:mustUnderstand="true"')


@SOAP.rule("MTOM-REQUIRED")
def _mtom(wire: Wire) -> Iterator[Breach]:
    asked = wire.transaction
    if asked is not None and asked.mtom_request == "required" and wire.message.packaging != "mtom":
        yield Breach("Content-Type", "application/soap+xml", "multipart/related (MTOM)")


@SOAP.rule("XOP-UNREFERENCED")
def _unreferenced(wire: Wire) -> Iterator[Breach]:
    for content_id in wire.message.unreferenced():
        yield Breach("Content-ID", content_id, "xop:Include")
