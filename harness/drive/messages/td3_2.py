"""TD3.2: retrieval of documents, IHE ITI-43.

Parameters: `unique_ids` (list of OIDs), `repository` (OID, that of the DMP by default), or `documents` (list
of `{unique_id, repository?, home?}`); `mtom` (bool, False: the interface takes a plain request).
Facts: `document_unique_ids`.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message
from protocol.facts import OID_REPOSITORY


@message(
    "TD3.2",
    service="repository",
    action="urn:ihe:iti:2007:RetrieveDocumentSet",
    parameters=("unique_ids", "repository", "documents", "mtom"),
)
def write(draft: Draft) -> etree._Element:
    """Payload RetrieveDocumentSetRequest. Raises UsageError."""
    repository = draft.text("repository", OID_REPOSITORY)
    unique_ids = draft.params.get("unique_ids", [])
    if not isinstance(unique_ids, (list, tuple)):
        raise wrong_param(draft.transaction, "unique_ids", unique_ids, "list")
    wanted = [{"unique_id": str(unique_id)} for unique_id in unique_ids]
    wanted += [{key: str(value) for key, value in item.items()} for item in draft.mappings("documents")]
    lines = [{"home": "", "repository": repository, **item} for item in wanted]
    draft.mtom = bool(draft.params.get("mtom", False))
    draft.facts["document_unique_ids"] = tuple(item["unique_id"] for item in wanted)
    return bind.fill("td3_2", {"documents": lines})
