"""An XDM delivery made of what the driver submits: good metadata are good there too, and a fault is found there too."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from harness.checks.judged import Declared, Judged
from harness.files import xdm
from harness.files.archives import entries
from harness.files.judge import Asked, judge_entry
from harness.files.record import Record
from harness.files.tree import judge_paths
from protocol import facts
from protocol.exchange import Exchange
from protocol.transactions import load

RIM = f"{{{facts.RIM}}}"


def delivered(
    exchange: Exchange, path: Path, slots: Mapping[str, str] | None = None, replacing: str = ""
) -> Path:
    """The zip of a submission: its metadata with the URI of each document, and the documents beside them.

    `slots`: other values for those of the first entry; `replacing`: what it says that it replaces.
    """
    view = Judged(exchange, "request", load().by_id("TD2.1"), Declared())
    (request,) = view.nodes("//lcm:SubmitObjectsRequest")
    request = deepcopy(request)
    with zipfile.ZipFile(path, "w") as target:
        bodies = {str(item.get("id")): data for item, data in view.documents}
        for rank, entry in enumerate(request.iter(f"{RIM}ExtrinsicObject"), 1):
            name = f"DOC{rank:05}.{'XML' if entry.get('mimeType') == 'text/xml' else 'BIN'}"
            values = etree.SubElement(etree.Element(f"{RIM}Slot", name="URI"), f"{RIM}ValueList")
            etree.SubElement(values, f"{RIM}Value").text = name
            slot = values.getparent()
            assert slot is not None
            entry.insert(0, slot)
            target.writestr(f"IHE_XDM/SUBSET01/{name}", bodies[str(entry.get("id"))])
        first = next(request.iter(f"{RIM}ExtrinsicObject"))
        for slot in first.iterchildren(f"{RIM}Slot"):
            said = (slots or {}).get(str(slot.get("name")))
            for one in slot.iter(f"{RIM}Value") if said else ():
                one.text = said
        if replacing:
            link = etree.Element(f"{RIM}Association", associationType=facts.RPLC, targetObject=replacing)
            link.set("sourceObject", str(first.get("id")))
            first.addnext(link)
        target.writestr("IHE_XDM/SUBSET01/METADATA.XML", etree.tostring(request))
        target.writestr("INDEX.HTM", "<html/>")
        target.writestr("README.TXT", "essai")
    return path


@pytest.fixture
def judged(make: Callable[..., Exchange], tmp_path: Path) -> Callable[..., dict[str, Record]]:
    def _judged(*alterations: str) -> dict[str, Record]:
        path = delivered(make("TD2.1", *alterations), tmp_path / "IHE_XDM.ZIP")
        return {record.name: record for record in judge_paths([path]).results}

    return _judged


def test_what_the_driver_submits_is_good_on_media_too(
    judged: Callable[..., dict[str, Record]], tmp_path: Path
) -> None:
    found = judged()
    assert [fault for record in found.values() for fault in record.faults] == []
    metadata = found["METADATA.XML"]
    assert metadata.counts["PASS"] > 100
    assert metadata.portrait.type == "TD2.1"
    documents = [entry for entry in entries([tmp_path]) if entry.announced]
    assert len(documents) >= 2
    rules = {one.rule for one in judge_entry(documents[0], Asked()).findings if one.status == "PASS"}
    assert {"COH-UNIQUE-ID", "COH-PATIENT", "COH-TYPE", "COH-TITLE", "COH-AUTHORS"} <= rules


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(
    ("slot", "value", "rule"),
    [
        ("languageCode", "en-US", "COH-LANGUAGE"),
        ("creationTime", "19990101", "COH-CREATION-TIME"),
        ("sourcePatientInfo", "PID-8|U", None),
    ],
)
def test_metadata_that_differ_from_their_document_are_told_with_their_place(
    make: Callable[..., Exchange], tmp_path: Path, slot: str, value: str, rule: str | None, *, packed: bool
) -> None:
    archive = delivered(make("TD2.1"), tmp_path / "IHE_XDM.ZIP", {slot: value})
    if not packed:
        with zipfile.ZipFile(archive) as source:
            source.extractall(tmp_path)
        archive.unlink()
    faults = {one.rule: one for record in judge_paths([tmp_path]).results for one in record.faults}
    found = {name: one for name, one in faults.items() if name.startswith("COH")}
    assert set(found) == ({rule} if rule else set())
    if rule:
        place = (
            "DOC00001.XML:METADATA.XML:/lcm:SubmitObjectsRequest/rim:RegistryObjectList/rim:ExtrinsicObject"
        )
        assert found[rule].where.startswith(place)
        assert found[rule].found == value


def test_a_replacement_is_told_in_both_places(make: Callable[..., Exchange], tmp_path: Path) -> None:
    archive = delivered(make("TD2.1"), tmp_path / "IHE_XDM.ZIP", replacing="urn:uuid:" + "1" * 8)
    rules = {one.rule for record in judge_paths([archive]).results for one in record.faults}
    assert "COH-REPLACEMENT" in rules


def test_metadata_too_big_to_be_kept_are_told_and_nothing_is_said_of_coherence(
    make: Callable[..., Exchange], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xdm, "MAX_KEPT", -1)
    records = judge_paths([delivered(make("TD2.1"), tmp_path / "IHE_XDM.ZIP")]).results
    faults = [one for record in records for one in record.faults]
    assert {(one.rule, one.status) for one in faults} == {("CHECK-XDM", "INFO")}
    assert all("XDM-LARGE" in one.found for one in faults)


@pytest.mark.parametrize("alteration", ["code-out-of-value-set", "missing-slot", "missing-class"])
def test_a_fault_of_metadata_is_found_on_media_too(
    judged: Callable[..., dict[str, Record]], alteration: str
) -> None:
    assert judged(alteration)["METADATA.XML"].faults


@pytest.mark.parametrize("alteration", ["wrong-hash", "wrong-size"])
def test_a_hash_and_a_size_are_compared_with_the_file(
    judged: Callable[..., dict[str, Record]], alteration: str
) -> None:
    rules = {fault.rule for record in judged(alteration).values() for fault in record.faults}
    assert "CHECK-XDM" in rules
