"""An XDM delivery made of what the driver submits: good metadata are good there too, and a fault is found there too."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from lxml import etree

from harness.checks.judged import Declared, Judged
from harness.files.archives import entries
from harness.files.record import Record
from harness.files.tree import judge_paths
from protocol import facts
from protocol.exchange import Exchange
from protocol.transactions import load

RIM = f"{{{facts.RIM}}}"


def delivered(exchange: Exchange, path: Path) -> Path:
    """The zip of a submission: its metadata with the URI of each document, and the documents beside them."""
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
