"""What becomes of a homologation later: a release examined in full, a refusal, a replacement, an end by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

import cli
from harness.checks import api
from protocol.errors import UsageError
from reports import numbers
from reports.dossier import deciding
from reports.dossier.book import IllegalAct
from reports.register import noting, public, status
from reports.register.standing import IllegalMove
from tests.reports.dossier.conftest import OPENING, Bureau, evidence
from tests.reports.register.conftest import Hands

RELEASE = {"vendor": OPENING["holder"], "name": "LPS-TEST", "version": "1.1.0"}


def granted(bureau: Bureau) -> str:
    bureau.approved()
    return deciding.grant(bureau.office, bureau.dossier, "conforme").reference


def evolved(bureau: Bureau) -> None:
    """The release is declared, examined and approved."""
    bureau.through(":change")
    bureau.dossier.move("evolve", bureau.editor, "version 1.1")
    bureau.dossier.move("open-tests", bureau.agency, "suite")
    bureau.dossier.add("BUILD", bureau.editor, "publication", {"version": "1.1.0"})
    bureau.dossier.add("PIECE", bureau.editor, "preuves", evidence(software=RELEASE, sha256="ba" * 32))
    bureau.dossier.move("lodge", bureau.editor, "dépôt")
    bureau.dossier.move("examine", bureau.reviewers[0], "examen")
    for reviewer in bureau.reviewers:
        bureau.dossier.add("APPROVE", reviewer, "vu", {})


def test_a_release_examined_in_full_reaches_the_register_once_under_the_same_number(bureau: Bureau) -> None:
    reference = granted(bureau)
    register = bureau.office.register
    evolved(bureau)
    assert register.standing(reference).releases == ()
    again = deciding.grant(bureau.office, bureau.dossier, "conforme aussi")
    assert (again.reference, again.number) == (reference, None)
    assert register.standing(reference).releases == ("1.1.0",)
    assert deciding.grant(bureau.office, bureau.dossier, "encore").receipt.entry == again.receipt.entry
    assert [entry.kind for entry in register.entries(reference)] == ["ISSUE", "AMEND"]


def test_a_release_that_nobody_declared_is_not_lodged(bureau: Bureau) -> None:
    granted(bureau)
    bureau.through(":change")
    bureau.dossier.move("evolve", bureau.editor, "version 1.1")
    bureau.dossier.move("open-tests", bureau.agency, "suite")
    bureau.dossier.add("PIECE", bureau.editor, "preuves", evidence(software=RELEASE))
    with pytest.raises(IllegalAct, match=r"another product.*submit --build"):
        bureau.dossier.move("lodge", bureau.editor, "dépôt")


def test_a_refusal_is_in_the_register_under_a_reference_of_its_own(bureau: Bureau) -> None:
    bureau.examined(verdicts={"CT-2.1-010": "FAIL"}, result="NON_CONFORM")
    (receipt,) = deciding.refuse(bureau.office, bureau.dossier, "trop d'écarts")
    assert bureau.dossier.read().state == "REFUSE"
    entry = receipt.entry
    assert (entry.kind, entry.facts["result"]) == ("REPORT", "NON_CONFORM")
    assert numbers.parse(entry.reference).kind == "R"
    assert bureau.office.register.standing(entry.reference).state == "REPORTED"
    # It is no homologation: neither list names it.
    assert not status.status_list(bureau.office.register, "TST", entry.at, timedelta(days=1)).entries
    assert not public.rows(bureau.office, entry.at)


def test_a_refusal_that_a_crash_cut_goes_on_with_one_entry(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.examined(verdicts={"CT-2.1-010": "FAIL"}, result="NON_CONFORM")
    with monkeypatch.context() as patch:
        patch.setattr(type(bureau.dossier), "move", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deciding.refuse(bureau.office, bureau.dossier, "écarts")
    deciding.refuse(bureau.office, bureau.dossier, "écarts")
    assert [entry.kind for entry in bureau.office.register.entries()] == ["REPORT"]
    assert bureau.office.numbering.holes(bureau.office.register.entries()[0].at + timedelta(days=9)) == ()


def test_what_replaces_must_be_another_one_in_force(bureau: Bureau) -> None:
    reference = granted(bureau)
    for wrong in (reference, "TST-26L-7K3Q9XA-ZZ"):
        with pytest.raises(UsageError, match="DOSSIER-077"):
            deciding.supersede(bureau.office, bureau.dossier, "numéro divulgué", wrong)
    assert bureau.office.register.standing(reference).usable


def test_a_number_that_leaked_is_replaced_and_no_more_usable(bureau: Bureau) -> None:
    reference = granted(bureau)
    folder = bureau.dossier.folder.parent / "lps-test-2"
    other = replace(bureau, dossier=replace(bureau.dossier, folder=folder))
    other.dossier.open(other.editor, "numéro divulgué", OPENING)
    new = granted(other)
    (receipt,) = deciding.supersede(bureau.office, bureau.dossier, "numéro divulgué", new)
    assert receipt.entry.facts["by"] == new
    standing = bureau.office.register.standing(reference)
    assert (standing.state, standing.superseded_by, standing.usable) == ("SUPERSEDED", new, False)
    assert bureau.office.register.standing(new).usable
    assert bureau.dossier.read().state == "REMPLACE"


def test_a_homologation_ends_by_itself_on_its_day(bureau: Bureau, hands: Hands) -> None:
    bureau.approved()
    ends = hands.now + timedelta(days=30)
    reference = deciding.grant(bureau.office, bureau.dossier, "conforme", ends).reference
    register = bureau.office.register
    assert register.standing(reference, ends - timedelta(seconds=1)).usable
    assert register.standing(reference, ends).state == "EXPIRED"
    (listed,) = status.status_list(register, "TST", hands.now, timedelta(days=60)).entries
    assert listed.state_at(ends) == "EXPIRED"
    assert noting.lapsed(bureau.office, "échéance") == ()
    hands.now = ends
    (receipt,) = noting.lapsed(bureau.office, "échéance")
    assert (receipt.entry.kind, receipt.entry.reference) == ("EXPIRE", reference)
    assert noting.lapsed(bureau.office, "échéance") == ()
    assert register.standing(reference).state == "EXPIRED"
    with pytest.raises(IllegalMove):
        deciding.suspend(bureau.office, bureau.dossier, "trop tard")


def test_the_rules_are_noted_once_as_long_as_they_stay(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = noting.rules(bureau.office, "édition 2.10")
    assert first.entry.facts["digest"] == api.rule_bundle_digest()
    assert noting.rules(bureau.office, "encore").entry == first.entry
    monkeypatch.setattr(api, "rule_bundle_digest", lambda: "0" * 64)
    assert noting.rules(bureau.office, "mise à jour").entry.facts["digest"] == "0" * 64


@pytest.mark.parametrize("act", ["grant", "refuse", "suspend", "reinstate", "withdraw", "supersede"])
def test_no_move_says_what_the_register_must_know(act: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["homologate", "move", "lps-test", act, "--reason", "x", "--lang", "en"]) == 64
    assert "DOSSIER-076" in capsys.readouterr().err
