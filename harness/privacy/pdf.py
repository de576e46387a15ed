"""What a PDF says in its streams: their bytes, and the texts that its pages show.

Enough to find an identifier in ordinary documents: strings in clear, hexadecimal or split by kerning, in the encoding
of the page. Texts shown through glyph numbers of an embedded font are not recovered.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Final

_STREAM: Final = re.compile(rb"stream\r?\n")
_ARRAY: Final = re.compile(rb"\[((?:[^\[\]()]|\((?:[^()\\]|\\.)*\))*)\]\s*TJ", re.DOTALL)
_SHOWN: Final = re.compile(rb"(\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]*>)\s*(?:Tj|'|\")", re.DOTALL)
_STRING: Final = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]*)>", re.DOTALL)
_OCTAL: Final = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b""}


def streams(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Offset and raw bytes of each stream."""
    for found in _STREAM.finditer(data):
        end = data.find(b"endstream", found.end())
        if end > 0:
            yield found.end(), data[found.end() : end]


def unarmoured(raw: bytes) -> Iterator[bytes]:
    """What ASCIIHexDecode or ASCII85Decode would make of a stream; nothing when neither can."""
    plain = re.sub(rb"\s+", b"", raw)
    if re.fullmatch(rb"[0-9A-Fa-f]{2,}>?", plain):
        digits = plain.rstrip(b">")
        yield bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))  # a missing last digit is 0
    elif plain.endswith(b"~>"):
        try:
            yield base64.a85decode(plain.removeprefix(b"<~").removesuffix(b"~>"))
        except ValueError:
            return


def texts(data: bytes) -> bytes:
    """Texts shown by the operators of a content stream, a line each; the pieces of one `TJ` put together. Then the same
    pieces with nothing between them, since writers may show one character at a time.
    """
    shown = [(found.start(), _joined(found[1])) for found in _ARRAY.finditer(data)]
    shown += [(found.start(), _joined(found[1])) for found in _SHOWN.finditer(data)]
    lines = [text for _, text in sorted(shown) if text]
    single = b"".join(lines) if lines and all(len(line) <= 2 for line in lines) else b""
    return b"\n".join([*lines, single]) if single else b"\n".join(lines)


def _joined(inside: bytes) -> bytes:
    pieces = []
    for found in _STRING.finditer(inside):
        if found[2] is not None:
            digits = re.sub(rb"\s+", b"", found[2])
            pieces.append(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii")))
        else:
            pieces.append(_OCTAL.sub(_unescaped, found[1]))
    return b"".join(pieces)


def _unescaped(found: re.Match[bytes]) -> bytes:
    what = found[1]
    if what.isdigit() and not set(what) & set(b"89"):
        return bytes([int(what, 8) & 0xFF])
    return _LETTERS.get(what, what)
