"""Details of each format that the round trips do not have: what other tools write, in small."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.capture.formats import api
from harness.capture.formats.api import Half, Item, Pair, Source, envelope_in, readers
from harness.capture.pairing import pair_up
from protocol.exchange import header

SOAP = '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>'


def read(name: str, text: str | bytes) -> list[Item]:
    reader = next(reader for reader in readers() if reader.name == name)
    source = Source(Path("captured.log"), text.encode() if isinstance(text, str) else text)
    assert reader.recognises(source)
    return list(reader.read(source))


def halves(name: str, text: str | bytes) -> list[Half]:
    items = read(name, text)
    assert all(isinstance(item, Half) for item in items), items
    return [item for item in items if isinstance(item, Half)]


RULE = "--------------------------------------"


def test_cxf_on_the_side_of_the_server() -> None:
    """The same blocks the other way round; java.util.logging puts its stamp on a line before."""
    asked, answered = halves(
        "cxf",
        "Jan 15, 2026 9:30:00 AM org.apache.cxf.interceptor.LoggingInInterceptor\nINFO: Inbound Message\n"
        f"{'-' * 28}\nID: 7\nAddress: https://h:8443/a/b?c=d\nEncoding: UTF-8\nHttp-Method: POST\n"
        'Content-Type: application/soap+xml; action="urn:x, y"\n'
        'Headers: {Accept=[*/*], content-type=[application/soap+xml; action="urn:x, y"], host=[h:8443]}\n'
        f"Payload: {SOAP}\n{RULE}\nINFO: Outbound Message\n{'-' * 27}\nID: 7\nResponse-Code: 500\n"
        f"Content-Type: application/soap+xml\nHeaders: {{}}\nPayload: {SOAP}\n{RULE}\n",
    )
    assert (asked.side, asked.target, asked.key, asked.at) == ("request", "/a/b?c=d", "7", None)
    assert header(asked.headers, "Content-Type") == 'application/soap+xml; action="urn:x, y"'
    assert header(asked.headers, "Accept") == "*/*"
    assert header(asked.headers, "Host") == "h:8443"
    assert (answered.side, answered.status, answered.key) == ("response", 500, "7")
    assert asked.body == answered.body == SOAP.encode()


def test_cxf_events_with_faults_and_lines_of_others() -> None:
    asked, answered = halves(
        "cxf",
        "2026-01-15T09:30:00.123+01:00 INFO c.X.REQ_OUT - REQ_OUT\n    Address: http://h/a\n    HttpMethod: POST\n"
        "    ExchangeId: e-1\n    Headers: {SOAPAction=, Accept=*/*}\n    Payload: "
        f"{SOAP}\n2026-01-15 09:30:01 DEBUG something else\n\tat a.b.C(D.java:1)\n"
        f"2026-01-15T09:30:01Z WARN c.X.FAULT_IN - FAULT_IN\n    ExchangeId: e-1\n    Payload: {SOAP}\n",
    )
    assert asked.at is not None
    assert asked.at.isoformat() == "2026-01-15T09:30:00.123000+01:00"
    assert asked.body == answered.body == SOAP.encode()
    assert (answered.side, answered.status, answered.key) == ("response", 500, "e-1")


def test_wcf_records_alone() -> None:
    """A trace listener may write the records without the events around them."""
    namespace = "http://schemas.microsoft.com/2004/06/ServiceModel/Management/MessageTrace"
    record = (
        '<MessageLogTraceRecord Time="2026-01-15T09:30:00.1234567Z" Source="ServiceLevel{}" xmlns="{}">{}'
    )
    text = "".join(
        record.format(level, namespace, SOAP) + "</MessageLogTraceRecord>\r\n"
        for level in ("SendRequest", "ReceiveReply")
    )
    asked, answered = halves("wcf", text)
    assert (asked.side, answered.side) == ("request", "response")
    assert asked.body == SOAP.encode()
    assert asked.at is not None
    assert header(asked.headers, "Content-Type").startswith("application/soap+xml")


def test_wcf_envelopes_that_lean_on_what_is_around_them() -> None:
    text = (
        '<MessageLogTraceRecord xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns="'
        'http://schemas.microsoft.com/2004/06/ServiceModel/Management/MessageTrace"><e:Envelope><e:Body/></e:Envelope>'
        "</MessageLogTraceRecord>"
    )
    [asked] = halves("wcf", text)
    assert b'xmlns:e="http://www.w3.org/2003/05/soap-envelope"' in asked.body


def test_wcf_says_what_it_did_to_mtom() -> None:
    text = (
        '<MessageLogTraceRecord Source="TransportSend" xmlns="http://schemas.microsoft.com/2004/06/ServiceModel/'
        'Management/MessageTrace"><HttpRequest><Method>POST</Method><WebHeaders><Content-Type>multipart/related; '
        f"boundary=x</Content-Type></WebHeaders></HttpRequest>{SOAP}</MessageLogTraceRecord>"
    )
    [asked] = halves("wcf", text)
    assert header(asked.headers, "Content-Type") == "application/soap+xml; charset=utf-8"
    assert asked.marks == {"reserialised", "supposed"}


def test_soapui_interfaces_and_attributes() -> None:
    asked, answered = halves(
        "soapui",
        '<con:soapui-project xmlns:con="http://eviware.com/soapui/config"><con:interface><con:operation name="find">'
        "<con:call name='r'><con:endpoint>https://h/si/x</con:endpoint><con:request><![CDATA[" + SOAP + "]]>"
        "</con:request></con:call></con:operation></con:interface><con:mockService><con:mockOperation "
        'operation="find"><con:mockResponse httpResponseStatus="500"><con:responseHeaders><con:entry key="X-A" '
        f'value="1"/></con:responseHeaders><con:responseContent><![CDATA[{SOAP}]]></con:responseContent>'
        "</con:mockResponse></con:mockOperation></con:mockService></con:soapui-project>",
    )
    assert (asked.target, asked.key) == ("/si/x", "find#1") == ("/si/x", answered.key)
    assert (answered.status, header(answered.headers, "X-A")) == (500, "1")
    assert asked.body == SOAP.encode()


def test_http_with_an_interim_answer_and_line_ends_of_unix() -> None:
    asked, answered = halves(
        "http",
        f"POST /a HTTP/1.1\nHost: h\nContent-Type: application/soap+xml\nContent-Length: {len(SOAP)}\n\n{SOAP}\n\n"
        "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Type: application/soap+xml\n\n"
        f"{SOAP}\n=========\n2026-01-15 some other line\n",
    )
    assert not asked.marks
    assert asked.body == SOAP.encode()
    assert answered.marks == {"reserialised"}, "no length: nobody knows"
    assert answered.body.startswith(SOAP.encode())


def test_har_without_bodies_and_with_coded_ones() -> None:
    one = (
        '{"request": {"method": "POST", "url": "https://h/a?b", "headers": [{"name": ":method", "value": "POST"}],'
        ' "postData": {"text": "é"}, "bodySize": 2}, "response": {"status": 200, "headers": [{"name": '
        '"Content-Encoding", "value": "gzip"}], "content": {"size": 2, "text": "b2s=", "encoding": "base64"}}}'
    )
    lost = one.replace('"text": "b2s=", "encoding": "base64"', '"comment": "too big"')
    first, second = read("har", f'{{"log": {{"entries": [{one}, {lost}]}}}}')
    assert isinstance(first, Pair)
    assert isinstance(second, Pair)
    assert first.response is not None
    assert (first.request.target, first.request.headers, first.request.marks) == ("/a?b", (), frozenset())
    assert (first.response.body, first.response.marks) == (b"ok", {"reserialised"}), "decoded by the tool"
    assert (second.response, second.failure) == (None, "response body left out (2 B)")


def half(side: api.Side, key: str = "", text: str = "") -> Half:
    return Half(side, "", text.encode(), key=key)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (
            [half("request", "1"), half("request", "2"), half("response", "2"), half("response", "1")],
            ["1", "2"],
        ),
        ([half("request", "1"), half("response", "1"), half("request", "1")], ["1", None]),
        ([half("request", "1"), half("response", "2")], [None]),
        ([half("request"), half("request"), half("response", "x")], [None, "x"]),
        ([half("response", "1"), half("request", "1")], ["1"]),
    ],
)
def test_pairs_by_identifier_then_by_order(messages: list[Half], expected: list[str | None]) -> None:
    pairs, _ = pair_up(messages)
    assert [paired.pair.response and paired.pair.response.key for paired in pairs] == expected


def test_an_envelope_is_found_or_not() -> None:
    assert (
        envelope_in(b"--x\r\n\r\n<a:Envelope b='1'>..</a:Envelope >--x--")
        == b"<a:Envelope b='1'>..</a:Envelope >"
    )
    assert envelope_in(b"<Envelope>") is None
    assert envelope_in(b"</Envelope><Envelope>") is None


@pytest.mark.parametrize(
    ("name", "hostile"),
    [
        ("wcf", b"<MessageLogTraceRecord " * 40_000),
        ("cxf", b"Outbound Message\n------------\nHeaders: {" + b"a=, " * 100_000),
        ("cxf", b"REQ_OUT Payload: \n" + b"\n" * 400_000),
        ("http", b"POST /a HTTP/1.1\n\n" + b"\n-----" * 60_000),
        ("http", b"POST / HTTP/1.1\n" * 20_000),
        ("frames", b"<Envelope " * 60_000),
    ],
)
def test_what_is_made_to_be_slow_is_not(name: str, hostile: bytes) -> None:
    start = time.process_time()
    for item in read(name, hostile):
        if isinstance(item, Half):
            envelope_in(item.body)
    assert time.process_time() - start < 3
