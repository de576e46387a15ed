"""What the METADATA.XML of an XDM submission set (IHE ITI-32, documents on media) says of its documents.

Reads names, sizes and hashes only, to compare them with the files beside it; the metadata themselves are judged by
the XDS rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from harness.checks.xpath import attribute, nodes
from protocol import facts, safexml
from protocol.errors import XmlRefused

METADATA: Final = "metadata.xml"
#: What accompanies a submission set without being one of its documents.
COMPANIONS: Final = ("index.htm", "readme.txt", "autorun.inf")
#: More documents than a submission set holds; what follows is not compared.
MAX_ANNOUNCED: Final = 10_000
_ENTRIES: Final = "descendant-or-self::*/rim:RegistryObjectList/rim:ExtrinsicObject"


@dataclass(frozen=True, slots=True)
class Announced:
    """One document as its entry describes it; `size` and `sha1` are "" when the entry does not say."""

    uri: str
    media: str
    size: str
    sha1: str

    @property
    def xml(self) -> bool:
        return self.media in ("text/xml", "application/xml") or self.media.endswith("+xml")


def announced(data: bytes) -> dict[str, Announced]:
    """Documents by URI relative to the metadata; empty when these can't be read (their own judging says why)."""
    try:
        root = safexml.parse(data)
    except XmlRefused:
        return {}
    found = {}
    for entry in nodes(root, _ENTRIES)[:MAX_ANNOUNCED]:
        uri = _slot(entry, "URI").removeprefix("file:").removeprefix("./")
        if uri:
            media = attribute(entry, "mimeType").strip().lower()
            found[uri] = Announced(uri, media, _slot(entry, "size"), _slot(entry, "hash").lower())
    return found


def submission(data: bytes) -> bytes:
    """The same metadata as the request of a submission, which rules look at; as they are when unreadable."""
    try:
        root = safexml.parse(data)
    except XmlRefused:
        return data
    if root.tag != f"{{{facts.LCM}}}SubmitObjectsRequest":
        return data
    request = etree.Element(
        f"{{{facts.XDSB}}}ProvideAndRegisterDocumentSetRequest", nsmap={"xdsb": facts.XDSB}
    )
    request.append(root)
    return safexml.serialize(request)


def _slot(entry: etree._Element, name: str) -> str:
    """The value of a slot; the pieces of a long URI are joined, without their `rank|`."""
    values = nodes(entry, f"rim:Slot[@name='{name}']/rim:ValueList/rim:Value")
    texts = [safexml.text(value) for value in values]
    if len(texts) > 1 and all("|" in text for text in texts):
        ordered = sorted(texts, key=lambda text: text.partition("|")[0].zfill(4))
        return "".join(text.partition("|")[2] for text in ordered)
    return texts[0] if texts else ""
