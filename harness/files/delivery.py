"""A document of an XDM delivery against what its metadata announce: size, hash, and coherence with its CDA header.

Rules of coherence look at submissions: the document and its entry are put together as one, and the places of what is
found are those of METADATA.XML. The metadata themselves are judged with their own file.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from lxml import etree

from harness.checks import api
from harness.checks.coherence import COH
from harness.checks.judged import Declared
from harness.checks.rule import Finding, verdict
from harness.checks.xpath import nodes
from harness.files.archives import CHECK_XDM
from harness.files.xdm import Announced
from protocol import facts, safexml
from protocol.exchange import Exchange, Request
from protocol.transactions import load

_TRANSACTION: Final = "TD2.1"
_HEADERS: Final = (("Content-Type", "application/soap+xml; charset=UTF-8"),)
_ENTRY: Final = "descendant::rim:ExtrinsicObject"


def as_announced(said: Announced, data: bytes, name: str) -> list[Finding]:
    """Size and SHA-1 of a document, each when its entry tells it."""
    # SHA-1 is what the metadata of IHE carry; nothing rests on it here.
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    pairs = (("size", str(len(data)), said.size), ("hash", sha1, said.sha1))
    return [
        replace(verdict(found == told_of, f"{name}:/@{what}", found, told_of), rule=CHECK_XDM)
        for what, found, told_of in pairs
        if told_of
    ]


def agreeing(
    said: Announced, data: bytes, name: str, declared: Declared | None, only: Iterable[str] | None
) -> list[Finding]:
    """What the rules of coherence find between a CDA document and its entry, severities applied."""
    rules = _rules(None if only is None else tuple(only))
    if not rules:
        return []
    if not said.submission:
        found = (
            "XDM-LARGE: cohérence non contrôlée, métadonnées trop grosses / metadata too big for coherence"
        )
        return [Finding(CHECK_XDM, "INFO", f"{name}:", found)]
    request = safexml.parse(said.submission, huge=True)
    entry = nodes(request, _ENTRY)[0]
    inside = f"request:{safexml.path_of(entry)}"
    document = etree.SubElement(request, f"{{{facts.XDSB}}}Document", id=entry.get("id", ""))
    document.text = base64.b64encode(data).decode()
    now = datetime.now(UTC)
    body = safexml.serialize(request)
    exchange = Exchange(name, "import", "", now, now, Request("POST", "", _HEADERS, body), None)
    findings = api.judge(exchange, load().by_id(_TRANSACTION), declared, sides=("request",), only=rules)
    return [replace(one, where=_where(one.where, inside, said, name)) for one in api.with_severity(findings)]


def _where(found: str, inside: str, said: Announced, name: str) -> str:
    """The place in METADATA.XML of what was found in the submission made for one document."""
    if not found.startswith(inside):
        return f"{name}:"
    return f"{name}:METADATA.XML:{said.place}{found.removeprefix(inside)}"


@lru_cache(maxsize=64)
def _rules(only: tuple[str, ...] | None) -> tuple[str, ...]:
    """Rules of coherence, those that are wanted."""
    wanted = api.selection(only)
    return tuple(rule for rule in api.groups()[COH] if wanted is None or rule in wanted)
