"""Mutations of the packaging of documents: a multipart message that is sent as plain SOAP, its documents inside."""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final
from urllib.parse import unquote

from harness.mutate.registry import Wire, mutator
from harness.mutate.specimen import places

_INCLUDE: Final = re.compile(
    rb'<[\w.]*:?Include\b[^>]*?href="cid:([^"]+)"[^>]*?(?:/>|>\s*</[\w.]*:?Include>)'
)
_CONTENT_ID: Final = re.compile(rb"Content-ID: ?<([^>]+)>", re.IGNORECASE)


def _inlined(wire: Wire) -> bool:
    """Each document in base64 where its part was named: what a stack does when MTOM is switched off."""
    parts = [
        (wire.body[begin:content], wire.body[content:end])
        for begin, content, end in places(wire.body, wire.header("Content-Type"))
    ]
    named = {found[1]: data for head, data in parts if (found := _CONTENT_ID.search(head))}
    if len(parts) < 2:
        return False

    def written(found: re.Match[bytes]) -> bytes:
        name = unquote(found[1].decode()).encode()
        return base64.b64encode(named[name])

    wire.body = _INCLUDE.sub(written, parts[0][1])
    wire.put("Content-Length", str(len(wire.body)))
    return wire.put("Content-Type", "application/soap+xml; charset=UTF-8")


@mutator("mime-not-used", over="wire-request", on=("TD2.1", "TD2.2"), breaks=("MTOM-REQUIRED", "EX_2.1-1260"))
def request_inlined(wire: Wire, _: Random) -> bool:
    return _inlined(wire)


@mutator("mime-answer-not-used", over="wire-answer", on=("TD3.2",), breaks="MTOM-ANSWER")
def answer_inlined(wire: Wire, _: Random) -> bool:
    return _inlined(wire)
