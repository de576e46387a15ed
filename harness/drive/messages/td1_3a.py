"""TD1.3a: reads the administrative data of a DMP. HL7 v3 Get Demographics, reason CNSLT_DATA.

Parameters: `patient` (needed). Facts: `query_message_id`, `query_id`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.drive.draft import Draft
from harness.drive.messages.td0_2 import demographics
from harness.drive.registry import message
from protocol.coded import Coded
from protocol.facts import OID_REASONS

_REASON: Final = Coded("CNSLT_DATA", OID_REASONS, "Consultation des données de gestion de dossier")


@message("TD1.3a", service="patients", action="urn:hl7-org:v3:PRPA_IN201307UV02")
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201307UV02. Raises UsageError without a patient."""
    return demographics(draft, _REASON)
