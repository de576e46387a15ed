"""TD0.5: search of a patient whose INS is not known, HL7 v3 PDQ; in régulation only (`access: centre_15`).

Parameters, each left out when empty: `family`, `given`, `birth` YYYYMMDD, `sex` M or F, `postal_code`, `city`, and
`approximate` (name, address, or both: a text or a list) for use="SRCH". `patient` is of no use and may be absent.
Facts: `query_message_id`, `query_id`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from harness.drive import bind
from harness.drive.clock import dtm
from harness.drive.draft import Draft, wrong_param
from harness.drive.registry import message

_TEXTS: Final = ("family", "given", "birth", "sex", "postal_code", "city")
_NEAR: Final = ("name", "address")


@message(
    "TD0.5",
    service="patientsPDQ",
    action="urn:hl7-org:v3:PRPA_IN201305UV02",
    parameters=(*_TEXTS, "approximate"),
)
def write(draft: Draft) -> etree._Element:
    """Payload PRPA_IN201305UV02. Values are sent as they are given: wrong ones are for tests. Raises UsageError."""
    near = _near(draft)
    identifier, query = draft.ids.uuid(), draft.ids.uuid()
    draft.facts |= {"query_message_id": identifier, "query_id": query}
    asked = {name: draft.text(name) for name in _TEXTS}
    scope = {
        "lps": draft.lps,
        "message": identifier,
        "query": query,
        "created": dtm(draft.clock.now()),
        **asked,
        "named": asked["family"] or asked["given"],
        "placed": asked["postal_code"] or asked["city"],
        "name_use": "SRCH" if "name" in near else None,
        "address_use": "SRCH" if "address" in near else None,
    }
    return bind.fill("td0_5", scope)


def _near(draft: Draft) -> tuple[str, ...]:
    given = draft.params.get("approximate", ())
    several = (given,) if isinstance(given, str) else given
    if not isinstance(several, (list, tuple)) or not all(one in _NEAR for one in several):
        raise wrong_param(draft.transaction, "approximate", given, " | ".join(_NEAR))
    return tuple(several)
