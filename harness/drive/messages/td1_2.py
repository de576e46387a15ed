"""TD1.2: reopens a closed DMP. HL7 v3 PRPA_IN201314UV02, reason REAC. Parameters: `harness.drive.administrative`."""

from __future__ import annotations

from lxml import etree

from harness.drive import administrative
from harness.drive.administrative import CONSENT, PERSON, Form
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD1.2",
    service="patients",
    action="urn:hl7-org:v3:PRPA_IN201314UV02",
    parameters=(*PERSON, *CONSENT),
)
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201314UV02. Raises UsageError without a patient."""
    form = Form(
        interaction="PRPA_IN201314UV02",
        reason=("REAC", "Réactivation de dossier"),
        observations=administrative.consent(draft, "CONSENTEMENT_REACTIVATION_DMP"),
    )
    return administrative.write(draft, form)
