"""Documents that a request feeds, and identifiers that an answer told, for rules over several frames.

No verdict.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from harness.checks.judged import Judged
from harness.checks.rim import associations, documents_entries
from harness.checks.xpath import attribute, nodes, string, strings
from protocol import facts, safexml
from protocol.errors import XmlRefused

_UNIQUE_ID: Final = f"rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']/@value"
#: Raw, since the answer may be no XML any more.
_OBJECT: Final = re.compile(rb'<[\w.]*:?(?:ExtrinsicObject|RegistryPackage|ObjectRef)\b[^>]*?\bid="([^"]+)"')
_IDENTIFIER: Final = re.compile(rb"<[\w.]*:?ExternalIdentifier\b[^>]*>")
_VALUE: Final = re.compile(rb'\bvalue="([^"]+)"')
_UNIQUE: Final = facts.DE_UNIQUE_ID.encode()


@dataclass(frozen=True)
class Fed:
    """One document of a submission. `sha256` (hex) of its bytes; `content`: digest of what it says, ids left out."""

    unique_id: str
    entry: str
    sha256: str
    content: str
    element: etree._Element


def fed(view: Judged) -> tuple[Fed, ...]:
    """Documents that a submission carries with their entry, signature left out."""
    entries = {attribute(entry, "id"): entry for entry in documents_entries(view)}
    return tuple(
        Fed(
            string(entries[name], _UNIQUE_ID),
            name,
            hashlib.sha256(data).hexdigest(),
            _content(data),
            element,
        )
        for element, data in view.documents
        if (name := attribute(element, "id")) in entries
    )


def _content(data: bytes) -> str:
    """Digest of the body of a CDA, of all the bytes of anything else."""
    try:
        root = safexml.parse(data, max_bytes=len(data) + 1, huge=True)
    except XmlRefused:
        return hashlib.sha256(data).hexdigest()
    said = nodes(root, "descendant-or-self::hl7:ClinicalDocument/hl7:component")
    whole = b"".join(etree.tostring(item, method="c14n") for item in said) or data
    return hashlib.sha256(whole).hexdigest()


def replaces(view: Judged, item: Fed) -> bool:
    """Whether the submission says that this document replaces another."""
    return any(
        attribute(link, "sourceObject") == item.entry
        and attribute(link, "associationType") in (facts.RPLC, facts.XFRM_RPLC)
        for link in associations(view)
    )


def wanted(view: Judged) -> Iterator[str]:
    """What a request asks for, without what is new in every message: parameters, document ids, texts."""
    if view.payload is None:
        return
    documents = fed(view)
    if documents:
        yield from sorted(f"{item.unique_id} {item.sha256}" for item in documents)
        return
    volatile = ("hl7:id", "hl7:creationTime", "hl7:controlActProcess/hl7:queryByParameter/hl7:queryId")
    for element in view.payload.iter():
        if isinstance(element.tag, str) and not any(
            element in nodes(view.payload, path) for path in volatile
        ):
            yield f"{element.tag}{sorted(element.attrib.items())}{(element.text or '').strip()}"


def fresh_ids(answers: Iterable[Judged], known: bytes) -> set[bytes]:
    """Ids of objects and documents that these answers told, and that neither `known` nor their own request had."""
    told: set[bytes] = set()
    for view in answers:
        answer = view.exchange.response
        if answer is None:
            continue
        found = {match[1] for match in _OBJECT.finditer(answer.body)}
        for tag in _IDENTIFIER.findall(answer.body):
            value = _VALUE.search(tag)
            if _UNIQUE in tag and value is not None:
                found.add(value[1])
        told |= {name for name in found if name not in known and name not in view.exchange.request.body}
    return told


def entries_told(view: Judged) -> Iterator[tuple[str, etree._Element]]:
    """uniqueId and entry of each document that an answer or a submission describes."""
    for entry in documents_entries(view):
        for unique_id in strings(entry, _UNIQUE_ID):
            yield unique_id, entry
