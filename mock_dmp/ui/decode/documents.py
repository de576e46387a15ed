"""The documents that a message carries: size, digests, header of a CDA, and the text as text."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from mock_dmp.ui.blocks import Block, Row, row
from mock_dmp.ui.decode import cda
from mock_dmp.ui.excerpts import TEXT_BYTES, excerpt
from mock_dmp.ui.masking import OVERLAP, Masker
from protocol import facts, safexml
from protocol.errors import DmpcompatError, Text, WireError
from protocol.soap import Binary, SoapMessage

_MOST = 10
_CDA_BYTES = 2 * 1024 * 1024


def blocks(message: SoapMessage, masker: Masker) -> Iterator[Block]:
    """One block a document, of a submission or of an answer."""
    found = list(message.envelope.body.iter(f"{{{facts.XDSB}}}Document"))
    for rank, element in enumerate(found[:_MOST], 1):
        title = Text(f"Document {rank}", f"Document {rank}")
        try:
            yield _block(title, element, message.binary(element), masker)
        except DmpcompatError as problem:
            yield Block(title, problem=Text(problem.message("fr"), problem.message("en")))
    if len(found) > _MOST:
        left = len(found) - _MOST
        yield Block(
            Text("Autres documents", "Other documents"),
            problem=Text(f"{left} de plus, dans les octets", f"{left} more, in the bytes"),
        )


def _block(title: Text, element: etree._Element, binary: Binary, masker: Masker) -> Block:
    with binary.open() as stream:
        start = stream.read(TEXT_BYTES + OVERLAP)
    inline = Text("en base64 dans l'enveloppe", "base64 in the envelope")
    shown: list[Row] = [
        row("Référence", "Reference", _name(element), inline if binary.inline else "MTOM"),
        row("Octets", "Bytes", binary.size),
        row("SHA-1", "SHA-1", binary.sha1),
        row("SHA-256", "SHA-256", binary.sha256),
    ]
    problem = Text("", "")
    if binary.size <= _CDA_BYTES and start.lstrip()[:1] == b"<":
        try:
            root = safexml.parse(binary.read(), max_bytes=_CDA_BYTES)
            shown += cda.rows(root) if root.tag == cda.ROOT else []
        except WireError as refused:
            problem = Text(refused.message("fr"), refused.message("en"))
    return Block(title, tuple(shown), problem=problem, excerpt=excerpt(start, binary.size, masker))


def _name(element: etree._Element) -> str:
    """Its id in a submission, its uniqueId in an answer."""
    return element.get("id") or safexml.value(element, "../xds:DocumentUniqueId")
