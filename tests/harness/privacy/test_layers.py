"""Whatever the wrapping, what is inside is seen; what can't be opened is said; hostile wrappings end."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.privacy import layers as opening
from harness.privacy.identifiers import identifiers
from harness.privacy.layers import layers
from protocol.identifiers.ins import ins_key

Wrapping = Callable[[bytes], bytes]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(kind: bytes, content: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(kind, content) + chunk(b"IEND", b"")


def pdf(stream: bytes, *, head: bytes = b"") -> bytes:
    return b"%PDF-1.4\n1 0 obj\n<< " + head + b" >>\nstream\n" + stream + b"\nendstream\nendobj\n%%EOF\n"


def zipped(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("dossier/CR.xml", data)
    return out.getvalue()


def multipart(data: bytes, encoding: str) -> bytes:
    return (
        b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: "
        + encoding.encode()
        + b"\r\n\r\n"
        + data
        + b"\r\n--b--\r\n"
    )


def page(text: bytes) -> bytes:
    return b"BT /F1 12 Tf (" + text + b") Tj ET"


def kerned(text: bytes) -> bytes:
    pieces = b" -20 ".join(b"(" + text[at : at + 2] + b")" for at in range(0, len(text), 2))
    return b"BT [" + pieces + b"] TJ ET"


#: Every wrapping that the guard claims to open. Each keeps the text readable inside.
WRAPPINGS: Final[dict[str, Wrapping]] = {
    "plain": lambda data: b"<a>" + data + b"</a>",
    "base64": base64.b64encode,
    "base64 in lines": lambda data: base64.encodebytes(b"x" * 60 + b" " + data + b" " + b"y" * 60),
    "base64 in XML": lambda data: (
        b"<d>" + base64.b64encode(b"<p>" + data + b"</p>").replace(b"=", b"") + b"</d>"
    ),
    "base64 in JSON": lambda data: json.dumps({"d": base64.encodebytes((data + b" ") * 4).decode()}).encode(),
    "base64url": lambda data: base64.urlsafe_b64encode(b"\xfb\xff " + data),
    "hexadecimal": lambda data: data.hex().encode(),
    "quoted-printable": lambda data: b"".join(b"=%02X" % byte for byte in data),
    "soft end of line": lambda data: data[:7] + b"=\r\n" + data[7:],
    "character references": lambda data: b"".join(b"&#%d;" % byte for byte in data),
    "hexadecimal references": lambda data: b"".join(b"&#x%X;" % byte for byte in data),
    "JSON escapes": lambda data: b'"' + b"".join(b"\\u%04x" % byte for byte in data) + b'"',
    "percent": lambda data: b"q=" + b"".join(b"%%%02X" % byte for byte in data),
    "percent around": lambda data: b"?id=%20" + quote(data).encode() + b"%5E%5E",
    "UTF-16 LE": lambda data: data.decode("latin-1").encode("utf-16-le"),
    "UTF-16 BE": lambda data: data.decode("latin-1").encode("utf-16-be"),
    "UTF-16 with mark": lambda data: data.decode("latin-1").encode("utf-16"),
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
    "xz in MIME": lambda data: multipart(lzma.compress(data), "binary"),
    "zip": zipped,
    "stored zip": lambda data: zipped(data, zipfile.ZIP_STORED),
    "zip in MIME": lambda data: multipart(zipped(data), "binary"),
    "base64 in MIME": lambda data: multipart(base64.encodebytes(zipped(data)), "base64"),
    "PDF page": lambda data: pdf(page(data)),
    "deflated PDF page": lambda data: pdf(zlib.compress(page(data)), head=b"/Filter /FlateDecode"),
    "kerned PDF page": lambda data: pdf(zlib.compress(kerned(data))),
    "hexadecimal PDF string": lambda data: pdf(b"BT <" + data.hex().encode() + b"> Tj ET"),
    "octal PDF string": lambda data: pdf(page(b"".join(b"\\%03o" % byte for byte in data))),
    "PDF one character a time": lambda data: pdf(b"\n".join(b"(%c) Tj" % byte for byte in data)),
    "ASCIIHex PDF stream": lambda data: pdf(page(data).hex().encode() + b">"),
    "ASCII85 PDF stream": lambda data: pdf(base64.a85encode(page(data)) + b"~>"),
    "PDF metadata": lambda data: pdf(b"") + b"<< /Title (" + data + b") >>",
    "PNG tEXt": lambda data: png(b"tEXt", b"Comment\0" + data),
    "PNG zTXt": lambda data: png(b"zTXt", b"Comment\0\0" + zlib.compress(data)),
    "PNG iTXt": lambda data: png(b"iTXt", b"Comment\0\1\0fr\0Commentaire\0" + zlib.compress(data)),
    "DER string": lambda data: b"\x30\x11\x13\x0f" + data + b"\x31\x30",
    "JPEG comment": lambda data: b"\xff\xd8\xff\xfe\0\x20" + data + b"\xff\xd9",
}


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A NIR with its key, of a commune that exists."""
    body = (
        draw(st.sampled_from("12"))
        + f"{draw(st.integers(0, 99)):02d}{draw(st.integers(1, 12)):02d}"
        + draw(st.sampled_from(["75", "13", "2A", "2B", "69", "97"]))
        + f"{draw(st.integers(1, 900)):03d}{draw(st.integers(1, 999)):03d}"
    )
    return body + ins_key(body)


def seen(data: bytes) -> set[str]:
    return {one.value for layer in layers(data)[0] for one in identifiers(layer.data)}


@pytest.mark.parametrize("name", WRAPPINGS)
@settings(max_examples=15)
@given(number=numbers())
def test_a_planted_number_is_found_in_each_wrapping(name: str, number: str) -> None:
    assert number in seen(WRAPPINGS[name](number.encode())), name


@settings(max_examples=60)
@given(
    number=numbers(),
    path=st.lists(
        st.sampled_from(sorted({"base64", "gzip", "zip", "zip in MIME", "base64 in MIME", "hexadecimal"})),
        min_size=2,
        max_size=4,
        unique=True,
    ),
)
def test_wrappings_may_be_nested(number: str, path: list[str]) -> None:
    data = b"<id>" + number.encode() + b"</id>"
    for name in path:
        data = WRAPPINGS[name](data)
    assert number in seen(data), path


@settings(max_examples=150)
@given(st.binary(max_size=400), st.sampled_from(sorted(WRAPPINGS)), st.integers(0, 399))
def test_damaged_wrappings_never_crash(noise: bytes, name: str, at: int) -> None:
    whole = bytearray(WRAPPINGS[name](b"185057800608491"))
    whole[at % len(whole) : at % len(whole)] = noise
    layers(bytes(whole))


def test_an_encrypted_member_is_told() -> None:
    data = bytearray(zipped(b"secret"))
    local, central = data.find(b"PK\x03\x04"), data.find(b"PK\x01\x02")
    data[local + 6] |= 1
    data[central + 8] |= 1
    assert [one.why.en for one in layers(bytes(data))[1]] == ["encrypted file"]


@pytest.mark.parametrize(
    "data",
    [
        b"7z\xbc\xaf\x27\x1c\0\4",
        b"Rar!\x1a\x07\1\0",
        zipped(b"x")[:-25],
        b"PK\x03\x04" + b"\0" * 40,
        pdf(b"", head=b"/Encrypt 3 0 R"),
    ],
    ids=["7z", "rar", "cut", "no end", "encrypted PDF"],
)
def test_what_cannot_be_opened_is_told(data: bytes) -> None:
    assert layers(data)[1]


def test_a_bomb_is_told_and_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_BYTES", 100_000)
    for bomb in (
        lzma.compress(b"(" * 10_000_000),
        bz2.compress(b"(" * 10_000_000),
        pdf(zlib.compress(b"(" * 10_000_000, 9)),
        zipped(b"(" * 10_000_000),
        gzip.compress(b"(" * 10_000_000),
    ):
        told, unread = layers(bomb)
        assert unread
        assert sum(len(layer.data) for layer in told) <= 3 * 100_000


def test_a_number_in_a_certificate_is_found_among_its_tags() -> None:
    assert seen(b"\x30\x11\x0c\x0f185057800608491\x31\x30") == {"185057800608491"}


def test_nesting_without_end_is_told() -> None:
    data = b"185057800608491 " * 4
    for _ in range(14):
        data = gzip.compress(data, mtime=0)
    assert layers(data)[1]


def test_an_odd_number_of_digits_is_no_crash() -> None:
    """The specification of PDF takes a missing last digit for 0."""
    found, _ = layers(b"%PDF-1.4\n1 0 obj<</Filter/ASCIIHexDecode>>stream\n313>\nendstream")
    assert any(layer.data == b"10" for layer in found)
