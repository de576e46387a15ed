"""Under what conditions a case was played: who, where, with what, and the state of the DMPs that it starts from.

These are declarations of the campaign and facts of this machine; nothing here is secret nor judged.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

from harness.campaign import Campaign
from harness.plan import Case
from protocol import directory
from protocol.patientrecord import Patient


def environment(campaign: Campaign) -> dict[str, Any]:
    """The platform that was called and the machine that played."""
    return {
        "target": {"kind": campaign.file.target.kind, "url": campaign.url},
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def conditions(case: Case, campaign: Campaign) -> dict[str, Any]:
    """What `test.json` says beside the verdict: executor, environment, state of the DMPs at the start.

    On a platform that is not the mock nobody knows that state: what the case asks for is told, and said to be so.
    """
    return {
        "executor": campaign.file.executor.model_dump(),
        "environment": environment(campaign),
        "dmp_state": {
            "known": campaign.file.target.kind == "mock",
            "patients": [_state(key, one) for key, one in _patients(case, campaign)],
        },
    }


def _patients(case: Case, campaign: Campaign) -> Iterator[tuple[str, Patient]]:
    known = {**directory.patients(), **campaign.patients}
    asked = [str(getattr(step, "patient", "") or "") for step in case.steps]
    for key in dict.fromkeys(key for key in asked if key in known):
        yield key, known[key]


def _state(key: str, one: Patient) -> dict[str, Any]:
    return {
        "key": key,
        "ins": f"{one.ins.number}^^^&{one.ins.oid}&ISO",
        "dmp": str(one.dmp.status),
        "internet_account": bool(one.dmp.internet_account),
        "authorisations": len(one.authorisations),
        "documents": len(one.documents),
        "minor": one.minor,
    }
