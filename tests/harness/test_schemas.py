"""The JSON Schemas beside the plans are those of the models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import schemas
from protocol.datafolders import folder


@pytest.mark.parametrize("name", schemas.schemas())
def test_the_shipped_schema_is_current(name: str) -> None:
    shipped = (folder("test_plans") / "schema" / name).read_bytes()
    assert shipped == schemas.schemas()[name], (
        "make it again: python -c 'from harness import schemas; …write(…)'"
    )


def test_steps_are_described_by_kind() -> None:
    plan = json.loads(schemas.schemas()["plan.schema.json"])
    items = plan["$defs"]["Case"]["properties"]["steps"]["items"]
    kinds = [
        plan["$defs"][kind["$ref"].rpartition("/")[2]] if "$ref" in kind else kind for kind in items["oneOf"]
    ]
    described = {name for kind in kinds for name in kind["properties"]}
    assert {"drive", "assert", "prepare", "as", "with", "expect"} <= described


def test_write(tmp_path: Path) -> None:
    schemas.write(tmp_path / "schema")
    assert {path.name for path in (tmp_path / "schema").iterdir()} == set(schemas.schemas())
