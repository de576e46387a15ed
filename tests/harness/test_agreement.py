"""Our rules and the official layers on a sample of mutants: nothing right is failed, no disagreement is unexplained."""

from __future__ import annotations

import pytest

from bench import agreement
from bench.agreement import KITS, Agreement, Case, explained, report, run

KIT = KITS / "ans-cda"
SAMPLES = sorted((KIT / "ExemplesCDA").glob("*.xml"))


@pytest.mark.kits
@pytest.mark.skipif(not SAMPLES, reason=f"official artefacts not found in {KIT} (DMPCOMPAT_KITS)")
def test_no_official_layer_says_alone_what_no_reason_covers() -> None:
    found = run(SAMPLES[::31], KIT, each=6, seed=3)
    assert found.false_alarms == []
    listed = agreement.reasons()
    alone = [case for case in found.cases if case.official and not case.ours]
    assert [case.official for case in alone if not explained(case, listed)] == []
    caught = found.caught()
    assert caught["both"] > caught["them alone"]


def test_the_table_tells_each_side_and_what_has_no_reason() -> None:
    both = Case("a.xml", "removed", "id", {"XSD": ("x",)}, {"SCHEMA": ("XSD-CDA",)})
    ours = Case("a.xml", "value", "id", {}, {"CDA-HEADER": ("CDA-INS-KEY",)})
    theirs = Case("a.xml", "value", "id", {"IHE": ("une entrée",)}, {})
    strange = Case("a.xml", "value", "id", {"XSD": ("inconnu",)}, {})
    said = "\n".join(report(Agreement(1, [both, ours, theirs, strange])))
    assert "| both | 1 | 25.0% |" in said
    assert "| us alone | 1 | 25.0% |" in said
    assert "| XSD | 2 | 1 | 1 |" in said
    assert "**no reason listed** | 1 |" in said
    assert explained(theirs, agreement.reasons())
