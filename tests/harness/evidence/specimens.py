"""Small files of each accepted type, made by hand."""

from __future__ import annotations

import struct
import zlib


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*more: bytes) -> bytes:
    raw = b"".join(b"\0" + b"\xff\0\0" * 2 for _ in range(2))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + body


def tiff(*tags: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, 2, 1, 0) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    told = b"".join(
        b"\xff" + bytes([mark]) + struct.pack(">H", len(data) + 2) + data for mark, data in segments
    )
    return b"\xff\xd8" + told + b"\xff\xda" + struct.pack(">H", 3) + b"\0" + b"scan" + b"\xff\xd9"


def pdf(stream: bytes = b"BT (Essai) Tj ET", info: bytes = b"", compress: bool = False) -> bytes:
    body, filtered = (zlib.compress(stream), b" /Filter /FlateDecode") if compress else (stream, b"")
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Length "
        + str(len(body)).encode()
        + filtered
        + b" >>\nstream\n"
        + body
        + b"\nendstream\nendobj\n2 0 obj\n<< "
        + info
        + b" >>\nendobj\ntrailer\n<< /Info 2 0 R >>\n%%EOF\n"
    )
