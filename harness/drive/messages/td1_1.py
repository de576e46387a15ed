"""TD1.1: opens a DMP. HL7 v3 PRPA_IN201311UV02, reason CREA_RD.

Parameters: those of `harness.drive.administrative`. The patient does not oppose emergency accesses unless told
(EX_1.1-1050), and consents (EX_1.1-1010).
"""

from __future__ import annotations

from lxml import etree

from harness.drive import administrative
from harness.drive.administrative import CONSENT, OPPOSITIONS, PERSON, Form
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD1.1",
    service="patients",
    action="urn:hl7-org:v3:PRPA_IN201311UV02",
    parameters=(*PERSON, *OPPOSITIONS, *CONSENT, "card"),
)
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201311UV02. Raises UsageError without a patient."""
    form = Form(
        interaction="PRPA_IN201311UV02",
        reason=("CREA_RD", "Création de dossier"),
        card=True,
        observations=(
            *administrative.consent(draft, "CONSENTEMENT_OUVERTURE_DMP"),
            *administrative.oppositions(draft, default=False),
        ),
    )
    return administrative.write(draft, form)
