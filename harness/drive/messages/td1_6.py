"""TD1.6: who is allowed or blocked on a DMP (listAuthorizationByPatient).

Parameters: `patient` (in the VIHF only), `mode` ACTIVE, INTERDITE or TOUTE; left out when empty, TOUTE by default.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD1.6",
    service="habilitations",
    action="urn:si-dmp-habilitations:HabilitationsEndPoint:listAuthorizationByPatient",
    parameters=("mode",),
)
def write(draft: Draft) -> etree._Element:
    """Payload listAuthorizationByPatient. The value is sent as it is given: wrong ones are for tests."""
    return bind.fill("td1_6", {"mode": draft.text("mode", "TOUTE")})
