"""TD3.3a: masks a document to professionals, or unmasks it (IHE ITI-57, new version of the metadata).

Parameters: `patient`, `entry` (the ExtrinsicObject of TD3.1, as XML), `operation` (mask or unmask), and to go
astray on purpose `confidentiality` (the codes beside N), `previous_version`; `title`, `submission_unique_id` of the
set. Facts: `logical_id`, `document_unique_id`, `previous_version`, `submission_unique_id`, `source_id`.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import update
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message
from protocol import facts


@message(
    "TD3.3a",
    service="registry",
    action=update.ACTION,
    parameters=(*update.VERSION_PARAMETERS, "operation"),
)
def write(draft: Draft) -> etree._Element:
    """Payload SubmitObjectsRequest. Raises UsageError."""
    operation = draft.text("operation", "mask")
    if operation not in ("mask", "unmask"):
        raise wrong_param(draft.transaction, "operation", operation, "mask | unmask")
    others = [code for code in update.codes_of(draft) if code != facts.MASKED]
    usual = [facts.MASKED, *others] if operation == "mask" else others
    return update.new_version(draft, update.wanted(draft, usual))
