"""From the file to the register: one number whatever crashes, and what becomes of it later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from protocol.errors import EvidenceError
from reports.dossier import deciding, disputes
from reports.dossier.book import Dossier, IllegalAct
from reports.dossier.regression import refuse_short, subset
from reports.register.numbering import commitment
from reports.register.standing import IllegalMove
from reports.register.store import Register
from tests.reports.dossier.conftest import OPENING, Bureau, evidence
from tests.reports.register.conftest import Hands


def test_a_number_is_given_once(bureau: Bureau) -> None:
    bureau.approved()
    given = deciding.grant(bureau.office, bureau.dossier, "conforme")
    assert given.number is not None and given.receipt.holds()
    entry = given.receipt.entry
    assert entry.facts["numberCommitment"] == commitment(given.number.number, given.number.nonce)
    assert entry.facts["public"]["holder"] == OPENING["holder"]
    again = deciding.grant(bureau.office, bureau.dossier, "encore")
    assert (again.reference, again.number) == (given.reference, None)
    assert len(bureau.office.register.entries()) == 1


class Crash(Exception):
    """The process stops here."""


@pytest.mark.parametrize("where", ["reserve", "give", "append", "registered"])
def test_a_crash_at_any_instant_of_an_issue_goes_on_with_the_same_number(
    bureau: Bureau, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.approved()
    real_append, real_add = Register.append, Dossier.add

    def crash_after(method: Callable[..., object], when: Callable[..., bool]) -> Callable[..., object]:
        def crashing(*given: object) -> object:
            done = method(*given)
            if when(*given):
                raise Crash
            return done

        return crashing

    with monkeypatch.context() as patch:
        if where == "append":
            patch.setattr(Register, "append", crash_after(real_append, lambda *_: True))
        else:
            kind = {"reserve": "RESERVED", "registered": "REGISTERED"}.get(where)
            if kind:
                patch.setattr(Dossier, "add", crash_after(real_add, lambda *given: given[1] == kind))
            else:
                patch.setattr(deciding, "_issue", crash_after(deciding._issue, lambda *_: True))
        with pytest.raises(Crash):
            deciding.grant(bureau.office, bureau.dossier, "conforme")
    given = deciding.grant(bureau.office, bureau.dossier, "conforme")
    entries = bureau.office.register.entries()
    assert [entry.kind for entry in entries] == ["ISSUE"]
    told = bureau.office.numbering.told(given.reference)
    assert entries[0].facts["numberCommitment"] == told.commitment
    assert bureau.dossier.read().registered
    assert bureau.office.numbering.holes(bureau.office.register.entries()[0].at + timedelta(days=9)) == ()


def granted(bureau: Bureau) -> str:
    bureau.approved()
    return deciding.grant(bureau.office, bureau.dossier, "conforme").reference


def test_the_register_and_the_file_say_the_same(bureau: Bureau, hands: Hands) -> None:
    reference = granted(bureau)
    register = bureau.office.register
    deciding.notice(bureau.office, bureau.dossier, "anomalie en production", hands.now + timedelta(days=180))
    assert register.standing(reference).state == "NOTICE"
    deciding.suspend(bureau.office, bureau.dossier, "rien n'a été fait")
    assert (register.standing(reference).state, bureau.dossier.read().state) == ("SUSPENDED", "SUSPENDU")
    with pytest.raises(IllegalAct, match="not possible in this state"):
        deciding.suspend(bureau.office, bureau.dossier, "encore")
    deciding.reinstate(bureau.office, bureau.dossier, "corrigé")
    assert (register.standing(reference).state, bureau.dossier.read().state) == ("ACTIVE", "EN_EXPLOITATION")
    deciding.withdraw(bureau.office, bureau.dossier, "fin de vie", hands.now + timedelta(days=90))
    assert register.standing(reference).usable
    assert register.standing(reference, hands.now + timedelta(days=90)).state == "WITHDRAWN"
    assert bureau.dossier.read().state == "RETIRE"


def test_a_crash_between_register_and_file_is_caught_up(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = granted(bureau)

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Dossier, "move", crash)
        with pytest.raises(Crash):
            deciding.suspend(bureau.office, bureau.dossier, "faille")
    deciding.suspend(bureau.office, bureau.dossier, "faille")
    assert bureau.dossier.read().state == "SUSPENDU"
    assert [entry.kind for entry in bureau.office.register.entries(reference)] == ["ISSUE", "SUSPEND"]


def test_nothing_is_decided_before_a_number(bureau: Bureau) -> None:
    bureau.examined()
    for act in (deciding.suspend, deciding.reinstate):
        with pytest.raises(EvidenceError, match="DOSSIER-050"):
            act(bureau.office, bureau.dossier, "x")
    with pytest.raises(IllegalAct, match="two reviewers"):
        deciding.grant(bureau.office, bureau.dossier, "x")
    assert bureau.office.register.entries() == ()


def test_an_integrator_stands_on_a_connector_in_force(bureau: Bureau, hands: Hands) -> None:
    parent = Dossier(bureau.dossier.folder.parent / "connecteur", bureau.people, clock=hands)
    parent.open(bureau.editor, "connecteur", {**OPENING, "kind": "E"})
    bureau.dossier = parent
    connector = granted(bureau)
    register = bureau.office.register
    child = Dossier(
        bureau.dossier.folder.parent / "integrateur",
        bureau.people,
        lambda name: register.standing(name).usable,
        hands,
    )
    child.open(bureau.editor, "intégration", {**OPENING, "kind": "I", "parent": connector})
    bureau.dossier = child
    bureau.approved(inherited=[connector])
    deciding.suspend(bureau.office, parent, "faille du connecteur")
    with pytest.raises(IllegalAct, match="connector's homologation is not active"):
        deciding.grant(bureau.office, child, "x")
    deciding.reinstate(bureau.office, parent, "corrigée")
    given = deciding.grant(bureau.office, child, "conforme")
    receipts = deciding.withdraw(bureau.office, parent, "fin", hands.now + timedelta(days=10))
    assert [(one.entry.kind, one.entry.reference) for one in receipts] == [
        ("WITHDRAW", connector),
        ("NOTICE", given.reference),
    ]
    assert register.standing(given.reference).state == "NOTICE"


def test_proofs_of_another_connector_are_not_inherited(bureau: Bureau) -> None:
    bureau.approved(inherited=["TST-26E-7K3Q9XA-KE"])
    with pytest.raises(IllegalAct, match="another connector"):
        deciding.grant(bureau.office, bureau.dossier, "x")


def test_a_new_release_replays_what_changed_and_a_smoke_of_the_rest(bureau: Bureau) -> None:
    from harness.plan import load_plan
    from protocol.datafolders import folder

    plan = load_plan(folder("test_plans") / "dmp-socle.yaml").plan
    scope = [case.code for case in plan.cases]
    wanted = subset(plan, scope, ["TD3.2"])
    assert {"CT-3.2-010", "CT-3.2-030"} <= set(wanted)
    assert len(wanted) < len(scope) / 2
    touched = {name for case in plan.cases if case.code in wanted for name in case.filters.transactions}
    assert touched >= {name for case in plan.cases if case.type == "N" for name in case.filters.transactions}
    with pytest.raises(IllegalAct, match="outside the homologated scope"):
        subset(plan, ["CT-3.2-010"], ["TD1.1"])
    granted(bureau)
    release = {"vendor": "x", "name": "LPS-TEST", "version": "1.1.0"}
    short = evidence(software=release, verdicts={"CT-3.2-010": "PASS"})
    with pytest.raises(IllegalAct, match=r"CT-3\.2-030=-"):
        refuse_short(bureau.dossier.read(), short, wanted)
    full = evidence(software=release, verdicts=dict.fromkeys(wanted, "PASS"))
    refuse_short(bureau.dossier.read(), full, wanted)
    deciding.amend(bureau.office, bureau.dossier, "version mineure", full)
    assert bureau.office.register.standing(bureau.dossier.read().reference).releases == ("1.1.0",)
    with pytest.raises(IllegalAct, match="another software"):
        refuse_short(bureau.dossier.read(), evidence(software={"name": "AUTRE"}), wanted)


def test_a_dispute_ends_in_a_rule_change_or_a_logged_refusal(bureau: Bureau) -> None:
    reference = granted(bureau)
    facts = {"id": "D1", "case": "CT-2.1-010", "rule": "XDS-HASH", "exchange": "ab" * 32}
    bureau.dossier.add("DISPUTE", bureau.editor, "la règle lit mal", facts)
    with pytest.raises(EvidenceError, match="DOSSIER-080"):
        disputes.settle(bureau.office, bureau.dossier, "D9", "refused", "", "x")
    disputes.settle(bureau.office, bureau.dossier, "D1", "rule-changed", "cd" * 32, "règle corrigée")
    kinds = [(entry.kind, entry.reference) for entry in bureau.office.register.entries()]
    assert kinds == [("ISSUE", reference), ("RULES", ""), ("DISPUTE", reference)]
    assert bureau.dossier.read().disputes == {}


def test_an_illegal_move_of_the_register_leaves_the_file_alone(bureau: Bureau) -> None:
    reference = granted(bureau)
    from tests.reports.register.drafts import draft

    bureau.office.register.append([draft("SUPERSEDE", reference, by=reference)])
    with pytest.raises(IllegalMove):
        deciding.suspend(bureau.office, bureau.dossier, "x")
    assert bureau.dossier.read().state == "HOMOLOGUE"


def test_a_plan_that_lacks_cases_of_the_file_is_refused() -> None:
    """Else what it does not know would never be replayed."""
    from harness.plan import load_plan
    from protocol.datafolders import folder

    plan = load_plan(folder("test_plans") / "dmp-socle.yaml").plan
    with pytest.raises(IllegalAct, match=r"DOSSIER-063.*CT-MAISON-001"):
        subset(plan, ["CT-3.2-010", "CT-MAISON-001"], ["TD3.2"])
