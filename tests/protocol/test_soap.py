from __future__ import annotations

import base64
import hashlib
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import SoapError, WireError, XmlRefused
from protocol.safexml import xpath
from protocol.soap import (
    TOO_LARGE,
    UNSUPPORTED_MEDIA,
    Limits,
    Part,
    SoapMessage,
    message_id_of,
    read_message,
)

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SIMPLE = "application/soap+xml; charset=UTF-8"
MTOM = (
    'multipart/related; boundary="b:1"; type="application/xop+xml"; start="<root>"; '
    'start-info="application/soap+xml"; action="urn:a"'
)
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
PAYLOAD = '<x:Request xmlns:x="urn:x"/>'


def envelope(header: str = "", body: str = PAYLOAD, ns: str = SOAP12) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{ns}" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:w="{WSSE}"'
        f' xmlns:xop="http://www.w3.org/2004/08/xop/include"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def read(data: bytes, kind: str = SIMPLE, **options: object) -> SoapMessage:
    return read_message(io.BytesIO(data), kind, **options)  # type: ignore[arg-type]


def refused(data: bytes, kind: str = SIMPLE, **options: object) -> str:
    with pytest.raises(WireError) as caught:
        read(data, kind, **options)
    return caught.value.code


def mtom(
    root: bytes,
    *parts: tuple[str, bytes],
    root_type: str = 'application/xop+xml; type="application/soap+xml"',
) -> bytes:
    out = f"--b:1\r\nContent-ID: <root>\r\nContent-Type: {root_type}\r\n\r\n".encode() + root + b"\r\n"
    for content_id, data in parts:
        label = f"Content-ID: <{content_id}>\r\n" if content_id else ""
        out += f"--b:1\r\n{label}Content-Transfer-Encoding: binary\r\n\r\n".encode() + data + b"\r\n"
    return out + b"--b:1--\r\n"


def include(href: str) -> str:
    return f'<d><xop:Include href="{href}"/></d>'


def documents(message: SoapMessage) -> list[bytes]:
    return [message.binary(node).read() for node in xpath(message.envelope.body, "d")]


def test_a_simple_message() -> None:
    header = (
        '<a:Action s:mustUnderstand="true">urn:act</a:Action><a:MessageID>urn:uuid:1</a:MessageID><a:To/>'
        '<a:ReplyTo s:mustUnderstand="1"><a:Address>urn:me</a:Address></a:ReplyTo>'
        "<a:RelatesTo>urn:r</a:RelatesTo>"
        '<w:Security s:mustUnderstand="1">'
        '<n:Assertion xmlns:n="urn:oasis:names:tc:SAML:2.0:assertion"/></w:Security>'
        '<q:Unknown xmlns:q="urn:q" s:mustUnderstand="1"/><q:Other xmlns:q="urn:q" s:mustUnderstand="0"/>'
    )
    with read(envelope(header)) as message:
        found = message.envelope
        assert (message.packaging, found.version, found.body.tag) == ("simple", "1.2", "{urn:x}Request")
        wsa = found.addressing
        assert (wsa.action, wsa.message_id, wsa.to, wsa.reply_to) == ("urn:act", "urn:uuid:1", "", "urn:me")
        assert (wsa.relates_to, wsa.must_understand) == ("urn:r", {"Action", "ReplyTo"})
        assert len(found.security) == len(found.assertions) == 1
        assert found.not_understood == ("{urn:q}Unknown",)
        assert message.unreferenced() == ()


def test_what_is_absent_is_seen_as_absent() -> None:
    bare = f'<s:Envelope xmlns:s="{SOAP12}"><s:Body><!-- c --><p/> </s:Body></s:Envelope>'.encode()
    found = read(bare).envelope
    wsa = found.addressing
    assert (wsa.action, wsa.message_id, wsa.to, wsa.reply_to, wsa.relates_to) == ("", "", None, None, None)
    assert found.header is None
    assert found.security == found.assertions == found.not_understood == ()


def test_several_security_headers_are_all_shown() -> None:
    saml = '<n:Assertion xmlns:n="urn:oasis:names:tc:SAML:2.0:assertion"/>'
    found = read(
        envelope(f"<w:Security>{saml}</w:Security><w:Security>{saml}{saml}</w:Security>{saml}")
    ).envelope
    assert (len(found.security), len(found.assertions)) == (2, 3)


def test_headers_for_others_are_not_ours_to_understand() -> None:
    other = '<q:H xmlns:q="urn:q" s:mustUnderstand="true" s:role="urn:somebody"/>'
    mine = f'<q:I xmlns:q="urn:q" s:mustUnderstand="true" s:role="{SOAP12}/role/ultimateReceiver"/>'
    odd = '<a:Relay s:mustUnderstand="true"/><a:Action xmlns:a="urn:old" s:mustUnderstand="true"/>'
    found = read(envelope(other + mine + odd)).envelope.not_understood
    assert found == ("{urn:q}I", "{http://www.w3.org/2005/08/addressing}Relay", "{urn:old}Action")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "SOAP-EMPTY"),
        (b" \r\n", "SOAP-EMPTY"),
        (b"<a/>", "SOAP-ROOT"),
        (b"<Envelope/>", "SOAP-VERSION"),
        (envelope(ns=SOAP11), "SOAP-VERSION"),
        (envelope(ns="urn:soap13"), "SOAP-VERSION"),
        (f'<Envelope xmlns="{SOAP12}"/>'.encode(), "SOAP-STRUCTURE"),
        (f'<Envelope xmlns="{SOAP12}"><Header/></Envelope>'.encode(), "SOAP-STRUCTURE"),
        (f'<Envelope xmlns="{SOAP12}"><Body/><Header/></Envelope>'.encode(), "SOAP-STRUCTURE"),
        (f'<Envelope xmlns="{SOAP12}"><Body/><Body/></Envelope>'.encode(), "SOAP-STRUCTURE"),
        (f'<Envelope xmlns="{SOAP12}"><Body><a/></Body><x/></Envelope>'.encode(), "SOAP-STRUCTURE"),
        (envelope(body=""), "SOAP-BODY-EMPTY"),
        (envelope(body="text"), "SOAP-BODY-EMPTY"),
        (envelope(body="<a/><b/>"), "SOAP-BODY-SEVERAL"),
        (envelope("<a:Action>x</a:Action><a:Action>x</a:Action>"), "SOAP-WSA-TWICE"),
        (envelope("<a:To/><a:To/>"), "SOAP-WSA-TWICE"),
        (envelope('<a:To s:mustUnderstand="yes"/>'), "SOAP-MUSTUNDERSTAND"),
        (b"<!DOCTYPE a>" + envelope(), "XML-DTD"),
        (b"<a", "XML-SYNTAX"),
    ],
)
def test_each_defect_has_its_code(data: bytes, code: str) -> None:
    assert refused(data) == code
    assert refused(mtom(data), MTOM) == (code if code != "SOAP-EMPTY" else "XML-EMPTY")


@pytest.mark.parametrize(
    "kind",
    [
        "text/xml",
        "application/json",
        "application/xop+xml",
        "multipart/related; boundary=b",
        'multipart/related; boundary=b; type="text/xml"',
        'multipart/related; boundary=b; type="application/xop+xml"; start-info="text/xml"',
        "multipart/form-data; boundary=b",
        "nonsense",
    ],
)
def test_other_media_are_refused(kind: str) -> None:
    assert refused(envelope(), kind) in UNSUPPORTED_MEDIA


@pytest.mark.parametrize(
    "root_type", ["application/soap+xml", "text/xml", 'application/xop+xml; type="text/xml"']
)
def test_the_root_part_is_an_xop_package(root_type: str) -> None:
    assert refused(mtom(envelope(), root_type=root_type), MTOM) == "SOAP-MEDIA"


def test_soap11_only_by_the_switch() -> None:
    old = envelope(ns=SOAP11)
    for kind in (SIMPLE, 'text/xml; charset="utf-8"'):
        assert read(old, kind, lenient_soap11=True).envelope.version == "1.1"
    assert read(envelope(), lenient_soap11=True).envelope.version == "1.2"
    with read(
        mtom(old, root_type='application/xop+xml; type="text/xml"'), MTOM, lenient_soap11=True
    ) as message:
        assert message.envelope.version == "1.1"


def test_attachments_by_their_names() -> None:
    body = (
        f"<r>{include('cid:plain')}{include('cid:urn%3Auuid%3A1@x%20y')}{include('cid:urn:uuid:2')}"
        f"{include('cid:a%3Ab')}</r>"
    )
    data = mtom(
        envelope(body=body),
        ("unused", b"U"), ("plain", b"\x00P"), ("urn:uuid:1@x y", b""), ("urn:uuid:2", b"2\r\n"),
        ("a%3Ab", b"L"), ("", b"anonymous"),
    )  # fmt: skip
    with read(data, MTOM) as message:
        assert message.packaging == "mtom"
        assert documents(message) == [b"\x00P", b"", b"2\r\n", b"L"]
        first = message.binary(xpath(message.envelope.body, "d")[0])
        assert (first.size, first.inline, first.open().read()) == (2, False, b"\x00P")
        assert first.sha1 == hashlib.sha1(b"\x00P", usedforsecurity=False).hexdigest()
        assert message.unreferenced() == ("unused", "#6")
        assert set(message.attachments) == {"unused", "plain", "urn:uuid:1@x y", "urn:uuid:2", "a%3Ab"}


def test_the_decoded_name_wins_over_the_literal_one() -> None:
    data = mtom(envelope(body=f"<r>{include('cid:a%3Ab')}</r>"), ("a%3Ab", b"literal"), ("a:b", b"decoded"))
    with read(data, MTOM) as message:
        assert documents(message) == [b"decoded"]


def test_inline_base64_is_legal() -> None:
    content = bytes(range(256))
    encoded = base64.encodebytes(content).decode()
    for message in (
        read(envelope(body=f"<r><d>{encoded}</d><d/></r>")),
        read(mtom(envelope(body="<r><d/></r>")), MTOM),
    ):
        with message:
            assert documents(message) in ([content, b""], [b""])
    found = read(envelope(body=f"<d>{encoded[:8]}<!-- c -->{encoded[8:]}</d>"))
    binary = found.binary(found.envelope.body)
    assert (binary.inline, binary.read(), binary.open().read()) == (True, content, content)


def test_an_inline_document_over_ten_megabytes() -> None:
    content = b"\x01" * 9_000_000
    data = envelope(body=f"<d>{base64.b64encode(content).decode()}</d>")
    found = read(data)
    assert found.binary(found.envelope.body).size == len(content)


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (include("cid:absent"), "SOAP-XOP-DANGLING"),
        (include("cid:root"), "SOAP-XOP-DANGLING"),
        (include("http://127.0.0.1/x"), "SOAP-XOP-HREF"),
        (include("cid:"), "SOAP-XOP-HREF"),
        ("<d><xop:Include/></d>", "SOAP-XOP-HREF"),
        (f"<d>{include('cid:x')}</d>", "SOAP-XOP-CONTENT"),
        ('<d>QQ==<xop:Include href="cid:x"/></d>', "SOAP-XOP-CONTENT"),
        ('<d><xop:Include href="cid:x"/><xop:Include href="cid:x"/></d>', "SOAP-XOP-CONTENT"),
        ("<d>Q*==</d>", "SOAP-BASE64"),
        ("<d>é</d>", "SOAP-BASE64"),
        ("<d>QQ=</d>", "SOAP-BASE64"),
    ],
)
def test_broken_references(element: str, code: str) -> None:
    for message in (read(envelope(body=element)), read(mtom(envelope(body=element), ("x", b"X")), MTOM)):
        with message, pytest.raises(SoapError) as caught:
            message.binary(message.envelope.body)
        assert caught.value.code == code


def test_limits() -> None:
    data = envelope()
    exact = Limits(root_bytes=len(data))
    short = Limits(root_bytes=len(data) - 1)
    assert read(data, limits=exact).packaging == "simple"
    assert refused(data, limits=short) == "SOAP-SIZE"
    read(mtom(data), MTOM, limits=exact).close()
    assert refused(mtom(data), MTOM, limits=short) == "MIME-ROOT-SIZE"
    assert {"SOAP-SIZE", "MIME-ROOT-SIZE", "MIME-PART-SIZE", "MIME-TOTAL-SIZE"} <= TOO_LARGE


def test_a_refused_envelope_closes_its_attachments(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Part] = []
    really_close = Part.close

    def close(part: Part) -> None:
        closed.append(part)
        really_close(part)

    monkeypatch.setattr(Part, "close", close)
    with pytest.raises(XmlRefused):
        read(mtom(b"<a", ("x", b"y")), MTOM)
    assert len(closed) == 2
    with read(mtom(envelope(), ("x", b"y")), MTOM):
        assert len(closed) == 2
    assert len(closed) == 4


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([SIMPLE, MTOM, "text/xml", ""]), st.booleans())
def test_arbitrary_bytes_raise_only_our_errors(data: bytes, kind: str, lenient: bool) -> None:
    for body in (data, mtom(data, ("x", data)), envelope(data.decode("latin-1"), "<a/>")):
        with suppress(WireError):
            read(body, kind, lenient_soap11=lenient).close()


def test_the_message_id_of_a_message_that_is_refused() -> None:
    def told(data: bytes, kind: str = SIMPLE) -> str:
        return message_id_of(io.BytesIO(data), kind)

    said = "<a:MessageID>urn:uuid:1</a:MessageID>"
    assert told(envelope(said, PAYLOAD * 2)) == "urn:uuid:1"
    assert told(envelope(said, ns=SOAP11), "text/xml") == "urn:uuid:1"
    cut = mtom(envelope(said), ("d", b"x" * 1000))[:-600]
    assert told(cut, MTOM) == "urn:uuid:1"
    assert told(mtom(envelope(said))[:-60], MTOM) == "", "the root itself is cut"
    assert told(envelope(said * 2)) == "", "not told in one way"
    assert told(b"<!DOCTYPE x>" + envelope(said)) == ""
    assert told(b"", MTOM) == told(b"") == told(envelope(said), "") == ""


@given(st.binary(max_size=200), st.sampled_from([SIMPLE, MTOM, "text/plain", "x"]))
def test_the_message_id_of_anything_raises_nothing(data: bytes, kind: str) -> None:
    assert message_id_of(io.BytesIO(data), kind) == ""
