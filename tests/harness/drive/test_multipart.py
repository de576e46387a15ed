"""MTOM writer: what it writes, an independent reader (stdlib email) reads back byte for byte."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.drive.multipart import MultipartWriter, OutPart, Packaging, href, soap_content_type

ROOT = b"<root/>"
CONTENT = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"", b"--", b"\r\n--=_dmpcompat_\r\n", b"--=_dmpcompa", b"\r\n", b"\n", b"a=\r\nb "]),
)


def read(content_type: str, body: bytes) -> list[Any]:
    """Parts as the standard library sees them."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert message.is_multipart()
    return list(message.iter_parts())


def payload(part: Any) -> bytes:
    """Content of a part; 8bit text is decoded by email with surrogates, so it is asked for as bytes."""
    return bytes(part.get_payload(decode=True))


@given(
    contents=st.lists(CONTENT, max_size=4),
    encoding=st.sampled_from(["base64", "quoted-printable"]),
    lower=st.booleans(),
    quoted=st.booleans(),
    preamble=st.sampled_from([b"", b"a preamble\r\n"]),
    root_first=st.booleans(),
)
def test_the_standard_library_reads_every_encoded_part_back(
    contents: list[bytes], encoding: Any, lower: bool, quoted: bool, preamble: bytes, root_first: bool
) -> None:
    parts = [
        OutPart(f"p{n}@x", content, "application/octet-stream", encoding)
        for n, content in enumerate(contents)
    ]
    how = Packaging(
        lower_case_headers=lower,
        quoted=quoted,
        preamble=preamble,
        root_first=root_first,
        root_encoding="base64",
    )
    writer = MultipartWriter(ROOT, parts, how)
    found = {part["Content-ID"]: payload(part) for part in read(writer.content_type, writer.read())}
    assert found == {"<rootpart@lps.invalid>": ROOT} | {
        f"<p{n}@x>": content for n, content in enumerate(contents)
    }


@given(content=CONTENT)
def test_a_binary_part_is_on_the_wire_as_it_is(content: bytes) -> None:
    writer = MultipartWriter(ROOT, [OutPart("p@x", content)], Packaging())
    body = writer.read()
    start = body.index(b"<p@x>\r\n\r\n") + len(b"<p@x>\r\n\r\n")
    assert body[start:].startswith(content + b"\r\n--=_dmpcompat--\r\n")
    assert len(writer) == len(body)


def test_the_content_type_says_what_mtom_wants() -> None:
    written = MultipartWriter(ROOT, [], Packaging(action="urn:x")).content_type
    message = email.message_from_string(f"Content-Type: {written}\n\n", policy=email.policy.HTTP)
    parameters = message["Content-Type"].params
    assert message.get_content_type() == "multipart/related"
    assert parameters["type"] == "application/xop+xml"
    assert parameters["start"] == "<rootpart@lps.invalid>"
    assert parameters["start-info"] == "application/soap+xml"
    assert parameters["action"] == "urn:x"


@pytest.mark.parametrize(
    ("option", "gone"),
    [("with_start", "start="), ("with_start_info", "start-info="), ("with_type", "type=")],
)
def test_each_parameter_may_be_left_out(option: str, gone: str) -> None:
    full = MultipartWriter(ROOT, [], Packaging()).content_type
    without = MultipartWriter(ROOT, [], replace(Packaging(), **cast(Any, {option: False}))).content_type
    assert f"; {gone}" in full
    assert f"; {gone}" not in without


def test_a_document_on_disk_is_drawn_in_pieces(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1024
    path = tmp_path / "big"
    path.write_bytes(content)
    from_disk = MultipartWriter(ROOT, [OutPart("p@x", path)], Packaging())
    assert max(len(piece) for piece in from_disk) < len(content)
    assert from_disk.read() == MultipartWriter(ROOT, [OutPart("p@x", content)], Packaging()).read()


def test_illegal_forms_are_what_they_say() -> None:
    assert not MultipartWriter(ROOT, [], Packaging(close=False)).read().endswith(b"--\r\n")
    assert b"\r" not in MultipartWriter(ROOT, [], Packaging(newline=b"\n")).read()
    liar = MultipartWriter(ROOT, [], Packaging(announced_boundary="other"))
    assert 'boundary="other"' in liar.content_type
    assert b"--other" not in liar.read()


def test_a_cid_is_percent_encoded_unless_told_otherwise() -> None:
    assert href("a:b@c", Packaging()) == "cid:a%3Ab@c"
    assert href("a:b@c", Packaging(href_style="literal")) == "cid:a:b@c"


def test_simple_soap_says_its_version() -> None:
    assert soap_content_type("urn:a") == 'application/soap+xml; charset=UTF-8; action="urn:a"'
    assert soap_content_type(namespace="http://schemas.xmlsoap.org/soap/envelope/").startswith("text/xml")
