"""Issuing and verifying: a good report is valid, and no byte of it or of its evidence can change unseen."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from harness import evidence
from harness.results import RunResult
from harness.verdict import Verdict
from protocol import canonical, catalogue, dsse
from protocol.errors import EvidenceError, UsageError
from protocol.trust import trust_document
from reports import keys
from reports.issue import issue, refuse_issued
from reports.verify import verify
from tests.reports.made import build_run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = build_run(tmp_path / "run")
    issue(folder)
    return folder


def outcomes(folder: Path) -> dict[int, str]:
    return {step.number: step.outcome for step in verify(folder).steps}


def test_a_good_report_is_valid_from_any_of_its_places(run: Path) -> None:
    for place in (run, run / "rapport", run / "rapport" / "report.html"):
        assert verify(place).exit_code == 0, verify(place)


def test_every_single_file_is_covered(run: Path) -> None:
    files = [path for path in run.rglob("*") if path.is_file()]
    assert len(files) >= 11
    for path in files:
        original = path.read_bytes()
        for place in {0, len(original) // 2, len(original) - 1}:
            altered = bytearray(original)
            altered[place] ^= 1
            path.write_bytes(bytes(altered))
            assert verify(run).exit_code == 1, f"{path.name} byte {place}"
        path.write_bytes(original + b"\n")
        assert verify(run).exit_code == 1, f"{path.name} appended"
        path.write_bytes(original)
    assert verify(run).exit_code == 0


def test_a_missing_file_is_seen(run: Path) -> None:
    for path in [path for path in run.rglob("*") if path.is_file() and path.name != "run.json"]:
        if path.name in ("statement.dsse.json", "timestamp.tsr"):  # what has none of them is told otherwise
            continue
        aside = path.with_name("aside")
        kept = path.read_bytes()
        path.rename(run.parent / aside.name)
        assert verify(run).exit_code == 1, path.name
        path.write_bytes(kept)


@pytest.mark.parametrize("place", ["rapport/extra.pdf", "preuves/CT-1/extra.bin"])
def test_an_added_file_is_seen(run: Path, place: str) -> None:
    (run / place).write_bytes(b"x")
    assert verify(run).exit_code == 1


def test_a_folder_in_the_report_is_seen(run: Path) -> None:
    (run / "rapport" / "annexe").mkdir()
    assert outcomes(run)[1] == "KO"


def test_another_installation_is_told_that_it_does_not_know_the_key(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer_trust = tmp_path / "home" / "keys" / "trust.json"
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "elsewhere"))
    assert verify(run).exit_code == 2
    assert verify(run, trust=issuer_trust).exit_code == 2
    assert verify(run, trust=issuer_trust, authority=tmp_path / "home" / "x509").exit_code == 0


def test_a_report_without_its_evidence_is_only_partly_checked(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "rapport", tmp_path / "alone")
    checked = verify(tmp_path / "alone")
    assert checked.exit_code == 2
    assert [step.number for step in checked.steps if step.outcome == "SKIPPED"] == [8]
    assert verify(tmp_path / "alone", evidence=run / "preuves").exit_code == 0


def test_the_evidence_of_another_run_is_refused(run: Path, tmp_path: Path) -> None:
    other = build_run(tmp_path / "other")
    (other / "preuves" / "CT-1" / "01_requete.bin").write_bytes(b"other")
    evidence.seal(other / "preuves", {"tests": []})
    assert verify(run, evidence=other / "preuves").exit_code == 1


def resign(folder: Path, change: Callable[[dict[str, Any]], None], seal: keys.Seal) -> None:
    """What a forger with a key of his own does: change the statement and sign it again."""
    path = folder / "rapport" / "statement.dsse.json"
    statement = json.loads(dsse.read(path.read_bytes()).payload)
    change(statement)
    path.write_bytes(dsse.sign(canonical.dumps(statement), [seal]))


def test_a_forged_verdict_signed_by_an_unknown_key_is_not_valid(run: Path, tmp_path: Path) -> None:
    stranger = keys.installation_seal(tmp_path / "stranger")
    resign(run, lambda s: s["predicate"].update(result="CONFORM"), stranger)
    assert verify(run).exit_code == 1


def test_a_forged_verdict_with_the_forger_s_own_trust_file_inside_is_not_valid(
    run: Path, tmp_path: Path
) -> None:
    stranger = keys.installation_seal(tmp_path / "stranger")
    (run / "rapport" / "trust.json").write_bytes(trust_document([stranger.key]))
    resign(run, lambda s: s["predicate"].update(result="CONFORM"), stranger)
    assert verify(run).exit_code != 0


def test_a_test_key_can_not_sign_for_an_authority(run: Path) -> None:
    resign(
        run,
        lambda s: s["predicate"].update(reportRef="HDM" + s["predicate"]["reportRef"][3:]),
        keys.installation_seal(),
    )
    assert outcomes(run)[4] == "KO"


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["predicate"].update(unknown=1),
        lambda s: s["predicate"].pop("rules"),
        lambda s: s.update(predicateType="tag:other"),
        lambda s: s["predicate"].update(issuedAt="yesterday"),
        lambda s: s["subject"].append(s["subject"][0]),
        lambda s: s["subject"][0]["digest"].update(sha256="zz"),
        lambda s: s.update(subject=3),
        lambda s: s["predicate"].update(reportRef=5),
        lambda s: s.update(predicate=[]),
    ],
)
def test_a_malformed_statement_is_refused_even_when_well_signed(
    run: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    resign(run, change, keys.installation_seal())
    assert verify(run).exit_code == 1


def test_a_signature_by_a_key_before_its_dates_is_refused(run: Path, tmp_path: Path) -> None:
    trust = canonical.loads((tmp_path / "home" / "keys" / "trust.json").read_bytes())
    trust["keys"][0]["notBefore"] = "2099-01-01T00:00:00Z"
    (tmp_path / "later.json").write_bytes(canonical.dumps(trust))
    assert verify(run, trust=tmp_path / "later.json").exit_code == 1


def test_two_signatures_of_one_key_are_refused(run: Path) -> None:
    path = run / "rapport" / "statement.dsse.json"
    raw = canonical.loads(path.read_bytes())
    raw["signatures"] *= 2
    path.write_bytes(canonical.dumps(raw))
    assert outcomes(run)[2] == "KO"


def test_an_envelope_in_another_json_form_is_refused(run: Path) -> None:
    path = run / "rapport" / "statement.dsse.json"
    path.write_bytes(json.dumps(canonical.loads(path.read_bytes()), indent=1).encode())
    assert verify(run).exit_code == 1


def test_no_report_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        verify(tmp_path)


def test_a_report_is_issued_once(run: Path) -> None:
    with pytest.raises(UsageError):
        issue(run)


def test_a_report_of_a_red_preflight_may_be_replaced(tmp_path: Path) -> None:
    folder = build_run(tmp_path / "run")
    finished = RunResult.load(folder)
    red = tuple(replace(item, verdict=Verdict.CONFIG, evidence="") for item in finished.verdicts)
    replace(finished, verdicts=red, exit_code=65).save(folder)
    first = issue(folder).report
    assert first.result == "CONFIGURATION"
    refuse_issued(folder)
    finished.save(folder)
    assert issue(folder).report.reference != first.reference
    with pytest.raises(UsageError):
        refuse_issued(folder)
    assert verify(folder).exit_code == 0


def test_a_partial_run_is_never_called_conform(tmp_path: Path) -> None:
    folder = build_run(tmp_path / "run")
    finished = RunResult.load(folder)
    scope = [*finished.facts["scope"], {"code": "CT-9", "state": "not-selected"}]
    replace(finished, exit_code=0, facts={**finished.facts, "scope": scope}).save(folder)
    issued = issue(folder)
    assert issued.report.result == "PARTIAL"
    assert issued.report.left_out == ("CT-9",)
    page = (issued.folder / "report.html").read_text(encoding="utf-8")
    assert "Conforme" not in page
    assert "CT-9" in page
    payload = json.loads((issued.folder / "statement.dsse.json").read_bytes())["payload"]
    assert json.loads(base64.b64decode(payload))["predicate"]["scope"]["leftOut"] == ["CT-9"]


def test_a_trust_file_that_cannot_be_read_says_nothing_of_the_report(run: Path, tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text("{", encoding="utf-8")
    for trust in (tmp_path / "trust.json", tmp_path):
        with pytest.raises(UsageError) as caught:
            verify(run, trust=trust)
        assert caught.value.code == "VERIFY-015"


def test_a_damaged_run_gives_no_report(tmp_path: Path) -> None:
    folder = build_run(tmp_path / "run")
    (folder / "preuves" / "CT-1" / "assertions.json").write_bytes(b"[{}]")
    with pytest.raises(EvidenceError):
        issue(folder)
    assert not (folder / "rapport").exists()
    assert not list(folder.glob(".rapport-*"))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_escapes_what_it_shows_and_says_what_to_do(tmp_path: Path, lang: Any) -> None:
    folder = build_run(tmp_path / "run")
    issued = issue(folder, lang=lang)
    page = (issued.folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert issued.report.reference in page
    assert ("Titre CT-1" if lang == "fr" else "Title CT-1") in page
    assert ("sans valeur officielle" if lang == "fr" else "no official value") in page
    assert "\\u0007" in page
    cells = etree.fromstring(page.encode(), etree.HTMLParser()).iter("th")
    assert all(cell.get("scope") == "col" and "".join(cell.itertext()).strip() for cell in cells)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_page_explains_a_refused_number(tmp_path: Path, lang: Any) -> None:
    folder = build_run(tmp_path / "run", found="soap:MockHomologationUnknown — numéro inconnu")
    page = (issue(folder, lang=lang).folder / "report.html").read_text(encoding="utf-8")
    cause = catalogue.error("MockHomologationUnknown").text.to(lang)
    assert cause in page or cause.replace("'", "&#39;") in page
    assert "software.number" in page
    assert "EX_2.1-1260" in page


def test_a_long_value_is_folded_and_the_page_stays_small(tmp_path: Path) -> None:
    folder = build_run(tmp_path / "run", found="x" * 2_000_000)
    page = (issue(folder).folder / "report.html").read_bytes()
    assert len(page) < 200_000
    assert b"<details>" in page


def test_junit_counts_and_survives_control_characters(run: Path) -> None:
    suite = etree.fromstring((run / "rapport" / "junit.xml").read_bytes())
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert "\u0007" not in "".join(suite.itertext())


def test_the_wire_number_is_nowhere(run: Path) -> None:
    for path in (run / "rapport").iterdir():
        assert b"TEST-OK" not in path.read_bytes()
    payload = json.loads((run / "rapport" / "statement.dsse.json").read_bytes())["payload"]
    assert b"TEST-OK" not in base64.b64decode(payload)
