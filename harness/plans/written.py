"""The cases of a plan as they are written: plain data, and the digest of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from harness.plan import LoadedPlan

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def whole_of(plan: LoadedPlan) -> dict[str, Any]:
    """A plan as plain data, with the cases of its files."""
    told: dict[str, Any] = yaml.load(plan.raw, _LOADER)  # noqa: S506 - the safe loader, or its fast twin
    return told


def data_of(plan: LoadedPlan) -> dict[str, dict[str, Any]]:
    """The cases of a plan as plain data, by code."""
    return {case["code"]: case for case in whole_of(plan)["cases"]}


def digest_of(case: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a case: of its data, not of how they are written."""
    return hashlib.sha256(json.dumps(case, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
