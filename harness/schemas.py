"""JSON Schemas of plans, campaigns and known deviations, for editors; made from the models, so that both always agree.

The files are in test_plans/schema; a test says when they are out of date, `write` makes them again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harness.campaign import CampaignFile
from harness.deviations import DeviationsFile
from harness.plan import Plan


def schemas() -> Mapping[str, bytes]:
    """File name -> bytes of each schema."""
    return {
        "plan.schema.json": _schema(Plan, "dmpcompat test plan"),
        "campaign.schema.json": _schema(CampaignFile, "dmpcompat campaign"),
        "deviations.schema.json": _schema(DeviationsFile, "dmpcompat known deviations"),
    }


def write(folder: Path) -> None:
    """Write the schemas into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in schemas().items():
        (folder / name).write_bytes(data)


def _schema(model: type[BaseModel], title: str) -> bytes:
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(),
        "title": title,
    }
    return (json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
