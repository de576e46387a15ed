"""Whatever a source is spoilt into, the import goes on: a frame, or a word on what can't be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.capture import writers
from tests.harness.capture.test_importing import run, soap
from tests.harness.capture.writers import FORMATS, Written
from tests.mutations import some, spoilt_bytes, spoilt_values, survives


def test_a_har_whose_values_are_others_never_stops_the_import(tmp_path: Path) -> None:
    good = json.loads(writers.har(tmp_path, [soap(1)]).read_bytes())
    path = tmp_path / "spoilt.har"
    for rank, (name, data) in enumerate(some(spoilt_values(good), 60)):
        path.write_bytes(data)
        survives(lambda rank: run(tmp_path / str(rank), path), rank, name)


@pytest.mark.parametrize("form", FORMATS[:9], ids=[form.write.__name__ for form in FORMATS[:9]])
def test_a_source_that_is_spoilt_never_stops_the_import(tmp_path: Path, form: Written) -> None:
    path = form.write(tmp_path, [soap(1), soap(2)])
    for rank, data in enumerate(spoilt_bytes(path.read_bytes(), 6)):
        path.write_bytes(data)
        survives(lambda rank: run(tmp_path / str(rank), path), rank, f"spoilt {rank}")
