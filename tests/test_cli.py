"""The command line: exit codes, plain errors, JSON, and the demonstration from end to end as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import cli
from tests.demonstration import Demonstration, demonstration
from tests.once import made_once
from tests.ports import free_port
from tests.selfplay import CASES

ROOT = Path(__file__).resolve().parent.parent
#: Of a demonstration that is short: a search and a document.
SOME_CASES = ("CT-0.2-020", "CT-2.1-010")


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    return subprocess.run(
        [sys.executable, ROOT / "cli.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
        env={**os.environ, **environment},
    )


@pytest.fixture
def demo(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Demonstration]:
    """The folder of a demonstration and what the command said; with the keys of who issued it. Nobody changes it."""
    one = demonstration(tmp_path_factory)
    monkeypatch.setenv("DMPCOMPAT_HOME", str(one.home))
    return one.out, one


@pytest.fixture
def some_cases(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a demonstration of a few cases, side by side, by a process of its own. Nobody changes it."""

    def make(folder: Path) -> None:
        only = [word for case in SOME_CASES for word in ("--only", case)]
        home = str(folder / "home")
        done = command("demo", *only, "--out", folder / "out", "--lang", "fr", DMPCOMPAT_HOME=home)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        assert "Rapport valide" in done.stdout

    folder = made_once(tmp_path_factory, "demo-of-some-cases", make)
    monkeypatch.setenv("DMPCOMPAT_HOME", str(folder / "home"))
    return folder / "out"


def test_the_demonstration_is_conform_signed_and_verified(demo: tuple[Path, Demonstration]) -> None:
    out, done = demo
    assert done.code == 0, done.said + done.complained
    assert done.complained == ""
    assert "Rapport valide" in done.said
    assert f"{len(CASES)} cas rejugés" in done.said
    assert str(out / "rapport" / "report.html") in done.said
    run = json.loads((out / "run.json").read_bytes())
    assert run["counts"]["PASS"] >= 25
    assert set(run["counts"]) <= {"PASS", "NOT_APPLICABLE"}
    transactions = {
        name for case in run["verdicts"] for name in case["transactions"] if case["verdict"] == "PASS"
    }
    assert {"TD0.1", "TD0.2", "TD0.3", "TD2.1", "TD3.1", "TD3.2"} <= transactions
    assert {case["type"] for case in run["verdicts"] if case["verdict"] == "PASS"} >= {"N", "E", "S"}


def test_the_demonstration_may_play_some_cases_only(some_cases: Path, tmp_path: Path) -> None:
    assert sorted(place.name for place in (some_cases / "preuves").glob("CT-*")) == sorted(SOME_CASES)
    assert command("demo", "--only", "CT-9*", "--out", tmp_path / "out").returncode == 64


def test_the_demonstration_verifies_again_and_its_manifest_is_the_usual_one(demo: Any) -> None:
    out, _ = demo
    assert cli.run_command(["verify", str(out)]) == 0
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "manifest-sha256.txt"], cwd=out / "preuves", check=False
    )
    assert checked.returncode == 0


def test_it_is_judged_again_by_either_command(some_cases: Path) -> None:
    """All its cases are in tests.test_selfplay, and by the demonstration itself."""
    assert cli.run_command(["verify", str(some_cases), "--rejudge"]) == 0
    assert cli.run_command(["rejudge", str(some_cases)]) == 0


def test_an_altered_frame_is_seen_by_verify_and_by_rejudge(some_cases: Path, tmp_path: Path) -> None:
    out = shutil.copytree(some_cases, tmp_path / "out")
    frame = next((out / "preuves").glob("CT-2.1-010/*_requete.mime"))
    frame.write_bytes(frame.read_bytes().replace(b"LPS-TEST", b"LPS-TSET"))
    assert cli.run_command(["verify", str(out)]) == 1
    assert cli.run_command(["rejudge", str(out)]) == 1


def test_the_demonstration_can_be_run_again_but_overwrites_nothing_else(demo: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    assert cli.run_command(["demo", "--out", str(tmp_path)]) == 64
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep me"
    assert (demo[0] / ".dmpcompat-demo").is_file()


def test_a_run_into_a_folder_that_holds_a_run_is_refused(demo: Any) -> None:
    out, _ = demo
    campaign = ROOT / "test_plans" / "campagne-demo.yaml"
    done = command("run", campaign, "--out", out, "--target", "https://127.0.0.1:1")
    assert done.returncode == 64, done.stdout + done.stderr
    assert cli.run_command(["verify", str(out)]) == 0


def test_resuming_a_run_whose_report_is_issued_touches_nothing(demo: Any, pki_folder: Path) -> None:
    out, _ = demo
    campaign = ROOT / "test_plans" / "campagne-demo.yaml"
    target = "https://127.0.0.1:1"
    done = command("run", campaign, "--resume", out, "--target", target, "--pki", pki_folder)
    assert done.returncode == 64, done.stdout + done.stderr
    assert cli.run_command(["verify", str(out)]) == 0


def test_a_run_resumes_in_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    campaign = ROOT / "test_plans" / "campagne-demo.yaml"
    done = command("run", campaign, "--out", tmp_path / "second", "--resume", tmp_path / "first")
    assert done.returncode == 64
    assert "RUN-002" in done.stderr
    assert not (tmp_path / "second").exists()


def test_a_mended_configuration_runs_again_into_the_same_folder(tmp_path: Path, pki_folder: Path) -> None:
    arguments = ["run", str(ROOT / "test_plans" / "campagne-demo.yaml"), "--out", str(tmp_path / "out")]
    arguments += ["--target", "https://127.0.0.1:1"]
    assert cli.run_command([*arguments, "--pki", str(tmp_path / "nowhere")]) == 65
    assert cli.run_command([*arguments, "--pki", str(pki_folder)]) == 65
    run = json.loads((tmp_path / "out" / "run.json").read_bytes())
    assert "PRE-PKI" not in run["verdicts"][0]["reason"]["fr"]
    assert cli.run_command(["verify", str(tmp_path / "out")]) == 0


def test_a_run_interrupted_says_how_to_go_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness import run as engine

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "_results", interrupted)
    campaign = str(ROOT / "test_plans" / "campagne-demo.yaml")
    out = str(tmp_path / "out")
    assert cli.run_command(["run", campaign, "--out", out, "--target", "https://127.0.0.1:1"]) == 130
    assert f"--resume {out}" in capfd.readouterr().err


def test_the_doctor_concludes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    campaign = str(ROOT / "test_plans" / "campagne-demo.yaml")
    arguments = ["doctor", campaign, "--target", "https://127.0.0.1:1", "--pki", str(tmp_path / "nowhere")]
    assert cli.run_command([*arguments, "--lang", "en"]) == 65
    said = capfd.readouterr().out
    assert "the folder of certificates does not exist" in said
    assert said.splitlines()[-1] == "Configuration to mend: 1 point(s)."


def test_a_group_of_rules_is_explained_by_its_rules(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["explain", "A-NUM", "--json"]) == 0
    assert {rule["group"] for rule in json.loads(capfd.readouterr().out)} == {"A-NUM"}


def test_a_platform_out_of_reach_is_configuration_not_a_failure(tmp_path: Path, pki_folder: Path) -> None:
    campaign = ROOT / "test_plans" / "campagne-demo.yaml"
    target = f"https://127.0.0.1:{free_port()}"
    done = command(
        "run", campaign, "--out", tmp_path / "out", "--target", target, "--pki", pki_folder, "--json"
    )
    assert done.returncode == 65, done.stdout + done.stderr
    counts = json.loads(done.stdout)["counts"]
    assert "FAIL" not in counts
    assert counts["CONFIG"] > 0


def test_a_production_host_is_refused(tmp_path: Path, pki_folder: Path) -> None:
    campaign = ROOT / "test_plans" / "campagne-demo.yaml"
    target = "https://lps2.dmp.gouv.fr"
    done = command("run", campaign, "--out", tmp_path / "out", "--target", target, "--pki", pki_folder)
    assert done.returncode == 65, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], 64),
        (["serve", "--port", "99999"], 64),
        (["serve", "--plain-http", "--host", "0.0.0.0"], 65),  # noqa: S104 - refused
        (["serve", "--pki", "/nowhere"], 65),
        (["serve", "--faults", "/nowhere/plan.yaml"], 64),
        (["serve", "--faults", str(ROOT / "setup.cfg")], 64),
        (["run", "/nowhere.yaml"], 66),
        (["verify", "/nowhere"], 64),
        (["verify", "."], 64),
        (["check", "/nowhere.xml"], 64),
        (["check", "setup.cfg", "--pack", "unknown"], 64),
        (["check", "setup.cfg", "--only", "NO-SUCH-RULE"], 64),
        (["explain", "NO-SUCH-RULE"], 64),
        (["pack", "add", "/nowhere"], 64),
        (["pack", "remove", "unknown"], 64),
        (["rejudge", "."], 3),
    ],
)
def test_bad_input_has_its_exit_code_and_no_traceback(
    arguments: list[str],
    code: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "setup.cfg").write_text("[x]", encoding="utf-8")
    assert cli.run_command(arguments) == code
    said = capfd.readouterr()
    assert said.err.strip()
    assert "Traceback" not in said.err + said.out


def test_our_own_failure_is_told_as_ours(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from harness.checks import api

    def broken() -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(api, "rules", broken)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert cli.run_command(["explain"]) == 3
    said = capfd.readouterr().err
    assert "TOOL-001" in said
    assert "Traceback" not in said
    assert "boom" in next(tmp_path.glob("dmpcompat-*.log")).read_text(encoding="utf-8")


def test_the_language_of_messages_is_chosen() -> None:
    assert "unknown rule" in command("explain", "NO-SUCH", "--lang", "en").stderr
    assert "règle inconnue" in command("explain", "NO-SUCH", "--lang=fr").stderr
    assert "unknown rule" in command("explain", "NO-SUCH", DMPCOMPAT_LANG="en_GB.UTF-8").stderr


def test_help_tells_the_own_sentence_of_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The table of the front page is beside the commands, so that help imports none of them."""
    from commands.frontpage import LATER, page

    for name, later in LATER.items():
        command_help = cli.dmpcompat.get_command(None, name).help
        assert " ".join(command_help.split("\n\n")[0].split()) == later.sentence
    assert cli.run_command(["--help"]) == 0
    assert page(80).count("\n") == page(110).count("\n")
    assert all(len(line) <= 80 for line in page(80).splitlines())
    assert page() in capsys.readouterr().out


def test_help_alone_imports_next_to_nothing() -> None:
    program = "import sys, cli; cli.main(['--help']); print(sorted({'click', 'protocol', 'lxml'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "rejudge" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_and_version_are_quick_and_need_no_web_framework() -> None:
    heavy = "{'flask', 'sqlalchemy', 'xmlschema', 'signxml'}"
    program = f"import sys, cli; cli.run_command(['--help']); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_serve_says_when_it_is_ready_and_stops_on_sigterm(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = subprocess.Popen(
        [sys.executable, ROOT / "cli.py", "serve", "--plain-http", "--port", "0", "--ready-file", ready],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert json.loads(ready.read_text(encoding="utf-8"))["pid"] == process.pid
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "http://127.0.0.1:" in out
    assert not ready.exists()


def test_a_port_in_use_is_said_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = command("serve", "--plain-http", "--port", str(taken.getsockname()[1]), "--lang", "en")
    assert done.returncode == 65
    assert "already in use" in done.stderr


@pytest.mark.parametrize("form", ["json", "ndjson", "sarif"])
def test_check_prints_formats_that_machines_read(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    sample = next((ROOT / "cda_samples").rglob("*.xml"))
    cli.run_command(["check", str(sample), "--format", form])
    for text in capsys.readouterr().out.splitlines() if form == "ndjson" else [capsys.readouterr().out]:
        assert json.loads(text)
