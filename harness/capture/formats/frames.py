"""Frames kept as files: our own (`01_echange.json` beside its bodies), pairs by name, and lone SOAP messages.

Names tell the side: `01_requete.xml` and `01_reponse.xml`, `request-7.mime` and `response-7.mime`, `a.req`, `a.resp`.
A message alone is a response when it relates to another. Without their headers, these are supposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.capture.formats.api import Half, Item, Side, Source
from harness.capture.formats.supposing import supposed_kind
from protocol.exchange import RESERIALISED, SUPPOSED

_NAMED: Final = re.compile(
    r"(?P<stem>.*?)(?:[._ -]?(?P<word>requete|requête|request|reponse|réponse|response)"
    r"|(?:(?<=[._ -])|(?<![^/]))(?P<short>req|resp|rsp|rep))(?P<rest>[._ -]?\d+)?(?:\.\w+)?",
    re.IGNORECASE,
)
_RELATES: Final = re.compile(rb"<(?:[\w-]+:)?RelatesTo[\s>]")


class Frames:
    """`--format frames`."""

    name: Final = "frames"
    rank: Final = 60

    def recognises(self, source: Source) -> bool:
        head = source.head
        soap = b"Envelope" in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"--"))
        return soap or (named(source.path) is not None and not head.lstrip().startswith((b"{", b"[")))

    def read(self, source: Source) -> Iterator[Item]:
        name = named(source.path)
        related = _RELATES.search(source.data) is not None
        side: Side = name[1] if name else "response" if related else "request"
        marks = {SUPPOSED, RESERIALISED} if source.recoded else {SUPPOSED}
        yield Half(
            side,
            source.path.name,
            source.data,
            (("Content-Type", supposed_kind(source.data)),),
            key=f"{source.path.parent}/{name[0]}" if name else "",
            status=500 if side == "response" and b":Fault>" in source.data else 200,
            marks=frozenset(marks),
        )


def named(path: Path) -> tuple[str, Side] | None:
    """The stem that both sides share, and which side this file is; None when its name tells nothing."""
    found = _NAMED.fullmatch(path.name)
    if found is None:
        return None
    side = (found["word"] or found["short"]).lower()
    stem = found["stem"].rstrip("._ -") + (found["rest"] or "")
    return stem, "request" if side.startswith("req") else "response"


READER: Final = Frames()
