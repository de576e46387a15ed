"""Drawings of documents on paper: stacked bars, the QR code, the watermark, in data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Final

import segno
from lxml import etree

_SVG: Final = "http://www.w3.org/2000/svg"


#: What a case takes of the bar at least, so that one failure among hundreds is seen; and what parts two verdicts.
_LEAST: Final = 8
_GAP: Final = 3


def bar(counts: Mapping[str, int], colours: Mapping[str, str], *, width: int = 1000, height: int = 40) -> str:
    """A stacked bar of counts by verdict, as a data address. No count that is told vanishes."""
    root = _drawing(width, height, preserveAspectRatio="none")
    start = 0
    shares = _shares(list(counts.values()), width)
    for verdict, share in zip(counts, shares, strict=True):
        end = start + share
        seen = share if end == width else share - _GAP
        place = {"x": str(start), "width": str(seen), "height": str(height), "fill": colours[verdict]}
        etree.SubElement(root, f"{{{_SVG}}}rect", place)
        start = end
    return _address(etree.tostring(root))


def _shares(counts: Sequence[int], width: int) -> list[int]:
    """The width of each count: its part of the whole, but never too little to see; the largest gives what lacks."""
    total = sum(counts) or 1
    shares = [max(_LEAST, round(count * width / total)) for count in counts]
    if shares:
        shares[shares.index(max(shares))] += width - sum(shares)
    return shares


def watermark(text: str) -> str:
    """A word across the page, as a data address."""
    root = _drawing(1500, 1200)
    style = {
        "x": "750",
        "y": "690",
        "text-anchor": "middle",
        "transform": "rotate(-38 750 600)",
        "font-family": "Liberation Sans, DejaVu Sans, sans-serif",
        "font-weight": "700",
        "font-size": "240",
        "fill": "#f6e7e5",
    }
    etree.SubElement(root, f"{{{_SVG}}}text", style).text = text
    return _address(etree.tostring(root))


def qr(text: str) -> str:
    """The text as a QR code of level M, as a data address.

    Pixels rather than strokes, which some readers part with hairlines; the page must not smooth them (PDF/A).
    """
    stream = io.BytesIO()
    segno.make(text, error="m", micro=False).save(stream, kind="png", border=2, scale=8)
    return _address(stream.getvalue(), "image/png")


def _drawing(width: int, height: int, **other: str) -> etree._Element:
    root = etree.Element(f"{{{_SVG}}}svg", {"viewBox": f"0 0 {width} {height}"}, {None: _SVG})
    for name, value in other.items():
        root.set(name, value)
    return root


def _address(data: bytes, media: str = "image/svg+xml") -> str:
    return f"data:{media};base64," + base64.b64encode(data).decode()
