"""Lodging: the tree is sealed again, its earlier seals hold, an interruption is taken up, a piece can be withdrawn."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness import evidence
from harness.events import Journal
from harness.evidence import lodging, sealing
from harness.evidence.lodging import additions, lodge, withdraw
from harness.evidence.wanted import wanted
from harness.privacy.exceptions import Allowed
from protocol.errors import EvidenceError, UsageError
from tests.harness.evidence.specimens import chunk, png

PICTURE = png()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A sealed tree with two played cases and one that was not."""
    root = tmp_path / "run" / "preuves"
    for code in ("CT-1", "CT-2"):
        test = {"code": code, "expected_evidence": ["frames", "screen", "declaration"], "steps": []}
        evidence.write_atomic(root / code / "test.json", evidence.to_json(test))
        evidence.write_atomic(root / code / "01_requete.bin", b"\0bytes")
    Journal(root / evidence.JOURNAL, None, lambda text: text).tell("run-finished", exit_code=0)
    tests = [
        {"code": "CT-1", "official": "0.1-210", "verdict": "PASS", "folder": "CT-1"},
        {"code": "CT-2", "official": "", "verdict": "MANUAL", "folder": "CT-2"},
        {"code": "CT-3", "official": "", "verdict": "NOT_APPLICABLE", "folder": ""},
    ]
    evidence.seal(root, {"schema": "x", "tests": tests})
    return root


@pytest.fixture
def screen(tmp_path: Path) -> Path:
    path = tmp_path / "Capture d'écran.PNG"
    path.write_bytes(PICTURE)
    return path


def test_a_screen_and_a_declaration_are_lodged_and_sealed(tree: Path, screen: Path, tmp_path: Path) -> None:
    words = tmp_path / "dit.txt"
    words.write_text("Le logiciel ne gère pas les accents.", encoding="utf-8")
    before = sealing.present(tree).digest
    done = lodge(tree, "0.1-210", [screen, words], by="testeuse")
    assert [item.name for item in done.files] == ["CT-1/ecran_01.png", "CT-1/declaration.md"]
    assert (done.before, done.after) == (before, sealing.present(tree).digest)
    assert (tree / "CT-1" / "ecran_01.png").read_bytes() == PICTURE
    assert evidence.verify(tree) == ()
    assert [seal.digest for seal in sealing.history(tree)] == [before]
    told = sealing.since(tree, before)
    assert told is not None
    assert set(told.added) == {"CT-1/ecran_01.png", "CT-1/declaration.md"}
    [first, second] = additions(tree)
    assert (first["source"], first["by"], first["lot"]) == ("Capture d'écran.PNG", "testeuse", second["lot"])
    event = json.loads((tree / evidence.JOURNAL).read_bytes().splitlines()[-1])
    assert (event["event"], event["case"], event["seal"]) == ("evidence-added", "CT-1", before)
    if tool := shutil.which("sha256sum"):
        subprocess.run([tool, "-c", "--quiet", evidence.MANIFEST], cwd=tree, check=True)


def test_numbers_follow_and_what_is_there_is_never_overwritten(tree: Path, screen: Path) -> None:
    lodge(tree, "CT-1", [screen])
    screen.write_bytes(png(chunk(b"tIME", b"\x07\xea\x0b\x17\0\0\0")))
    assert lodge(tree, "CT-1", [screen]).files[0].name == "CT-1/ecran_02.png"
    with pytest.raises(UsageError) as refused:
        lodge(tree, "CT-1", [screen])
    assert refused.value.code == "EVID-037"
    assert lodge(tree, "CT-2", [screen], purpose="piece").files[0].name == "CT-2/piece_01.png"
    assert len(sealing.history(tree)) == 3
    assert evidence.verify(tree) == ()


@pytest.mark.parametrize("case", ["CT-3", "CT-9", "../CT-1", ""])
def test_a_case_without_evidence_takes_nothing(tree: Path, screen: Path, case: str) -> None:
    with pytest.raises(UsageError) as refused:
        lodge(tree, case, [screen])
    assert refused.value.code == "EVID-036"
    assert evidence.verify(tree) == ()


def test_one_bad_file_lodges_none(tree: Path, screen: Path, tmp_path: Path) -> None:
    bad = tmp_path / "x.png"
    bad.write_bytes(b"GIF89a\0")
    before = sealing.present(tree).digest
    with pytest.raises(EvidenceError):
        lodge(tree, "CT-1", [screen, bad])
    assert sealing.present(tree).digest == before
    assert sealing.files(tree) == sorted([*sealing.present(tree).files, evidence.MANIFEST])


def test_an_altered_tree_takes_nothing(tree: Path, screen: Path) -> None:
    (tree / "CT-2" / "01_requete.bin").write_bytes(b"other")
    with pytest.raises(EvidenceError) as refused:
        lodge(tree, "CT-1", [screen])
    assert refused.value.code == "EVID-035"


def test_what_an_earlier_seal_listed_must_still_be_there(tree: Path, screen: Path) -> None:
    lodge(tree, "CT-1", [screen])
    (tree / "CT-2" / "01_requete.bin").write_bytes(b"other")
    index = {key: value for key, value in evidence.read_json(tree / "index.json").items() if key != "files"}
    evidence.seal(tree, index)  # a forger seals again
    assert evidence.verify(tree) == ("seal 1: CT-2/01_requete.bin",)


class Killed(BaseException):
    """The process dies there."""


@pytest.mark.parametrize("at", range(9))
def test_a_lodging_that_was_killed_is_finished_by_the_next(
    tree: Path, screen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Whatever write is the last: either nobody was told, or the files are there once and the tree holds."""
    real, left = lodging.write_atomic, [at]

    def dying(path: Path, data: bytes) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(lodging, "write_atomic", dying)
        patch.setattr(sealing, "write_atomic", dying)
        with contextlib.suppress(Killed):
            lodge(tree, "CT-1", [screen])
    other = tmp_path / "other.png"
    other.write_bytes(png(chunk(b"tIME", b"\x07\xea\x0b\x17\0\0\0")))
    lodge(tree, "CT-2", [other])
    assert evidence.verify(tree) == ()
    names = [item["file"] for item in additions(tree)]
    assert len(names) == len(set(names))
    assert "CT-2/ecran_01.png" in names
    assert ("CT-1/ecran_01.png" in names) == (tree / "CT-1" / "ecran_01.png").is_file() == (at >= 2)
    lots = [json.loads(line).get("lot") for line in (tree / evidence.JOURNAL).read_bytes().splitlines()]
    assert len([lot for lot in lots if lot]) == len({lot for lot in lots if lot}) == len(names)


def test_a_piece_is_withdrawn_and_that_it_was_there_stays(tree: Path, screen: Path) -> None:
    done = lodge(tree, "CT-1", [screen])
    withdraw(tree, "CT-1/ecran_01.png", reason="montre un vrai patient", by="testeuse")
    assert not (tree / "CT-1" / "ecran_01.png").exists()
    assert evidence.verify(tree) == ()
    [kept] = additions(tree)
    assert kept["withdrawn"]["reason"] == "montre un vrai patient"
    told = sealing.since(tree, done.after)
    assert told is not None
    assert told.withdrawn == ("CT-1/ecran_01.png",)
    assert lodge(tree, "CT-1", [screen]).files[0].name == "CT-1/ecran_02.png"
    with pytest.raises(UsageError):
        withdraw(tree, "CT-1/ecran_01.png", reason="encore")


@pytest.mark.parametrize("at", range(7))
def test_a_withdrawal_that_was_killed_is_finished_by_the_next(
    tree: Path, screen: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    lodge(tree, "CT-1", [screen])
    real, left = lodging.write_atomic, [at]

    def dying(path: Path, data: bytes) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(lodging, "write_atomic", dying)
        patch.setattr(sealing, "write_atomic", dying)
        with contextlib.suppress(Killed):
            withdraw(tree, "CT-1/ecran_01.png", reason="montre un vrai patient")
    lodge(tree, "CT-2", [screen])
    assert evidence.verify(tree) == ()
    gone = not (tree / "CT-1" / "ecran_01.png").exists()
    assert gone == ("withdrawn" in additions(tree, "CT-1")[0]) == (at >= 1)


def test_a_frame_is_not_withdrawn_nor_said_to_be(tree: Path, screen: Path) -> None:
    with pytest.raises(UsageError) as refused:
        withdraw(tree, "CT-1/01_requete.bin", reason="gêne")
    assert refused.value.code == "EVID-038"
    lodge(tree, "CT-1", [screen])
    digest = sealing.present(tree).files["CT-1/01_requete.bin"]
    (tree / "CT-1" / "01_requete.bin").unlink()
    index: dict[str, Any] = evidence.read_json(tree / "index.json")
    del index["files"]
    index["additions"].append({"file": "CT-1/01_requete.bin", "sha256": digest, "withdrawn": {}})
    evidence.seal(tree, index)
    assert evidence.verify(tree) == ("seal 1: CT-1/01_requete.bin",)


def test_what_is_wanted_and_what_is_there(tree: Path, screen: Path) -> None:
    lodge(tree, "CT-1", [screen])
    first, second = wanted(tree)
    assert (first.missing, first.lodged) == (("declaration",), ("ecran_01.png",))
    assert second.missing == ("screen", "declaration")
    assert "déclaration" in first.said("fr")


def test_the_head_of_the_journal_is_in_the_index(tree: Path) -> None:
    path = tree / evidence.JOURNAL
    lines = path.read_bytes()
    assert evidence.read_json(tree / "index.json")["journal"]["lines"] == 1
    path.write_bytes(b"")
    assert any("journal" in told for told in evidence.verify(tree))
    path.write_bytes(lines.replace(b"run-", b"ran-"))
    assert any(told.startswith("journal: head") for told in evidence.verify(tree))


def test_a_piece_with_a_real_identity_is_not_taken_without_its_reason(tree: Path, tmp_path: Path) -> None:
    words = tmp_path / "dit.txt"
    words.write_text("Essayé avec 1 85 05 78 006 084 91.", encoding="utf-8")
    with pytest.raises(EvidenceError) as refused:
        lodge(tree, "CT-1", [words])
    assert refused.value.code == "GUARD-001"
    assert not sealing.history(tree)
    one = Allowed("INS", "185057800608491", "carte de test de l'autorité", "QA", None)
    assert lodge(tree, "CT-1", [words], allowed={("INS", one.value): one}).files


def test_a_screen_given_during_the_run_is_withdrawn_too(tree: Path, screen: Path) -> None:
    shutil.copyfile(screen, tree / "CT-1" / "ecran_01.png")
    kept = {key: value for key, value in evidence.read_json(tree / "index.json").items() if key != "files"}
    before = evidence.seal(tree, kept)
    withdraw(tree, "CT-1/ecran_01.png", reason="montre un vrai patient")
    assert evidence.verify(tree) == ()
    told = sealing.since(tree, before)
    assert told is not None
    assert told.withdrawn == ("CT-1/ecran_01.png",)
    assert [item["case"] for item in additions(tree)] == ["CT-1"]
