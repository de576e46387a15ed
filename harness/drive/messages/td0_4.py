"""TD0.4: the list of the DMPs that the caller may open (patientList).

Parameters: `start_date` YYYYMMDDhhmmss UTC, `date_type` LASTAUTORIZATION or LASTDOC, `owner` the id of the
professional for whom an employee asks; each is left out when empty. `patient` is of no use and may be absent.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD0.4",
    service="patientsSpecific",
    action="urn:si-dmp-patients:PatientSpecificEndPoint:patientList",
    parameters=("start_date", "date_type", "owner"),
)
def write(draft: Draft) -> etree._Element:
    """Payload patientList. Values are sent as they are given: wrong ones are for tests."""
    names = ("start_date", "date_type", "owner")
    return bind.fill("td0_4", {name: draft.text(name) for name in names})
