"""Rules of the optional attributes of a document entry: events, references, hash and size, times of the signature."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.checks.forms import is_oid
from harness.checks.judged import Judged
from harness.checks.rim import FEEDING, UPDATES, entries, sets, signature_entries, slot_values
from harness.checks.rule import Finding, check, verdict
from harness.checks.xpath import attribute, nodes
from protocol.errors import Text

ENTRY = "XDS-ENTRY"
ON: Final = (*FEEDING, *UPDATES)
EVENT: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"


@check(
    "DE-EVENTS",
    on=FEEDING,
    side="request",
    group=ENTRY,
    clause="ITI TF-3 §4.2.3.2.8 : eventCodeList, chaque code une fois",
    title=Text("Chaque acte de la fiche est dit une fois", "Each event of the entry is told once"),
    mend=Text("retirer le code en double", "remove the duplicate code"),
    confidence="B",
)
def events(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        found = [
            f"{attribute(one, 'nodeRepresentation')}^{' '.join(slot_values(one, 'codingScheme'))}"
            for one in nodes(item, f"rim:Classification[@classificationScheme='{EVENT}']")
        ]
        for code in found:
            yield verdict(found.count(code) == 1, view.at(item) + "/eventCodeList", code, "1")


@check(
    "DE-REFERENCE-IDS",
    on=FEEDING,
    side="request",
    group=ENTRY,
    clause="ITI TF-3 §4.2.3.1.7 : referenceIdList en CXi",
    title=Text("Chaque référence de la fiche est un CXi", "Each reference of the entry is a CXi"),
    mend=Text(
        "{id}^^^&{oid}&ISO^urn:ihe:iti:xds:2013:accession", "{id}^^^&{oid}&ISO^urn:ihe:iti:xds:2013:accession"
    ),
)
def reference_ids(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        for value in slot_values(item, "urn:ihe:iti:xds:2013:referenceIdList"):
            pieces = value.split("^")
            authority = pieces[3].split("&") if len(pieces) >= 5 else []
            good = (
                bool(pieces[0])
                and len(authority) == 3
                and is_oid(authority[1])
                and pieces[4].startswith("urn:")
            )
            yield verdict(good, view.at(item) + "/referenceIdList", value, "{id}^^^&{oid}&ISO^urn:…")


@check(
    "DE-HASH-FORM",
    on=ON,
    side="request",
    group=ENTRY,
    clause="ITI TF-3 §4.2.3.2.10 et .22 : SHA-1 en 40 chiffres hexadécimaux, taille décimale",
    title=Text("hash et size ont leur forme", "hash and size are well formed"),
    mend=Text("40 chiffres hexadécimaux ; un entier", "40 hexadecimal digits; an integer"),
)
def hash_form(view: Judged) -> Iterator[Finding]:
    for item in entries(view):
        for value in slot_values(item, "hash"):
            good = len(value) == 40 and set(value.lower()) <= set("0123456789abcdef")
            yield verdict(good, view.at(item) + "/hash", value, "[0-9a-f]{40}")
        for value in slot_values(item, "size"):
            yield verdict(value.isascii() and value.isdigit(), view.at(item) + "/size", value, "[0-9]+")


@check(
    "DE-SIGNATURE-TIMES",
    on=FEEDING,
    side="request",
    group=ENTRY,
    clause="interface DMP, document de signature : creationTime = serviceStartTime = submissionTime",
    title=Text("La fiche de signature est datée comme le lot", "The signature entry is dated as the set"),
    mend=Text("recopier submissionTime", "copy submissionTime"),
    confidence="B",
    default="warning",
)
def signature_times(view: Judged) -> Iterator[Finding]:
    sent = [value for item in sets(view) for value in slot_values(item, "submissionTime")]
    for item in signature_entries(view):
        if sent:
            for name in ("creationTime", "serviceStartTime"):
                for value in slot_values(item, name):
                    yield verdict(value == sent[0], f"{view.at(item)}/{name}", value, sent[0])
