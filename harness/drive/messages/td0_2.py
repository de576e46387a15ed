"""TD0.2: does this patient have a DMP, and may I open it? HL7 v3 Get Demographics, reason TEST_EXST.

Parameters: `patient` (needed). Facts: `query_message_id`, `query_id`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.drive import bind
from harness.drive.clock import dtm
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message
from protocol.coded import Coded
from protocol.facts import OID_REASONS

_REASON: Final = Coded("TEST_EXST", OID_REASONS, "Test d'existence de dossier")


@message("TD0.2", service="patients", action="urn:hl7-org:v3:PRPA_IN201307UV02")
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201307UV02. Raises UsageError without a patient."""
    return demographics(draft, _REASON)


def demographics(draft: Draft, reason: Coded) -> etree._Element:
    """The query by identifier with that reason (TD0.2, TD1.3a). Raises UsageError without a patient."""
    if draft.subject is None:
        raise wrong_param(draft.transaction, "patient", None, "patient")
    identifier, query = draft.ids.uuid(), draft.ids.uuid()
    draft.facts |= {"query_message_id": identifier, "query_id": query}
    scope = {
        "lps": draft.lps,
        "message": identifier,
        "query": query,
        "created": dtm(draft.clock.now()),
        "reason": reason,
        "subject": draft.subject,
    }
    return bind.fill("td0_2", scope)
