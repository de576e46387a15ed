"""Self-play: the driver against the mock, judged by the oracle, over the whole demonstration campaign.

Every case passes, every rule of the oracle passes somewhere; a platform that is too lenient and answers that are
altered turn the verdict. Software that is wrong, or no longer is: test_selfplay_mutants.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from pathlib import Path

import pytest

import generate
from harness import evidence
from harness.checks import api
from harness.rejudge import rejudge
from harness.results import CaseResult, RunResult
from harness.verdict import Verdict
from mock_dmp.server import MockServer
from protocol import transactions
from protocol.acceptance_rules import rules as acceptance_rules
from tests.bodies import bodies
from tests.demonstration import Refusals, demonstration
from tests.other_frames import OtherFrames, never_failing, stations
from tests.selfplay import CASES, LOADED, campaign, explained, wrong_on_purpose
from tests.test_selfplay_mutants import STAGED, watching, with_a_defect


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, Refusals]:
    """The demonstration campaign, and what its journal said before each session went away."""
    one = demonstration(tmp_path_factory)
    return RunResult.load(one.out), one.refusals


@pytest.fixture(scope="module")
def demo(played: tuple[RunResult, Refusals]) -> RunResult:
    return played[0]


# ---- the campaign as it is


@pytest.mark.parametrize("code", CASES)
def test_each_case_passes(demo: RunResult, code: str) -> None:
    case = demo.case(code)
    assert case.verdict is Verdict.PASS, case.reason.en
    assert case.findings["PASS"] > 0


def test_the_campaign_is_conform_and_leaves_nothing_out(demo: RunResult) -> None:
    assert demo.exit_code == 0
    assert [case.code for case in demo.verdicts] == list(CASES)


def test_the_tree_is_whole(demo: RunResult) -> None:
    assert evidence.verify(demo.evidence) == ()
    assert hashlib.sha256((demo.evidence / evidence.MANIFEST).read_bytes()).hexdigest() == demo.manifest
    events = [
        json.loads(line) for line in (demo.evidence / "evenements.ndjson").read_text("utf-8").splitlines()
    ]
    assert (events[0]["event"], events[-1]["event"]) == ("run-started", "run-finished")
    assert [item["case"] for item in events if item["event"] == "case-finished"] == list(CASES)


def test_judged_again_it_says_the_same_finding_by_finding(demo: RunResult) -> None:
    again = rejudge(demo.evidence)
    assert again.holds
    assert not again.rules_changed
    assert sum(len(case.findings) for case in again.cases) > 20_000


def test_the_documentation_shows_these_exchanges_and_their_figures(demo: RunResult) -> None:
    stale = generate.stale(generate.Played(demo.evidence))
    assert [str(path.relative_to(generate.ROOT)) for path in stale] == [], "run: make docs"
    other = "<!-- exchange: CT-0.2-010/1 -->\nanother run\n<!-- /exchange -->"
    assert "another run" not in generate.with_exchanges(other, generate.Played(demo.evidence))


def test_results_name_what_a_report_needs(demo: RunResult) -> None:
    case: CaseResult = demo.case("CT-0.2-010")
    assert case.official == "0.2-100"
    assert case.title.fr
    assert case.evidence == "CT-0.2-010"
    assert demo.facts["campaign"]["software"]["number"] == "•••"
    assert demo.facts["plan"]["id"] == "dmp-socle"
    assert demo.facts["seed"] == 1


#: Rules that no case of the campaign sees pass -> where they are seen to.
PASS_ELSEWHERE = {
    "AFTER-NO-CALL": "tests.test_faults: only a case that names it forbids every call",
    "CERT-BIRTH": "tests.harness.checks.test_identity_rules: TD0.0 has ended, its cases test the platform",
    "CERT-NIR": "the same",
    "COH-FORMAT-MODEL": "tests.harness.checks.test_further_requests: no document of the campaign claims a French model",
    "DE-REFERENCE-IDS": "the same: no entry names a reference",
    "QUERY-TYPE": "the same: no search names the kind of entry",
    "SEQ-DOCUMENT-SAME": "tests.harness.checks.test_registry_life: no case feeds the same document again",
    "SEQ-NO-RECORD": "the same: no case is refused a submission for a patient said to have no record",
    "SEQ-SET-ONCE": "the same: no case sends a set again",
    "VIHF-SECRET-SYSTEM": "the same: the driver writes the secret connection as a text",
    "XDS-AUTHOR-TELECOM": "the same: no author gives a telecom",
}
#: Told whenever TD0.0 is called, whatever it says: it is of level info, and never passes.
NEVER_PASSES = {"CERT-STOPPED"}


def test_every_rule_passes_in_the_campaign(demo: RunResult) -> None:
    """Those on documents, on samples too: tests.harness.checks.test_documents."""
    passed = {
        line["rule"]
        for code in CASES
        for line in evidence.read_json(demo.evidence / code / "assertions.json")
        if line["status"] == "PASS"
    }
    asked = {rule.id for rule in api.rules() if rule.side != "document"} - NEVER_PASSES
    assert asked - passed == set(PASS_ELSEWHERE)
    assert all(api.rule(rule).default == "info" for rule in NEVER_PASSES)


def test_both_sides_write_what_our_schemas_describe(demo: RunResult) -> None:
    """Judged or not by their case, all but those that the plan spoils: the two are written apart."""
    known = list(bodies(demo.evidence, LOADED))
    right = [one for one in known if not one.spoiled]
    assert {(one.case, one.stem, one.side): one.problems for one in right if one.problems} == {}
    for side in ("request", "response"):
        assert {one.transaction for one in right if one.side == side} == {
            one.id for one in transactions.load() if one.implemented and one.request_root
        }
    assert any(one.problems for one in known if one.spoiled), "nothing that is wrong was refused"


# ---- a platform that is too lenient

#: Rule -> another that would refuse the same message after it: both are turned off.
BEHIND = {
    "RIGHTS-ACCESS-MODE": "RIGHTS-MATRIX",
    "RIGHTS-AIR": "RIGHTS-MATRIX",
    "XDS-DOCUMENTS": "XDS-DOCUMENT-METADATA",
}
#: Rule -> why no setting makes a platform accept what it refuses.
UNFORGIVABLE = {
    "HL7-STRUCTURE": "the message says nothing that could be done",
    "HTTP-CONTENT-TYPE": "the body is neither SOAP nor multipart",
    "PDQ-STRUCTURE": "the search has no criterion that could be read",
    "SOAP-STRUCTURE": "the envelope can't be read",
    "VIHF-PRESENT": "nobody is known to be calling",
    "WEBPS-PAGE": "there is no such page to show",
    "WS-CHANNEL-ACTION": "there is no such action to do",
    "WS-CHANNEL-TYPE": "there is no such channel to write to",
    "WS-CONTENT": "what is to be written is missing",
}
#: The same in one case only.
UNFORGIVABLE_IN = {
    (code, "DMP-STATE"): "there is no record to show" for code in ("CT-0.9-030", "CT-0.9-030a")
}


def too_lenient(refusals: Refusals) -> list[tuple[str, str]]:
    """Each case and rule of the platform that refuses something in it, which can be turned off."""
    return [
        (code, rule)
        for code, rules in refusals.items()
        for rule in rules
        if rule in acceptance_rules() and rule not in UNFORGIVABLE and (code, rule) not in UNFORGIVABLE_IN
    ]


def test_a_platform_that_is_too_lenient_fails(
    played: tuple[RunResult, Refusals], mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    """Each rule that refuses something in a case is turned off: what it refused is accepted, the case fails."""
    cases, named = [], {}
    for number, (code, rule) in enumerate(too_lenient(played[1])):
        name = f"LEN-1-{number:03}"
        off = {"prepare": {"settings": dict.fromkeys((rule, BEHIND.get(rule, rule)), "off")}}
        kept = copy.deepcopy(CASES[code])
        steps = [off]
        for step in kept["steps"]:
            steps += [step, off] if "prepare" in step else [step]  # which may turn it on
        cases.append(kept | {"code": name, "steps": steps})
        named[name] = (code, rule)
    assert len(cases) >= 120
    result = campaign(tmp_path, cases, mock, pki_folder)
    assert {named[code]: said for code, said in explained(result, but=Verdict.FAIL).items()} == {}


def test_every_case_can_fail(played: tuple[RunResult, Refusals]) -> None:
    """Each is in one kind of change at least, here or in test_selfplay_mutants; none is left out."""
    changed = {case["code"] for case in wrong_on_purpose()} | set(with_a_defect()) | set(STAGED)
    changed |= {code for code, case in CASES.items() if watching(case)}
    assert set(CASES) - changed - {code for code, _ in too_lenient(played[1])} == set()


# ---- answers that are altered


@pytest.mark.parametrize(
    ("code", "stem", "before", "after"),
    [
        ("CT-0.1-060", "01", b"DMPInvalidCertificate", b"DMPOtherCertificate00"),
        ("CT-0.2-010", "01", b"VALIDE", b"EXPIRE"),
        ("CT-0.2-020", "01", b'"NF"', b'"OK"'),
        ("CT-0.3-010", "02", b"DMPOk", b"DMPKo"),
        ("CT-2.1-010", "01", b"ResponseStatusType:Success", b"ResponseStatusType:Failure"),
        ("CT-3.1-080", "01", b"RelatesTo>urn:uuid:", b"RelatesTo>urn:uuix:"),
        ("CT-3.2-010", "03", b"</ClinicalDocument>", b"</ClinicalDocument >"),
    ],
)
def test_an_altered_answer_turns_the_verdict(
    demo: RunResult, tmp_path: Path, code: str, stem: str, before: bytes, after: bytes
) -> None:
    root = tmp_path / "preuves"
    shutil.copytree(demo.evidence, root)
    [answer] = (root / code).glob(f"{stem}_reponse.*")
    data = answer.read_bytes()
    assert before in data
    answer.write_bytes(data.replace(before, after))
    again = rejudge(root, only=[code])
    [case] = again.cases
    assert not again.holds
    assert (case.code, case.before, case.after) == (code, Verdict.PASS, Verdict.FAIL)
    assert case.digests
    assert again.tree == (f"altered: {code}/{answer.name}",)


#: Expectations that no other frame of the campaign turns -> what does.
TURNED_BY = {
    ("CT-1.5-050", "request://pat:updatePatientAccess/*"): "the defect credentials-sent",
    ("CT-2.1-050", "request://xds:Document[not(xop:Include)]"): "the defect inline-base64",
    ("CT-TR-040", "request:"): "the delay that its step seeds (dmpcompat plan prove)",
    ("CT-TR-095", "response://rim:ExtrinsicObject"): "what is seen of the answer, which says so first",
    ("CT-TR-097", "response:document"): "the same",
}


def test_every_expectation_of_the_plan_can_fail(demo: RunResult) -> None:
    """Another answer or another request in the place of the right one turns each finding on what is expected."""
    played = stations(demo)
    others = OtherFrames(played)
    assert [(one.code, one.step) for one in played if not one.expected()] == []
    assert sum(len(one.expected()) for one in played) > 1000
    left = {(one.code, where) for one in played for _, where, _ in never_failing(one, others)}
    assert left == set(TURNED_BY)
