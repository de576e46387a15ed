"""Reading a PDF from outside: what it carries and says, of bounded size; never a traceback for what it is."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from protocol.errors import EvidenceError, Lang, Text

if TYPE_CHECKING:
    import pikepdf

MAGIC: Final = b"%PDF-"
_LARGEST: Final = 16 * 1024 * 1024
_MOST: Final = 8


@dataclass(frozen=True)
class Paper:
    """What a PDF carries (attachments by name), its title, its author, its language."""

    carried: Mapping[str, bytes]
    title: str
    author: str
    lang: Lang


@contextmanager
def opened(data: bytes) -> Iterator[pikepdf.Pdf]:
    """The document; whatever it makes the library stumble on is EvidenceError (PAPER-002)."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            yield document
    # A broken document stumbles in every way: missing keys, other types, numbers that are none.
    except (
        pikepdf.PdfError,
        pikepdf.DataDecodingError,
        ArithmeticError,
        AttributeError,
        LookupError,
        NotImplementedError,
        RuntimeError,
        TypeError,
        ValueError,
        OSError,
        zlib.error,
    ) as problem:
        raise EvidenceError(
            "PAPER-002",
            Text("le PDF ne se lit pas", "the PDF can't be read"),
            field="PDF",
            found=f"{type(problem).__name__}: {problem}"[:200],
        ) from problem


def read(data: bytes) -> Paper:
    """Read a document. Raises EvidenceError (PAPER-002)."""
    with opened(data) as document:
        about = document.docinfo
        if len(document.attachments) > _MOST:
            raise ValueError(f"{len(document.attachments)} attachments")
        return Paper(
            {name: unpacked(one.obj.EF.F) for name, one in document.attachments.items()},
            str(about.get("/Title", "")),
            str(about.get("/Author", "")),
            "en" if str(document.Root.get("/Lang", "fr")).startswith("en") else "fr",
        )


def unpacked(stream: Any, most: int = _LARGEST) -> bytes:
    """The bytes of a stream, no more than `most`. Raises ValueError for more, or another packing than Deflate."""
    raw: bytes = stream.read_raw_bytes()
    if "/Filter" not in stream:
        data = raw
    elif str(stream.Filter) == "/FlateDecode" and "/DecodeParms" not in stream:
        data = zlib.decompressobj().decompress(raw, most + 1)
    else:
        raise ValueError(f"filter {stream.Filter}")
    if len(data) > most:
        raise ValueError(f"more than {most} bytes")
    return data
