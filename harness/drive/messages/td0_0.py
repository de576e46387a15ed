"""TD0.0: the identity that goes with a NIR (identityCertification). Historic: it ended on 2023-09-30.

Parameters: `insured` the NIR of the insured (13 or 15 characters), `birth` YYYY-MM-DD, `rank` 1 by default,
`individual` the NIR of whom is certified when it is not the insured; each is left out when empty.
"""

from __future__ import annotations

from lxml import etree

from harness.drive import bind
from harness.drive.draft import Draft
from harness.drive.registry import message


@message(
    "TD0.0",
    service="patientCertif",
    action="urn:si-dmp-patients:PatientCertificationEndPoint:identityCertification",
    parameters=("insured", "birth", "rank", "individual"),
)
def write(draft: Draft) -> etree._Element:
    """Payload identityCertification. Values are sent as they are given: wrong ones are for tests."""
    scope = {name: draft.text(name) for name in ("insured", "birth", "individual")}
    return bind.fill("td0_0", scope | {"rank": draft.text("rank", "1")})
