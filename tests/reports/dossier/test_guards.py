"""Every guard stops its move and says what would lift it; lifted, the move is made."""

from __future__ import annotations

import re

import pytest

from reports.dossier.book import IllegalAct
from reports.dossier.guards import GUARDS
from reports.dossier.states import ENDS, MOVES, STATES, from_state
from tests.reports.dossier.conftest import Bureau, evidence


def stopped(bureau: Bureau, move: str, who: object, words: str) -> IllegalAct:
    before = bureau.dossier.read()
    with pytest.raises(IllegalAct, match=re.escape(words)) as told:
        bureau.dossier.move(move, who, "essai")  # type: ignore[arg-type]
    assert len(bureau.dossier.read().history) == len(before.history)
    return told.value


def test_the_table_names_what_exists() -> None:
    for move in MOVES.values():
        assert set(move.origins) <= set(STATES) and move.to in STATES
        assert set(move.guards) <= set(GUARDS)
    assert {guard for move in MOVES.values() for guard in move.guards} == set(GUARDS)
    reached = {move.to for move in MOVES.values()} | {"INSCRIT"}
    assert reached == set(STATES)
    assert not any(from_state(state) for state in ENDS)
    assert all(from_state(state) for state in set(STATES) - ENDS)


def test_a_file_goes_from_its_opening_to_a_decision(bureau: Bureau) -> None:
    bureau.approved()
    assert bureau.dossier.move("grant", bureau.agency, "conforme").state == "HOMOLOGUE"


@pytest.mark.parametrize(
    ("way", "move", "missing"),
    [
        (("declare", "send-convention"), "sign-convention", "convention"),
        (
            ("declare", "send-convention", ":convention", "sign-convention", "open-sandbox"),
            "assist",
            "results",
        ),
        (
            ("declare", "send-convention", ":convention", "sign-convention", "open-sandbox"),
            "attest",
            "results",
        ),
        (
            ("declare", "send-convention", ":convention", "sign-convention", "open-sandbox", ":results"),
            "attest",
            "attestation",
        ),
    ],
    ids=["convention", "assistance", "results", "attestation"],
)
def test_a_missing_piece_is_named_and_lifts_its_guard(
    bureau: Bureau, way: tuple[str, ...], move: str, missing: str
) -> None:
    bureau.through(*way)
    who = bureau.editor if "editor" in MOVES[move].roles else bureau.agency
    error = stopped(bureau, move, who, missing)
    assert missing in error.mend.en
    bureau.through(f":{missing}")
    if move == "attest":
        bureau.through(":attestation")
    bureau.dossier.move(move, who, "cette fois")


def test_who_may_not_is_told_who_may(bureau: Bureau) -> None:
    error = stopped(bureau, "declare", bureau.reviewers[0], "this role may not")
    assert "editor / agency" in error.mend.en
    bureau.lodged()
    assert "examine" in stopped(bureau, "grant", bureau.agency, "not possible in this state").mend.en


@pytest.mark.parametrize(
    ("changes", "move", "words"),
    [
        ({"software": {"vendor": "x", "name": "AUTRE", "version": "1.0.0"}}, "lodge", "another product"),
        ({"software": {"vendor": "x", "name": "LPS-TEST", "version": "9"}}, "lodge", "another product"),
        ({"leftOut": ["CT-2.1-030"]}, "lodge", "have no evidence"),
        ({"verdicts": {"CT-2.1-010": "MANUAL"}}, "lodge", "have no evidence"),
        ({"verdicts": {"CT-2.1-010": "ERROR"}}, "lodge", "have no evidence"),
    ],
    ids=["product", "version", "left out", "human step", "tool"],
)
def test_evidence_that_does_not_do_is_not_lodged(
    bureau: Bureau, changes: dict[str, object], move: str, words: str
) -> None:
    bureau.through(
        "declare",
        "send-convention",
        ":convention",
        "sign-convention",
        "open-sandbox",
        ":results",
        ":attestation",
        "attest",
        "open-tests",
    )
    stopped(bureau, "lodge", bureau.editor, "the file lacks")
    bureau.dossier.add("PIECE", bureau.editor, "preuves", evidence(**changes))
    stopped(bureau, move, bureau.editor, words)
    bureau.dossier.add("PIECE", bureau.editor, "mieux", evidence())
    assert bureau.dossier.move("lodge", bureau.editor, "dépôt").state == "PREUVES_DEPOSEES"


def test_who_ran_the_campaign_does_not_examine_it(bureau: Bureau) -> None:
    bureau.lodged(executors=[bureau.reviewers[0].keyid])
    stopped(bureau, "examine", bureau.reviewers[0], "who ran the campaign")
    bureau.dossier.move("examine", bureau.reviewers[1], "examen")
    with pytest.raises(IllegalAct, match="who ran the campaign"):
        bureau.dossier.add("APPROVE", bureau.reviewers[0], "moi aussi", {})


def test_a_rebuild_makes_evidence_stale(bureau: Bureau) -> None:
    bureau.approved()
    bureau.dossier.add("BUILD", bureau.editor, "correctif", {"version": "1.0.1"})
    assert "1.0.0 → 1.0.1" in stopped(bureau, "grant", bureau.agency, "the product changed").found
    assert bureau.dossier.read().approvals == {}


def test_four_eyes(bureau: Bureau) -> None:
    bureau.examined()
    assert "0 / 2" in stopped(bureau, "grant", bureau.agency, "two reviewers").found
    for _ in range(2):
        bureau.dossier.add("APPROVE", bureau.reviewers[0], "vu", {})
    assert "1 / 2" in stopped(bureau, "grant", bureau.agency, "two reviewers").found
    bureau.dossier.add("APPROVE", bureau.reviewers[1], "vu", {})
    bureau.dossier.move("grant", bureau.agency, "conforme")


def test_a_failure_stands_until_a_reviewer_overrides_it_beside_the_original(bureau: Bureau) -> None:
    bureau.approved(verdicts={"CT-2.1-010": "FAIL"})
    assert "CT-2.1-010=FAIL" in stopped(bureau, "grant", bureau.agency, "not every case is conform").found
    now = bureau.dossier.add(
        "OVERRIDE", bureau.reviewers[0], "règle contestée à raison", {"case": "CT-2.1-010", "verdict": "PASS"}
    )
    assert (now.verdicts["CT-2.1-010"], now.verdict("CT-2.1-010")) == ("FAIL", "PASS")
    stopped(
        bureau, "grant", bureau.agency, "two reviewers"
    )  # what they had approved is no more what is decided
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    bureau.dossier.move("grant", bureau.agency, "conforme avec réserve")


def test_a_not_applicable_is_accepted_by_somebody(bureau: Bureau) -> None:
    bureau.approved(verdicts={"CT-2.1-010": "PASS", "CT-2.1-100": "NOT_APPLICABLE"})
    stopped(bureau, "grant", bureau.agency, "not-applicables")
    bureau.dossier.add("ACCEPT_NA", bureau.reviewers[0], "non", {"case": "CT-2.1-100", "accepted": False})
    stopped(bureau, "grant", bureau.agency, "not-applicables")
    bureau.dossier.add(
        "ACCEPT_NA", bureau.reviewers[1], "pas de mineurs", {"case": "CT-2.1-100", "accepted": True}
    )
    stopped(bureau, "grant", bureau.agency, "two reviewers")  # they had approved without it
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    bureau.dossier.move("grant", bureau.agency, "conforme")


def test_anomalies_go_back_to_the_vendor_or_are_closed(bureau: Bureau) -> None:
    bureau.approved()
    stopped(bureau, "ask-redo", bureau.reviewers[0], "no anomaly")
    bureau.dossier.add(
        "ANOMALY",
        bureau.reviewers[0],
        "capture illisible",
        {"id": "A1", "case": "CT-2.1-010", "requirement": "EX_2.1-1071"},
    )
    assert "A1" in stopped(bureau, "grant", bureau.agency, "anomalies are open").found
    bureau.dossier.move("ask-redo", bureau.reviewers[0], "à refaire")
    bureau.dossier.move("redo", bureau.editor, "on refait")
    bureau.dossier.add("PIECE", bureau.editor, "preuves", evidence())
    bureau.dossier.move("lodge", bureau.editor, "dépôt")
    bureau.dossier.move("examine", bureau.reviewers[1], "examen")
    bureau.dossier.add("MENDED", bureau.reviewers[1], "lisible", {"id": "A1"})
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    bureau.dossier.move("grant", bureau.agency, "conforme")


def test_a_dispute_is_settled_before_the_decision(bureau: Bureau) -> None:
    bureau.approved()
    facts = {"id": "D1", "case": "CT-2.1-010", "rule": "XDS-SUBMISSION", "exchange": "ab" * 32}
    bureau.dossier.add("DISPUTE", bureau.editor, "la règle lit mal", facts)
    assert "D1" in stopped(bureau, "grant", bureau.agency, "dispute").found
    bureau.dossier.add("RESOLVE", bureau.agency, "règle corrigée", {"id": "D1", "outcome": "refused"})
    bureau.dossier.move("grant", bureau.agency, "conforme")


def test_what_a_reviewer_says_goes_with_an_examination_and_a_case(bureau: Bureau) -> None:
    bureau.lodged()
    with pytest.raises(IllegalAct, match="not possible in this state"):
        bureau.dossier.add("VERDICT", bureau.reviewers[0], "x", {"case": "CT-2.1-010", "verdict": "PASS"})
    bureau.dossier.move("examine", bureau.reviewers[0], "examen")
    with pytest.raises(IllegalAct, match="case not in the evidence"):
        bureau.dossier.add("VERDICT", bureau.reviewers[0], "x", {"case": "CT-9", "verdict": "PASS"})
    with pytest.raises(IllegalAct, match="this role may not"):
        bureau.dossier.add("VERDICT", bureau.editor, "x", {"case": "CT-2.1-010", "verdict": "PASS"})
    assert (
        len(
            bureau.dossier.add(
                "VERDICT", bureau.reviewers[0], "x", {"case": "CT-2.1-010", "verdict": "FAIL"}
            ).reviews
        )
        == 1
    )


def test_a_reviewer_who_says_fail_is_heard_before_anything_is_granted(bureau: Bureau) -> None:
    bureau.examined()
    one, other = bureau.reviewers
    case = "CT-2.1-010"
    bureau.dossier.add("VERDICT", one, "écran illisible", {"case": case, "verdict": "FAIL"})
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    with pytest.raises(IllegalAct, match=r"contrary of what counts.*CT-2\.1-010=PASS"):
        bureau.dossier.move("grant", bureau.agency, "conforme")
    bureau.dossier.add("OVERRIDE", other, "lisible après agrandissement", {"case": case, "verdict": "PASS"})
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})
    assert bureau.dossier.move("grant", bureau.agency, "conforme").state == "HOMOLOGUE"


def test_a_reviewer_may_think_again(bureau: Bureau) -> None:
    bureau.approved()
    case = {"case": "CT-2.1-010"}
    bureau.dossier.add("VERDICT", bureau.reviewers[0], "x", {**case, "verdict": "FAIL"})
    bureau.dossier.add("VERDICT", bureau.reviewers[0], "relu", {**case, "verdict": "PASS"})
    assert bureau.dossier.move("grant", bureau.agency, "conforme").state == "HOMOLOGUE"
