"""What a page shows of an exchange: readable, cut where it is long, the same from one run to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from harness.exchange_view import exchange_text
from protocol import transactions
from protocol.exchange import Exchange, Request, Response

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TD0_3 = transactions.load().by_id("TD0.3")
SOAP = (("Content-Type", "application/soap+xml; charset=UTF-8"),)


def envelope(body: str, message: str = "urn:uuid:x") -> bytes:
    return f"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header
      ><a:Action xmlns:a="http://www.w3.org/2005/08/addressing">act</a:Action
      ><a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">{message}</a:MessageID
      ></e:Header><e:Body>{body}</e:Body></e:Envelope>""".encode()


def exchange(body: bytes, answer: Response | None = None, target: str = "/s/x/si-dmp-server/a") -> Exchange:
    asked = Request("POST", target, SOAP, body)
    return Exchange("1", "driver", "x", NOW, NOW, asked, answer, None, "")


def test_names_have_the_usual_prefixes_and_no_declaration() -> None:
    asked, answered = exchange_text(
        exchange(envelope('<z:do xmlns:z="urn:si-dmp-habilitations" a="&lt;1">é &amp; è</z:do>')), TD0_3
    )
    assert asked.splitlines()[0] == "POST /si-dmp-server/a HTTP/1.1"
    assert '<hab:do a="&lt;1">é &amp; è</hab:do>' in asked
    assert "xmlns" not in asked
    assert "<wsa:Action>act</wsa:Action>" in asked
    assert "urn:uuid:x" not in asked
    assert "see TD0.1" in asked
    assert answered == ""


def test_a_run_leaves_no_trace_of_its_own_in_the_text() -> None:
    identifier, session = uuid4(), "ct-1-1-010-0badcafe"
    body = f"<a>{identifier}</a><b>https://127.0.0.1:50123/s/{session}/x</b><c>{NOW:%Y%m%d%H%M%S}</c>"
    answer = Response(200, SOAP, envelope(f"<a>{uuid4()} {identifier}</a><b>/s/{session}/y</b>"))
    told = replace(exchange(envelope(body), answer), session=session)
    asked, answered = exchange_text(told, TD0_3)
    assert "<b>https://localhost:8443/x</b>" in asked
    assert "20260131083000" in asked
    assert "000000000002 00000000-0000-4000-8000-000000000001</a>" in answered
    assert "<b>/y</b>" in answered
    assert answered.startswith("HTTP/1.1 200\n")


def test_the_whole_header_is_shown_when_it_is_asked_for() -> None:
    asked, _ = exchange_text(exchange(envelope("<a/>")), TD0_3, whole=True)
    assert "<wsa:MessageID>urn:uuid:x</wsa:MessageID>" in asked
    assert "see TD0.1" not in asked


def test_long_values_and_long_messages_are_cut() -> None:
    asked, _ = exchange_text(exchange(envelope("<a>" + "x" * 4000 + "</a>")), TD0_3)
    assert "… (4000 characters)" in asked
    signed, _ = exchange_text(exchange(envelope("<a>" + "MIIx+/" * 90 + "==</a>")), TD0_3)
    assert "<a>… (542 characters)</a>" in signed
    many, _ = exchange_text(exchange(envelope("<a>" + "<b><c>1</c></b>" * 900 + "</a>")), TD0_3)
    assert len(many.splitlines()) < 130
    assert "lines …" in many


def test_parts_are_told_by_their_size_and_beginning() -> None:
    kind = 'multipart/related; boundary="b-5d"; type="application/xop+xml"; start="<r>"'
    body = (
        b"--b-5d\r\nContent-Type: application/xop+xml\r\nContent-ID: <r>\r\n\r\n" + envelope("<a/>") + b"\r\n"
        b"--b-5d\r\nContent-Type: text/xml\r\nContent-ID: <d>\r\n\r\n<?xml version='1.0'?><doc>1</doc>\r\n"
        b"--b-5d\r\nContent-Type: application/pdf\r\nContent-ID: <p>\r\n\r\n\x00\x01\x02\r\n--b-5d--\r\n"
    )
    whole = replace(exchange(b""), request=Request("POST", "/a", (("Content-Type", kind),), body))
    asked, _ = exchange_text(whole, transactions.load().by_id("TD2.1"))
    assert "… 33 bytes: <doc>1</doc>…" in asked
    assert "(binary)" in asked
    assert "b-5d" not in asked
    assert asked.rstrip().endswith("--boundary_1--")


@pytest.mark.parametrize("body", [b"", b"<not xml", b"\xff\xfe\x00", b"plain text\nof two lines"])
def test_what_is_no_envelope_is_shown_all_the_same(body: bytes) -> None:
    answer = Response(500, (("Content-Type", "text/html"),), body)
    _, answered = exchange_text(exchange(envelope("<a/>"), answer), TD0_3)
    assert answered.startswith("HTTP/1.1 500\nContent-Type: text/html")
