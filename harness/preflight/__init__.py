"""What must be right before a run. Red is CONFIG, never a non-conformity.

Each item says OK, KO, WARN or SKIPPED with its cause and its mend in plain words, a module a subject: certificates,
the way to the platform, what the campaign declares, and the probe call that only `doctor --probe` sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.campaign import Campaign
from harness.drive.identity import Keyring
from harness.masking import Masker
from harness.plan import Case
from harness.preflight import certificates, declared, network
from harness.preflight.item import Item, State, red
from harness.preflight.network import tls_files
from harness.steps.drive import DriveStep
from protocol import transactions

__all__ = ["Item", "State", "preflight", "red", "tls_files"]


def preflight(
    campaign: Campaign, cases: Iterable[Case], masker: Masker, *, thorough: bool = False
) -> tuple[Item, ...]:
    """Everything that can be looked at before the first message. Never raises for what it finds.

    `thorough` also tries each cipher suite, which takes as many connections.
    """
    items = [*network.address(campaign)]
    keyring = Keyring(campaign.pki) if campaign.pki else None
    actors = sorted({name for case in cases for name in _actors(case)})
    items += certificates.identities(keyring, actors)
    if not red(items):
        items += network.reach(campaign, tls_files(campaign), thorough=thorough)
    items += declared.number(campaign, masker)
    items.append(declared.oid_root(campaign))
    items += declared.completeness(campaign, transactions.load())
    items.append(declared.patients(campaign))
    return tuple(dict.fromkeys(items))  # two identities may share certificates


def _actors(case: Case) -> Iterator[str]:
    for step in case.steps:
        if isinstance(step, DriveStep) and not (step.as_.tls or step.as_.sign):
            yield step.as_.name
