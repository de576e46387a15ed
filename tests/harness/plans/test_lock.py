"""The lock of a campaign: written, honoured by a run, and its drift told; the scope in sentences."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import Campaign, load_campaign
from harness.choices import Choices
from harness.plans import lock
from harness.plans.explaining import sentence, to_plain
from harness.run import run_campaign
from harness.scope import scope
from protocol import transactions
from protocol.errors import DmpcompatError
from tests.selfplay import CASES, DEMO, PLAN


def write(place: Path, *codes: str, **changes: Any) -> Path:
    cases = [CASES[code] for code in codes or ("CT-0.2-010", "CT-2.1-150")]
    (place / "plan.yaml").write_text(json.dumps({**PLAN, "cases": cases}), encoding="utf-8")
    path = place / "campagne.yaml"
    path.write_text(json.dumps({**DEMO, "plan": {"file": "plan.yaml"}, **changes}), encoding="utf-8")
    return path


def campaign(place: Path, *codes: str, **changes: Any) -> Campaign:
    return load_campaign(write(place, *codes, **changes))


def test_a_lock_holds_as_long_as_nothing_changes(tmp_path: Path) -> None:
    loaded = campaign(tmp_path)
    assert lock.honour(loaded) == ""
    place, told = lock.write(loaded)
    assert place == tmp_path / "campagne.plan.lock"
    assert [(one["code"], one["state"]) for one in told["cases"]] == [
        ("CT-0.2-010", "included"),
        ("CT-2.1-150", "included"),
    ]
    assert len(lock.honour(loaded, required=True)) == 64


def test_what_drifted_is_told(tmp_path: Path) -> None:
    lock.write(campaign(tmp_path))
    with pytest.raises(DmpcompatError) as caught:
        lock.honour(campaign(tmp_path, options=[]))
    problem = caught.value
    assert (problem.code, problem.exit_code) == ("PLAN-051", 66)
    assert "scope of CT-2.1-150: included → excluded" in problem.found
    assert "plan lock" in problem.mend.en


def test_each_part_drifts_by_its_name(tmp_path: Path) -> None:
    told = lock.contents(campaign(tmp_path))
    other = copy.deepcopy(told)
    other["rules"] = "0" * 64
    other["datasets"] = {**told["datasets"], "patients": "0" * 64, "new": "1"}
    other["cases"] = other["cases"][:1]
    other["guide"] = "SEL-MP-037 2.9"
    other["plan"] |= {"version": "9.9.9"}
    found = {one.what.en for one in lock.drift(told, other)}
    assert found == {
        "version of the plan",
        "edition of the guide",
        "rules",
        "data set patients",
        "data set new",
        "case CT-2.1-150",
        "scope of CT-2.1-150",
    }
    assert lock.drift(told, told) == []


def test_a_run_refuses_a_drift_and_may_ask_for_a_lock(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(DmpcompatError) as caught:
        run_campaign(path, Choices(out=tmp_path / "out", target="https://127.0.0.1:1", locked=True))
    assert caught.value.code == "PLAN-050"
    lock.write(load_campaign(path))
    write(tmp_path, "CT-0.2-010")
    with pytest.raises(DmpcompatError) as caught:
        run_campaign(path, Choices(out=tmp_path / "out", target="https://127.0.0.1:1"))
    assert caught.value.code == "PLAN-051"
    assert not (tmp_path / "out").exists()


def test_a_damaged_lock_is_told(tmp_path: Path) -> None:
    loaded = campaign(tmp_path)
    lock.place_of(loaded.path).write_text("{}", encoding="utf-8")
    with pytest.raises(DmpcompatError) as caught:
        lock.honour(loaded)
    assert caught.value.code == "LOCK-001"


def test_each_case_has_its_sentence(tmp_path: Path) -> None:
    reason = {"fr": "non vendu", "en": "not sold"}
    loaded = campaign(
        tmp_path,
        "CT-0.2-010",
        "CT-2.1-150",
        "CT-0.1-010",
        options=[],
        not_applicable=[{"case": "CT-0.1-010", "reason": reason}],
    )
    found = scope(loaded, transactions.load())
    assert [sentence(one).en for one in found] == [
        "CT-0.2-010: played, since the campaign declares authentication: indirect; transaction: TD0.1, TD0.2.",
        "CT-2.1-150: outside the scope: option not declared: vaccination.",
        "CT-0.1-010: not applicable, says the campaign: not sold.",
    ]
    assert to_plain(found)["counts"] == {"included": 1, "excluded": 1, "not-applicable": 1}


def test_the_edition_of_the_guide_narrows_the_scope(tmp_path: Path) -> None:
    case = CASES["CT-0.2-010"] | {"requirements": ["EX_GEN-1070"]}
    path = write(tmp_path, guide="SEL-MP-037 2.7")
    (tmp_path / "plan.yaml").write_text(json.dumps({**PLAN, "cases": [case]}), encoding="utf-8")
    [one] = scope(load_campaign(path), transactions.load())
    assert one.state == "excluded"
    assert one.reason.en == "requirements not in SEL-MP-037 2.7: EX_GEN-1070"
