"""TD0.3: a professional records or removes their own authorisation on a DMP (setAuthorization).

Parameters: `patient` (in the VIHF only), `action` AJOUT or SUPPRESSION (AJOUT by default), `role` ""
or MEDECIN_TRAITANT.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD0.3",
    service="habilitations",
    action="urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization",
    parameters=("action", "role"),
)
def write(draft: Draft) -> etree._Element:
    """Payload setAuthorization. Values are sent as they are given: wrong ones are for tests."""
    return bind.fill("td0_3", {"action": draft.text("action", "AJOUT"), "role": draft.text("role")})
