"""TD1.3b: changes the administrative data of a DMP. HL7 v3 PRPA_IN201314UV02, reason MODIF_DATA.

Parameters: those of `harness.drive.administrative`. Oppositions that nothing tells are not sent: they stay as
they are.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import administrative
from harness.drive.administrative import OPPOSITIONS, PERSON, Form
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD1.3b",
    service="patients",
    action="urn:hl7-org:v3:PRPA_IN201314UV02",
    parameters=(*PERSON, *OPPOSITIONS),
)
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201314UV02. Raises UsageError without a patient."""
    form = Form(
        interaction="PRPA_IN201314UV02",
        reason=("MODIF_DATA", "Modification des données de gestion du dossier"),
        observations=administrative.oppositions(draft, default=None),
    )
    return administrative.write(draft, form)
