"""Counts of a run: by rule, type, producer and software; bounded whatever comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks.rule import Finding
from harness.files import summary as check_summary
from harness.files.portrait import NOBODY, Portrait, portrait
from harness.files.record import Record, recorded
from harness.files.summary import OTHERS, Summary, largest
from protocol import safexml
from protocol.datafolders import folder

SAMPLES = folder("cda_samples")


def record(path: str, seen: Portrait = NOBODY, **statuses: str) -> Record:
    findings = [
        Finding(rule.replace("_", "-"), status, "x:")  # type: ignore[arg-type]
        for rule, status in (statuses or {"CDA_ID": "PASS"}).items()
    ]
    return recorded(path, path, "cda", findings, seen)


def test_a_file_counts_once_for_a_rule_at_its_worst() -> None:
    findings = [Finding("R", status, "x:") for status in ("INFO", "FAIL", "WARN", "FAIL")]  # type: ignore[arg-type]
    counted = Summary([recorded("a", "a", "cda", findings), record("b", R="WARN")])
    assert dict(counted.rules["R"].files) == {"FAIL": 1, "WARN": 1}
    assert counted.rules["R"].examples == ["a", "b"]
    assert (counted.verdict, counted.exit_code, counted.files) == ("FAIL", 1, 2)


def test_counts_do_not_depend_on_the_order() -> None:
    several = [
        record(f"{rank}.xml", Portrait("34133-9", f"libellé {rank % 3}", "", "Hôpital"), CDA_ID="FAIL")
        for rank in range(20)
    ]
    one, other = Summary(several), Summary(reversed(several))
    assert (
        one.rules["CDA-ID"].examples == other.rules["CDA-ID"].examples == sorted(one.rules["CDA-ID"].examples)
    )
    assert one.types == other.types
    assert one.types["34133-9"].label == "libellé 0"


def test_kinds_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_summary, "MAX_KINDS", 5)
    counted = Summary(record(f"{rank}", Portrait(producer=f"p{rank}")) for rank in range(50))
    assert len(counted.producers) == 6
    assert counted.producers[OTHERS].total == 45
    assert largest(counted.producers, 1)[0][0] == OTHERS


def test_the_portrait_of_a_document_is_read_in_its_header() -> None:
    seen = portrait(safexml.parse((SAMPLES / "bons" / "n3-synthese-medicale.xml").read_bytes()))
    assert (seen.type, seen.label) == ("60591-5", "Synthèse médicale")
    assert "Essai" in seen.producer
    inside = portrait(safexml.parse((SAMPLES / "bons" / "auto-presentable.xml").read_bytes()))
    assert inside.type, "the document inside its style sheet"


@pytest.mark.parametrize("data", [b"<a/>", b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>'])
def test_what_says_nothing_of_itself_has_no_portrait(data: bytes) -> None:
    assert portrait(safexml.parse(data)) == NOBODY
    assert portrait(None) == NOBODY


def test_samples_are_all_told_apart_by_type() -> None:
    types = {portrait(safexml.parse(path.read_bytes())).type for path in Path(SAMPLES / "bons").glob("*.xml")}
    assert len(types) >= 5
