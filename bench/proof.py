"""Paired self-play of the whole shipped plan: each case of a software, played right and with each defect it claims.

Slow on purpose: what continuous integration takes a sample of. Nothing is kept; `dmpcompat plan prove` keeps.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.served import served
from harness.plan import load_plan
from harness.plans import prove
from mock_dmp import pki
from protocol.datafolders import folder


def run() -> list[str]:
    plans = folder("test_plans")
    plan = load_plan(plans / "dmp-socle.yaml")
    cases = prove.chosen(plan, ())
    with TemporaryDirectory() as scratch:
        place = Path(scratch)
        pki.init(place / "pki")
        (place / "out").mkdir()
        with served(place / "pki", place / "mock") as mock:
            start, spent = time.perf_counter(), time.process_time()
            done = prove.prove(
                plan,
                cases,
                plans / "campagne-demo.yaml",
                target=mock.url,
                pki=place / "pki",
                scratch=place / "out",
            )
    took, used = time.perf_counter() - start, time.process_time() - spent
    defects = sum(len(one.seeds) for one in done.values())
    left = [code for code, one in done.items() if not one.holds]
    return [
        f"proof: {len(done)} cases, {defects} defects, {took:.0f} s ({used:.0f} s of processor in the harness)",
        f"proof: {len(done) - len(left)} proved; not proved: {', '.join(left) or 'none'}",
    ]
