"""The session of one case at the mock: its name, what is in it from the start, its end.

Which cases run, and what happens in a session, is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final

from harness.campaign import Campaign
from harness.control import Control, ControlRefused
from harness.drive.clock import Clock, SetClock
from harness.masking import public_numbers
from protocol.patientrecord import patient_to_plain

#: Key of a number that only the campaign has.
_OWN: Final = "campagne"


def session_name(code: str, seed: int | None) -> str:
    """A name that no other run uses; with a seed, the same in each run, since it is part of every address."""
    mark = secrets.token_hex(4) if seed is None else hashlib.sha256(f"{seed}/{code}".encode()).hexdigest()[:8]
    return f"{code.lower().replace('.', '-')}-{mark}"


def open_session(control: Control, name: str, campaign: Campaign, clock: Clock, seed: int | None) -> None:
    """Open it, with the patients and the number of the campaign; a clock that is set is set there too.

    With a seed, a session that an interrupted run left is taken away first. Raises ToolError.
    """
    settings = {} if seed is None else {"identifiers_seed": f"{seed}/{name}"}
    try:
        control.create(name, settings)
    except ControlRefused:
        if seed is None:
            raise
        control.delete(name)
        control.create(name, settings)
    furnish(control, name, campaign, clock)


def furnish(control: Control, name: str, campaign: Campaign, clock: Clock) -> None:
    """Put into a session what the campaign brings. Raises ToolError."""
    if isinstance(clock, SetClock):
        control.clock(name, {"set": clock.now().isoformat(), "freeze": True})
    for patient in campaign.patients.values():
        control.patient(name, patient_to_plain(patient))
    if number_key(campaign) == _OWN:
        # The mock knows its test numbers only; here it stands for a DMP that homologated this software.
        control.declare_number(name, _homologated(campaign))


def number_key(campaign: Campaign) -> str:
    """Under which key the session knows the campaign's number: a test number is its own."""
    return campaign.number if campaign.number in public_numbers() else _OWN


def _homologated(campaign: Campaign) -> dict[str, Any]:
    """The campaign's number as the mock would hold it, had the declared software been homologated."""
    software, family = campaign.file.software, campaign.file.family
    products = family.products if family else [software]
    versions = {one.name: [other.version for other in products if other.name == one.name] for one in products}
    return {
        "key": _OWN,
        "value": campaign.number,
        "family": family.name if family else software.name,
        "products": [{"name": name, "versions": told} for name, told in versions.items()],
        "profiles": list(campaign.file.profiles),
        "status": "active",
    }
