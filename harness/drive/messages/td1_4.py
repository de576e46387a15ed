"""TD1.4: closes a DMP. HL7 v3 PRPA_IN201314UV02, reason FERM.

Parameters: `closing_code` (FERMETURE_DEMANDE_PATIENT), `closing_text`, `request_status` (both `active` and
`terminated` are seen on the wire).
"""

from __future__ import annotations

from lxml import etree

from harness.drive import administrative
from harness.drive.administrative import Form
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD1.4",
    service="patients",
    action="urn:hl7-org:v3:PRPA_IN201314UV02",
    parameters=("closing_code", "closing_text", "request_status"),
)
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201314UV02. Raises UsageError without a patient."""
    form = Form(
        interaction="PRPA_IN201314UV02",
        reason=("FERM", "Fermeture de dossier"),
        patient_status="terminated",
        full=False,
        closing={
            "code": draft.text("closing_code", "FERMETURE_DEMANDE_PATIENT"),
            "text": draft.text("closing_text", "Demande du patient"),
        },
    )
    return administrative.write(draft, form, request_status=draft.text("request_status", "terminated"))
