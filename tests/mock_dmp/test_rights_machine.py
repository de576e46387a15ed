"""Random sequences of transactions against the mock and against a simple model of rights: they never differ.

DMPCOMPAT_RIGHTS_RUNS=500 plays that many sequences, other ones each time; without it the same few are played.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_dmp.state.engine import Store
from tests.mock_dmp.rights_machine import hasty, run

RUNS = int(os.environ.get("DMPCOMPAT_RIGHTS_RUNS") or 0)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(data_dir=Path(tmp_path_factory.mktemp("rights")))
    yield hasty(store)
    store.close()


def test_the_mock_and_the_model_never_differ(quick: Store) -> None:
    run(quick, runs=RUNS or 30, steps=25, derandomize=not RUNS)
