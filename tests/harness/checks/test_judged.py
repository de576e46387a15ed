"""The oracle's own decoding agrees with the kernel's on good messages, and survives anything."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.judged import Declared, Judged, media_type
from protocol import mime
from protocol.exchange import Exchange, Request
from protocol.transactions import load

Make = Callable[..., Exchange]
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _view(exchange: Exchange) -> Judged:
    return Judged(exchange, "request", load().by_id("TD2.1"), Declared())


def _alone(body: bytes, kind: str) -> Judged:
    request = Request("POST", "/", (("Content-Type", kind),), body)
    return _view(Exchange("e", "import", "", NOW, NOW, request, None))


def test_two_decoders_agree_on_a_submission(make: Make) -> None:
    exchange = make("TD2.1")
    view = _view(exchange)
    with mime.read_multipart(io.BytesIO(exchange.request.body), view.header("Content-Type")) as other:
        theirs = [part.sha256 for part in (other.root, *other.parts)]
    assert [hashlib.sha256(part.data).hexdigest() for part in view.parts] == theirs
    assert view.start is not None
    assert view.start.number == 1
    assert len(view.documents) == 3
    assert len(view.cda) == 2


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "\r\n", "\n", "\r"]))
def test_a_part_keeps_its_bytes(data: bytes, end: str) -> None:
    content = data + end.encode()
    head = b"--b\r\nContent-ID: <r>\r\nContent-Type: application/octet-stream\r\n"
    body = head + b"Content-Transfer-Encoding: binary\r\n\r\n" + content + b"\r\n--b--\r\n"
    view = _alone(body, "multipart/related; boundary=b")
    if b"--b" not in content:
        assert [part.data for part in view.parts] == [content]


@settings(deadline=None)
@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_bytes_are_decoded_without_raising(body: bytes, kind: str) -> None:
    for one in (kind, "multipart/related; boundary=b", "application/soap+xml"):
        view = _alone(body, one)
        assert (view.root is None) == bool(view.trouble)
        assert view.payload is None or view.root is not None
        assert view.documents == ()


def test_references_are_tried_encoded_and_plain(make: Make) -> None:
    view = _view(make("TD2.1", "colon-content-id"))
    named = [part.content_id for part in view.parts if ":" in part.content_id]
    assert named
    assert view.part("cid:" + named[0]) is not None
    assert view.part("cid:" + named[0].replace(":", "%3A")) is not None
    assert view.part(named[0]) is None


@pytest.mark.parametrize(
    ("value", "media", "parameters"),
    [
        ("application/soap+xml; charset=UTF-8", "application/soap+xml", {"charset": "UTF-8"}),
        ('Multipart/Related; BOUNDARY="a;b"', "multipart/related", {"boundary": "a;b"}),
        ("", "", {}),
    ],
)
def test_content_types(value: str, media: str, parameters: dict[str, str]) -> None:
    assert media_type(value) == (media, parameters)


def test_two_assertions_give_none(make: Make) -> None:
    assert _view(make("TD0.2")).assertion is not None
    assert _view(make("TD0.2", "two-assertions")).assertion is None


def test_inline_documents_are_read_too(make: Make) -> None:
    inline, attached = _view(make("TD2.1", "inline-base64")), _view(make("TD2.1"))
    assert [data for _, data in inline.documents] == [data for _, data in attached.documents]


def test_a_body_past_the_limit_says_so(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = make("TD0.2")
    monkeypatch.setattr("harness.checks.judged.MAX_BODY", 10)
    view = _view(replace(exchange, id="e9"))
    assert view.root is None
    assert "10" in view.trouble
