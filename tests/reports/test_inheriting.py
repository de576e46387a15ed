"""A connector's proofs are inherited by its integrators: apart, with their reference, and only while they hold."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import cli
from harness.campaign import load_campaign
from harness.choices import Choices
from harness.evidence import read_json
from harness.evidence import verify as tree_verify
from harness.evidence.lodging import lodge
from harness.export.deliver import export
from harness.inheritance import by_engine, fingerprint, inherited
from harness.matrix import matrix
from harness.preflight.heritage import heritage
from harness.rejudge import rejudge
from harness.run import run_campaign
from harness.scope import scope
from mock_dmp.server import MockServer
from protocol import safexml, statuslist, transactions
from protocol.datafolders import folder
from protocol.errors import DmpcompatError, EvidenceError, UsageError
from protocol.statuslist import Listed, StatusList
from reports import keys
from reports.inheriting import prove
from reports.issue import issue
from reports.register.status import signed
from reports.verify import STATEMENT_FILE, verify

#: Two cases that the engine proves, one that the integrator proves itself.
ENGINE, OWN = ("CT-0.1-030", "CT-2.1-020"), "CT-0.2-010"
NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)


def small_plan(place: Path) -> None:
    raw = yaml.safe_load((folder("test_plans") / "dmp-socle.yaml").read_text(encoding="utf-8"))
    raw.pop("include", None)
    raw["cases"] = [case for case in raw["cases"] if case["code"] in (*ENGINE, OWN)]
    (place / "petit.yaml").write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")


def campaign(place: Path, name: str, number: str, inherits: Mapping[str, Any] | None = None) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    small_plan(place)
    plain: dict[str, Any] = {
        "schema": "dmpcompat-campaign/1",
        "id": name.lower(),
        "title": {"fr": name, "en": name},
        "software": {"name": name, "version": "2.1", "number": number},
        "vendor": {"name": "Éditeur fictif"},
        "profiles": ["alimentation", "consultation"],
        "authentication": ["direct", "indirect"],
        "plan": {"file": "petit.yaml"},
        "target": {"kind": "mock"},
    }
    if inherits is not None:
        plain["inherits"] = [dict(inherits)]
    path = place / "campagne.yaml"
    path.write_text(yaml.safe_dump(plain, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DMPCOMPAT_HOME", str(place))
        yield place


@pytest.fixture(scope="module")
def connector(
    home: Path, mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The finished and reported run of a connector that passes all."""
    place = tmp_path_factory.mktemp("connecteur")
    run_campaign(
        campaign(place, "CONNECTEUR", "CONN-2026-1"),
        Choices(out=place / "run", target=mock.url, pki=pki_folder),
    )
    issue(place / "run")
    return place / "run"


def pinned(run: Path, **more: Any) -> dict[str, Any]:
    raw = (run / "rapport" / STATEMENT_FILE).read_bytes()
    said = {"name": "CONNECTEUR", "version": "2.1"}
    return {"report": str(run), "sha256": hashlib.sha256(raw).hexdigest(), "connector": said} | more


def heirs(place: Path, run: Path, number: str = "INTEG-2026-7", at: datetime = NOW, **more: Any) -> set[str]:
    loaded = load_campaign(campaign(place, "INTEGRATEUR", number, pinned(run, **more)))
    return set(inherited(loaded, prove, at).cases)


def test_an_integrator_plays_what_is_left_and_lists_the_rest_apart(
    connector: Path, home: Path, mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    path = campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector))
    run = run_campaign(path, Choices(out=tmp_path / "run", target=mock.url, pki=pki_folder, prove=prove))
    assert [case.code for case in run.verdicts] == [OWN]
    assert {item["code"]: item["state"] for item in run.facts["scope"]} == {
        **dict.fromkeys(ENGINE, "inherited"),
        OWN: "included",
    }
    assert run.counts() == {"INHERITED": 2, "PASS": 1}
    issued = issue(tmp_path / "run")
    report = issued.report
    assert report.result == "CONFORM"
    assert report.counts == {"PASS": 1, "INHERITED": 2}
    told = {line.id: (line.verdict, line.cases) for line in report.requirements}
    own = {name for case in report.cases for name in case.requirements}
    delegated = {name for one in report.inherited for name in one.requirements} - own
    assert delegated
    assert {told[name][0] for name in delegated} == {"INHERITED"}
    assert {told[name][0] for name in own} == {"PASS"}
    reference = read_json(connector / "rapport" / "report.json")["reference"]
    assert {(one.code, one.reference, one.connector, one.verdict) for one in report.inherited} == {
        (code, reference, "CONNECTEUR 2.1", "PASS") for code in ENGINE
    }
    page = (tmp_path / "run" / "rapport" / "report.html").read_text(encoding="utf-8")
    assert reference in page
    assert all(f'<tr id="c-{code}">' in page for code in ENGINE)
    events = [
        json.loads(line) for line in (tmp_path / "run/preuves/evenements.ndjson").read_text().splitlines()
    ]
    lines = {line["case"]: line for line in events if line["event"] == "case-inherited"}
    assert {code: (line["reference"], line["verdict"]) for code, line in lines.items()} == dict.fromkeys(
        ENGINE, (reference, "PASS")
    )
    skipped = safexml.parse((issued.folder / "junit.xml").read_bytes())
    assert (skipped.get("tests"), skipped.get("skipped"), skipped.get("failures")) == ("3", "2", "0")
    proofs = {
        str(one.get("name")).split()[0]: {
            item.get("name"): item.get("value") for item in one.iter("property")
        }
        for one in skipped.iter("testcase")
        if one.get("classname") == "inherited"
    }
    assert set(proofs) == set(ENGINE)
    assert all(one["report"] == reference and one["verdict"] == "PASS" for one in proofs.values())
    found = matrix(load_campaign(path).plan.plan, tmp_path / "run" / "preuves")
    assert {line.verdict for line in found.lines if line.requirement in delegated} == {"INHERITED"}
    kept = tmp_path / "run" / "preuves" / "heritage" / reference / STATEMENT_FILE
    assert kept.read_bytes() == (connector / "rapport" / STATEMENT_FILE).read_bytes()
    assert verify(tmp_path / "run").exit_code == 0
    package = export(tmp_path / "run", "officiel", tmp_path / "dossier").out
    assert (package / "heritage" / reference / STATEMENT_FILE).is_file()
    assert f"rapport {reference}" in (package / "arborescence.csv").read_text(encoding="utf-8-sig")
    sheets = export(tmp_path / "run", "segur", tmp_path / "segur").out
    lines = (sheets / "exigences.csv").read_text(encoding="utf-8-sig").splitlines()
    assert {
        name for name in delegated if any(name in line and "INHERITED" in line for line in lines)
    } == delegated
    assert rejudge(tmp_path / "run" / "preuves").holds


def test_one_case_may_still_be_asked_for(connector: Path, home: Path, tmp_path: Path) -> None:
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))
    found = inherited(loaded, prove, NOW)
    states = {one.case.code: one.state for one in scope(loaded, transactions.load(), [ENGINE[0]], found)}
    assert states == {ENGINE[0]: "included", ENGINE[1]: "inherited", OWN: "not-selected"}


def test_only_cases_of_the_engine_are_inherited(connector: Path, home: Path, tmp_path: Path) -> None:
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))
    assert {case.code for case in loaded.plan.plan.cases if by_engine(case)} == set(ENGINE)
    assert heirs(tmp_path / "a", connector) == set(ENGINE)


def test_pieces_lodged_since_do_not_matter(connector: Path, home: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(connector, tmp_path / "copy"))
    words = tmp_path / "dit.txt"
    words.write_text("Déclaration du connecteur.", encoding="utf-8")
    lodge(copy / "preuves", OWN, [words])
    assert tree_verify(copy / "preuves") == ()
    assert heirs(tmp_path / "a", copy) == set(ENGINE)


def test_a_case_that_changed_or_did_not_pass_is_not_inherited(
    connector: Path, home: Path, tmp_path: Path
) -> None:
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))
    path = tmp_path / "petit.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["cases"][0]["purpose"]["fr"] += " Autrement."
    changed = raw["cases"][0]["code"]
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    again = load_campaign(tmp_path / "campagne.yaml")
    before, after = (inherited(one, prove, NOW) for one in (loaded, again))
    assert set(before.cases) - set(after.cases) == {changed} & set(ENGINE)
    assert "changed" in after.played[changed].en or changed not in ENGINE

    def weaker(*asked: Any) -> Any:
        proved = prove(*asked)
        proved.statement["cases"][0]["verdict"] = "INCONCLUSIVE"
        return proved

    weak = inherited(loaded, weaker, NOW)
    assert len(weak.cases) < 2 or ENGINE[0] not in weak.cases


def refused(place: Path, run: Path, **asked: Any) -> str:
    with pytest.raises(DmpcompatError) as problem:
        heirs(place, run, **asked)
    assert isinstance(problem.value, UsageError | EvidenceError)
    return problem.value.code


def test_the_number_of_the_connector_is_not_lent(connector: Path, home: Path, tmp_path: Path) -> None:
    assert refused(tmp_path, connector, number="CONN-2026-1") == "INH-006"
    index = (connector / "preuves" / "index.json").read_text(encoding="utf-8")
    assert "CONN-2026-1" not in index


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"sha256": "0" * 64}, "INH-011"),
        ({"connector": {"name": "AUTRE", "version": "2.1"}}, "INH-002"),
        ({"connector": {"name": "CONNECTEUR", "version": "3.0"}}, "INH-002"),
        ({"report": "ailleurs"}, "INH-010"),
    ],
)
def test_a_report_that_is_not_the_one_declared(
    connector: Path, home: Path, tmp_path: Path, more: dict[str, Any], code: str
) -> None:
    assert refused(tmp_path, connector, **more) == code


@pytest.mark.parametrize("where", ["preuves/CT-2.1-020/assertions.json", "rapport/report.json", "run.json"])
def test_altered_proofs_prove_nothing(connector: Path, home: Path, tmp_path: Path, where: str) -> None:
    copy = Path(shutil.copytree(connector, tmp_path / "copy"))
    with (copy / where).open("ab") as stream:
        stream.write(b" ")
    assert refused(tmp_path / "a", copy) == "INH-012"


def test_an_unknown_key_proves_nothing(connector: Path, home: Path, tmp_path: Path) -> None:
    stranger = keys.installation_seal(tmp_path / "keys").key
    (tmp_path / "autre.json").write_bytes(keys.trust_document([stranger]))
    assert refused(tmp_path / "a", connector, trust=str(tmp_path / "autre.json")) == "INH-012"


@pytest.mark.parametrize(
    ("state", "age", "code"),
    [
        ("ACTIVE", timedelta(hours=1), ""),
        ("NOTICE", timedelta(hours=1), ""),
        ("WITHDRAWN", timedelta(hours=1), "INH-015"),
        ("SUSPENDED", timedelta(hours=1), "INH-015"),
        ("ACTIVE", timedelta(days=3), "INH-014"),
    ],
)
def test_a_withdrawn_report_proves_nothing(
    connector: Path, home: Path, tmp_path: Path, state: Any, age: timedelta, code: str
) -> None:
    told = pinned(connector)
    reference = read_json(connector / "rapport" / "report.json")["reference"]
    seal = keys.installation_seal()
    issued = seal.key.not_before
    one = Listed(reference, state, issued, "", told["sha256"], "", "CONNECTEUR", ("2.1",), ("alimentation",))
    listed = StatusList(seal.key.issuers[0], issued, issued + timedelta(hours=24), "", (one,))
    path = tmp_path / "status.json"
    path.write_bytes(signed(listed, seal))
    assert statuslist.read(path.read_bytes(), {seal.key.keyid: seal.key}).of(reference) == one
    if code:
        assert refused(tmp_path / "a", connector, status=str(path), at=issued + age) == code
    else:
        assert heirs(tmp_path / "a", connector, status=str(path), at=issued + age) == set(ENGINE)


def test_a_case_that_is_played_says_why(connector: Path, home: Path, tmp_path: Path) -> None:
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))

    def narrower(*asked: Any) -> Any:
        """The decision on that report is for consultation only."""
        return replace(prove(*asked), profiles=("consultation",), homologation="TST-26E-7K3Q9XA-KE")

    found = inherited(loaded, narrower, NOW)
    assert found.played[OWN].en.startswith("for the integrator to prove: ")
    assert found.played["CT-2.1-020"].en == "profile that the connector does not prove: alimentation"
    assert set(found.cases) == {"CT-0.1-030"}
    assert "homologué TST-26E-7K3Q9XA-KE" in found.cases["CT-0.1-030"].reason().fr
    scoped = {one.case.code: one for one in scope(loaded, transactions.load(), heritage=found)}
    assert scoped[OWN].reason.fr.endswith("à jouer : " + found.played[OWN].fr)


def test_the_scope_tells_what_is_inherited_before_anything_is_run(
    connector: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))
    assert cli.run_command(["plan", "scope", path, "--lang", "en"]) == 0
    told = {line.partition(":")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert all("proved elsewhere: proved by connector CONNECTEUR 2.1" in told[code] for code in ENGINE)
    assert "to be played: for the integrator to prove: " in told[OWN]


def test_the_preflight_has_a_light_a_connector(connector: Path, home: Path, tmp_path: Path) -> None:
    def lights(**more: Any) -> list[tuple[str, str]]:
        loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector, **more)))
        return [(one.state, one.sentence("en")) for one in heritage(loaded, prove, NOW)]

    assert heritage(load_campaign(campaign(tmp_path, "CONNECTEUR", "CONN-2026-1")), prove, NOW) == ()
    ((state, said),) = lights()
    assert (state, "CONNECTEUR 2.1 (TST-" in said, "2 cases inherited" in said) == ("OK", True, True)
    ((state, said),) = lights(report="ailleurs")
    assert (state, "INH-010" in said) == ("KO", True)
    ((state, said),) = lights(report="ailleurs", otherwise="play")
    assert (state, "INH-010" in said, "played" in said) == ("WARN", True, True)


def test_a_connector_that_proves_nothing_may_be_done_without(
    connector: Path, home: Path, tmp_path: Path
) -> None:
    gone = pinned(connector, report="ailleurs", otherwise="play")
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", gone))
    found = inherited(loaded, prove, NOW)
    assert not found.cases
    assert set(found.played) == set(ENGINE)
    assert all("INH-010" in why.fr for why in found.played.values())
    assert refused(tmp_path / "a", connector, number="CONN-2026-1", otherwise="play") == "INH-006"


def test_a_software_that_is_observed_inherits_no_frames_of_our_driver(
    connector: Path, home: Path, tmp_path: Path
) -> None:
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))
    with pytest.raises(UsageError) as problem:
        inherited(loaded, prove, NOW, observed=True)
    assert problem.value.code == "INH-007"


def test_nobody_to_verify_means_nothing_inherited(connector: Path, home: Path, tmp_path: Path) -> None:
    loaded = load_campaign(campaign(tmp_path, "INTEGRATEUR", "INTEG-2026-7", pinned(connector)))
    with pytest.raises(UsageError) as problem:
        inherited(loaded, None, NOW)
    assert problem.value.code == "INH-001"


def test_a_fingerprint_tells_same_from_other_and_no_more() -> None:
    assert fingerprint("A-1", "s") == fingerprint("A-1", "s") != fingerprint("A-2", "s")
    assert fingerprint("A-1", "s")["scrypt"] != fingerprint("A-1", "t")["scrypt"]
    assert "A-1" not in json.dumps(fingerprint("A-1", "s"))
