"""TD2.1: feeding of a DMP, IHE ITI-41 Provide and Register, in MTOM.

Parameters: `patient` (else that of the first header), `documents`, `content_type` ({code, system, label}), `title`,
`comments`, `hash_and_size` (bool), `signature_document` (signed, none, wrong-manifest, wrong-value),
`submission_unique_id`. One item of `documents`: `cda` (bytes or path) or `level1` (fields of cda_document.Level1,
for a document made on the spot), and to override the header or add to it: `title`, `comments`, `confidentiality`
(MASQUE_PS…), `first_confidentiality`, `replaces` (entryUUID), `unique_id`, `type`, `class`, `format`, `practice`,
`facility`, `mime_type`, `hash`, `size`.
Facts: `submission_unique_id`, `source_id`, `document_unique_ids`, `signature_unique_id`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from lxml import etree

from harness.drive import bind, ebrim_writer, multipart, sign, submission, xades
from harness.drive.clock import dtm
from harness.drive.draft import Draft, wrong_param
from harness.drive.ebrim_writer import Serial, SubmissionSet
from harness.drive.multipart import OutPart
from harness.drive.registry import message
from harness.drive.submission import Prepared
from protocol import facts, safexml
from protocol.coded import Coded
from protocol.facts import DS

ACTION: Final = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
PARAMETERS: Final = (
    "documents",
    "content_type",
    "title",
    "comments",
    "hash_and_size",
    "signature_document",
    "submission_unique_id",
)
_CONTENT_TYPE: Final = Coded("07", "1.2.250.1.213.2.2", "Consultation externe")
_SIGNATURES: Final = ("signed", "none", "wrong-manifest", "wrong-value")
_SET, _SIGNATURE = "SubmissionSet01", "Signature01"


@message(
    "TD2.1",
    service="repository",
    action=ACTION,
    mtom=True,
    parameters=PARAMETERS,
)
def write(draft: Draft) -> etree._Element:
    """Payload ProvideAndRegisterDocumentSetRequest. Raises UsageError, MetadataError, XmlRefused."""
    documents = _documents(draft)
    lot = _lot(draft, documents)
    at = draft.clock.now()
    lot = replace(lot, submission_time=dtm(at))
    signature = _signature(draft, lot, documents, at)
    everything = [*documents, signature] if signature else documents
    draft.facts |= {
        "submission_unique_id": lot.unique_id,
        "source_id": lot.source_id,
        "document_unique_ids": tuple(document.entry.unique_id for document in documents),
        "signature_unique_id": signature.entry.unique_id if signature else "",
    }
    serial = Serial()
    scope = {
        "package": ebrim_writer.submission_set(lot, serial),
        "entries": [ebrim_writer.document_entry(item.entry, serial) for item in everything],
        "associations": _associations(documents, signature, serial),
        "contents": [_attach(draft, item) for item in everything],
    }
    return bind.fill("td2_1", scope)


def _documents(draft: Draft) -> list[Prepared]:
    items = draft.mappings("documents")
    if not items:
        raise wrong_param(draft.transaction, "documents", items, "at least one document")
    told = bool(draft.params.get("hash_and_size", True))
    return [
        submission.prepare(draft, item, f"Document{rank:02}", hash_and_size=told)
        for rank, item in enumerate(items, 1)
    ]


def _lot(draft: Draft, documents: list[Prepared]) -> SubmissionSet:
    return SubmissionSet(
        id=_SET,
        title=draft.text("title"),
        comments=draft.text("comments"),
        submission_time="",
        content_type=submission.coded_param(
            draft.params.get("content_type"), _CONTENT_TYPE, draft.transaction, "content_type"
        ),
        author=submission.user_author(draft.identity),
        unique_id=draft.text("submission_unique_id") or draft.ids.oid(draft.lps.oid_root),
        source_id=draft.lps.root,
        patient=documents[0].entry.patient,
    )


def _signature(draft: Draft, lot: SubmissionSet, documents: list[Prepared], at: datetime) -> Prepared | None:
    wanted = draft.text("signature_document", "signed")
    if wanted not in _SIGNATURES:
        raise wrong_param(draft.transaction, "signature_document", wanted, " | ".join(_SIGNATURES))
    if wanted == "none":
        return None
    content = submission.sign_set(draft, lot.unique_id, documents, at)
    if wanted != "signed":
        content = _spoiled(draft, content, wanted)
    entry = submission.signature_entry(draft, _SIGNATURE, lot.author, documents[0].entry, content, at)
    return Prepared(entry, content, "")


def _spoiled(draft: Draft, content: bytes, how: str) -> bytes:
    """A wrong digest under a good signature, or a good Manifest under a wrong signature."""
    signature = safexml.parse(content)
    wrong = sign.digest64(b"another document", "sha1")
    if how == "wrong-manifest":
        digests = signature.findall(f".//{{{DS}}}Manifest/{{{DS}}}Reference/{{{DS}}}DigestValue")
        digests[-1].text = wrong
        xades.seal(signature, draft.identity.sign.key, "sha1")
    else:
        sign.seal(signature, draft.identity.sign.key, b"something else", "sha1")
    return safexml.serialize(signature)


def _associations(
    documents: list[Prepared], signature: Prepared | None, serial: Serial
) -> list[etree._Element]:
    everything = [*documents, signature] if signature else documents
    made = [
        ebrim_writer.association(facts.HAS_MEMBER, _SET, item.entry.id, serial, status="Original")
        for item in everything
    ]
    if signature:
        made.append(
            ebrim_writer.association(facts.SIGNS, signature.entry.id, _SET, serial, status="Original")
        )
    made += [
        ebrim_writer.association(facts.RPLC, item.entry.id, item.replaces, serial)
        for item in documents
        if item.replaces
    ]
    return made


def _attach(draft: Draft, item: Prepared) -> dict[str, str]:
    content_id = f"{item.entry.id}.{draft.ids.uuid()}@lps.invalid"
    draft.attachments.append(OutPart(content_id, item.content, item.entry.mime_type))
    return {"id": item.entry.id, "href": multipart.href(content_id, draft.packaging)}
