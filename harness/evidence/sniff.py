"""What a file given as evidence is, by its content: PNG, JPEG, PDF or text; and what it tells beside what it shows.

Names and suffixes are not believed. Metadata (place, author, device) is flagged, not removed: the bytes of a proof
stay what they were. Secrets and identities are looked for by `harness.privacy`.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from protocol.errors import EvidenceError, Text

Type = Literal["png", "jpeg", "pdf", "text"]
MAX_BYTES: Final = 20 * 1024 * 1024
SUFFIXES: Final[dict[Type, str]] = {"png": ".png", "jpeg": ".jpg", "pdf": ".pdf", "text": ".md"}
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS: Final = (b"tEXt", b"zTXt", b"iTXt")
#: Tags of TIFF that say who, where, with what.
_TAGS: Final = {
    0x013B: Text("auteur", "author"),
    0x8298: Text("droits", "copyright"),
    0x010F: Text("appareil", "device"),
    0x0110: Text("appareil", "device"),
    0x0131: Text("logiciel de prise de vue", "capturing software"),
    0x8825: Text("position GPS", "GPS position"),
}
_ACTIVE: Final = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/RichMedia", b"/SubmitForm")
_INFO: Final = re.compile(
    rb"/(Author|Creator|Producer|Company|Manager)\s*(?:\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]*)>)"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Flag:
    """Something the file tells that its owner may not have meant to: what, and where in the file."""

    what: Text
    where: str


@dataclass(frozen=True)
class Sniffed:
    """Type by content, and what to look at before handing it out."""

    type: Type
    flags: tuple[Flag, ...]


def sniff(data: bytes, name: str) -> Sniffed:
    """Recognise a file. Raises EvidenceError: too large, empty, damaged, encrypted, or of no accepted type."""
    if len(data) > MAX_BYTES:
        raise _refused(
            "EVID-031", Text("fichier trop gros", "file too large"), name, f"{len(data)}", f"<= {MAX_BYTES}"
        )
    if data.startswith(_PNG):
        return Sniffed("png", tuple(_png(data, name)))
    if data.startswith(b"\xff\xd8\xff"):
        return Sniffed("jpeg", tuple(_jpeg(data, name)))
    if data.startswith(b"%PDF-"):
        return Sniffed("pdf", tuple(_pdf(data, name)))
    return Sniffed("text", tuple(_text(data, name)))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Type, content and offset of each chunk of a PNG. Raises ValueError when it is damaged."""
    place = len(_PNG)
    while place < len(data):
        if place + 12 > len(data):
            raise ValueError("truncated chunk")
        (size,) = struct.unpack_from(">I", data, place)
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        end = place + 12 + size
        if end > len(data) or zlib.crc32(kind + content) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ValueError(f"chunk {kind!r} at {place}")
        yield kind, content, place
        place = end
        if kind == b"IEND":
            break
    else:
        raise ValueError("no IEND")
    if place != len(data):
        raise ValueError(f"{len(data) - place} bytes after the end")


def _png(data: bytes, name: str) -> Iterator[Flag]:
    try:
        read = list(chunks(data))
    except ValueError as problem:
        raise _damaged(name, "PNG", problem) from problem
    if not read or read[0][0] != b"IHDR":
        raise _damaged(name, "PNG", ValueError("no IHDR"))
    for kind, content, place in read:
        if kind in _TEXT_CHUNKS:
            key = content.partition(b"\0")[0].decode("latin-1")
            yield Flag(Text(f"texte « {key} »", f'text "{key}"'), f"{kind.decode()} @{place}")
        elif kind == b"eXIf":
            yield from _tiff(content, f"eXIf @{place}")
        elif kind == b"tIME":
            yield Flag(Text("date de modification", "date of modification"), f"tIME @{place}")


def segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, content and offset of each segment of a JPEG before its picture. Raises ValueError when damaged."""
    place = 2
    while True:
        if place + 4 > len(data) or data[place] != 0xFF:
            raise ValueError(f"segment at {place}")
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        (size,) = struct.unpack_from(">H", data, place + 2)
        if size < 2 or place + 2 + size > len(data):
            raise ValueError(f"segment {marker:#x} at {place}")
        yield marker, data[place + 4 : place + 2 + size], place
        if marker == 0xDA:
            return
        place += 2 + size


def _jpeg(data: bytes, name: str) -> Iterator[Flag]:
    try:
        read = list(segments(data))
    except ValueError as problem:
        raise _damaged(name, "JPEG", problem) from problem
    end = data.rfind(b"\xff\xd9")
    if end < 0:
        raise _damaged(name, "JPEG", ValueError("no end of image"))
    if end + 2 != len(data):
        yield Flag(Text("octets après l'image", "bytes after the picture"), f"@{end + 2}")
    for marker, content, place in read:
        if marker == 0xE1 and content.startswith(b"Exif\0\0"):
            yield from _tiff(content[6:], f"Exif @{place}")
        elif marker == 0xE1:
            yield Flag(Text("métadonnées XMP", "XMP metadata"), f"APP1 @{place}")
        elif marker == 0xED:
            yield Flag(Text("métadonnées IPTC", "IPTC metadata"), f"APP13 @{place}")
        elif marker == 0xFE:
            yield Flag(Text("commentaire", "comment"), f"COM @{place}")


def _tiff(content: bytes, where: str) -> Iterator[Flag]:
    """Telling tags of the first directory of a TIFF; a damaged one is flagged too, since it can't be read."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    try:
        if order is None:
            raise ValueError(content[:2])
        (start,) = struct.unpack_from(order + "I", content, 4)
        (count,) = struct.unpack_from(order + "H", content, start)
        told = {struct.unpack_from(order + "H", content, start + 2 + 12 * rank)[0] for rank in range(count)}
    except (struct.error, ValueError):
        yield Flag(Text("métadonnées illisibles", "unreadable metadata"), where)
        return
    for tag in sorted(told & _TAGS.keys()):
        yield Flag(_TAGS[tag], f"{where}, {tag:#06x}")


def _pdf(data: bytes, name: str) -> Iterator[Flag]:
    if b"%%EOF" not in data[-2048:]:
        raise _damaged(name, "PDF", ValueError("no %%EOF"))
    if re.search(rb"/Encrypt\b", data):
        raise _refused(
            "EVID-033",
            Text("PDF chiffré : personne ne pourra l'examiner", "encrypted PDF: nobody could examine it"),
            name,
            "/Encrypt",
            "PDF",
        )
    for found in _INFO.finditer(data):
        key, value = found[1].decode("ascii"), found[2] or found[3] or b""
        if value.strip():
            yield Flag(Text(f"métadonnée {key}", f"metadata {key}"), f"@{found.start()}")
    if (place := data.find(b"<x:xmpmeta")) >= 0:
        yield Flag(Text("métadonnées XMP", "XMP metadata"), f"@{place}")
    for word in _ACTIVE:
        if found_at := re.search(re.escape(word) + rb"\b", data):
            yield Flag(
                Text(f"contenu actif {word.decode()}", f"active content {word.decode()}"),
                f"@{found_at.start()}",
            )


def _text(data: bytes, name: str) -> Iterator[Flag]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _unknown(name, data) from problem
    if _CONTROL.search(text):
        raise _unknown(name, data)
    if not text.strip():
        raise _refused("EVID-032", Text("fichier vide", "empty file"), name, f"{len(data)}", "> 0")
    yield from ()


def _unknown(name: str, data: bytes) -> EvidenceError:
    return _refused(
        "EVID-030",
        Text(
            "ce n'est ni une image PNG ou JPEG, ni un PDF, ni un texte UTF-8",
            "this is neither a PNG or JPEG picture, nor a PDF, nor UTF-8 text",
        ),
        name,
        data[:8].hex(),
        "PNG | JPEG | PDF | UTF-8",
    )


def _damaged(name: str, kind: str, problem: Exception) -> EvidenceError:
    return _refused("EVID-034", Text("fichier endommagé", "damaged file"), name, f"{kind}: {problem}", kind)


def _refused(code: str, text: Text, name: str, found: str, expected: str) -> EvidenceError:
    return EvidenceError(code, text, field=name, found=found, expected=expected)
