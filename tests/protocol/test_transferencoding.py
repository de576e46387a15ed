from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import MimeError
from protocol.transferencoding import decoder_for


def decode(encoding: str, data: bytes, cuts: list[int]) -> bytes:
    decoder = decoder_for(encoding)
    out, start = b"", 0
    for cut in sorted(cut % (len(data) + 1) for cut in cuts):
        out += decoder.feed(data[start:cut])
        start = cut
    return out + decoder.feed(data[start:]) + decoder.end()


CUTS = st.lists(st.integers(0, 10_000), max_size=6)


@given(st.binary(max_size=200), CUTS)
def test_base64_cut_anywhere(data: bytes, cuts: list[int]) -> None:
    assert decode("base64", base64.encodebytes(data).replace(b"\n", b"\r\n"), cuts) == data


@given(st.binary(max_size=100), CUTS)
def test_quoted_printable_cut_anywhere(data: bytes, cuts: list[int]) -> None:
    encoded = b"=\r\n".join(
        b"=%02X" % byte if byte < 33 or byte > 126 or byte == 61 else bytes([byte]) for byte in data
    )
    assert decode("Quoted-Printable", encoded, cuts) == data


@given(st.binary(max_size=100), CUTS)
def test_the_others_change_nothing(data: bytes, cuts: list[int]) -> None:
    assert [decode(name, data, cuts) for name in ("", "7bit", "8BIT", " binary ")] == [data] * 4


@pytest.mark.parametrize(
    "data", [b"A", b"AB=", b"A===", b"====", b"QQ==QQ==", b"QQ==x", b"\xff\xff\xff\xff", b"QQ=\x00="]
)
@pytest.mark.parametrize("cuts", [[], [1], [2], [4], [5]])
def test_broken_base64(data: bytes, cuts: list[int]) -> None:
    with pytest.raises(MimeError) as caught:
        decode("base64", data, cuts)
    assert caught.value.code == "MIME-BASE64"


@given(st.sampled_from(["base64", "quoted-printable"]), st.binary(max_size=60), CUTS)
def test_the_cuts_never_matter(encoding: str, data: bytes, cuts: list[int]) -> None:
    results = []
    for places in (cuts, []):
        try:
            results.append(decode(encoding, data, places))
        except MimeError as problem:
            results.append(problem.code.encode())
    assert results[0] == results[1]


def test_unknown_encoding() -> None:
    with pytest.raises(MimeError, match="MIME-ENCODING"):
        decoder_for("x-gzip")
