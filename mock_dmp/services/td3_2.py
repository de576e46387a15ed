"""TD3.2: retrieves documents (ITI-43 Retrieve Document Set).

What the caller may not see is told as unknown: masking is itself masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from mock_dmp.acceptance.engine import Breach, Judged, breach_of, judged
from mock_dmp.context import Attachment, Call, Reply
from mock_dmp.registry import handler
from mock_dmp.render.ebrim import RetrievedDocument, retrieve_response
from mock_dmp.rights import Standing
from mock_dmp.services import tracing
from mock_dmp.services.identity import patient_of, standing_of
from mock_dmp.services.xds.submission import refuse
from mock_dmp.state import documents
from mock_dmp.state.documents import Content
from mock_dmp.state.xds_objects import RegistryObject
from protocol import facts
from protocol.directory import Patient
from protocol.ebrim import DocumentRequest, read_retrieve
from protocol.errors import MetadataError


@handler("TD3.2")
def retrieve(call: Call) -> Reply:
    """Give the documents back, one part each. Raises Refusal when none can be."""
    patient = patient_of(call)
    who = standing_of(call, patient) if patient is not None else None
    found: list[tuple[RetrievedDocument, Attachment]] = []
    errors: list[Judged] = []
    for asked in _asked(call):
        faults = list(_faults(call, asked))
        errors += faults
        document = None if faults else _document(call, patient, who, asked)
        if document is not None:
            found.append(_answer(call, asked, *document))
        elif not faults:
            breach = Breach("DocumentUniqueId", f"uniqueId={asked.document}", "un document de ce patient")
            errors += judged("RETRIEVE-DOCUMENT", breach, call.session.settings)
    if not found:
        refuse(call, errors)
    problems = [item.problem for item in errors]
    tracing.trace(
        call,
        "consultation",
        documents=[document.unique_id for document, _ in found],
        result="PartialSuccess" if problems else "Success",
    )
    return Reply(
        retrieve_response([document for document, _ in found], problems), tuple(part for _, part in found)
    )


def _asked(call: Call) -> tuple[DocumentRequest, ...]:
    """The documents asked for, each once whatever the community, which the DMP does not have."""
    try:
        listed = read_retrieve(call.message.envelope.body)
        asked = tuple({(one.repository, one.document): one for one in listed}.values())
    except MetadataError as problem:
        refuse(call, judged("RETRIEVE-REQUEST", breach_of(problem), call.session.settings))
        raise
    if not asked:
        breach = Breach("RetrieveDocumentSetRequest", "aucun DocumentRequest", "au moins un")
        refuse(call, judged("RETRIEVE-REQUEST", breach, call.session.settings))
    return asked


def _faults(call: Call, asked: DocumentRequest) -> Iterator[Judged]:
    if not asked.repository or not asked.document:
        missing = "RepositoryUniqueId" if not asked.repository else "DocumentUniqueId"
        breach = Breach(
            f"DocumentRequest {asked.document}".strip(), f"{missing} absent", "les deux identifiants"
        )
        yield from judged("RETRIEVE-REQUEST", breach, call.session.settings)
    elif asked.repository != facts.OID_REPOSITORY:
        breach = Breach("RepositoryUniqueId", asked.repository, facts.OID_REPOSITORY)
        yield from judged("RETRIEVE-REPOSITORY", breach, call.session.settings)


def _document(
    call: Call, patient: Patient | None, who: Standing | None, asked: DocumentRequest
) -> tuple[RegistryObject, Content] | None:
    """The latest version and the bytes, when the document is this patient's and the caller may see it."""
    if patient is None or who is None:
        return None
    session = call.session.name
    with call.session.store.read() as db:
        content = documents.content(db, session, asked.document)
        entries = [
            entry
            for entry in documents.by_unique_id(db, session, "entry", [asked.document])
            if documents.patient_of(db, session, entry.id) == patient.key
        ]
    if content is None:
        return None
    latest = documents.only_latest(entries)  # masked since, it is masked whatever its older versions say
    visible = [entry for entry in latest if who.reads(entry, call.session.settings)]
    return (visible[-1], content) if visible else None


def _answer(
    call: Call, asked: DocumentRequest, entry: RegistryObject, content: Content
) -> tuple[RetrievedDocument, Attachment]:
    content_id = f"{uuid4()}@dmpcompat"
    blobs, digest = call.session.store.blobs, content.sha256
    described = RetrievedDocument(asked.repository, asked.document, entry.mime_type, content_id, asked.home)
    return described, Attachment(content_id, entry.mime_type, lambda: blobs.open(digest))
