"""Campaign files: mistakes coded and placed, references resolved, the plan pinned by its digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import load_campaign
from harness.problems import InvalidFile
from protocol.datafolders import folder
from protocol.errors import PlanError, UsageError

WriteCampaign = Callable[..., Path]


def codes(path: Path, environ: dict[str, str] | None = None) -> dict[str, PlanError]:
    with pytest.raises(InvalidFile) as caught:
        load_campaign(path, environ=environ or {})
    return {problem.code: problem for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("change", "code", "guess"),
    [
        ({"profils": ["consultation"]}, "CAMP-002", "profiles"),
        ({"profiles": ["alimentatio"]}, "CAMP-012", "alimentation"),
        ({"transactions": ["TD02"]}, "CAMP-010", "TD0.2"),
        ({"authentication": ["card"]}, "CAMP-004", ""),
        ({"authentication": []}, "CAMP-004", ""),
        ({"target": {"url": "ftp://localhost"}}, "CAMP-020", ""),
        ({"target": {"url": "https://localhost:99999"}}, "CAMP-020", ""),
        ({"target": {"url": "https://[::1"}}, "CAMP-020", ""),
        ({"target": {"url": "https://"}}, "CAMP-020", ""),
        ({"plan": {"file": "dmp-socl.yaml"}}, "CAMP-030", "dmp-socle.yaml"),
        ({"plan": {"file": "plan.yaml", "sha256": "0" * 64}}, "CAMP-031", ""),
        (
            {"not_applicable": [{"case": "CT-0.2-01", "reason": {"fr": "a", "en": "b"}}]},
            "CAMP-032",
            "CT-0.2-010",
        ),
        ({"lang": "de"}, "CAMP-004", ""),
    ],
)
def test_mistakes(
    change: dict[str, Any],
    code: str,
    guess: str,
    small_campaign: dict[str, Any],
    write_campaign: WriteCampaign,
) -> None:
    path = write_campaign(small_campaign | change)
    found = codes(path)
    assert code in found, found
    assert found[code].field.startswith(f"{path}:")
    assert guess in found[code].mend.fr


def test_the_number_may_come_from_the_environment(
    small_campaign: dict[str, Any], write_campaign: WriteCampaign
) -> None:
    small_campaign["software"]["number"] = "env:LPS_NUMBER"
    path = write_campaign(small_campaign)
    assert load_campaign(path, environ={"LPS_NUMBER": "SECRET-000001"}).number == "SECRET-000001"
    assert "CAMP-021" in codes(path)
    assert "CAMP-022" in codes(path, {"LPS_NUMBER": "abc"})


def test_the_number_is_not_in_the_representation(
    small_campaign: dict[str, Any], write_campaign: WriteCampaign
) -> None:
    small_campaign["software"]["number"] = "env:LPS_NUMBER"
    campaign = load_campaign(write_campaign(small_campaign), environ={"LPS_NUMBER": "SECRET-000001"})
    assert "SECRET-000001" not in repr(campaign)


def test_a_pinned_plan_is_accepted(small_campaign: dict[str, Any], write_campaign: WriteCampaign) -> None:
    digest = load_campaign(write_campaign(small_campaign), environ={}).plan.sha256
    small_campaign["plan"]["sha256"] = digest
    assert load_campaign(write_campaign(small_campaign), environ={}).plan.sha256 == digest


def test_mistakes_of_the_plan_are_told_with_its_own_codes(
    small_campaign: dict[str, Any], small_plan: dict[str, Any], write_campaign: WriteCampaign
) -> None:
    small_plan["cases"][0]["steps"][0]["patient"] = "nobody"
    assert "PLAN-013" in codes(write_campaign(small_campaign, small_plan))


def test_patients_of_the_campaign_are_known_to_its_plan(
    small_campaign: dict[str, Any], small_plan: dict[str, Any], write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    shipped = (folder("datasets") / "patients" / "30-identites.yaml").read_text(encoding="utf-8")
    (tmp_path / "patients.yaml").write_text(shipped.replace("key: corse-nord", "key: mien"), encoding="utf-8")
    small_plan["cases"][0]["steps"][0]["patient"] = "mien"
    small_campaign["datasets"] = ["patients.yaml"]
    campaign = load_campaign(write_campaign(small_campaign, small_plan), environ={})
    assert campaign.patients["mien"].ins.number.startswith(("1", "2"))


def test_aimed_elsewhere(
    small_campaign: dict[str, Any], write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    campaign = load_campaign(write_campaign(small_campaign), environ={})
    assert campaign.host == ""
    moved = campaign.at(url="https://LOCALHOST:1234", pki=tmp_path)
    assert (moved.host, moved.pki) == ("localhost", tmp_path)


def test_the_demonstration_campaign_is_right() -> None:
    campaign = load_campaign(folder("test_plans") / "campagne-demo.yaml", environ={})
    assert campaign.file.software.name == "LPS-TEST"
    assert campaign.number == "TEST-OK-1"


@pytest.mark.parametrize("url", ["localhost:8443", "https://localhost:99999", "https://[::1", "file:///etc"])
def test_an_address_of_the_command_line_is_checked_too(
    url: str, small_plan: dict[str, Any], small_campaign: dict[str, Any], write_campaign: WriteCampaign
) -> None:
    with pytest.raises(UsageError) as caught:
        load_campaign(write_campaign(small_campaign, small_plan)).at(url=url)
    assert caught.value.code == "RUN-006"
