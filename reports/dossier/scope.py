"""The scope that a file is opened with: what a campaign declares, as facts of the opening."""

from __future__ import annotations

from typing import Any

from harness.campaign import CampaignFile
from reports import numbers


def facts_of(campaign: CampaignFile, kind: str, parent: str) -> dict[str, Any]:
    """Facts of an OPEN event. `kind`: letter of `reports.numbers.KINDS`; `parent`: reference of the connector, or "".

    Raises NumberRefused for a parent that is no reference.
    """
    facts: dict[str, Any] = {
        "holder": campaign.vendor.name,
        "siret": campaign.vendor.siret,
        "family": campaign.software.name,
        "products": [{"name": campaign.software.name, "versions": [campaign.software.version]}],
        "profiles": list(campaign.profiles),
        "modes": [str(mode) for mode in campaign.authentication],
        "options": list(campaign.options),
        "kind": kind,
    }
    if parent:
        facts["parent"] = str(numbers.parse(parent))
    return facts
