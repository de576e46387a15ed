"""Synthetic patients: made, loaded in bulk into a session, and found again without their INS among them all.

Figures of one run, as ratios: loading to making, a search among many to one among few (must stay close to 1), and a
session filled with the data sets to one filled patient by patient, as it was before bulk statements.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from mock_dmp.population import load, make
from mock_dmp.services import matching
from mock_dmp.state import sessions
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.pdq import Criteria

COUNT: Final = 100_000
FEW: Final = 1_000
_SEED: Final = 7
_ROUNDS: Final = 15


def run() -> list[str]:
    several = list(make.patients(COUNT, _SEED))
    making = _once(lambda: list(make.patients(COUNT, _SEED)))
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(data_dir=Path(scratch))
        loading = _once(lambda: load.into_session(store, "default", several))
        sessions.create(store, "few")
        load.into_session(store, "few", several[:FEW])
        open_ones = [one for one in several[:FEW] if one.dmp.status == "active"][:_ROUNDS]
        wanted = [Criteria(one.family_birth, one.given[0], True, one.birth_stamp) for one in open_ones]
        few, many = (_search(store, name, wanted) for name in ("few", "default"))
        bulk = median(_once(lambda rank=rank: sessions.create(store, f"s{rank}")) for rank in range(_ROUNDS))
        each = median(_once(lambda: _one_by_one(store)) for _ in range(3))
        store.close()
    known = len(directory.patients())
    return [
        f"loading {COUNT} patients: {loading / making:.1f} times making them ({loading:.0f} s and {making:.0f} s here)",
        f"search among {COUNT} patients: {many / few:.2f} times one among {FEW} ({many * 1000:.1f} ms here)",
        f"session filled in bulk: {each / bulk:.1f} times faster ({bulk * 1000:.1f} ms here for {known} patients)",
    ]


def _search(store: Store, name: str, wanted: list[Criteria]) -> float:
    session = sessions.find(store, name)

    def ask(asked: Criteria) -> None:
        with store.read() as db:
            assert matching.candidates(db, session, asked)

    return median(_once(lambda asked=asked: ask(asked)) for asked in wanted)


def _one_by_one(store: Store) -> None:
    """Replace every patient of the data sets with statements of its own."""
    with store.write() as db:
        for patient in directory.patients().values():
            sessions.seed_patient(db, "s0", patient)


def _once(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
