"""Documents that a step feeds: fresh ones, samples, and one sent before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import SeededIds
from harness.feeding import Fed, Feeder
from protocol import safexml
from protocol.errors import UsageError

Make = Callable[..., Feeder]


@pytest.fixture
def feeder(keyring: Keyring) -> Feeder:
    return Feeder(keyring.identity("cps"), "accents", SeededIds(1), SystemClock(), "", {})


def value(data: bytes, path: str) -> str:
    return safexml.value(safexml.parse(data, huge=True), path)


def test_a_fresh_document_is_of_the_patient_and_the_author(feeder: Feeder) -> None:
    item = feeder.parameter(Fed(title="Été", media="application/pdf", visibility=["MASQUE_PS"]))
    data = item["cda"]
    assert value(data, "/hl7:ClinicalDocument/hl7:title") == "Été"
    assert value(data, "//hl7:author//hl7:id/@extension") == feeder.identity.user.ps_id
    assert value(data, "//hl7:nonXMLBody/hl7:text/@mediaType") == "application/pdf"
    assert item["confidentiality"] == ["MASQUE_PS"]
    assert value(data, "/hl7:ClinicalDocument/hl7:id/@root") in feeder.sent


def test_identifiers_differ_and_size_is_kept(feeder: Feeder) -> None:
    first, second = feeder.parameter(Fed())["cda"], feeder.parameter(Fed(size=200_000))["cda"]
    assert value(first, "/hl7:ClinicalDocument/hl7:id/@root") != value(
        second, "/hl7:ClinicalDocument/hl7:id/@root"
    )
    assert len(second) > 200_000


def test_the_same_bytes_are_sent_again(feeder: Feeder) -> None:
    data = feeder.parameter(Fed())["cda"]
    assert feeder.parameter(Fed(again=next(iter(feeder.sent))))["cda"] is data
    with pytest.raises(UsageError):
        feeder.parameter(Fed(again="1.2.3"))


def test_a_replacement_names_both_identifiers(feeder: Feeder) -> None:
    item = feeder.parameter(Fed(replaces="1.2.3", replaces_entry="urn:uuid:1"))
    assert item["replaces"] == "urn:uuid:1"
    assert value(item["cda"], "//hl7:relatedDocument/hl7:parentDocument/hl7:id/@root") == "1.2.3"


@pytest.mark.parametrize("name", ["absent.xml", "../setup.cfg", "/etc/hostname", "."])
def test_a_sample_is_a_file_of_the_samples_only(feeder: Feeder, name: str) -> None:
    with pytest.raises(UsageError):
        feeder.parameter(Fed(sample=name))
