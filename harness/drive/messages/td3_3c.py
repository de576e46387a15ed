"""TD3.3c: deletes a document, which stays as Deleted (IHE ITI-57, status change).

Parameters: `patient`, `entry_uuid` of its current version, `original` (Approved, or Archived), `title` and
`submission_unique_id` of the set. Facts: `submission_unique_id`, `source_id`.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import update
from harness.drive.draft import Draft
from harness.drive.registry import message


@message("TD3.3c", service="registry", action=update.ACTION, parameters=update.STATUS_PARAMETERS)
def write(draft: Draft) -> etree._Element:
    """Payload SubmitObjectsRequest. Raises UsageError."""
    return update.status_change(draft, "Deleted")
