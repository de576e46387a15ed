"""Opens a file down to the bytes that a reader could get out of it, layer by layer.

Zip and gzip members, PDF streams and texts, text chunks of PNG, base64, hexadecimal, quoted-printable, percent and
character references, UTF-16: each is one more layer, itself opened. What can't be opened (encrypted, damaged, beyond
the limits) is told as `Unread`, never passed over in silence. Pictures are not read: pixels are for human eyes.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import hashlib
import io
import lzma
import quopri
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from harness.files import zipreading
from harness.files.zipreading import ZipRefused
from harness.privacy import pdf
from protocol.errors import Text

MAX_DEPTH: Final = 10
#: Bytes that one file may expand to in all, and members of one archive.
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_MEMBERS: Final = 20_000
#: A shorter run of base64 or hexadecimal is opened only when it holds digits in number or something else to open.
_LONG: Final = 100
_WORTH: Final = re.compile(
    rb"[0-9]{8}|(?:[0-9]\0){8}|(?:\0[0-9]){8}|PRIVATE KEY|(?:[0-9][ .\-\xc2\xa0]{0,2}){11}"
    rb"|\A[A-Za-z0-9+/=\r\n]{20,}\Z|PK\x03\x04|\A(?:\x1f\x8b|BZh|\xfd7z|7z\xbc|Rar!|\x78[\x01\x5e\x9c\xda])|%PDF-|\A\x89PNG|\x02\x01[\x00\x03]\x30"
)
_BASE64: Final = re.compile(
    rb"[A-Za-z0-9+/]{20,}(?:(?:\r?\n[ \t]*|\\r\\n|\\n|&#1[03];)+[A-Za-z0-9+/]{2,})*={0,2}"
)
_BASE64URL: Final = re.compile(rb"[A-Za-z0-9_-]{20,}={0,2}")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{30,}")
_LITTLE: Final = re.compile(rb"(?:[\x09\x0a\x0d\x20-\x7e]\x00){10,}")
_BIG: Final = re.compile(rb"(?:\x00[\x09\x0a\x0d\x20-\x7e]){10,}")
_REFERENCE: Final = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_ESCAPE: Final = re.compile(rb"\\u([0-9A-Fa-f]{4})")
#: Digits written as quoted-printable, or cut by a soft end of line.
_QUOTED: Final = re.compile(rb"=3[0-9]|[0-9AB]=\r?\n")
_PERCENT: Final = re.compile(rb"%[0-9A-Fa-f]{2}")
_MACHINES: Final[tuple[tuple[str, re.Pattern[bytes], Callable[[], Any]], ...]] = (
    ("bzip2", re.compile(rb"BZh[1-9]1AY&SY"), bz2.BZ2Decompressor),
    ("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMADecompressor),
)
_CLOSED: Final = re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07")
_LARGE: Final = Text("trop gros une fois décompressé", "too large once expanded")
_WHY: Final = {
    "ZIP-ENCRYPTED": Text("fichier chiffré", "encrypted file"),
    "ZIP-SIZE": _LARGE,
    "ZIP-BOMB": _LARGE,
    "ZIP-COUNT": Text("trop de fichiers dans l'archive", "too many files in the archive"),
}
_SPACE: Final = re.compile(rb"\s+|\\r|\\n|&#1[03];")


@dataclass(frozen=True)
class Layer:
    """Bytes to look at. `place`: how one gets to them from the file (`@120 base64 › zip CR.xml`)."""

    place: str
    data: bytes


@dataclass(frozen=True)
class Unread:
    """Something that could not be opened, and why."""

    place: str
    why: Text


@dataclass
class _Opening:
    """One file being opened: what was seen already, and how much it expanded to."""

    seen: set[bytes] = field(default_factory=set)
    size: int = 0
    unread: list[Unread] = field(default_factory=list)

    def give_up(self, place: str, fr: str, en: str) -> None:
        self.unread.append(Unread(place, Text(fr, en)))


def layers(data: bytes) -> tuple[tuple[Layer, ...], tuple[Unread, ...]]:
    """Every layer of a file, itself first, and what could not be opened."""
    state = _Opening()
    return tuple(_open(Layer("", data), 0, state)), tuple(state.unread)


def _open(layer: Layer, depth: int, state: _Opening) -> Iterator[Layer]:
    mark = hashlib.blake2b(layer.data, digest_size=16).digest()
    if mark in state.seen or not layer.data:
        return
    state.seen.add(mark)
    state.size += len(layer.data)
    if state.size > MAX_BYTES or depth > MAX_DEPTH:
        state.give_up(layer.place, "trop d'emboîtements ou de données", "too many nestings or too much data")
        return
    yield layer
    for opener in _OPENERS:
        for inner in opener(layer, state):
            yield from _open(inner, depth + 1, state)


def _zip(layer: Layer, state: _Opening) -> Iterator[Layer]:
    """Zip archives anywhere in the layer: alone, or among the parts of a multipart message."""
    start = layer.data.find(b"PK\x03\x04")
    while start >= 0:
        end = layer.data.find(b"PK\x05\x06", start)
        if end < 0:
            state.give_up(_at(layer, start, "zip"), "archive zip sans fin", "zip archive without an end")
            return
        stop = end + 22 + int.from_bytes(layer.data[end + 20 : end + 22], "little")
        yield from _members(layer.data[start:stop], _at(layer, start, "zip"), state)
        start = layer.data.find(b"PK\x03\x04", stop)


def _members(data: bytes, place: str, state: _Opening) -> Iterator[Layer]:
    """Names of members that lead outside are only names here: everything that opens is looked at, on its own."""
    file = io.BytesIO(data)
    try:
        members = list(islice(zipreading.directory(file), MAX_MEMBERS + 1))
    except ZipRefused as problem:
        state.unread.append(Unread(place, _unzipped(problem)))
        return
    if len(members) > MAX_MEMBERS:
        state.give_up(place, "trop de fichiers dans l'archive", "too many files in the archive")
        return
    names = "\n".join(member.name for member in members).encode("utf-8", "replace")
    yield Layer(f"{place} names", names)
    for member in members:
        if member.folder and not member.size:
            continue
        inner = f"{place} {member.name}"
        try:
            found = zipreading.content(file, member, MAX_BYTES - state.size)
        except ZipRefused as problem:
            state.unread.append(Unread(inner, _unzipped(problem)))
            continue
        yield Layer(inner, found)


def _unzipped(problem: ZipRefused) -> Text:
    """Why an archive or a member stays closed."""
    told = _WHY.get(problem.code)
    return told or Text(f"archive zip illisible ({problem.code})", f"unreadable zip archive ({problem.code})")


def _gzip(layer: Layer, state: _Opening) -> Iterator[Layer]:
    for found in re.finditer(rb"\x1f\x8b\x08[\x00-\x1f]", layer.data):
        inflated = _inflated(layer.data[found.start() :], 31, _at(layer, found.start(), "gzip"), state)
        if inflated:
            yield Layer(_at(layer, found.start(), "gzip"), inflated)


def _pressed(layer: Layer, state: _Opening) -> Iterator[Layer]:
    """Other compressions: bzip2, xz and a bare zlib stream are opened, 7z and RAR are told."""
    for name, form, machine in _MACHINES:
        for found in form.finditer(layer.data):
            where = _at(layer, found.start(), name)
            try:
                opened = machine()
                out = opened.decompress(layer.data[found.start() :], MAX_BYTES - state.size)
            except (OSError, lzma.LZMAError, EOFError):
                continue
            if not opened.eof and len(out) >= MAX_BYTES - state.size:
                state.give_up(where, "trop gros une fois décompressé", "too large once expanded")
            yield Layer(where, out)
    if re.match(rb"\x78[\x01\x5e\x9c\xda]", layer.data) and (
        out := _inflated(layer.data, 15, layer.place, state)
    ):
        yield Layer(_at(layer, 0, "zlib"), out)
    for found in _CLOSED.finditer(layer.data):
        state.give_up(
            _at(layer, found.start(), "archive"),
            "archive que l'outil n'ouvre pas",
            "archive that the tool can't open",
        )


def _inflated(data: bytes, window: int, place: str, state: _Opening) -> bytes:
    """What zlib makes of the data: all it can, b"" for what is none of its own."""
    room = MAX_BYTES - state.size
    machine = zlib.decompressobj(window)
    try:
        out = machine.decompress(data, room)
    except zlib.error:
        return b""
    if machine.unconsumed_tail:
        state.give_up(place, "trop gros une fois décompressé", "too large once expanded")
    return out


def _png(layer: Layer, state: _Opening) -> Iterator[Layer]:
    """Texts of a PNG, compressed or in clear: alone, since the checksum that follows may look like more digits."""
    for found in re.finditer(rb"(?:tEXt|zTXt|iTXt)", layer.data):
        size = int.from_bytes(layer.data[max(found.start() - 4, 0) : found.start()], "big")
        content = layer.data[found.end() : found.end() + min(size, 1 << 24)]
        place = _at(layer, found.start(), found[0].decode())
        yield Layer(place, content)
        for start in range(min(len(content), 200)):
            if content[start : start + 1] == b"\x78" and (
                text := _inflated(content[start:], 15, place, state)
            ):
                yield Layer(place, text)
                break


def _pdf(layer: Layer, state: _Opening) -> Iterator[Layer]:
    if b"%PDF-" not in layer.data and b"TJ" not in layer.data and b"Tj" not in layer.data:
        return
    if re.search(rb"/Encrypt\b", layer.data) and b"%PDF-" in layer.data:
        state.give_up(f"{layer.place} PDF".strip(), "PDF chiffré", "encrypted PDF")
    for place, raw in pdf.streams(layer.data):
        where = _at(layer, place, "PDF stream")
        if inflated := _inflated(raw.lstrip(b"\r\n"), 15, where, state):
            yield Layer(where, inflated)
        else:
            yield from (Layer(where, other) for other in pdf.unarmoured(raw))
    if told := pdf.texts(layer.data):
        yield Layer(f"{layer.place} PDF text".strip(), told)


def _base64(layer: Layer, state: _Opening) -> Iterator[Layer]:
    for found in _BASE64.finditer(layer.data):
        yield from _decoded(layer, found, lambda run: base64.b64decode(run + b"=" * (-len(run) % 4)))
    if b"-" in layer.data or b"_" in layer.data:
        for found in _BASE64URL.finditer(layer.data):
            if b"-" in found[0] or b"_" in found[0]:
                yield from _decoded(
                    layer, found, lambda run: base64.urlsafe_b64decode(run + b"=" * (-len(run) % 4))
                )


def _decoded(layer: Layer, found: re.Match[bytes], decode: Callable[[bytes], bytes]) -> Iterator[Layer]:
    run = _SPACE.sub(b"", found[0]).rstrip(b"=")
    if len(run) % 4 == 1:
        run = run[:-1]
    try:
        out = decode(run)
    except (binascii.Error, ValueError):
        return
    if len(run) >= _LONG or _WORTH.search(out):
        yield Layer(_at(layer, found.start(), "base64"), out)


def _hex(layer: Layer, state: _Opening) -> Iterator[Layer]:
    for found in _HEX.finditer(layer.data):
        out = bytes.fromhex(found[0][: len(found[0]) // 2 * 2].decode("ascii"))
        if len(found[0]) >= _LONG or _WORTH.search(out):
            yield Layer(_at(layer, found.start(), "hex"), out)


def _utf16(layer: Layer, state: _Opening) -> Iterator[Layer]:
    if b"\0" not in layer.data:
        return
    for form, part in ((_LITTLE, slice(0, None, 2)), (_BIG, slice(1, None, 2))):
        told = b"\n".join(found[0][part] for found in form.finditer(layer.data))
        if told:
            yield Layer(f"{layer.place} UTF-16".strip(), told)


def _written(layer: Layer, state: _Opening) -> Iterator[Layer]:
    """The same text with its escapes resolved: references of XML, \\u of JSON, quoted-printable, percent."""
    data = layer.data
    if b"&#" in data:
        yield Layer(f"{layer.place} &#".strip(), _REFERENCE.sub(_character, data))
    if b"\\u00" in data:
        yield Layer(f"{layer.place} \\u".strip(), _ESCAPE.sub(lambda one: _utf8(int(one[1], 16)), data))
    if _QUOTED.search(data):
        yield Layer(f"{layer.place} quoted-printable".strip(), quopri.decodestring(data))
    if _PERCENT.search(data):
        yield Layer(f"{layer.place} %".strip(), unquote_to_bytes(data))


def _character(found: re.Match[bytes]) -> bytes:
    code = int(found[1], 16) if found[1] else int(found[2])
    return _utf8(code)


def _utf8(code: int) -> bytes:
    return chr(code).encode("utf-8", "replace") if code < 0x110000 else b"?"


def _at(layer: Layer, offset: int, what: str) -> str:
    return f"{layer.place} › @{offset} {what}" if layer.place else f"@{offset} {what}"


_OPENERS: Final[tuple[Callable[[Layer, _Opening], Iterator[Layer]], ...]] = (
    _zip,
    _gzip,
    _pressed,
    _png,
    _pdf,
    _base64,
    _hex,
    _utf16,
    _written,
)
