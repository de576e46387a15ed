"""Rules of the hash and the size that an entry of TD2.1 declares, against the bytes of its document.

Bytes and digests are read by both decoders (harness.checks.second).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from lxml import etree

from harness.checks import second
from harness.checks.judged import Judged
from harness.checks.rim import FEEDING, document_again, document_of, entries, slot_values
from harness.checks.rule import Finding, check, twice
from protocol.errors import Text

XDS = "XDS-ENTRY"
ON = FEEDING


@check(
    "XDS-HASH",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.3.2.10 : SHA-1 du document, 40 chiffres hexadécimaux",
    title=Text("L'empreinte déclarée est celle du document", "The declared hash is that of the document"),
    mend=Text("SHA-1 des octets envoyés, ou aucun Slot hash", "SHA-1 of the bytes sent, or no hash slot"),
)
def hash_value(view: Judged) -> Iterator[Finding]:
    for item, declared, data in _measured(view, "hash"):
        computed = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        again = document_again(view, item)
        other = "" if again is None else second.sha1(again)
        said = declared.lower()
        yield twice(said == computed, said == other, f"{view.at(item)}/hash", declared, computed, other)


@check(
    "XDS-SIZE",
    on=ON,
    side="request",
    group=XDS,
    clause="ITI TF-3 §4.2.3.2.22 : taille en octets",
    title=Text("La taille déclarée est celle du document", "The declared size is that of the document"),
    mend=Text("nombre d'octets envoyés, ou aucun Slot size", "number of bytes sent, or no size slot"),
)
def size_value(view: Judged) -> Iterator[Finding]:
    for item, declared, data in _measured(view, "size"):
        size, again = str(len(data)), document_again(view, item)
        other = "" if again is None else str(len(again))
        yield twice(declared == size, declared == other, f"{view.at(item)}/size", declared, size, other)


def _measured(view: Judged, name: str) -> list[tuple[etree._Element, str, bytes]]:
    """Entries that declare a hash or a size and whose document is there."""
    found = []
    for item in entries(view):
        data = document_of(view, item)
        for value in slot_values(item, name):
            if data is not None:
                found.append((item, value, data))
    return found
