"""A one-page PDF of a few lines of text: a body for the documents of plans. Made by hand, fictitious by nature."""

from __future__ import annotations

from collections.abc import Sequence

_STEP = 18
_TOP = 780


def one_page(lines: Sequence[str]) -> bytes:
    """A valid PDF 1.4; characters outside Windows-1252 become a question mark."""
    stream = b"BT /F1 12 Tf 60 %d Td %d TL\n" % (_TOP, _STEP)
    stream += b"".join(b"(%s) Tj T*\n" % escaped(line) for line in lines) + b"ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    return assembled(objects)


def assembled(objects: Sequence[bytes], mark: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1, the first one its catalogue. `mark`: line of the header after the
    version.
    """
    out, places = bytearray(b"%PDF-1.4\n" + mark), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def escaped(line: str) -> bytes:
    raw = line.encode("cp1252", "replace")
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
