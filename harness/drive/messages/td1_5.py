"""TD1.5: the patient's internet account: create it (a), add a channel (b), change or remove one (c), reissue (d).

Parameters: `patient` (in the VIHF only); `type` SMS or EMAIL and `canal`, a mobile number or an address (a, b, c);
`action`, AJOUT by default (b) or MODIFICATION (c). By default the channel is one that no test patient has.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft
from harness.drive.registry import message

_ENDPOINT: Final = "urn:si-dmp-patients:PatientSpecificEndPoint:"
#: Made up: no seed of the data sets has them.
_CHANNELS: Final = {"SMS": "0612345678", "EMAIL": "patient@example.org"}


@message(
    "TD1.5a",
    service="patientsSpecific",
    action=f"{_ENDPOINT}createPatientAccess",
    parameters=("type", "canal"),
)
def create(draft: Draft) -> etree._Element:
    """Payload createPatientAccess."""
    return bind.fill("td1_5a", _channel(draft))


@message(
    "TD1.5b",
    service="patientsSpecific",
    action=f"{_ENDPOINT}patientOTPUpdate",
    parameters=("type", "canal", "action"),
)
def add(draft: Draft) -> etree._Element:
    """Payload patientOTPUpdate, action AJOUT."""
    return bind.fill("patient_otp_update", _channel(draft) | {"action": draft.text("action", "AJOUT")})


@message(
    "TD1.5c",
    service="patientsSpecific",
    action=f"{_ENDPOINT}patientOTPUpdate",
    parameters=("type", "canal", "action"),
)
def change(draft: Draft) -> etree._Element:
    """Payload patientOTPUpdate, action MODIFICATION or SUPPRESSION."""
    return bind.fill("patient_otp_update", _channel(draft) | {"action": draft.text("action", "MODIFICATION")})


@message("TD1.5d", service="patientsSpecific", action=f"{_ENDPOINT}updatePatientAccess")
def reissue(_draft: Draft) -> etree._Element:
    """Payload updatePatientAccess, which is empty."""
    return bind.fill("td1_5d", {})


def _channel(draft: Draft) -> dict[str, str]:
    kind = draft.text("type", "SMS")
    return {"type": kind, "canal": draft.text("canal", _CHANNELS.get(kind, ""))}
