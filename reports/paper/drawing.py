"""Drawings of the report on paper: stacked bars and the QR code, in data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import segno
from lxml import etree

_SVG = "http://www.w3.org/2000/svg"


def bar(counts: Mapping[str, int], colours: Mapping[str, str], *, width: int = 1000, height: int = 40) -> str:
    """A stacked bar of counts by verdict, as a data address."""
    root = etree.Element(
        f"{{{_SVG}}}svg", {"viewBox": f"0 0 {width} {height}", "preserveAspectRatio": "none"}, {None: _SVG}
    )
    total, done = sum(counts.values()) or 1, 0
    for verdict, count in counts.items():
        start, end = round(done * width / total), round((done + count) * width / total)
        etree.SubElement(
            root,
            f"{{{_SVG}}}rect",
            {"x": str(start), "width": str(end - start), "height": str(height), "fill": colours[verdict]},
        )
        done += count
    return _address(etree.tostring(root))


def qr(text: str) -> str:
    """The text as a QR code of level M, as a data address.

    Pixels rather than strokes: its signature is new each time, and the strokes of a page are compared.
    """
    stream = io.BytesIO()
    segno.make(text, error="m", micro=False).save(stream, kind="png", border=2, scale=8)
    return _address(stream.getvalue(), "image/png")


def _address(data: bytes, media: str = "image/svg+xml") -> str:
    return f"data:{media};base64," + base64.b64encode(data).decode()
