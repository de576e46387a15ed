"""What a campaign inherits from its connectors, told before the run that it would stop."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from harness.campaign import Campaign
from harness.inheritance import Prove, inherited
from harness.preflight.item import Item
from protocol.errors import NO_TEXT, DmpcompatError, Text


def heritage(campaign: Campaign, prove: Prove, at: datetime) -> tuple[Item, ...]:
    """A light a connector; red for a report that proves nothing, a warning when its cases are played instead."""
    if not campaign.file.inherits:
        return ()
    try:
        found = inherited(campaign, prove, at)
    except DmpcompatError as problem:
        return (
            Item(
                "PRE-INHERIT",
                "KO",
                "inherits",
                Text(f"{problem.code} : {problem.text.fr}", f"{problem.code}: {problem.text.en}"),
                problem.found,
                problem.expected,
                problem.mend,
            ),
        )
    counts = Counter((one.connector, one.homologation or one.reference) for one in found.cases.values())
    lights = [
        Item(
            "PRE-INHERIT",
            "OK",
            f"{connector} ({reference})",
            Text(f"{count} cas hérités, à ne pas jouer", f"{count} cases inherited, not to be played"),
        )
        for (connector, reference), count in sorted(counts.items())
    ]
    told = {f"{one.connector.name} {one.connector.version}" for one in campaign.file.inherits}
    without = sorted(told - {connector for connector, _ in counts})
    why = next(iter(found.played.values()), NO_TEXT)
    return (
        *lights,
        *(
            Item(
                "PRE-INHERIT",
                "WARN",
                connector,
                Text(
                    f"rien n'est hérité, ses cas se jouent : {why.fr}",
                    f"nothing is inherited, its cases are played: {why.en}",
                ),
            )
            for connector in without
        ),
    )
