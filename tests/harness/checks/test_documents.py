"""Each document rule passes on a good document and fails on the defect it is there for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from harness import rule_examples
from harness.checks import api
from harness.rule_examples import Change
from protocol.datafolders import folder

SAMPLES = folder("cda_samples")
INDEX = yaml.safe_load((SAMPLES / "index.yaml").read_text(encoding="utf-8"))["samples"]
KITS = Path(os.environ.get("DMPCOMPAT_KITS", Path(__file__).parents[4] / "shared" / "kits"))
OFFICIAL = sorted((KITS / "ans-cda" / "ExemplesCDA").glob("*.xml"))
needs_kits = pytest.mark.skipif(not OFFICIAL, reason="official artefacts absent (DMPCOMPAT_KITS)")

N1 = "n1-pdf-consultation"


#: The others speak for official artefacts, of which a pack is needed.
OURS = {item.id for item in api.rules() if item.side == "document" and item.group != "CDA-OFFICIAL"}
BROKEN = {one.rule for one in rule_examples.broken()} | {
    rule for sample in INDEX for rule in sample.get("rules", ())
}


def _broken(data: bytes) -> set[str]:
    findings = api.judge_document(data, "x.xml")
    assert [item for item in findings if item.status == "ERROR"] == []
    return {item.rule for item in findings if item.status == "FAIL"}


def _passed(data: bytes) -> set[str]:
    return {item.rule for item in api.judge_document(data, "x.xml") if item.status == "PASS"}


@pytest.mark.parametrize("change", rule_examples.broken(), ids=lambda one: f"{one.rule} {one.at}")
def test_a_changed_document_breaks_its_rule(change: Change) -> None:
    assert change.rule in _broken(rule_examples.document(change))


def test_numbers_that_are_expected_are_numbers() -> None:
    """A bool is a bound that reads badly: `True..1`."""
    recipient = (
        b"<informationRecipient><intendedRecipient><informationRecipient><name><given>A</given></name>"
        b"</informationRecipient></intendedRecipient></informationRecipient>"
    )
    data = (SAMPLES / "bons" / f"{N1}.xml").read_bytes()
    wrong = data.replace(b"</custodian>", b"</custodian>" + recipient, 1)
    findings = api.judge_document(wrong, "x.xml", only=["CDA-RECIPIENT-PARTS"])
    assert [item.expected for item in findings if item.status == "FAIL"] == ["1..1"]
    assert {item.expected for item in findings} == {"1..1", "0..1"}


def test_every_document_rule_of_ours_is_broken_by_a_test_of_this_file() -> None:
    assert not OURS - BROKEN


@pytest.mark.parametrize("change", rule_examples.right(), ids=lambda one: f"{one.rule} {one.at}")
def test_a_right_part_that_is_seldom_there_breaks_no_rule(change: Change) -> None:
    data = rule_examples.document(change)
    assert _broken(data) - _broken((SAMPLES / "bons" / f"{change.sample}.xml").read_bytes()) == set()
    assert change.rule in _passed(data)


def test_every_document_rule_of_ours_passes_on_a_good_document() -> None:
    samples = sorted((SAMPLES / "bons").glob("*.xml"))
    seen = {rule for path in samples for rule in _passed(path.read_bytes())} | {
        one.rule for one in rule_examples.right()
    }
    assert not OURS - seen


def test_the_index_names_every_sample_and_nothing_else() -> None:
    files = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*.xml")}
    assert {sample["file"] for sample in INDEX} == files
    assert sum(sample["verdict"] == "PASS" for sample in INDEX) >= 8
    assert sum(sample["verdict"] != "PASS" for sample in INDEX) >= 6


@pytest.mark.parametrize("sample", INDEX, ids=lambda sample: sample["file"])
def test_a_sample_breaks_exactly_the_rules_of_its_index(sample: dict[str, object]) -> None:
    findings = api.with_severity(api.judge_document((SAMPLES / str(sample["file"])).read_bytes(), "x.xml"))
    assert sorted(
        {item.rule for item in findings if item.status in ("FAIL", "WARN", "INFO", "ERROR")}
    ) == sample.get("rules", [])
    statuses = {item.status for item in findings}
    assert sample["verdict"] == ("FAIL" if "FAIL" in statuses else "WARN" if "WARN" in statuses else "PASS")


@needs_kits
@pytest.mark.kits
@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: path.name)
def test_no_official_sample_is_refused(path: Path) -> None:
    findings = api.with_severity(api.judge_document(path.read_bytes(), path.name))
    assert [item for item in findings if item.status in ("FAIL", "ERROR")] == []
    assert sum(item.status == "PASS" for item in findings) > 80


def test_what_is_stricter_than_the_kit_is_a_warning_of_confidence_c() -> None:
    beyond = [item for item in api.rules() if "au-delà du kit" in item.clause]
    assert len(beyond) > 10
    assert {item.confidence for item in beyond} == {"C"}
    assert {item.default for item in beyond} <= {"warning", "info"}
