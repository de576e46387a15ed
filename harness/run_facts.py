"""Everything a report says of a run, plain and without the wire number; and the index that seals its evidence.

Values are gathered here and nothing is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import Any

from harness.checks import api
from harness.inheritance import fingerprint
from harness.outset import Outset, now
from harness.packs.pinned import facts_of
from harness.preflight import Item
from harness.results import RunResult, text_to_plain


def facts(run: Outset, items: Sequence[Item]) -> dict[str, Any]:
    """The facts of a run that ends now."""
    campaign, choices = run.campaign, run.choices
    return {
        "campaign": _campaign(run),
        "plan": _plan(run),
        "rules": {"sha256": api.rule_bundle_digest(), "count": len(api.rules())},
        **facts_of(campaign.pack),
        "tool": {"name": "dmpcompat", "version": tool_version()},
        "target": {"kind": campaign.file.target.kind, "url": campaign.url},
        "frames": "driver",
        "seed": choices.seed,
        "lang": choices.lang or campaign.file.lang,
        "started": run.started,
        "ended": now(),
        "scope": [
            {"code": item.case.code, "state": item.state, "reason": text_to_plain(item.reason)}
            for item in run.scoped
        ],
        "preflight": [item.to_plain() for item in items],
        "inherited": [one.to_plain() for one in run.heirs],
    }


def _campaign(run: Outset) -> dict[str, Any]:
    read = run.campaign.file
    return {
        "id": read.id,
        "title": read.title.model_dump(),
        "sha256": run.campaign.sha256,
        "software": read.software.model_dump(exclude={"number"}) | {"number": "•••"},
        "vendor": read.vendor.model_dump(),
        "executor": read.executor.model_dump(),
        "profiles": list(read.profiles),
        "authentication": list(read.authentication),
        "options": list(read.options),
        "datasets": list(read.datasets),
        "lock_sha256": run.frozen,
        "guide": read.guide,
    }


def _plan(run: Outset) -> dict[str, Any]:
    plan = run.campaign.plan
    return {
        "id": plan.plan.id,
        "version": plan.plan.version,
        "title": plan.plan.title.model_dump(),
        "guide": list(plan.plan.guide),
        "sha256": plan.sha256,
    }


def index(run: Outset, result: RunResult) -> dict[str, Any]:
    """What the evidence says of itself: the facts, the cases and where they are, the number or its mask."""
    campaign, masker = run.campaign, run.masker
    return {
        "schema": "dmpcompat-evidence/1",
        **result.facts,
        "number_masked": not masker.intact,
        "declared_number": campaign.number if masker.intact else "",
        "number_fingerprint": fingerprint(campaign.number, campaign.sha256),
        "tests": [
            {
                "code": case.code,
                "official": case.official,
                "verdict": str(case.verdict),
                "folder": case.evidence,
            }
            for case in result.verdicts
        ],
    }


def tool_version() -> str:
    """Version of the installed distribution, "0+checkout" when it runs from a checkout."""
    try:
        return metadata.version("dmpcompat")
    except metadata.PackageNotFoundError:
        return "0+checkout"
