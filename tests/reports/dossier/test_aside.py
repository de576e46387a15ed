"""Cases set aside together: by pattern, or because the declared scope excludes them."""

from __future__ import annotations

import pytest

from harness.plan import Plan, load_plan
from protocol import transactions
from protocol.datafolders import folder
from protocol.errors import UsageError
from reports.dossier import aside
from reports.dossier.book import IllegalAct
from tests.reports.dossier.conftest import Bureau


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(folder("test_plans") / "dmp-socle.yaml").plan


def verdicts(plan: Plan) -> dict[str, str]:
    """What a run of alimentation in direct mode gives: the rest is set aside, with one case that the vendor excused."""
    inside = {"CT-2.1-040": "PASS", "CT-2.1-020": "NOT_APPLICABLE"}
    beyond = {
        case.code: "NOT_APPLICABLE"
        for case in plan.cases
        if case.filters.profiles and "alimentation" not in case.filters.profiles
    }
    return {**beyond, **inside}


def test_what_the_scope_excludes_is_accepted_together_and_the_rest_one_by_one(
    bureau: Bureau, plan: Plan
) -> None:
    bureau.examined(verdicts=verdicts(plan))
    beyond = aside.beyond_scope(bureau.dossier.read(), plan, transactions.load())
    assert len(beyond) > 50
    assert set(beyond) == set(verdicts(plan)) - {"CT-2.1-040", "CT-2.1-020"}
    reviewer = bureau.reviewers[0]
    now = bureau.dossier.add_each("ACCEPT_NA", reviewer, aside.facts_of(beyond, "relu"))
    assert set(now.accepted) == set(beyond)
    again = bureau.dossier.read()
    assert {one.reason for one in again.accepted.values()} >= {
        f"relu — {beyond[case].fr}" for case in list(beyond)[:3]
    }
    with pytest.raises(UsageError, match="DOSSIER-074"):
        aside.beyond_scope(again, plan, transactions.load())
    # What the vendor excused inside the scope is still to be looked at.
    with pytest.raises(IllegalAct, match=r"not accepted.*CT-2\.1-020"):
        bureau.dossier.move("grant", bureau.agency, "x")
    bureau.dossier.add_each(
        "ACCEPT_NA", reviewer, aside.facts_of(aside.matching(again, "CT-2.1-*"), "pas d'annexe")
    )
    with pytest.raises(UsageError, match="DOSSIER-074"):
        aside.matching(bureau.dossier.read(), "CT-*")


def test_a_run_that_sets_aside_what_the_scope_includes_is_not_excused(bureau: Bureau, plan: Plan) -> None:
    bureau.examined(verdicts={"CT-2.1-040": "NOT_APPLICABLE"})
    with pytest.raises(UsageError, match="DOSSIER-074"):
        aside.beyond_scope(bureau.dossier.read(), plan, transactions.load())


def test_only_a_reviewer_of_the_file_may_and_the_first_refusal_ends_it(bureau: Bureau, plan: Plan) -> None:
    bureau.examined(verdicts=verdicts(plan))
    before = len(bureau.dossier.events())
    chosen = aside.beyond_scope(bureau.dossier.read(), plan, transactions.load())
    with pytest.raises(IllegalAct):
        bureau.dossier.add_each("ACCEPT_NA", bureau.editor, aside.facts_of(chosen, "x"))
    assert len(bureau.dossier.events()) == before
    with pytest.raises(IllegalAct):
        bureau.dossier.add_each(
            "ACCEPT_NA",
            bureau.reviewers[0],
            [
                ("x", {"case": next(iter(chosen)), "accepted": True}),
                ("x", {"case": "CT-9.9-999", "accepted": True}),
            ],
        )
    assert len(bureau.dossier.events()) == before + 1
