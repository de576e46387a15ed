"""What a recorded exchange is about: transaction, patient, caller, structure, access mode, read from its bytes.

Lenient: what can't be read is "". For a reader, never for deciding.
"""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from mock_dmp.acceptance import subject
from mock_dmp.expectations import Facts
from mock_dmp.state.engine import Store
from protocol import safexml, vihf
from protocol.errors import DmpcompatError, IdentifierError
from protocol.exchange import header
from protocol.identifiers.cx import parse_cx
from protocol.mime import Limits
from protocol.soap import SoapMessage, read_message

MIB: Final = 1024 * 1024
#: What is decoded for a reader; a bigger message is only told by its size.
BOUNDS: Final = Limits(root_bytes=8 * MIB, part_bytes=16 * MIB, total_bytes=24 * MIB)
#: An INS in the address of a page: thirteen digits and a key of two, the department of Corsica being 2A or 2B.
_INS: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}(?![0-9A-Za-z])")


def open_message(store: Store, digest: str, headers: list[list[str]]) -> SoapMessage:
    """The message behind a blob of the journal; close it. Raises WireError, EvidenceError."""
    kind = header(tuple((name, value) for name, value in headers), "Content-Type")
    with store.blobs.open(digest) as stream:
        return read_message(stream, kind, limits=BOUNDS, lenient_soap11=True)


def observe(store: Store, line: dict[str, Any]) -> Facts:
    """Facts of one line of the journal (`transaction`, `target`, `request_headers`, `request_body`).

    A page that is asked for names its patient in its address.
    """
    transaction = str(line["transaction"])
    addressed = _INS.search(str(line.get("target", "")))
    told = Facts(transaction, patient=addressed[0] if addressed else "")
    if not line["request_body"]:
        return told
    try:
        with open_message(store, line["request_body"], line["request_headers"]) as message:
            return facts_of(message, transaction)
    except DmpcompatError:  # what can't be read tells nothing more, which is all that is asked here
        return told


def facts_of(message: SoapMessage, transaction: str) -> Facts:
    """Facts of a message that could be read."""
    assertion = next(iter(message.envelope.assertions), None)
    if assertion is None:
        return Facts(transaction, patient=_subject(message))
    return Facts(
        transaction=transaction,
        patient=_identifier(_attribute(assertion, vihf.RESOURCE_ID)) or _subject(message),
        caller=safexml.value(assertion, "saml:Subject/saml:NameID"),
        structure=_attribute(assertion, vihf.STRUCTURE),
        access=_attribute(assertion, vihf.PURPOSE) or "normal",
    )


def _attribute(assertion: etree._Element, name: str) -> str:
    """Text of an attribute, or the code that it holds."""
    for attribute in safexml.xpath(assertion, "saml:AttributeStatement/saml:Attribute"):
        if (attribute.get("Name") or "").strip() == name:
            code = safexml.value(attribute, "saml:AttributeValue/*/@code")
            return code or safexml.value(attribute, "saml:AttributeValue")
    return ""


def _subject(message: SoapMessage) -> str:
    named = subject.of_body(message.envelope.body)
    return named.id if named else ""


def _identifier(written: str) -> str:
    try:
        return parse_cx(written).id if written else ""
    except IdentifierError:  # not a CX: shown as it is written
        return written
