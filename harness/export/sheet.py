"""A PDF of plain lines, on as many pages as needed: the same lines give the same bytes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from harness.drive.pdf import assembled, escaped

_WIDTH: Final = 92
_LINES: Final = 54
_TOP: Final = 800
_STEP: Final = 14


def pdf(lines: Sequence[str]) -> bytes:
    """Helvetica, A4; characters outside Windows-1252 become a question mark."""
    wrapped = [
        part for line in lines for part in textwrap.wrap(line, _WIDTH, subsequent_indent="    ") or [""]
    ]
    pages = [wrapped[start : start + _LINES] for start in range(0, len(wrapped), _LINES)] or [[]]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * rank) for rank in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for rank, page in enumerate(pages):
        stream = b"BT /F1 10 Tf 50 %d Td %d TL\n" % (_TOP, _STEP)
        stream += b"".join(b"(%s) Tj T*\n" % escaped(line) for line in page) + b"ET"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * rank)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return assembled(objects, b"%\xe2\xe3\xcf\xd3\n")
