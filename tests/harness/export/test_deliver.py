"""A run exported in each style: complete, checked, deterministic; and nothing at all when something must not leave."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.evidence import evidence as evidence_command
from commands.export import export as export_command
from harness.choices import Choices
from harness.evidence import sealing
from harness.evidence.lodging import lodge
from harness.export.deliver import export
from harness.rejudge import rejudge
from harness.run import run_campaign
from mock_dmp.server import MockServer
from protocol.datafolders import folder
from protocol.errors import EvidenceError, UsageError
from reports.issue import issue
from reports.reissuing import set_aside
from reports.verify import verify

CASES = ("CT-2.1-010", "CT-0.2-010", "CT-0.2-060", "CT-HN-030")
NIR = "185057800608491"


@pytest.fixture(scope="module")
def run(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished and reported run with a lodged declaration; two cases judge the platform, one on purpose oddly."""
    out = tmp_path_factory.mktemp("exported") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(out.parent / "home"))
        run_campaign(
            folder("test_plans") / "campagne-demo.yaml",
            Choices(
                out=out,
                target=mock.url,
                pki=pki_folder,
                only=CASES,
                seed=3,
            ),
        )
        words = out.parent / "dit.txt"
        words.write_text("Champ « adresse 2 » non géré.", encoding="utf-8")
        lodge(out / "preuves", "2.1-160", [words])
        issue(out)
        yield out


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "copy"))


def sums(place: Path, *names: str) -> None:
    if tool := shutil.which("sha256sum"):
        subprocess.run([tool, "-c", "--quiet", *names], cwd=place, check=True)


def test_the_official_style_has_one_directory_a_code(run: Path, tmp_path: Path) -> None:
    made = export(run, "officiel", tmp_path / "dossier")
    place = made.out
    with (place / "arborescence.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["cas"]: row for row in csv.DictReader(stream, delimiter=";")}
    assert rows["CT-2.1-010"]["dossier"] == "2.1-160"
    assert rows["CT-HN-030"]["dossier"] == ""
    assert "plateforme" in rows["CT-HN-030"]["manque"]
    names = {path.name for path in (place / "2.1-160").iterdir()}
    assert {
        "01_requete.mime",
        "01_reponse.mime",
        "declaration.md",
        "cda_01.xml",
        "cda_01.pdf",
        "schematron.html",
    } <= names
    sent = (run / "preuves" / "CT-2.1-010" / "01_requete.mime").read_bytes()
    assert (place / "2.1-160" / "01_requete.mime").read_bytes() == sent
    assert (place / "2.1-160" / "cda_01.xml").read_bytes() in sent
    card = json.loads((place / "produit.json").read_text(encoding="utf-8"))
    assert (card["nom"], card["version"], card["NIL"], card["OS"]) == ("LPS-TEST", "1.0.0", "", "")
    assert (place / "rapport" / "statement.dsse.json").is_file()
    sums(place, "empreintes-sha256.txt")
    assert made.files == sum(path.is_file() for path in place.rglob("*"))


def test_the_segur_style_has_one_directory_a_requirement(run: Path, tmp_path: Path) -> None:
    place = export(run, "segur", tmp_path / "segur").out
    name = "EX_2.1-1070_LPS-TEST_1.0.0"
    assert (place / name / f"{name}.pdf").read_bytes().startswith(b"%PDF-1.4")
    assert (place / name / "preuve_1_demonstration" / "CT-2.1-010" / "declaration.md").is_file()
    assert (place / name / "preuve_2_artefact" / "CT-2.1-010" / "01_requete.mime").is_file()
    trace = place / name / "preuve_3_trace" / "CT-2.1-010"
    lines = [
        json.loads(line) for line in (trace / "evenements.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    assert {line["case"] for line in lines} == {"CT-2.1-010"}
    assert (trace / "assertions.json").is_file()
    sums(place, "empreintes-sha256.txt")


def test_a_bag_is_one_for_bagit_and_still_verifies_and_rejudges(run: Path, tmp_path: Path) -> None:
    place = export(run, "bagit", tmp_path / "sac").out
    sums(place, "manifest-sha256.txt", "tagmanifest-sha256.txt")
    sums(place / "data" / "preuves", "manifest-sha256.txt")
    assert (place / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    info = dict(
        line.split(": ", 1) for line in (place / "bag-info.txt").read_text(encoding="utf-8").splitlines()
    )
    payload = [path for path in (place / "data").rglob("*") if path.is_file()]
    assert info["Payload-Oxum"] == f"{sum(path.stat().st_size for path in payload)}.{len(payload)}"
    assert info["External-Identifier"].startswith("TST-")
    assert verify(place).exit_code == verify(run).exit_code == 0
    assert rejudge(place / "data" / "preuves").holds
    with pytest.raises(UsageError) as refused:
        lodge(place / "data" / "preuves", "CT-0.2-010", [tmp_path])
    assert refused.value.code == "EVID-039"
    again = export(place, "bagit", tmp_path / "encore").out
    assert (again / "manifest-sha256.txt").read_bytes() == (place / "manifest-sha256.txt").read_bytes()


def test_the_reference_library_accepts_the_bag_and_sees_what_is_altered(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("bagit")
    place = export(run, "bagit", tmp_path / "sac").out
    command = [sys.executable, "-m", "bagit", "--quiet", "--validate", str(place)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    (place / "data" / "run.json").write_bytes(b"{}")
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0


@pytest.mark.parametrize("style", ["officiel", "segur", "bagit"])
def test_one_archive_the_same_for_the_same_input(run: Path, tmp_path: Path, style: str) -> None:
    made = [export(run, style, tmp_path / name).out.read_bytes() for name in ("a.zip", "b.zip")]  # type: ignore[arg-type]
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        assert all(name.startswith("LPS-TEST_1.0.0/") and name.isascii() for name in names)
        assert len({name.lower() for name in names}) == len(names)
        assert archive.testzip() is None


@pytest.mark.parametrize("style", ["officiel", "segur", "bagit"])
def test_an_identity_in_a_declaration_stops_everything(copy: Path, tmp_path: Path, style: str) -> None:
    words = tmp_path / "vrai.txt"
    words.write_text(f"Essayé avec 1 85 05 78 006 084 91 ({NIR}).", encoding="utf-8")
    lodge(copy / "preuves", "CT-2.1-010", [words], guarded=False)
    with pytest.raises(EvidenceError) as refused:
        export(copy, style, tmp_path / "out")  # type: ignore[arg-type]
    assert refused.value.code == "GUARD-001"
    assert "declaration_02.md" in refused.value.message("fr")
    told = CliRunner().invoke(
        export_command, [str(copy), "--out", str(tmp_path / "out"), "--json"], standalone_mode=False
    )
    assert told.return_value == refused.value.exit_code == 1
    assert {leak["why"] for leak in json.loads(told.output)["withheld"]} == {"identity"}
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "vrai.txt"}


def test_altered_evidence_is_not_exported(copy: Path, tmp_path: Path) -> None:
    with (copy / "preuves" / "CT-2.1-010" / "01_requete.mime").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(EvidenceError) as refused:
        export(copy, "officiel", tmp_path / "out")
    assert refused.value.code == "EXPORT-002"


def test_a_destination_that_is_taken_and_a_run_that_is_not_there(run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(run, "officiel", tmp_path / "out")
    with pytest.raises(UsageError) as refused:
        export(run, "officiel", tmp_path / "out")
    assert refused.value.code == "EXPORT-003"
    with pytest.raises(UsageError) as refused:
        export(tmp_path, "officiel", tmp_path / "other")
    assert refused.value.code == "EXPORT-001"


def test_a_report_tells_that_pieces_came_after_it(copy: Path, tmp_path: Path) -> None:
    words = tmp_path / "plus.txt"
    words.write_text("Justification du test.", encoding="utf-8")
    lodge(copy / "preuves", "CT-0.2-010", [words])
    checked = verify(copy)
    assert checked.exit_code == 2
    [told] = [step for step in checked.steps if step.outcome == "SKIPPED"]
    assert (told.number, "CT-0.2-010/declaration.md" in told.detail.en) == (8, True)


def test_a_broken_journal_is_told_with_its_line(copy: Path) -> None:
    path = copy / "preuves" / sealing.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    last = verify(copy).step("journal")
    assert last is not None
    assert (last.outcome, "line 5" in last.detail.en) == ("KO", True)
    path.write_bytes(b"".join(lines[:-2]))  # the chain holds, its signed head is gone
    last = verify(copy).step("journal")
    assert last is not None
    assert (last.outcome, f"line {len(lines)}" in last.detail.en) == ("KO", True), last.detail.en


def test_the_commands(copy: Path, tmp_path: Path) -> None:
    words = tmp_path / "dit.txt"
    words.write_text("Justification de la commande.", encoding="utf-8")
    runner = CliRunner()
    added = runner.invoke(evidence_command, ["add", str(copy), "CT-0.2-010", str(words), "--lang", "en"])
    assert added.exit_code == 0, added.output
    assert "CT-0.2-010/declaration.md" in added.output
    assert "does not cover" in added.output
    shown = runner.invoke(evidence_command, ["show", str(copy), "--json"], standalone_mode=False)
    assert [line["lodged"] for line in json.loads(shown.output) if line["lodged"]] == [["declaration.md"]] * 2
    taken = ["withdraw", str(copy), "CT-0.2-010/declaration.md", "--reason", "essai", "--lang", "fr"]
    assert "retirée" in runner.invoke(evidence_command, taken).output
    made = runner.invoke(export_command, [str(copy), "--out", str(tmp_path / "a.zip"), "--json"])
    told = json.loads(made.output)
    assert (told["style"], told["exceptions"]) == ("officiel", [])
    digest = hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest()
    assert len(digest) == 64


def test_a_new_report_covers_the_pieces_and_the_former_one_still_verifies(copy: Path, tmp_path: Path) -> None:
    former = json.loads((copy / "rapport" / "report.json").read_text(encoding="utf-8"))["reference"]
    runner = CliRunner()
    refused = runner.invoke(evidence_command, ["report", str(copy)], standalone_mode=False)
    assert refused.exception is not None
    assert getattr(refused.exception, "code", "") == "ISSUE-005"
    words = tmp_path / "plus.txt"
    words.write_text("Justification d'après.", encoding="utf-8")
    lodge(copy / "preuves", "CT-0.2-010", [words])
    made = runner.invoke(evidence_command, ["report", str(copy), "--json"], standalone_mode=False)
    assert json.loads(made.output)["former"] == f"rapport-{former}"
    assert verify(copy).exit_code == 0
    assert verify(copy / f"rapport-{former}").exit_code == 2
    bag = export(copy, "bagit", tmp_path / "sac").out
    assert verify(bag).exit_code == 0


def test_a_case_that_only_lacked_a_screen_is_completed_by_it(copy: Path, tmp_path: Path) -> None:
    test = copy / "preuves" / "CT-0.2-010" / "test.json"
    plain = json.loads(test.read_text(encoding="utf-8")) | {"missing": ["declaration"], "verdict": "MANUAL"}
    test.write_text(json.dumps(plain), encoding="utf-8")
    told = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    for case in told["verdicts"]:
        case["verdict"] = "MANUAL" if case["code"] == "CT-0.2-010" else case["verdict"]
    (copy / "run.json").write_text(json.dumps(told | {"exit_code": 2}), encoding="utf-8")
    index = json.loads((copy / "preuves" / "index.json").read_text(encoding="utf-8"))
    shutil.rmtree(copy / "preuves" / "scellements")
    kept = {name: value for name, value in index.items() if name not in ("files", "journal", "additions")}
    sealing.seal(copy / "preuves", kept)
    shutil.rmtree(copy / "rapport")
    assert issue(copy).report.result == "INCONCLUSIVE"
    words = tmp_path / "plus.txt"
    words.write_text("Déclaration demandée.", encoding="utf-8")
    lodge(copy / "preuves", "CT-0.2-010", [words])
    set_aside(copy)
    report = issue(copy).report
    [case] = [case for case in report.cases if case.code == "CT-0.2-010"]
    assert (report.result, case.verdict, "declaration.md" in case.reason.fr) == ("PARTIAL", "PASS", True)
    assert verify(copy).exit_code == 0
