"""Preflight: what is wrong is named, and only what is wrong is red."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import Campaign, load_campaign
from harness.masking import Masker
from harness.preflight import Item, preflight, red
from mock_dmp.server import MockServer
from protocol.facts import is_production_host

Make = Callable[..., Campaign]


@pytest.fixture
def make(
    small_campaign: dict[str, Any], small_plan: dict[str, Any], write_campaign: Callable[..., Path]
) -> Make:
    def build(url: str, pki: Path | None, actor: str = "cps") -> Campaign:
        small_plan["cases"][0]["steps"][0]["as"] = actor
        return load_campaign(write_campaign(small_campaign, small_plan), environ={}).at(url=url, pki=pki)

    return build


def look(campaign: Campaign) -> tuple[Item, ...]:
    return preflight(campaign, campaign.plan.plan.cases, Masker(campaign.number))


def bad(items: tuple[Item, ...]) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in items if item.state == "KO"}


@pytest.mark.parametrize("actor", ["cps", "hopital", "cpe", "air"])
def test_everything_is_right(make: Make, mock: MockServer, pki_folder: Path, actor: str) -> None:
    items = look(make(mock.url, pki_folder, actor))
    assert not red(items), bad(items)
    codes = {item.code for item in items if item.state == "OK"}
    assert {
        "PRE-TARGET",
        "PRE-CERT-DATES",
        "PRE-CERT-KIND",
        "PRE-REACH",
        "PRE-HANDSHAKE",
        "PRE-CLOCK",
    } <= codes


@pytest.mark.parametrize(
    ("victim", "source", "code"),
    [
        ("org-auth-cli", "expired-org-auth-cli", "PRE-CERT-DATES"),
        ("org-sign", "other-ca-org-sign", "PRE-CERT-CHAIN"),
        ("org-sign", "org-auth-cli", "PRE-CERT-KIND"),
        ("org-auth-cli", "org-sign", "PRE-CERT-KIND"),
        ("org-auth-cli", "cps-auth", "PRE-CERT-OWNER"),
    ],
)
def test_a_wrong_certificate_is_named(
    make: Make, pki_folder: Path, tmp_path: Path, victim: str, source: str, code: str
) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    for suffix in ("pem", "key"):
        shutil.copyfile(folder / f"{source}.{suffix}", folder / f"{victim}.{suffix}")
    found = bad(look(make("https://127.0.0.1:9", folder, "hopital")))
    assert (code, victim) in found


def test_a_key_of_another_certificate(make: Make, pki_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    shutil.copyfile(folder / "cps-sign.key", folder / "org-sign.key")
    assert ("PRE-CERT-KEY", "org-sign") in bad(look(make("https://127.0.0.1:9", folder, "hopital")))


def test_an_unreadable_file(make: Make, pki_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    (folder / "org-sign.pem").write_text("not a certificate")
    assert ("PRE-PKI", "hopital") in bad(look(make("https://127.0.0.1:9", folder, "hopital")))


def test_no_folder_and_no_address(make: Make) -> None:
    assert {code for code, _ in bad(look(make("", None)))} == {"PRE-TARGET", "PRE-PKI"}


def test_nobody_there(make: Make, pki_folder: Path, mock: MockServer) -> None:
    closed = mock.url.rpartition(":")[0] + ":9"
    items = look(make(closed, pki_folder))
    assert [item.code for item in items if item.state == "KO"] == ["PRE-REACH"]
    assert "dmpcompat serve" in next(item for item in items if item.state == "KO").mend.fr


def test_a_platform_of_another_authority(
    make: Make, mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pki"
    shutil.copytree(pki_folder, folder)
    shutil.copyfile(folder / "other-ca.pem", folder / "ca.pem")
    items = look(make(mock.url, folder))
    assert "PRE-CERT-CHAIN" in {item.code for item in items if item.state == "KO"}


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("lps2.dmp.gouv.fr", True),
        ("DMP.GOUV.FR.", True),
        ("dmp.gouv.fr.example.org", False),
        ("127.0.0.1", False),
        ("notdmp.gouv.fr", False),
    ],
)
def test_production_hosts(host: str, refused: bool) -> None:
    assert is_production_host(host) is refused


def test_production_is_refused_without_a_connection(make: Make, pki_folder: Path) -> None:
    items = look(make("https://lps2.dmp.gouv.fr", pki_folder))
    assert "PRE-PRODUCTION" in {item.code for item in items if item.state == "KO"}
    assert not {item.code for item in items} & {"PRE-REACH", "PRE-HANDSHAKE"}


def test_items_are_plain_json(make: Make) -> None:
    plain = look(make("", None))[0].to_plain()
    assert plain["text"]["fr"]
    assert plain["state"] == "KO"
