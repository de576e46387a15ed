"""`dmpcompat pack` and `check --pack` as a user types them, on a small kit of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import cli
from harness.files.layers import OFFICIAL
from harness.packs import registry as packs
from harness.packs.defects import KINDS
from harness.schematron import saxon
from tests.harness import kits as mini

needs_saxon = pytest.mark.skipif(not saxon.available(), reason="saxonche is not installed (extra saxon)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    return mini.kit(tmp_path / "kit")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "documents" / "bon.xml"
    path.parent.mkdir()
    path.write_bytes(mini.document())
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    code = cli.run_command([*map(str, arguments), "--lang", "fr"])
    said = capsys.readouterr()
    return code, said.out + said.err


def asked(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    code = cli.run_command([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_kit_is_added_and_says_what_it_can_judge(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, "pack", "add", folder, "--name", "petit")
    assert code == 0
    assert "couches : XSD, SM, IHE, MDC, ANS, TERM ; volets : 2" in said
    assert "dmpcompat pack verify petit" in said
    code, added = asked(capsys, "pack", "add", folder, "--name", "petit")
    assert (code, added["version"], added["volets"]) == (0, "2024.01", ["ESSAI_2023.01", "ESSAI_2024.01"])
    assert run(capsys, "pack", "remove", "petit")[0] == 0
    assert run(capsys, "pack", "verify", "petit")[0] == 64


def test_a_sound_kit_is_said_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = run(capsys, "pack", "verify", "petit")
    assert code == 0
    assert "couches : XSD prête, SM prête, IHE prête, MDC prête, ANS prête, TERM prête" in said
    assert "volets : 2 / 2 prêts" in said
    assert "kit sain — 0 blocage(s), 0 silence(s), 0 remarque(s)" in said
    assert cli.run_command(["pack", "verify", "petit", "--lang", "en"]) == 0
    assert "sound kit — 0 blocking, 0 silencing, 0 note(s)" in capsys.readouterr().out


def test_defects_are_told_by_gravity_with_their_effect_and_mend(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / mini.SECTION).unlink()
    (folder / mini.COLOURS).unlink()
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = run(capsys, "pack", "verify", "petit")
    assert code == 1
    order = [said.index(word) for word in ("BLOQUE", "KIT-010", "TAIT", "KIT-020", "kit à corriger")]
    assert order == sorted(order)
    assert "IHE EN PANNE" in said
    assert f"{mini.IHE}:1 : ../include/sections/S_essai.sch [IHE.sch]" in said
    code, report = asked(capsys, "pack", "verify", "petit")
    assert (code, report["exit_code"], report["counts"]) == (1, 1, {"blocks": 1, "silences": 1, "note": 0})
    (first, second) = report["defects"]
    assert (first["code"], first["path"], first["line"], first["touches"]) == (
        "KIT-010",
        mini.IHE,
        1,
        [mini.IHE],
    )
    assert (second["code"], second["found"]) == ("KIT-020", mini.COLOURS)
    assert all(one[field] for one in report["defects"] for field in ("title", "effect", "mend"))
    states = {layer["layer"]: layer["state"] for layer in report["layers"]}
    assert (states["IHE"], states["MDC"]) == ("broken", "ready")


def test_a_kit_where_something_is_silent_is_usable(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / mini.COLOURS).write_text(mini.value_set("1.2.3.4"))
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = run(capsys, "pack", "verify", "petit")
    assert code == 2
    assert "kit utilisable, mais tout n'est pas vérifié" in said


def test_check_tells_the_layers_apart(
    folder: Path, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = asked(capsys, "check", document, "--pack", "petit", "--only", "CDA-OFFICIAL")
    digest, _ = packs.folder_digest(folder)
    assert (code, said["pack"]) == (0, f"petit@{digest} (2024.01)")
    (file,) = said["files"]
    assert file["layers"] == {
        "native": "NOT_RUN",
        **dict.fromkeys(["XSD", "SM", "IHE", "MDC", "ANS", "TERM", "VOLET"], "PASS"),
    }
    document.write_bytes(mini.document(title=""))
    code, said = asked(capsys, "check", document, "--pack", "petit", "--only", "CDA-OFFICIAL")
    assert code == 1
    assert {name for name, verdict in said["files"][0]["layers"].items() if verdict == "FAIL"} == {"SM"}
    (finding,) = said["files"][0]["findings"]
    assert (finding["rule"], finding["found"]) == ("CDA-SM", "un titre est attendu")
    code, text = run(capsys, "check", document, "--pack", "petit", "--only", "CDA-OFFICIAL")
    assert "couches : native NOT_RUN, XSD PASS, SM FAIL" in text


@pytest.mark.parametrize("form", ["text", "json", "ndjson", "junit", "sarif"])
def test_every_report_says_which_pack_judged(
    folder: Path, document: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    run(capsys, "pack", "add", folder, "--name", "petit")
    _, said = run(capsys, "check", document, "--pack", "petit", "--only", "CDA-OFFICIAL", "--format", form)
    assert packs.load("petit").described in said


def test_a_broken_layer_is_an_error_of_the_tool_not_of_the_document(
    folder: Path, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / mini.SECTION).unlink()
    (folder / mini.TERMS).unlink()
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = asked(capsys, "check", document, "--pack", "petit", "--only", "CDA-OFFICIAL")
    assert code == 3
    layers = said["files"][0]["layers"]
    assert (layers["IHE"], layers["TERM"], layers["SM"]) == ("ERROR", "NOT_RUN", "PASS")


@needs_saxon
def test_both_engines_are_compared(folder: Path, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "pack", "add", folder, "--name", "petit")
    (document.parent / "mauvais.xml").write_bytes(mini.document(title="", code="TYPE-Z"))
    (document.parent / "illisible.xml").write_bytes(b"<a")
    code, said = asked(capsys, "pack", "verify", "petit", "--cross", document.parent)
    crossed = said["cross"]
    assert (crossed["documents"], crossed["runs"], crossed["differences"]) == (2, 12, [])
    assert crossed["failures"] == 2
    assert crossed["left_out"] == ["illisible.xml : XML-SYNTAX"]
    assert code == 2, "something was not compared"
    (document.parent / "illisible.xml").unlink()
    code, text = run(capsys, "pack", "verify", "petit", "--cross", document.parent)
    assert code == 0
    assert "2 document(s), 12 passage(s), 0 différence(s)" in text


@needs_saxon
def test_a_set_made_again_is_read_by_both_engines(
    folder: Path, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / mini.COPY).unlink()
    (document.parent / "mauvais.xml").write_bytes(mini.document(code="TYPE-Z"))
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = asked(capsys, "pack", "verify", "petit", "--cross", document.parent)
    assert (code, said["cross"]["differences"], said["cross"]["failures"]) == (0, [], 1)


@needs_saxon
def test_a_name_that_differs_by_case_is_followed_by_both_engines(
    folder: Path, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / mini.COLOURS).rename(folder / "jeuxDeValeurs" / "jdv_COULEURS.xml")
    (document.parent / "mauvais.xml").write_bytes(mini.document().replace(b"ROUGE", b"BLEU"))
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = asked(capsys, "pack", "verify", "petit", "--cross", document.parent)
    assert (code, said["cross"]["differences"], said["cross"]["failures"]) == (0, [], 1)
    assert [one["code"] for one in said["defects"]] == ["KIT-023"]


def test_a_difference_between_the_engines_is_told(
    folder: Path, document: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.packs import cross as pack_cross
    from harness.schematron.cross import Difference

    found = Difference("bon.xml", mini.HEADER, "fired", "1 × a : b", "0 × b")
    crossed = pack_cross.Comparison(1, 6, 6, 0, 0, (found,), (), 0.1, 1.0)
    monkeypatch.setattr(pack_cross, "compare", lambda *_, **__: crossed)
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, text = run(capsys, "pack", "verify", "petit", "--cross", document)
    assert code == 1
    assert "fired bon.xml [ASIP-STRUCT-MIN-StrucMin.sch]" in text
    assert "direct : 1 × a : b" in text


def test_nothing_to_compare_on_is_a_bad_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "pack", "add", folder, "--name", "petit")
    code, said = run(capsys, "pack", "verify", "petit", "--cross")
    assert code == 64
    assert "PACK-030" in said


def test_the_page_explains_every_defect_and_every_layer() -> None:
    page = (Path(__file__).parents[1] / "docs" / "packs.md").read_text(encoding="utf-8")
    for kind in KINDS.values():
        assert f"| `{kind.code}` | {kind.level} | {kind.title.en} | {kind.effect.en} |" in page
    for rule, layer in OFFICIAL.items():
        assert f"| {layer} |" in page
        assert f"`{rule}` |" in page
