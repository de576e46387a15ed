"""Writes the registry objects of a submission in ebRIM 3.0: set, entries, associations.

Knows the shape of the objects and nothing of where the values come from. Source: IHE ITI TF-3 4.2 as the
interface profiles it (submission set, document entry).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from harness.drive import bind
from harness.drive.metadata import Author
from protocol import facts
from protocol.coded import Coded

_ASSOCIATION_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"

Scheme = str


@dataclass(frozen=True)
class Entry:
    """A document entry: `slots` by name, `codes` by classification scheme. `id` is symbolic."""

    id: str
    mime_type: str
    title: str
    comments: str
    slots: Sequence[tuple[str, tuple[str, ...]]]
    codes: Sequence[tuple[Scheme, Coded]]
    authors: Sequence[Author]
    unique_id: str
    patient: str


@dataclass(frozen=True)
class SubmissionSet:
    """A submission set. `patient` is a CX, `source_id` and `unique_id` are OIDs."""

    id: str
    title: str
    comments: str
    submission_time: str
    content_type: Coded
    author: Author
    unique_id: str
    source_id: str
    patient: str


@dataclass
class Serial:
    """Numbers the parts of one message: cl01, cl02, ei01, as01..."""

    counts: dict[str, int] = field(default_factory=dict)

    def next(self, prefix: str) -> str:
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{self.counts[prefix]:02}"


def submission_set(lot: SubmissionSet, serial: Serial) -> etree._Element:
    """The RegistryPackage, classified as a submission set."""
    node = {"id": serial.next("cl"), "object": lot.id, "node": facts.SUBMISSION_SET}
    names = ("patientId", lot.patient), ("sourceId", lot.source_id), ("uniqueId", lot.unique_id)
    schemes = (facts.SS_PATIENT_ID, facts.SS_SOURCE_ID, facts.SS_UNIQUE_ID)
    scope = {
        "id": lot.id,
        "slots": [_slot("submissionTime", (lot.submission_time,))],
        "title": lot.title,
        "comments": lot.comments,
        "nodes": [node],
        "classifications": [
            _author(facts.SS_AUTHOR, lot.author, lot.id, serial),
            _code(facts.SS_CONTENT_TYPE, lot.content_type, lot.id, serial),
        ],
        "identifiers": [
            _identifier(scheme, f"XDSSubmissionSet.{name}", value, lot.id, serial)
            for scheme, (name, value) in zip(schemes, names, strict=True)
        ],
    }
    return _object("RegistryPackage", scope, {})


def document_entry(entry: Entry, serial: Serial) -> etree._Element:
    """The ExtrinsicObject of a stable document."""
    classifications = [_author(facts.DE_AUTHOR, author, entry.id, serial) for author in entry.authors]
    classifications += [_code(scheme, coded, entry.id, serial) for scheme, coded in entry.codes]
    identifiers = (
        (facts.DE_PATIENT_ID, "XDSDocumentEntry.patientId", entry.patient),
        (facts.DE_UNIQUE_ID, "XDSDocumentEntry.uniqueId", entry.unique_id),
    )
    scope = {
        "id": entry.id,
        "slots": [_slot(name, values) for name, values in entry.slots if any(values)],
        "title": entry.title,
        "comments": entry.comments,
        "nodes": [],
        "classifications": classifications,
        "identifiers": [_identifier(*item, entry.id, serial) for item in identifiers],
    }
    return _object(
        "ExtrinsicObject", scope, {"objectType": facts.STABLE_DOCUMENT, "mimeType": entry.mime_type}
    )


def association(
    kind: str,
    source: str,
    target: str,
    serial: Serial,
    *,
    status: str = "",
    slots: Sequence[tuple[str, tuple[str, ...]]] = (),
) -> etree._Element:
    """An Association; `status` fills SubmissionSetStatus when it is not "", `slots` are others."""
    told = [("SubmissionSetStatus", (status,))] if status else []
    scope = {
        "id": serial.next("as"),
        "slots": [_slot(name, values) for name, values in (*told, *slots)],
        "title": "",
        "comments": "",
        "nodes": [],
        "classifications": [],
        "identifiers": [],
    }
    attributes = {
        "objectType": _ASSOCIATION_TYPE,
        "associationType": kind,
        "sourceObject": source,
        "targetObject": target,
    }
    return _object("Association", scope, attributes)


def classification(scheme: Scheme, coded: Coded, owner: str, serial: Serial) -> etree._Element:
    """One coded attribute, alone: a Classification to put in an object."""
    scope = {
        "id": "",
        "slots": [],
        "title": "",
        "comments": "",
        "nodes": [],
        "classifications": [_code(scheme, coded, owner, serial)],
        "identifiers": [],
    }
    holder = _object("ExtrinsicObject", scope, {})
    return next(holder.iterchildren(f"{{{facts.RIM}}}Classification"))


def _object(name: str, scope: bind.Scope, attributes: dict[str, str]) -> etree._Element:
    element = bind.fill("registry_object", scope)
    element.tag = f"{{{facts.RIM}}}{name}"
    for key, value in attributes.items():
        element.set(key, value)
    return element


def _slot(name: str, values: Sequence[str]) -> dict[str, object]:
    return {"name": name, "values": list(values)}


def _code(scheme: Scheme, coded: Coded, owner: str, serial: Serial) -> dict[str, object]:
    return {
        "id": serial.next("cl"),
        "object": owner,
        "scheme": scheme,
        "code": coded.code,
        "label": coded.label,
        "slots": [_slot("codingScheme", (coded.system,))],
    }


def _author(scheme: Scheme, author: Author, owner: str, serial: Serial) -> dict[str, object]:
    told = (
        ("authorPerson", author.person),
        ("authorInstitution", author.institution),
        ("authorRole", author.role),
        ("authorSpecialty", author.specialty),
    )
    return {
        "id": serial.next("cl"),
        "object": owner,
        "scheme": scheme,
        "code": "",
        "label": "",
        "slots": [_slot(name, (value,)) for name, value in told if value],
    }


def _identifier(scheme: Scheme, name: str, value: str, owner: str, serial: Serial) -> dict[str, object]:
    return {
        "id": serial.next("ei"),
        "object": owner,
        "scheme": scheme,
        "name": name,
        "value": value,
    }
