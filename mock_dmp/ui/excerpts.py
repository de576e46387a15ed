"""Bytes as a reader can look at them: text with what is no text escaped, or a hexadecimal dump. Never rendered."""

from __future__ import annotations

import re
from typing import Final

from mock_dmp.ui.blocks import Excerpt
from mock_dmp.ui.masking import OVERLAP, Masker

#: Bytes of a body that a page shows; the whole can be downloaded.
TEXT_BYTES: Final = 64 * 1024
HEX_BYTES: Final = 4 * 1024
_SAMPLE: Final = 4 * 1024
_PER_LINE: Final = 16
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd]")
_UTF16: Final = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def excerpt(data: bytes, total: int, masker: Masker) -> Excerpt:
    """The beginning of `total` bytes, of which `data` are the first (give OVERLAP more than is shown)."""
    if not total:
        return Excerpt("empty", "", 0, 0)
    masked, count = masker.body(data[: TEXT_BYTES + OVERLAP])
    encoding = next((name for mark, name in _UTF16 if data.startswith(mark)), "utf-8")
    if _is_text(data, encoding):
        kept = masked[:TEXT_BYTES]
        return Excerpt("text", _decoded(kept, encoding, len(kept) < total), len(kept), total, count)
    kept = masked[:HEX_BYTES]
    return Excerpt("hex", _dump(kept), len(kept), total, count)


def _is_text(data: bytes, encoding: str) -> bool:
    """Whether most of the first bytes are signs that one can read."""
    sample = data[:_SAMPLE].decode(encoding, "replace")
    return len(_CONTROL.findall(sample)) * 10 < len(sample)


def _decoded(data: bytes, encoding: str, cut: bool) -> str:
    """Text; bytes that are none are written `\\xff`. A sign that the end of the excerpt cuts is left out."""
    if cut and encoding == "utf-8":
        for back in range(1, min(4, len(data)) + 1):
            if data[-back] & 0xC0 == 0xC0:
                data = data[:-back]
                break
            if data[-back] < 0x80:
                break
    return data.decode(encoding, "backslashreplace")


def _dump(data: bytes) -> str:
    """Offset, sixteen bytes in hexadecimal, the same as ASCII."""
    lines = []
    for start in range(0, len(data), _PER_LINE):
        piece = data[start : start + _PER_LINE]
        seen = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        lines.append(f"{start:08x}  {piece.hex(' '):<{3 * _PER_LINE - 1}}  {seen}")
    return "\n".join(lines)
