"""TD3.3a to TD3.3d: mask, make visible, delete, archive a document (ITI-57 Update Document Set).

One handler: the four differ by what the message asks and by the rights it takes, not by how it is done.
"""

from __future__ import annotations

from mock_dmp.acceptance.engine import breach_of, judged
from mock_dmp.acceptance.xds.filing import filing_of
from mock_dmp.context import Call, Reply
from mock_dmp.registry import handler
from mock_dmp.render.ebrim import registry_response
from mock_dmp.services import tracing
from mock_dmp.services.identity import standing_of
from mock_dmp.services.xds.reading import Submitted, read_submitted
from mock_dmp.services.xds.submission import refuse, told
from mock_dmp.services.xds.updating import update
from protocol.errors import MetadataError

#: What a trace says of each operation, for the patient who reads it.
_ACTIONS = {
    "mask": "masquage aux professionnels",
    "unmask": "démasquage aux professionnels",
    "show": "document rendu visible",
    "hide": "document rendu invisible",
    "delete": "suppression",
    "archive": "archivage",
    "unarchive": "désarchivage",
}


@handler("TD3.3a")
@handler("TD3.3b")
@handler("TD3.3c")
@handler("TD3.3d")
def update_document_set(call: Call) -> Reply:
    """Change the metadata. Raises Refusal (IHE codes of ITI-57, LocalPolicyRestrictionError for rights)."""
    filing = filing_of(call, _read(call))
    who = standing_of(call, filing.patient) if filing.patient is not None else None
    changes, warnings = update(call, filing, who)
    for warning in warnings:
        call.warn(warning)
    for change in changes.all:
        about = [change.about.unique_id] if change.about is not None else []
        for operation in change.operations or ("none",):
            action = _ACTIONS.get(operation, "modification de métadonnées")
            tracing.trace(call, action, documents=about, result="Success")
    return Reply(registry_response(told(call, warnings)))


def _read(call: Call) -> Submitted:
    try:
        return read_submitted(call.message)
    except MetadataError as problem:
        refuse(call, judged("UPDATE-OPERATION", breach_of(problem), call.session.settings))
        raise  # a message without object list can't be served, whatever the settings say
