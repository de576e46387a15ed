"""A software that is observed against a real mock: what is recognised, told, asked, judged and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.observe.operator import Answer, Task
from harness.observe.waiting import Stopped
from harness.rejudge import rejudge
from harness.steps.drive import DriveStep
from harness.verdict import Verdict
from tests.harness.observe.conftest import EXISTS, FEED, OPEN, Bench, case
from tests.observing import Script, png

Make = Callable[..., Bench]


def changed(**fields: Any) -> Callable[[Any], Any]:
    return lambda step: step.model_copy(update=fields) if isinstance(step, DriveStep) else step


def test_a_software_that_does_what_it_is_told_passes_and_its_evidence_is_judged_again(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS), case("CT-2.1-010", FEED, OPEN))
    software = one.software()
    result = one.run(operator := Script(acts=software.act))
    assert result.counts() == {"PASS": 2}
    assert result.facts["frames"] == "observed"
    assert result.facts["observation"]["operator"] == "script"
    again = rejudge(result.evidence)
    assert again.holds and again.identical
    assert [(task.case, task.step, task.total) for task in operator.begun] == [
        ("CT-0.2-010", 1, 1),
        ("CT-2.1-010", 1, 2),
        ("CT-2.1-010", 2, 2),
    ]
    assert [task for task, _ in operator.ended] == operator.begun
    assert all(findings for _, findings in operator.ended)
    # Each frame of the software answered one step, and the journal says which.
    answered = [line for line in one.events("frame") if line["fate"] == "answers"]
    keys = [
        step["observed"]["key"]
        for code in ("CT-0.2-010", "CT-2.1-010")
        for step in one.test(code)["steps"]
        if "observed" in step
    ]
    assert [line["key"] for line in answered] == keys and len(set(keys)) == 3


def test_what_is_told_is_plain_and_names_patient_and_card(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS, operate={"fr": "Ouvrir la fiche.", "en": "Open the file."}))
    one.run(operator := Script(acts=one.software().act))
    task = operator.begun[0]
    assert task.instruction.fr.startswith("Ouvrir la fiche.\nConnecté en tant que CLAUDE ESSAI")
    assert "avec sa carte CPS" in task.instruction.fr and task.instruction.fr.endswith("[TD0.2].")
    shown = {label.fr: value for label, value in task.data}
    assert shown["INS"] == "280056399910181" and shown["Né(e) le"] == "14/05/1980"
    assert task.facts["transaction"] == "TD0.2"


def test_a_frame_about_another_patient_is_a_near_miss_with_its_difference(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS))
    software = one.software()

    def act(task: Task) -> None:
        software.act(task, changed(patient="alimentation"))
        software.act(task)

    assert one.run(Script(acts=act)).counts() == {"PASS": 1}
    observed = one.test("CT-0.2-010")["steps"][0]["observed"]
    (miss,) = observed["near"]
    assert [(one["what"]["fr"], one["expected"], one["found"]) for one in miss["differences"]] == [
        ("patient (INS)", "280056399910181", "185106399920556")
    ]
    assert [line["fate"] for line in one.events("frame")] == ["near", "answers"]


def test_nothing_in_time_is_inconclusive_and_tells_what_the_nearest_lacks(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS))
    software = one.software()
    operator = Script(acts=lambda task: software.act(task, changed(patient="alimentation")))
    (found,) = one.run(operator).verdicts
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "patient (INS) : attendu 280056399910181, trouvé 185106399920556" in found.reason.fr
    assert "in the given time" in found.reason.en and operator.near


def test_a_frame_of_a_later_step_is_told_to_be_one(bench: Make) -> None:
    one = bench(case("CT-2.1-010", FEED, EXISTS))
    software = one.software()

    def act(task: Task) -> None:
        if task.step == 1 and not software.sent:
            software.act(Task(**{**vars(task), "step": 2, "facts": {}}))
            return
        software.act(task)

    operator = Script(acts=act)
    operator.answering = lambda task: None if operator.begun[1:] else Answer("retry")
    assert one.run(operator).counts() == {"PASS": 1}
    (miss,) = one.test("CT-2.1-010")["steps"][0]["observed"]["near"]
    assert miss["key"] and [line["fate"] for line in one.events("frame")] == ["near", "answers", "answers"]


@pytest.mark.parametrize(
    ("kind", "verdict", "code"),
    [("skip", Verdict.INCONCLUSIVE, 2), ("impossible", Verdict.NOT_APPLICABLE, 2)],
)
def test_an_operator_who_gives_up_says_why(bench: Make, kind: Any, verdict: Verdict, code: int) -> None:
    one = bench(case("CT-0.2-010", EXISTS))
    result = one.run(Script(answering=lambda _task: Answer(kind, "pas dans cette version")))
    (found,) = result.verdicts
    assert found.verdict is verdict and "pas dans cette version" in found.reason.fr
    assert result.exit_code == code
    assert [line["answer"] for line in one.events("answer")] == [kind]
    assert rejudge(result.evidence).holds


def test_a_reason_is_needed(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS))
    assert one.run(Script(acts=one.software().act, answers=[Answer("skip", "  ")])).counts() == {"PASS": 1}


def test_a_precondition_is_played_by_our_driver_and_its_frame_is_none_of_the_software(bench: Make) -> None:
    need = {**FEED, "need": True}
    one = bench(case("CT-3.2-010", need, OPEN))
    software = one.software()
    result = one.run(operator := Script(acts=software.act))
    assert result.counts() == {"PASS": 1}
    assert [task.step for task in operator.begun] == [2]
    assert [line["fate"] for line in one.events("frame")] == ["answers"]


def test_a_wrong_software_fails_as_it_would_when_driven(bench: Make) -> None:
    wrong = {**EXISTS, "expect": {"query_response": "NF"}}
    one = bench(case("CT-0.2-010", wrong), case("CT-0.2-020", EXISTS))
    result = one.run(Script(acts=one.software().act))
    assert [str(found.verdict) for found in result.verdicts] == ["FAIL", "PASS"]
    assert result.exit_code == 1


def test_a_screen_and_a_declaration_are_asked_and_kept(bench: Make) -> None:
    screen = {"screen": {"fr": "la liste", "en": "the list"}}
    declare = {"declare": {"fr": "Un message ?", "en": "A message?"}}
    one = bench(case("CT-0.2-010", EXISTS, screen, declare))
    answers = {
        "screen": Answer("screen", name="liste.png", data=png()),
        "declaration": Answer("declaration", "oui"),
    }
    result = one.run(Script(acts=one.software().act, answering=lambda task: answers.get(task.wants)))
    assert result.counts() == {"PASS": 1}
    folder = result.evidence / "CT-0.2-010"
    assert (folder / "ecran_01.png").read_bytes() == png()
    assert (folder / "declaration.md").read_text() == "oui\n"
    assert one.test("CT-0.2-010")["steps"][1]["resolved"]["answer"]["file"] == "ecran_01.png"


def test_evidence_that_the_operator_does_not_give_makes_the_case_manual(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS, evidence=["frames", "screen", "declaration"]))
    asked: dict[str, Any] = {
        "screen": Answer("skip", "plus tard"),
        "declaration": Answer("declaration", "vu"),
    }
    result = one.run(Script(acts=one.software().act, answering=lambda task: asked.get(task.wants)))
    (found,) = result.verdicts
    assert found.verdict is Verdict.MANUAL and "screen" in found.reason.en and result.exit_code == 2
    assert one.test("CT-0.2-010")["missing"] == ["screen"]
    assert rejudge(result.evidence).holds


def test_a_file_that_is_no_screen_is_not_taken(bench: Make) -> None:
    one = bench(case("CT-0.2-010", EXISTS, {"screen": {"fr": "la liste", "en": "the list"}}))
    wrong = Answer("screen", name="liste.png", data=b"MZ\0\0 no picture")
    result = one.run(
        Script(acts=one.software().act, answering=lambda task: wrong if task.wants == "screen" else None)
    )
    assert result.counts() == {"MANUAL": 1}
    assert [line for line in one.events("answer") if "refused" in line]


def test_what_is_sent_while_it_must_not_be_fails(bench: Make) -> None:
    window = {"forbid": ["TD0.2"], "seconds": 5, "operate": {"fr": "Attendre.", "en": "Wait."}}
    one = bench(case("CT-0.2-010", EXISTS, {"watch": window}), case("CT-0.2-020", EXISTS, {"watch": window}))
    software = one.software()

    def act(task: Task) -> None:
        if task.wants == "frame":
            software.act(task)
        elif task.case == "CT-0.2-020":
            software.act(Task(**{**vars(task), "step": 1}))

    result = one.run(Script(acts=act))
    assert [str(found.verdict) for found in result.verdicts] == ["PASS", "FAIL"]
    assert rejudge(result.evidence).holds


def test_a_fault_is_armed_and_what_follows_it_is_watched(bench: Make) -> None:
    down = {
        "fault": "http-status",
        "with": {"status": 503},
        "when": {"transaction": "TD2.1"},
        "forbid": ["AFTER-DOUBLE"],
    }
    lost = {**FEED, "judge": [], "expect": {"seen": "http-error"}, "save": {}}
    cases = [case(code, down, lost) for code in ("CT-2.1-010", "CT-2.1-020")]
    one = bench(*cases)
    software = one.software()

    def act(task: Task) -> None:
        if task.wants == "frame":
            software.act(task)
        elif task.case == "CT-2.1-020":  # the same content again, under another identifier
            software.act(Task(**{**vars(task), "step": 2}))

    operator = Script(acts=act)
    result = one.run(operator)
    assert [task.wants for task in operator.begun] == ["frame", "nothing-sent"] * 2
    assert "FAIL" not in result.case("CT-2.1-010").findings, result.case("CT-2.1-010").reason
    assert [step["kind"] for step in one.test("CT-2.1-020")["steps"]][-1] == "aftermath"
    assert result.case("CT-2.1-020").verdict is Verdict.FAIL, result.case("CT-2.1-020").reason
    assert rejudge(result.evidence).holds


def test_a_software_that_has_given_up_is_not_waited_for(bench: Make) -> None:
    down = {
        "fault": "http-status",
        "with": {"status": 503},
        "when": {"transaction": "TD2.1"},
        "forbid": ["AFTER-DOUBLE"],
    }
    one = bench(case("CT-2.1-010", down, {**FEED, "judge": [], "expect": {"seen": "http-error"}, "save": {}}))
    said = Answer("declaration", "message d'erreur affiché")
    one.run(
        Script(
            acts=one.software().act, answering=lambda task: said if task.wants == "nothing-sent" else None
        ),
        wait=None,
    )
    assert one.clock.later < 10


def test_what_a_real_software_cannot_be_asked_is_left_out_with_its_reason(bench: Make) -> None:
    wrong = case("CT-0.2-020", {**EXISTS, "alter": ["soap11"]})
    one = bench(
        case("CT-0.2-010", EXISTS),
        wrong,
        case("CT-0.2-030", EXISTS, side="D"),
        case("CT-0.2-040", {**EXISTS, "as": {"name": "cps", "tls": "expired-auth"}}),
        case("CT-0.2-050", {**EXISTS, "expect": {"seen": "bad-server"}}),
    )
    result = one.run(Script(acts=one.software().act))
    told = {item["code"]: item for item in result.facts["scope"]}
    assert told["CT-0.2-010"]["state"] == "included"
    assert "exprès" in told["CT-0.2-020"]["reason"]["fr"]
    assert "plateforme" in told["CT-0.2-030"]["reason"]["fr"]
    assert "certificats" in told["CT-0.2-040"]["reason"]["fr"]
    assert "aucune trame" in told["CT-0.2-050"]["reason"]["fr"]
    assert result.counts() == {"NOT_APPLICABLE": 4, "PASS": 1}


def test_an_operator_stops_and_goes_on_later(bench: Make) -> None:
    one = bench(case("CT-2.1-010", FEED, OPEN))
    software = one.software()
    first = Script(acts=software.act, answering=lambda task: Answer("stop") if task.step == 2 else None)
    first.acts = lambda task: software.act(task) if task.step == 1 else None
    with pytest.raises(Stopped):
        one.run(first)
    assert not (one.out / "preuves" / "CT-2.1-010").exists()
    result = one.run(second := Script(acts=software.act), resume=True)
    assert result.counts() == {"PASS": 1}
    assert [task.step for task in second.begun] == [2]
    assert [line["event"] for line in one.events("case-resumed")]
    assert rejudge(result.evidence).holds
    assert [path.name for path in (one.out / "preuves").glob(".*")] == []
