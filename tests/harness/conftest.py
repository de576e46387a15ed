"""Plans and campaigns in small, to be broken one way at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PLAN: dict[str, Any] = {
    "schema": "dmpcompat-plan/1",
    "id": "small",
    "version": "1.0.0",
    "title": {"fr": "Petit plan", "en": "Small plan"},
    "cases": [
        {
            "code": "CT-0.2-010",
            "title": {"fr": "Existence", "en": "Existence"},
            "purpose": {"fr": "Vérifier", "en": "Check"},
            "type": "N",
            "side": "L",
            "requirements": ["EX_GEN-1320"],
            "filters": {
                "profiles": ["consultation"],
                "authentication": ["direct"],
                "transactions": ["TD0.2"],
            },
            "steps": [
                {"drive": "TD0.2", "as": "cps", "patient": "actif-autorise", "expect": {"success": True}},
            ],
        },
    ],
}
CAMPAIGN: dict[str, Any] = {
    "schema": "dmpcompat-campaign/1",
    "id": "small",
    "title": {"fr": "Petite campagne", "en": "Small campaign"},
    "software": {"name": "LPS-TEST", "version": "1.0.0", "number": "TEST-OK-1"},
    "vendor": {"name": "Éditeur fictif"},
    "profiles": ["consultation", "alimentation"],
    "authentication": ["direct", "indirect"],
    "plan": {"file": "plan.yaml"},
}

Write = Callable[..., Path]


def _write(path: Path, value: Any) -> Path:
    # JSON is YAML: each key is on a line of its own, so that errors have a line to tell.
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


@pytest.fixture
def small_plan() -> dict[str, Any]:
    return copy.deepcopy(PLAN)


@pytest.fixture
def small_campaign() -> dict[str, Any]:
    return copy.deepcopy(CAMPAIGN)


@pytest.fixture
def write_plan(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    return lambda value: _write(tmp_path / "plan.yaml", value)


@pytest.fixture
def write_campaign(tmp_path: Path) -> Callable[..., Path]:
    """Write a campaign and the plan beside it; returns the path of the campaign."""

    def write(campaign: dict[str, Any], plan: dict[str, Any] | None = None) -> Path:
        _write(tmp_path / "plan.yaml", plan or PLAN)
        return _write(tmp_path / "campagne.yaml", campaign)

    return write
