"""What came back, in one word, from the bytes alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.checks.judged import Declared, Judged
from harness.reception import TITLES, WORDS, described, reception
from protocol import facts, transactions
from protocol.exchange import Exchange, Request, Response

ASKED = (
    f'<s:Envelope xmlns:s="{facts.SOAP12}" xmlns:w="{facts.WSA}"><s:Header><w:MessageID>urn:uuid:1</w:MessageID>'
    f'<o:Security xmlns:o="{facts.WSSE}"><a:Assertion xmlns:a="{facts.SAML}"><a:AttributeStatement><a:Attribute '
    'Name="urn:oasis:names:tc:xacml:2.0:resource:resource-id"><a:AttributeValue>42^^^&amp;1.2&amp;ISO^NH'
    "</a:AttributeValue></a:Attribute></a:AttributeStatement></a:Assertion></o:Security></s:Header><s:Body/>"
    "</s:Envelope>"
).encode()
ACTION = transactions.load().by_id("TD3.1").response_action
ENTRY = (
    f'<r:ExtrinsicObject xmlns:r="{facts.RIM}" id="urn:uuid:9" mimeType="text/xml"><r:Slot name="hash"><r:ValueList>'
    '<r:Value>AB</r:Value></r:ValueList></r:Slot><r:ExternalIdentifier value="1.2.3" identificationScheme="'
    f'{facts.DE_UNIQUE_ID}"/><r:ExternalIdentifier value="42^^^&amp;1.2&amp;ISO^NH" identificationScheme="'
    f'{facts.DE_PATIENT_ID}"/></r:ExtrinsicObject>'
)
GOOD = (
    f'<?xml version="1.0"?><s:Envelope xmlns:s="{facts.SOAP12}" xmlns:w="{facts.WSA}"><s:Header><w:Action>{ACTION}'
    f'</w:Action><w:RelatesTo>urn:uuid:1</w:RelatesTo></s:Header><s:Body><q:AdhocQueryResponse xmlns:q="{facts.QUERY}">'
    f'<r:RegistryObjectList xmlns:r="{facts.RIM}">{ENTRY}</r:RegistryObjectList></q:AdhocQueryResponse></s:Body>'
    "</s:Envelope>"
).encode()
SOAP = (("Content-Type", "application/soap+xml"),)


def view(response: Response | None, failure: str = "") -> Judged:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    asked = Request("POST", "/", SOAP, ASKED)
    exchange = Exchange("e1", "driver", "s", now, now, asked, response, None, failure)
    return Judged(exchange, "response", transactions.load().by_id("TD3.1"), Declared())


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        ("tls: alert access denied", "refused-tls"),
        ("tls: certificate verify failed: expired", "bad-server"),
        ("timeout: answer not finished in time", "timeout"),
        ("connect: Connection refused", "unreachable"),
        ("cut: reset, EOF occurred in violation of protocol", "reset"),
        ("cut: Remote end closed connection without response", "closed"),
        ("", "closed"),
    ],
)
def test_without_an_answer(failure: str, word: str) -> None:
    assert reception(view(None, failure)).word == word


def test_a_good_answer() -> None:
    assert reception(view(Response(200, SOAP, GOOD))).word == "answered"


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (b"</s:Body>", b"</s:Bod>", "bad-xml"),
        (b'<?xml version="1.0"?>', b'<?xml version="1.0"?><!DOCTYPE x []>', "dangerous-xml"),
        (b"</s:Body>", b"<!-- \xe9 --></s:Body>", "bad-charset"),
        (facts.SOAP12.encode(), facts.SOAP11.encode(), "no-soap"),
        (b"RelatesTo>urn:uuid:1", b"RelatesTo>urn:uuid:2", "unrelated"),
        (b"<w:RelatesTo>urn:uuid:1</w:RelatesTo>", b"", "unrelated"),
        (ACTION.encode(), b"urn:autre", "unexpected-action"),
        (b"42^^^", b"43^^^", "other-patient"),
        (ENTRY.encode(), ENTRY.encode() * 1001, "too-many"),
    ],
)
def test_a_spoiled_answer(before: bytes, after: bytes, word: str) -> None:
    assert before in GOOD
    assert reception(view(Response(200, SOAP, GOOD.replace(before, after)))).word == word


@pytest.mark.parametrize(
    ("status", "kind", "body", "word"),
    [
        (503, "text/html", b"<html>", "http-error"),
        (200, "text/html", GOOD, "wrong-type"),
        (200, "application/soap+xml", b"", "nothing"),
        (200, 'multipart/related; boundary="b"; type="application/xop+xml"', b"--c\r\n", "bad-multipart"),
    ],
)
def test_http_and_packaging(status: int, kind: str, body: bytes, word: str) -> None:
    assert reception(view(Response(status, (("Content-Type", kind),), body))).word == word


def test_a_truncated_answer_is_told_even_when_it_reads() -> None:
    assert (
        reception(view(Response(200, SOAP, GOOD), "cut: 9 bytes announced and never sent")).word
        == "truncated"
    )


def test_a_document_is_compared_with_its_entry() -> None:
    told = described(view(Response(200, SOAP, GOOD)))
    assert told == {"1.2.3": ["ab", "", "text/xml"]}
    document = (
        f'<x:RetrieveDocumentSetResponse xmlns:x="{facts.XDSB}"><x:DocumentResponse><x:DocumentUniqueId>1.2.3'
        "</x:DocumentUniqueId><x:mimeType>text/xml</x:mimeType><x:Document>QQ==</x:Document></x:DocumentResponse>"
        "</x:RetrieveDocumentSetResponse>"
    )
    head, _, tail = GOOD.partition(b"<q:AdhocQueryResponse")
    body = head + document.encode() + tail.partition(b"</q:AdhocQueryResponse>")[2]
    seen = view(Response(200, SOAP, body))
    sha1 = "6dcd4ce23d88e2ee9568ba546c007c63d9131c1b"
    assert reception(seen, {"1.2.3": [sha1, "1", "text/xml"]}).word == "answered"
    assert reception(seen, told).word == "other-document"
    assert reception(seen).word == "answered"


def test_every_word_has_a_title() -> None:
    assert set(TITLES) == set(WORDS)


def test_the_gravest_is_told_first() -> None:
    spoiled = Response(200, SOAP, GOOD.replace(b"42^^^", b"43^^^").replace(b"uuid:1<", b"uuid:2<"))
    seen = view(spoiled)
    assert reception(seen).word == "unrelated"
    assert reception(view(replace(spoiled, status=500), "timeout: late")).word == "timeout"
