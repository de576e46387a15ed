"""How a message was packed and addressed: SOAP, WS-Addressing, MIME parts."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from mock_dmp.ui.blocks import Block, row, table
from protocol.errors import Text
from protocol.soap import SoapMessage

_TITLE = Text("Enveloppe SOAP", "SOAP envelope")


def blocks(message: SoapMessage) -> Iterator[Block]:
    """The envelope, then the parts when there are some."""
    envelope, told = message.envelope, message.envelope.addressing
    packed = "MTOM (multipart/related)" if message.packaging == "mtom" else Text("SOAP simple", "plain SOAP")
    yield Block(
        _TITLE,
        (
            row("Version", "Version", f"SOAP {envelope.version}", packed),
            row("Contenu du corps", "Payload", *_name(envelope.body)),
            row("Action", "Action", told.action, _must("Action", message)),
            row("MessageID", "MessageID", told.message_id),
            row("To", "To", told.to or "", _must("To", message)),
            row("ReplyTo", "ReplyTo", told.reply_to or ""),
            row("RelatesTo", "RelatesTo", told.relates_to or ""),
            row(
                "En-têtes obligatoires non compris",
                "Mandatory headers not understood",
                ", ".join(envelope.not_understood),
            ),
        ),
    )
    if message.parts:
        yield _parts(message)


def _parts(message: SoapMessage) -> Block:
    loose = set(message.unreferenced())
    rows = (
        (
            rank,
            part.content_id or f"#{rank}",
            part.content_type.media,
            part.size,
            Text("non", "no") if (part.content_id or f"#{rank}") in loose else Text("oui", "yes"),
            part.sha256,
        )
        for rank, part in enumerate(message.parts, 1)
    )
    headers = (
        Text("Rang", "Rank"),
        Text("Content-ID", "Content-ID"),
        Text("Type", "Type"),
        Text("Octets", "Bytes"),
        Text("Référencée", "Referenced"),
        Text("SHA-256", "SHA-256"),
    )
    return Block(
        Text("Parties jointes", "Attached parts"),
        tables=(
            table(Text("Parties jointes, racine non comprise", "Parts, without the root"), headers, rows),
        ),
    )


def _must(name: str, message: SoapMessage) -> str:
    return "mustUnderstand" if name in message.envelope.addressing.must_understand else ""


def _name(element: etree._Element) -> tuple[str, str]:
    name = etree.QName(element)
    return name.localname, name.namespace or ""
