"""The evidence tree: whole files, a manifest that lists all of them, and what is altered is seen."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness import evidence
from harness.masking import Masker
from protocol.errors import EvidenceError
from protocol.exchange import Exchange, Request, Response
from protocol.transactions import load

AT = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "ABC-004711-tmp1"


def exchange(body: bytes = b"<a>ABC-004711-tmp1</a>", answer: bytes | None = b"<b/>") -> Exchange:
    response = None if answer is None else Response(200, (("Content-Type", "text/xml"),), answer)
    headers = (("X-Number", SECRET), ("Content-Type", "application/soap+xml"))
    return Exchange("e1", "driver", "s", AT, AT, Request("POST", "/x", headers, body), response, failure="")


def filled(root: Path, masker: Masker) -> Path:
    folder = evidence.CaseFolder(root, "CT-0.2-010", masker)
    folder.add(evidence.keep(exchange(), masker), 1, load().by_id("TD0.2"))
    folder.finish({"code": "CT-0.2-010", "verdict": "PASS"}, [{"rule": "R", "found": SECRET}])
    return root / "CT-0.2-010"


def test_a_case_appears_only_when_it_is_finished(tmp_path: Path) -> None:
    masker = Masker("TEST-OK-1", public=("TEST-OK-1",))
    folder = evidence.CaseFolder(tmp_path, "CT-0.2-010", masker)
    folder.add(evidence.keep(exchange(), masker), 1, load().by_id("TD0.2"))
    assert not (tmp_path / "CT-0.2-010").exists()
    assert evidence.finished(tmp_path, "CT-0.2-010") is None
    folder.finish({"code": "CT-0.2-010"}, [])
    names = {path.name for path in (tmp_path / "CT-0.2-010").iterdir()}
    assert {"test.json", "assertions.json", "01_requete.xml", "01_reponse.xml", "01_echange.json"} <= names
    assert evidence.finished(tmp_path, "CT-0.2-010") is not None


def test_a_frame_comes_back_as_it_was(tmp_path: Path) -> None:
    filled(tmp_path, Masker(SECRET, public=(SECRET,)))
    assert evidence.frame(tmp_path, "CT-0.2-010", "01") == exchange()


def test_no_response_is_kept_as_none(tmp_path: Path) -> None:
    masker = Masker("", public=())
    folder = evidence.CaseFolder(tmp_path, "CT-0.2-010", masker)
    folder.add(evidence.keep(exchange(answer=None), masker), 1, load().by_id("TD0.2"))
    folder.finish({}, [])
    assert evidence.frame(tmp_path, "CT-0.2-010", "01").response is None


def test_a_secret_number_is_in_no_file_and_its_ranges_are_recorded(tmp_path: Path) -> None:
    masker = Masker(SECRET, public=())
    folder = filled(tmp_path, masker)
    assert not [path for path in folder.iterdir() if SECRET.encode() in path.read_bytes()]
    [frame] = json.loads((folder / "test.json").read_text(encoding="utf-8"))["frames"]
    original = exchange().request.body
    assert frame["request"]["sha256"] == hashlib.sha256(original).hexdigest()
    [item] = frame["request"]["redacted"]
    assert original[item["start"] : item["end"]] == SECRET.encode()
    assert (folder / "01_requete.xml").stat().st_size == len(original)


def test_the_manifest_lists_every_file_and_sha256sum_agrees(tmp_path: Path) -> None:
    filled(tmp_path, Masker("", public=()))
    (tmp_path / "plan.yaml").write_text("é\n", encoding="utf-8")
    digest = evidence.seal(tmp_path, {"schema": "x"})
    manifest = tmp_path / evidence.MANIFEST
    assert digest == hashlib.sha256(manifest.read_bytes()).hexdigest()
    listed = {line.split("  ")[1] for line in manifest.read_text(encoding="utf-8").splitlines()}
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert listed == there - {evidence.MANIFEST}
    assert evidence.verify(tmp_path) == ()
    index = json.loads((tmp_path / evidence.INDEX).read_text(encoding="utf-8"))
    assert set(index["files"]) == listed - {evidence.INDEX}
    if tool := shutil.which("sha256sum"):
        subprocess.run([tool, "-c", "--quiet", evidence.MANIFEST], cwd=tmp_path, check=True)


@pytest.mark.parametrize("what", ["altered", "missing", "unlisted"])
def test_any_difference_is_seen(tmp_path: Path, what: str) -> None:
    folder = filled(tmp_path, Masker("", public=()))
    evidence.seal(tmp_path, {})
    target = folder / "01_reponse.xml"
    if what == "altered":
        target.write_bytes(b"<c/>")
    elif what == "missing":
        target.unlink()
    else:
        target = folder / "ajout.txt"
        target.write_text("x")
    assert evidence.verify(tmp_path) == (f"{what}: CT-0.2-010/{target.name}",)


def test_leftovers_of_an_interrupted_run_are_not_sealed(tmp_path: Path) -> None:
    evidence.CaseFolder(tmp_path, "CT-9.9-999", Masker("", public=()))
    (tmp_path / ".plan.yaml.partial").write_text("half")
    evidence.seal(tmp_path, {})
    assert {path.name for path in tmp_path.iterdir()} == {evidence.INDEX, evidence.MANIFEST}


def test_damaged_evidence_is_an_error_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        evidence.verify(tmp_path)
    (tmp_path / "CT-0.2-010").mkdir()
    (tmp_path / "CT-0.2-010" / "test.json").write_text("{")
    with pytest.raises(EvidenceError):
        evidence.finished(tmp_path, "CT-0.2-010")
    with pytest.raises(EvidenceError):
        evidence.frame(tmp_path, "CT-0.2-010", "01")
