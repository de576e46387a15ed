"""What the messages of TD3.3 share: the unsigned set, new versions of entries, status changes (ITI-57).

A new version is the entry that TD3.1 gave, copied whole, with other visibility codes: what homologated software
does. Which codes, and which statuses, is for each message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from harness.drive import bind, ebrim_writer, submission
from harness.drive.clock import dtm
from harness.drive.draft import Draft, wrong_param
from harness.drive.ebrim_writer import Serial, SubmissionSet
from harness.drive.submission import VISIBILITIES
from protocol import facts, safexml
from protocol.coded import Coded
from protocol.errors import Text, UsageError, XmlRefused

ACTION: Final = "urn:ihe:iti:2010:UpdateDocumentSet"
#: Parameters of every message of TD3.3.
SET_PARAMETERS: Final = ("title", "submission_unique_id")
VERSION_PARAMETERS: Final = (*SET_PARAMETERS, "entry", "confidentiality", "previous_version")
STATUS_PARAMETERS: Final = (*SET_PARAMETERS, "entry_uuid", "original")
STATUSES: Final = {
    "Approved": facts.APPROVED,
    "Archived": facts.ARCHIVED,
    "Deleted": facts.DELETED,
    "Deprecated": facts.DEPRECATED,
}

_SET, _VERSION = "SubmissionSet01", "NewVersion01"
_CONTENT_TYPE: Final = Coded("07", "1.2.250.1.213.2.2", "Consultation externe")


def new_version(draft: Draft, keep: Sequence[str]) -> etree._Element:
    """The message that gives the entry of `entry` the visibility codes of `keep` beside N. Raises UsageError."""
    entry, serial = _entry(draft), Serial()
    copied = _copied(entry, keep, serial)
    told = draft.text("previous_version") or safexml.value(entry, "rim:VersionInfo/@versionName")
    member = ebrim_writer.association(
        facts.HAS_MEMBER,
        _SET,
        _VERSION,
        serial,
        status="Original",
        slots=[("PreviousVersion", (told,))],
    )
    draft.facts |= {
        "logical_id": entry.get("lid", ""),
        "document_unique_id": _unique_id(entry),
        "previous_version": told,
    }
    return _message(draft, [copied], [member], serial)


def status_change(draft: Draft, new: str) -> etree._Element:
    """The message that takes the document of `entry_uuid` from `original` to `new` (short names of statuses)."""
    original = draft.text("original", "Approved")
    if original not in STATUSES:
        raise wrong_param(draft.transaction, "original", original, " | ".join(STATUSES))
    target = draft.text("entry_uuid")
    if not target:
        raise wrong_param(draft.transaction, "entry_uuid", target, "urn:uuid:…")
    serial = Serial()
    slots = [("OriginalStatus", (STATUSES[original],)), ("NewStatus", (STATUSES[new],))]
    change = ebrim_writer.association(facts.UPDATE_STATUS, _SET, target, serial, slots=slots)
    return _message(draft, [], [change], serial)


def codes_of(draft: Draft) -> tuple[str, ...]:
    """Visibility codes of the entry as it was given, N left out. Raises UsageError."""
    found = [part.get("nodeRepresentation", "") for part in _confidentialities(_entry(draft))]
    return tuple(code for code in found if code != "N")


def wanted(draft: Draft, usual: Sequence[str]) -> tuple[str, ...]:
    """The codes that `confidentiality` asks for, else the usual ones. Raises UsageError."""
    given = draft.params.get("confidentiality", list(usual))
    if not isinstance(given, (list, tuple)) or any(code not in VISIBILITIES for code in given):
        raise wrong_param(draft.transaction, "confidentiality", given, " | ".join(VISIBILITIES))
    return tuple(given)


def _message(
    draft: Draft, entries: list[etree._Element], links: list[etree._Element], serial: Serial
) -> etree._Element:
    if draft.subject is None:
        raise wrong_param(draft.transaction, "patient", None, "a patient")
    lot = SubmissionSet(
        id=_SET,
        title=draft.text("title"),
        comments="",
        submission_time=dtm(draft.clock.now()),
        content_type=_CONTENT_TYPE,
        author=submission.user_author(draft.identity),
        unique_id=draft.text("submission_unique_id") or draft.ids.oid(draft.lps.oid_root),
        source_id=draft.lps.root,
        patient=draft.subject.cx,
    )
    draft.facts |= {"submission_unique_id": lot.unique_id, "source_id": lot.source_id}
    scope = {
        "package": ebrim_writer.submission_set(lot, serial),
        "entries": entries,
        "associations": links,
    }
    return bind.fill("td3_3", scope)


def _entry(draft: Draft) -> etree._Element:
    """The ExtrinsicObject given as XML text: a plan captures it from the answer of TD3.1."""
    try:
        found = safexml.parse(draft.text("entry").encode("utf-8"))
    except XmlRefused as problem:
        raise UsageError(
            "DRIVE-005",
            Text("la fiche donnée n'est pas lisible", "the given entry can't be read"),
            field=f"{draft.transaction}.entry",
            found=problem.message(),
            expected="rim:ExtrinsicObject",
        ) from problem
    if found.tag != f"{{{facts.RIM}}}ExtrinsicObject":
        raise wrong_param(draft.transaction, "entry", str(found.tag), "rim:ExtrinsicObject")
    return found


def _copied(entry: etree._Element, keep: Sequence[str], serial: Serial) -> etree._Element:
    """The whole entry under a symbolic id; its parts name it, and are numbered anew."""
    for old in _confidentialities(entry)[1:]:
        entry.remove(old)
    entry.set("id", _VERSION)
    entry.attrib.pop("status", None)
    for tag, owner, prefix in (
        ("Classification", "classifiedObject", "cl"),
        ("ExternalIdentifier", "registryObject", "ei"),
    ):
        for part in entry.iterchildren(f"{{{facts.RIM}}}{tag}"):
            part.set(owner, _VERSION)
            part.set("id", serial.next(prefix))
            part.attrib.pop("lid", None)
    first = _confidentialities(entry)[0]
    for code in reversed(keep):
        coded = Coded(code, facts.OID_VISIBILITY, VISIBILITIES[code])
        first.addnext(ebrim_writer.classification(facts.DE_CONFIDENTIALITY, coded, _VERSION, serial))
    return entry


def _confidentialities(entry: etree._Element) -> list[etree._Element]:
    return safexml.xpath(entry, f"rim:Classification[@classificationScheme='{facts.DE_CONFIDENTIALITY}']")


def _unique_id(entry: etree._Element) -> str:
    return safexml.value(
        entry, f"rim:ExternalIdentifier[@identificationScheme='{facts.DE_UNIQUE_ID}']/@value"
    )
