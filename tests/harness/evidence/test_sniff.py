"""A file is what its bytes are, and what it tells beside what it shows is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.sniff import MAX_BYTES, sniff
from protocol.errors import EvidenceError
from tests.harness.evidence.specimens import chunk, jpeg, pdf, png, tiff


@pytest.mark.parametrize(
    ("data", "kind"),
    [(png(), "png"), (jpeg(), "jpeg"), (pdf(), "pdf"), ("Déclaré.\n".encode(), "text"), (b"<svg/>", "text")],
)
def test_the_type_is_that_of_the_content(data: bytes, kind: str) -> None:
    sniffed = sniff(data, "capture.exe")
    assert (sniffed.type, sniffed.flags) == (kind, ())


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (png(chunk(b"tEXt", b"Author\0Moi")), 'text "Author"'),
        (png(chunk(b"eXIf", tiff(0x8825))), "GPS position"),
        (png(chunk(b"tIME", b"\x07\xea\x0b\x17\0\0\0")), "date of modification"),
        (jpeg((0xE1, b"Exif\0\0" + tiff(0x0110, 0x8825))), "GPS position"),
        (jpeg((0xE1, b"Exif\0\0" + tiff(0x013B))), "author"),
        (jpeg((0xE1, b"Exif\0\0??")), "unreadable metadata"),
        (jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0")), "XMP metadata"),
        (jpeg((0xED, b"Photoshop 3.0\0")), "IPTC metadata"),
        (jpeg((0xFE, b"moi")), "comment"),
        (jpeg() + b"after", "bytes after the picture"),
        (pdf(info=b"/Author (Moi)"), "metadata Author"),
        (pdf(info=b"/Producer <4D6F69>"), "metadata Producer"),
        (pdf(info=b"/OpenAction << /S /JavaScript /JS (x) >>"), "active content /JavaScript"),
    ],
)
def test_what_it_tells_beside_is_said(data: bytes, what: str) -> None:
    assert what in [flag.what.en for flag in sniff(data, "x").flags]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EVID-032"),
        (b" \n", "EVID-032"),
        (b"GIF89a" + b"\0" * 20, "EVID-030"),
        (b"PK\x03\x04\0\0", "EVID-030"),
        ("é".encode("latin-1"), "EVID-030"),
        (png()[:-6], "EVID-034"),
        (png().replace(b"IDAT", b"IDAX"), "EVID-034"),
        (png() + b"more", "EVID-034"),
        (b"\xff\xd8\xff\xe1\0", "EVID-034"),
        (pdf().replace(b"%%EOF", b""), "EVID-034"),
        (pdf(info=b"/Encrypt 3 0 R"), "EVID-033"),
        (b"a" * (MAX_BYTES + 1), "EVID-031"),
    ],
    ids=["empty", "blank", "gif", "zip", "latin", "cut", "crc", "tail", "jpeg", "pdf", "encrypted", "big"],
)
def test_what_is_not_accepted_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        sniff(data, "x.png")
    assert refused.value.code == code


@given(place=st.integers(0, 200), bit=st.integers(0, 7))
def test_a_damaged_picture_never_crashes(place: int, bit: int) -> None:
    for whole in (
        png(chunk(b"eXIf", tiff(0x8825))),
        jpeg((0xE1, b"Exif\0\0" + tiff(0x8825))),
        pdf(compress=True),
    ):
        data = bytearray(whole)
        data[place % len(data)] ^= 1 << bit
        try:
            sniff(bytes(data), "x")
        except EvidenceError as refused:
            assert refused.code.startswith("EVID-03")
