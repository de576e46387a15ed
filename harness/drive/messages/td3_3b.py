"""TD3.3b: makes a document visible to the patient or to legal representatives (IHE ITI-57, new version).

Parameters: `patient`, `entry` (the ExtrinsicObject of TD3.1, as XML), `to` (patient or representatives), and to go
astray on purpose `confidentiality`, `previous_version`; `title`, `submission_unique_id` of the set. Facts as TD3.3a.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.drive import update
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message
from protocol import facts

_HIDDEN: Final = {
    "patient": facts.HIDDEN_FROM_PATIENT,
    "representatives": facts.HIDDEN_FROM_REPRESENTATIVES,
}


@message("TD3.3b", service="registry", action=update.ACTION, parameters=(*update.VERSION_PARAMETERS, "to"))
def write(draft: Draft) -> etree._Element:
    """Payload SubmitObjectsRequest. Raises UsageError."""
    to = draft.text("to", "patient")
    if to not in _HIDDEN:
        raise wrong_param(draft.transaction, "to", to, " | ".join(_HIDDEN))
    usual = [code for code in update.codes_of(draft) if code != _HIDDEN[to]]
    return update.new_version(draft, update.wanted(draft, usual))
