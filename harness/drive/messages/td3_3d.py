"""TD3.3d: archives a document, or takes it out of the archives (IHE ITI-57, status change).

Parameters: `patient`, `entry_uuid` of its current version, `operation` (archive or unarchive), `original` to lie
about its status, `title` and `submission_unique_id` of the set. Facts: `submission_unique_id`, `source_id`.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import update
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message


@message(
    "TD3.3d",
    service="registry",
    action=update.ACTION,
    parameters=(*update.STATUS_PARAMETERS, "operation"),
)
def write(draft: Draft) -> etree._Element:
    """Payload SubmitObjectsRequest. Raises UsageError."""
    operation = draft.text("operation", "archive")
    if operation not in ("archive", "unarchive"):
        raise wrong_param(draft.transaction, "operation", operation, "archive | unarchive")
    if operation == "archive":
        return update.status_change(draft, "Archived")
    draft.params.setdefault("original", "Archived")
    return update.status_change(draft, "Approved")
