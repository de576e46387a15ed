from __future__ import annotations

import base64
import hashlib
import io
import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import mimepart
from protocol.errors import MimeError, WireError
from protocol.mime import Limits, Multipart, read_multipart

B = "b"
TYPE = f'multipart/related; boundary="{B}"; type="application/xop+xml"'
ROOT = b"--b\r\nContent-ID: <root>\r\n\r\n<a/>\r\n"
END = b"--b--\r\n"


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, as sockets do."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._stream = io.BytesIO(data)
        self._random = random.Random(seed)  # noqa: S311 - sizes of pieces, no secret

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(self._random.randint(1, 7))


def read(body: bytes, kind: str = TYPE, limits: Limits | None = None) -> Multipart:
    return read_multipart(io.BytesIO(body), kind, limits)


def refused(body: bytes, kind: str = TYPE, limits: Limits | None = None) -> str:
    with pytest.raises(MimeError) as caught:
        read(body, kind, limits)
    assert caught.value.message("fr") != caught.value.message("en")
    return caught.value.code


def contents(message: Multipart) -> list[bytes]:
    with message:
        return [message.root.read(), *(part.read() for part in message.parts)]


def write(
    boundary: str, parts: list[tuple[list[tuple[str, str]], bytes]], preamble: bytes, epilogue: bytes
) -> bytes:
    """A multipart writer, for the tests only."""
    out = [preamble + b"\r\n"] if preamble else []
    for headers, body in parts:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        out.append(f"--{boundary}\r\n{lines}\r\n".encode() + body + b"\r\n")
    out.append(f"--{boundary}--".encode() + (b"\r\n" + epilogue if epilogue else b""))
    return b"".join(out)


def test_reads_root_parts_and_hashes() -> None:
    body = (
        ROOT
        + b"--b\r\ncontent-id: <d@x>\r\nCONTENT-TYPE: text/plain;\r\n charset=utf-8\r\n\r\nhello\r\n"
        + END
    )
    with read(body) as message:
        assert message.boundary == B
        assert (message.root.content_id, message.root.read()) == ("root", b"<a/>")
        (part,) = message.parts
        assert part.content_id == "d@x"
        assert part.content_type.params == {"charset": "utf-8"}
        assert part.headers["content-id"] == "<d@x>"
        assert part.size == 5
        assert part.sha1 == hashlib.sha1(b"hello", usedforsecurity=False).hexdigest()
        assert part.sha256 == hashlib.sha256(b"hello").hexdigest()


def test_readers_are_independent_and_rewound() -> None:
    with read(ROOT + b"--b\r\n\r\nhello\r\n" + END, limits=Limits(spill_bytes=1)) as message:
        part = message.parts[0]
        with part.open() as first, part.open() as second:
            assert (first.read(2), second.read(), first.read()) == (b"he", b"hello", b"llo")
            assert (second.seek(-2, io.SEEK_END), second.read()) == (3, b"lo")
        assert part.open().read() == b"hello"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"preamble --b\r\n" + ROOT + END + b"epilogue", [b"<a/>"]),
        (b"Content-Type: multipart/related\r\nMIME-Version: 1.0\r\n\r\n" + ROOT + END, [b"<a/>"]),
        (b"\r\n" + ROOT + b"--b--", [b"<a/>"]),
        (b"--b  \t\r\n\r\n<a/>\r\n--b--  \r\n", [b"<a/>"]),
        (ROOT + b"--b\r\n\r\n\r\n" + END, [b"<a/>", b""]),
        (ROOT + b"--b\r\nContent-ID: <e>\r\n\r\n" + END, [b"<a/>", b""]),
        (ROOT + b"--b\r\n\r\n--bX\r\n--b--X\r\n --b\r\n-b\r\nx--b\r\n\n--b\r\n" + END, None),
        (ROOT + b"--b\r\n\r\n\x00\r\n\r\n\x00\r\n" + END, [b"<a/>", b"\x00\r\n\r\n\x00"]),
        (
            ROOT + b"--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\nQUJD\r\nRA==\r\n" + END,
            [b"<a/>", b"ABCD"],
        ),
        (
            ROOT
            + b"--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\na=3D=C3=A9 \t\r\nb=\r\nc=20\r\n"
            + END,
            [b"<a/>", b"a=\xc3\xa9\r\nbc "],
        ),
        (ROOT + b"--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xff\r\n" + END, [b"<a/>", b"\xff"]),
    ],
)
def test_what_the_rule_allows_is_read(body: bytes, expected: list[bytes] | None) -> None:
    wanted = expected or [b"<a/>", b"--bX\r\n--b--X\r\n --b\r\n-b\r\nx--b\r\n\n--b"]
    assert contents(read(body)) == wanted
    assert contents(read_multipart(Dribble(body, 1), TYPE)) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MIME-EMPTY"),
        (b"no boundary", "MIME-NO-BOUNDARY"),
        (ROOT.replace(b"\r\n", b"\n"), "MIME-NO-BOUNDARY"),
        (END, "MIME-NO-PART"),
        (ROOT, "MIME-TRUNCATED"),
        (ROOT + b"--b", "MIME-TRUNCATED"),
        (ROOT + b"--b-", "MIME-TRUNCATED"),
        (ROOT + b"--b\r\nContent-ID: <x>", "MIME-TRUNCATED"),
        (ROOT + b"--b\r\nno colon\r\n\r\nx\r\n" + END, "MIME-HEADER"),
        (ROOT + b"--b\r\nBad Name: x\r\n\r\nx\r\n" + END, "MIME-HEADER"),
        (ROOT + b"--b\r\nX: \x00\r\n\r\nx\r\n" + END, "MIME-HEADER"),
        (ROOT + b"--b\r\nX: \xff\r\n\r\nx\r\n" + END, "MIME-HEADER"),
        (ROOT + b"--b\r\nX: a\nY: b\r\n\r\nx\r\n" + END, "MIME-HEADER"),
        (ROOT + b"--b\r\nContent-ID: <a>\r\nContent-Id: <b>\r\n\r\nx\r\n" + END, "MIME-HEADER-TWICE"),
        (ROOT + ROOT + END, "MIME-CONTENT-ID-TWICE"),
        (ROOT + b"--b\r\nContent-Type: nonsense\r\n\r\nx\r\n" + END, "MIME-CONTENT-TYPE"),
        (ROOT + b"--b\r\nContent-Transfer-Encoding: gzip\r\n\r\nx\r\n" + END, "MIME-ENCODING"),
        (ROOT + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJ\r\n" + END, "MIME-BASE64"),
        (ROOT + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQ*JD\r\n" + END, "MIME-BASE64"),
        (ROOT + b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==QUJD\r\n" + END, "MIME-BASE64"),
        (
            ROOT + b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=G1\r\n" + END,
            "MIME-QUOTED-PRINTABLE",
        ),
        (
            ROOT + b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=4\r\n" + END,
            "MIME-QUOTED-PRINTABLE",
        ),
        (
            ROOT
            + b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            + b"a" * 200_000
            + b"\r\n"
            + END,
            "MIME-QUOTED-PRINTABLE",
        ),
    ],
)
def test_each_defect_has_its_code(body: bytes, code: str) -> None:
    assert refused(body) == code
    with pytest.raises(MimeError) as caught:
        read_multipart(Dribble(body, 2) if len(body) < 10_000 else io.BytesIO(body), TYPE)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("multipart/mixed; boundary=b", "MIME-MEDIA"),
        ("multipart/related", "MIME-BOUNDARY"),
        ('multipart/related; boundary=""', "MIME-BOUNDARY"),
        ('multipart/related; boundary="b "', "MIME-BOUNDARY"),
        (f"multipart/related; boundary={'b' * 71}", "MIME-BOUNDARY"),
        ("multipart/related; boundary=é", "MIME-BOUNDARY"),
        ("multipart/related; boundary=b; BOUNDARY=c", "MIME-PARAMETER-TWICE"),
        ('multipart/related; boundary="b', "MIME-CONTENT-TYPE"),
        ("multipart/related; boundary", "MIME-CONTENT-TYPE"),
        ("multipart", "MIME-CONTENT-TYPE"),
        ("", "MIME-CONTENT-TYPE"),
        ("a/b; x=" + "y" * 5000, "MIME-CONTENT-TYPE"),
        ('multipart/related; boundary=b; start="<other>"', "MIME-START"),
    ],
)
def test_content_types_that_are_refused(kind: str, code: str) -> None:
    assert refused(ROOT + END, kind) == code


def test_start_names_the_root_wherever_it_is() -> None:
    body = b"--b\r\nContent-ID: <doc>\r\n\r\nD\r\n" + ROOT + END
    for kind in ("start=<root>", 'start="<root>"', 'start="root"'):
        message = read(body, f"multipart/related ; {kind} ;boundary=b;")
        assert contents(message) == [b"<a/>", b"D"]
    assert contents(read(body)) == [b"D", b"<a/>"]


@pytest.mark.parametrize("boundary", ["a:b=c", "uuid:0-1+id=2", "----=_Part_1.2", "x" * 70, "a b"])
def test_boundaries_of_real_clients(boundary: str) -> None:
    body = ROOT.replace(b"--b", b"--" + boundary.encode()) + f"--{boundary}--".encode()
    assert contents(read(body, f'multipart/related; boundary="{boundary}"')) == [b"<a/>"]
    assert contents(read(body, f"multipart/related; boundary={boundary}; type=x")) == [b"<a/>"]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(root_bytes=3), "MIME-ROOT-SIZE"),
        (Limits(part_bytes=9), "MIME-PART-SIZE"),
        (Limits(total_bytes=70), "MIME-TOTAL-SIZE"),
        (Limits(parts=1), "MIME-PARTS"),
        (Limits(header_bytes=10), "MIME-HEADER-SIZE"),
    ],
)
def test_limits(limits: Limits, code: str) -> None:
    body = ROOT + b"--b\r\nContent-ID: <document>\r\n\r\n0123456789\r\n" + END
    assert refused(body, limits=limits) == code
    exact = Limits(root_bytes=4, part_bytes=10, total_bytes=len(body), parts=2, header_bytes=30)
    assert contents(read(body, limits=exact)) == [b"<a/>", b"0123456789"]


def test_an_endless_header_block_is_cut_short() -> None:
    body = ROOT + b"--b\r\n" + b"X: y\r\n" * 100_000
    assert refused(body) == "MIME-HEADER-SIZE"


def test_the_epilogue_counts_in_the_total() -> None:
    assert refused(ROOT + END + b"x" * 200_000, limits=Limits(total_bytes=100_000)) == "MIME-TOTAL-SIZE"


def test_a_refused_message_leaves_no_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[mimepart.Part] = []
    really_close = mimepart.Part.close

    def close(part: mimepart.Part) -> None:
        closed.append(part)
        really_close(part)

    monkeypatch.setattr(mimepart.Part, "close", close)
    limits = Limits(spill_bytes=1)
    assert refused(ROOT + b"--b\r\n\r\nhello", limits=limits) == "MIME-TRUNCATED"
    assert len(closed) == 2
    assert refused(ROOT + END, "multipart/related; boundary=b; start=<x>", limits) == "MIME-START"
    assert len(closed) == 3


class Generated(io.RawIOBase):
    """A message of `size` bytes of document, made on the fly."""

    def __init__(self, size: int) -> None:
        self._pieces = self._make(size)

    @staticmethod
    def _make(size: int) -> Iterator[bytes]:
        yield ROOT + b"--b\r\nContent-ID: <big>\r\n\r\n"
        piece = bytes(range(256)) * 256
        for _ in range(size // len(piece)):
            yield piece
        yield b"\r\n" + END

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


def test_memory_does_not_grow_with_the_message() -> None:
    tracemalloc.start()
    try:
        message = read_multipart(Generated(64 * 1024 * 1024), TYPE)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    with message:
        assert message.parts[0].size == 64 * 1024 * 1024
    assert peak < 4 * 1024 * 1024


BOUNDARY = st.from_regex(r"[0-9A-Za-z'()+_,\-./:=?]{8,70}", fullmatch=True)
ENCODING = st.sampled_from(["", "binary", "base64", "quoted-printable"])


@st.composite
def bodies(draw: st.DrawFn, boundary: str) -> bytes:
    """Binary content with CR, LF, dashes and pieces of the boundary in it; never a whole boundary line."""
    near = st.sampled_from(
        [b"\r\n", b"--", b"\r\n--", b"\r\n--" + boundary[:-1].encode(), boundary.encode(), b"="]
    )
    content = b"".join(draw(st.lists(st.one_of(near, st.binary(max_size=20)), max_size=12)))
    return b"" if b"\r\n--" + boundary.encode() in b"\r\n" + content else content


@settings(max_examples=150, deadline=None)
@given(st.data(), BOUNDARY, st.integers(0, 2**16))
def test_round_trip(data: st.DataObject, boundary: str, seed: int) -> None:
    originals = data.draw(st.lists(bodies(boundary), min_size=1, max_size=4))
    parts = []
    for rank, original in enumerate(originals):
        encoding = data.draw(ENCODING)
        headers = [("Content-ID", f"<{rank}:x@é>")] + (
            [("Content-Transfer-Encoding", encoding)] if encoding else []
        )
        body = original
        if encoding == "base64":
            body = base64.encodebytes(original).replace(b"\n", b"\r\n")
        elif encoding == "quoted-printable":
            body = b"=\r\n".join(b"=%02X" % byte for byte in original)
        parts.append((headers, body))
    raw = write(
        boundary, parts, data.draw(st.sampled_from([b"", b"pre"])), data.draw(st.sampled_from([b"", b"epi"]))
    )
    kind = f'multipart/related; boundary="{boundary}"; start="<0:x@é>"'
    with read_multipart(Dribble(raw, seed), kind, Limits(spill_bytes=8)) as message:  # type: ignore[arg-type]
        assert [message.root.read(), *(part.read() for part in message.parts)] == originals
        assert [part.content_id for part in message.parts] == [
            f"{rank}:x@é" for rank in range(1, len(originals))
        ]
        for part, original in zip((message.root, *message.parts), originals, strict=True):
            assert part.sha1 == hashlib.sha1(original, usedforsecurity=False).hexdigest()


PIECES = st.sampled_from(
    [b"\r\n", b"--b", b"--b\r\n", b"--b--", b"Content-ID: <x>", b"Content-Type: a/b", b":", b"<", b"\r\n\r\n",
     b"QQ==", b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"="]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=25).map(b"".join), st.booleans())
def test_arbitrary_bytes_raise_only_our_errors(body: bytes, dribble: bool) -> None:
    stream = Dribble(body, 3) if dribble else io.BytesIO(body)
    try:
        read_multipart(stream, TYPE).close()  # type: ignore[arg-type]
    except WireError as problem:
        assert problem.code.startswith("MIME-")
