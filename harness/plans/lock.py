"""`plan.lock`: the scope of a campaign frozen with the digests of all that it depends on, and its drift.

The lock of `campagne.yaml` is `campagne.plan.lock`, beside it. A run beside a lock is of what was locked, or is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.campaign import Campaign
from harness.checks import api
from harness.evidence import read_json, sha256_of, to_json, write_atomic
from harness.plans.written import data_of, digest_of
from harness.scope import Scoped, scope
from protocol import transactions
from protocol.datafolders import folder
from protocol.errors import EvidenceError, PlanError, Text
from protocol.requirements import GUIDES

SCHEMA: Final = "dmpcompat-plan-lock/1"
#: Data sets that change what a run does; the others are about documents and proofs.
_SETS: Final = (
    "acceptance",
    "campaign",
    "codes",
    "directory",
    "errors",
    "faults",
    "lps",
    "patients",
    "requirements",
)
_SETS_MORE: Final = ("rights", "transactions", "web-ps")


@dataclass(frozen=True)
class Drift:
    """One thing that is no longer what was locked."""

    what: Text
    locked: str
    found: str

    def sentence(self) -> Text:
        was, now = self.locked[:16] or "–", self.found[:16] or "–"
        return Text(f"{self.what.fr} : {was} → {now}", f"{self.what.en}: {was} → {now}")


def place_of(campaign: Path) -> Path:
    """Where the lock of a campaign is."""
    return campaign.with_name(f"{campaign.stem}.plan.lock")


def contents(campaign: Campaign, scoped: Sequence[Scoped] | None = None) -> dict[str, Any]:
    """What a lock holds: digests of plan, campaign, data sets and rules, and the cases with their state."""
    found = scope(campaign, transactions.load()) if scoped is None else scoped
    told = data_of(campaign.plan)
    plan = campaign.plan
    return {
        "schema": SCHEMA,
        "campaign": {"id": campaign.file.id, "sha256": campaign.sha256},
        "plan": {"id": plan.plan.id, "version": plan.plan.version, "sha256": plan.sha256},
        "guide": campaign.file.guide or GUIDES[-1],
        "rules": api.rule_bundle_digest(),
        "datasets": dict(_data_sets(campaign)),
        "cases": [
            {"code": one.case.code, "state": one.state, "sha256": digest_of(told[one.case.code])}
            for one in found
        ],
    }


def write(campaign: Campaign) -> tuple[Path, dict[str, Any]]:
    """Freeze the scope of a campaign beside it; the place and what was written."""
    place, told = place_of(campaign.path), contents(campaign)
    write_atomic(place, to_json(told))
    return place, told


def honour(campaign: Campaign, *, required: bool = False) -> str:
    """Check the lock of a campaign, if it has one; its SHA-256 (hex), "" without any.

    Raises PlanError: PLAN-050 when a lock is required and there is none, PLAN-051 when something drifted from it.
    """
    place = place_of(campaign.path)
    if not place.is_file():
        if required:
            raise PlanError(
                "PLAN-050",
                Text("la campagne n'a pas de verrou", "the campaign has no lock"),
                field=str(place),
                mend=_again(campaign),
            )
        return ""
    drifted = drift(_read(place), contents(campaign))
    if drifted:
        said = [one.sentence() for one in drifted]
        raise PlanError(
            "PLAN-051",
            Text("la campagne n'est plus celle qui est verrouillée", "the campaign is not what was locked"),
            field=str(place),
            found=" ; ".join(f"{one.fr} ({one.en})" if one.fr != one.en else one.fr for one in said),
            mend=_again(campaign),
        )
    return sha256_of(place)


def drift(locked: Mapping[str, Any], now: Mapping[str, Any]) -> list[Drift]:
    """What differs between two locks, the plan's own cases named one by one."""
    found = []
    for key, part, what in (
        ("campaign", "sha256", Text("campagne", "campaign")),
        ("plan", "sha256", Text("plan", "plan")),
        ("plan", "version", Text("version du plan", "version of the plan")),
    ):
        found += _differs(what, locked[key][part], now[key][part])
    found += _differs(Text("édition du guide", "edition of the guide"), locked["guide"], now["guide"])
    found += _differs(Text("règles", "rules"), locked["rules"], now["rules"])
    for name in sorted({*locked["datasets"], *now["datasets"]}):
        what = Text(f"données {name}", f"data set {name}")
        found += _differs(what, locked["datasets"].get(name, ""), now["datasets"].get(name, ""))
    was, here = ({one["code"]: one for one in side["cases"]} for side in (locked, now))
    for code in sorted({*was, *here}):
        before, after = was.get(code, {}), here.get(code, {})
        for part, fr, en in (("state", "périmètre de", "scope of"), ("sha256", "cas", "case")):
            found += _differs(Text(f"{fr} {code}", f"{en} {code}"), before.get(part, ""), after.get(part, ""))
    return found


def _differs(what: Text, locked: str, found: str) -> list[Drift]:
    return [] if locked == found else [Drift(what, locked, found)]


def _data_sets(campaign: Campaign) -> Iterator[tuple[str, str]]:
    """Name -> digest of the files of each data set, and of the campaign's own."""
    root = folder("datasets")
    for name in (*_SETS, *_SETS_MORE):
        if (root / name).is_dir():
            yield name, _digest(sorted(path for path in (root / name).rglob("*") if path.is_file()))
    for name in campaign.file.datasets:
        yield f"./{name}", sha256_of(campaign.path.parent / name)


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\n{sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _read(place: Path) -> Mapping[str, Any]:
    told = read_json(place)
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise EvidenceError(
            "LOCK-001", Text("verrou illisible", "unreadable lock"), field=str(place), expected=SCHEMA
        )
    return told


def _again(campaign: Campaign) -> Text:
    name = campaign.path
    return Text(
        f"relire le périmètre, puis : dmpcompat plan lock {name}",
        f"review the scope, then: dmpcompat plan lock {name}",
    )
