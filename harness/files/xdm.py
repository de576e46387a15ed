"""What the METADATA.XML of an XDM submission set (IHE ITI-32, documents on media) says of its documents.

Reads names, sizes, hashes and the entries themselves, to compare them with the files beside it; the metadata are
judged by the XDS rules.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
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
#: Bytes of the entries that are kept to be compared with their documents, in all.
MAX_KEPT: Final = 16 * 1024 * 1024
_ENTRIES: Final = "descendant-or-self::*/rim:RegistryObjectList/rim:ExtrinsicObject"
_REPLACING: Final = (
    f"descendant-or-self::*/rim:RegistryObjectList/rim:Association[@associationType='{facts.RPLC}']"
)
_REQUEST: Final = f"{{{facts.XDSB}}}ProvideAndRegisterDocumentSetRequest"


@dataclass(frozen=True, slots=True)
class Announced:
    """One document as its entry describes it; `size` and `sha1` are "" when the entry does not say.

    `submission`: its entry as the only one of a request, with the links that replace another document; b"" when the
    metadata are too big to be kept. `place`: readable path of the entry in the metadata.
    """

    uri: str
    media: str
    size: str
    sha1: str
    place: str = ""
    submission: bytes = b""

    @property
    def xml(self) -> bool:
        return self.media in ("text/xml", "application/xml") or self.media.endswith("+xml")


def announced(data: bytes) -> dict[str, Announced]:
    """Documents by URI relative to the metadata; empty when these can't be read (their own judging says why)."""
    try:
        root = safexml.parse(data)
    except XmlRefused:
        return {}
    found: dict[str, Announced] = {}
    paths, links, kept = safexml.Paths(), _replacing(root), 0
    for entry in nodes(root, _ENTRIES)[:MAX_ANNOUNCED]:
        uri = _slot(entry, "URI").removeprefix("file:").removeprefix("./")
        if uri:
            media = attribute(entry, "mimeType").strip().lower()
            made = _alone(entry, links) if kept <= MAX_KEPT else b""
            kept += len(made)
            said = (_slot(entry, "size"), _slot(entry, "hash").lower(), paths.of(entry), made)
            found[uri] = Announced(uri, media, *said)
    return found


def _replacing(root: etree._Element) -> dict[str, list[etree._Element]]:
    """Associations that replace a document, by the entry that replaces it."""
    found: dict[str, list[etree._Element]] = {}
    for link in nodes(root, _REPLACING):
        found.setdefault(attribute(link, "sourceObject"), []).append(link)
    return found


def _alone(entry: etree._Element, links: Mapping[str, Sequence[etree._Element]]) -> bytes:
    """A submission of one entry."""
    request = etree.Element(_REQUEST, nsmap={"xdsb": facts.XDSB, "lcm": facts.LCM, "rim": facts.RIM})
    submitted = etree.SubElement(request, f"{{{facts.LCM}}}SubmitObjectsRequest")
    objects = etree.SubElement(submitted, f"{{{facts.RIM}}}RegistryObjectList")
    for one in (entry, *links.get(attribute(entry, "id"), ())[:1]):
        objects.append(copy.deepcopy(one))
        objects[-1].tail = None
    return safexml.serialize(request)


def submission(data: bytes) -> bytes:
    """The same metadata as the request of a submission, which rules look at; as they are when unreadable."""
    try:
        root = safexml.parse(data)
    except XmlRefused:
        return data
    if root.tag != f"{{{facts.LCM}}}SubmitObjectsRequest":
        return data
    request = etree.Element(_REQUEST, nsmap={"xdsb": facts.XDSB})
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
