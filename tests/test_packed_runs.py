"""A run judged by an official pack too: pinned by its digest, found again to judge once more, or told missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import cli
from harness.compare import compare
from harness.packs import registry as packs
from harness.rejudge import WITHOUT_PACK, rejudge
from harness.results import RunResult
from mock_dmp.server import MockServer
from protocol.datafolders import folder
from protocol.errors import ConfigError, UsageError
from reports import issue, verify
from tests.selfplay import CASES, campaign, verdicts

CODE = "CT-2.1-010"
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hl7-org:v3"
 elementFormDefault="qualified"><xs:element name="ClinicalDocument"%s</xs:schema>"""
TAKES = SCHEMA % ' type="xs:anyType"/>'
REFUSES = SCHEMA % ' type="xs:date"/>'

Run = Callable[..., RunResult]


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Callable[[str, str], packs.Pack]]:
    """Packs of one schema, forgotten at the end."""
    names: list[str] = []

    def _register(name: str, schema: str) -> packs.Pack:
        folder = tmp_path / f"kit-{name}"
        folder.mkdir(exist_ok=True)
        (folder / packs.CDA_SCHEMA).write_text(schema, encoding="utf-8")
        names.append(name)
        return packs.add(folder, name)

    yield _register
    for name in {one.name for one in packs.registered()} & set(names):
        packs.remove(name)


@pytest.fixture
def run(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Run:
    def start(changes: dict[str, Any] | None = None, **options: Any) -> RunResult:
        return campaign(tmp_path, [CASES[CODE]], mock, pki_folder, changes, **options)

    return start


def official(result: RunResult) -> list[dict[str, Any]]:
    """What the schema of the pack said."""
    path = result.evidence / CODE / "assertions.json"
    lines: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [line for line in lines if line["rule"] == "CDA-XSD"]


def test_documents_of_a_run_are_judged_by_the_pack_which_every_record_names(
    run: Run, register: Callable[[str, str], packs.Pack], capsys: pytest.CaptureFixture[str]
) -> None:
    pack = register("essai-run", TAKES)
    result = run(pack="essai-run")
    assert verdicts(result) == {CODE: "PASS"}
    said = official(result)
    assert [line["status"] for line in said] == ["PASS"] * len(said)
    assert len(said) >= 1
    index = json.loads((result.evidence / "index.json").read_text(encoding="utf-8"))
    assert index["pack"]["sha256"] == result.facts["pack"]["sha256"] == pack.digest
    issued = issue.issue(result.evidence.parent, lang="fr")
    assert issued.report.pack is not None
    assert issued.report.pack.sha256 == pack.digest
    again = rejudge(result.evidence)
    assert (again.holds, again.identical, again.missing_pack) == (True, True, "")
    # Whatever its name here: the same content.
    packs.remove("essai-run")
    packs.add(Path(pack.folder), "essai-renomme")
    try:
        assert rejudge(result.evidence).missing_pack == ""
    finally:
        packs.remove("essai-renomme")
    missing = rejudge(result.evidence)
    assert missing.holds
    assert missing.missing_pack == f"essai-run@{pack.digest}"
    left = {item.rule for case in missing.cases for item in case.findings if item.change == WITHOUT_PACK}
    assert "CDA-XSD" in left
    assert all(rule.startswith("CDA-") for rule in left)
    assert cli.run_command(["rejudge", str(result.evidence), "--lang", "en"]) == 2
    assert f"official pack not here: essai-run@{pack.digest}" in capsys.readouterr().out
    checked = verify.verify(result.evidence.parent, rejudged=True)
    assert checked.exit_code == 2


def test_what_the_pack_refuses_fails_the_case_and_fails_it_again(
    run: Run, register: Callable[[str, str], packs.Pack]
) -> None:
    pack = register("essai-refus", REFUSES)
    result = run({"pack": {"name": "essai-refus", "sha256": pack.digest}})
    assert verdicts(result) == {CODE: "FAIL"}
    assert {line["status"] for line in official(result)} == {"FAIL"}
    assert rejudge(result.evidence).holds
    packs.remove("essai-refus")
    again = rejudge(result.evidence)
    assert again.holds, "what it said is taken as it was"
    assert [case.after for case in again.cases] == ["FAIL"]


def test_comparing_with_a_run_without_the_pack_says_what_changed(
    run: Run, register: Callable[[str, str], packs.Pack], tmp_path: Path
) -> None:
    pack = register("essai-compare", REFUSES)
    runs = run(out=tmp_path / "sans"), run(out=tmp_path / "avec", pack="essai-compare")
    compared = compare(*(one.evidence.parent for one in runs))
    assert compared.changed["pack"] == ("", pack.digest)
    (case,) = compared.cases
    assert (case.state, case.worse) == ("changed", True)
    assert "rules" in case.causes


def test_another_pack_than_the_one_that_is_pinned_is_refused(
    run: Run, register: Callable[[str, str], packs.Pack]
) -> None:
    register("essai-fige", TAKES)
    with pytest.raises(ConfigError) as caught:
        run({"pack": {"name": "essai-fige", "sha256": "0" * 64}})
    assert caught.value.code == "PACK-007"
    with pytest.raises(UsageError) as unknown:
        run({"pack": {"name": "essai-absent"}})
    assert unknown.value.code == "PACK-004"


def test_the_command_line_tells_an_unknown_pack_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run_command(["demo", "--out", str(tmp_path / "demo"), "--pack", "essai-absent"]) == 64
    campaign_file = str(folder("test_plans") / "campagne-demo.yaml")
    assert (
        cli.run_command(["run", campaign_file, "--out", str(tmp_path / "run"), "--pack", "essai-absent"])
        == 64
    )
    assert capsys.readouterr().err.count("PACK-004") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_run_does_not_go_on_with_another_pack(
    run: Run, register: Callable[[str, str], packs.Pack], tmp_path: Path
) -> None:
    register("essai-reprise", TAKES)
    first = run(pack="essai-reprise")
    with pytest.raises(UsageError) as caught:
        run(resume=tmp_path / "out")
    assert caught.value.code == "RUN-005"
    assert verdicts(run(resume=tmp_path / "out", pack="essai-reprise")) == verdicts(first)
