"""Commands that make data: cards on demand, synthetic patients in number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cli
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from mock_dmp import pki
from mock_dmp.server import MockServer
from mock_dmp.state import patients, sessions
from mock_dmp.state.engine import Store
from protocol import directory


def run(*arguments: object) -> int:
    return cli.run_command([str(one) for one in arguments])


def test_cards_of_a_new_pki_and_added_to_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "pki"
    assert run("pki", "init", place, "--cards", "cps:dentiste", "--lang", "en") == 0
    assert f"27 certificates in {place}" in capsys.readouterr().out
    assert run("pki", "card", place, "dentiste", "org:ehpad", "--json") == 0
    assert json.loads(capsys.readouterr().out) == ["org-ehpad-auth", "org-ehpad-sign"]
    assert pki.load(place).entry("card-dentiste-sign").professional == "dentiste"


def test_a_wrong_name_makes_nothing(
    tmp_path: Path, pki_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("pki", "init", tmp_path / "pki", "--cards", "cps:personne") == 64
    assert "PKI-006" in capsys.readouterr().err
    assert not (tmp_path / "pki").exists()
    assert run("pki", "card", pki_folder, "automate", "--lang", "fr") == 64
    assert "certificat d'organisation" in capsys.readouterr().err
    assert run("pki", "card", tmp_path / "nowhere", "dentiste") == 65


def test_patients_into_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data", "patients", "--count", 3, "--seed", 7, "--out", tmp_path / "out", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"asked": 3, "added": 3, "seed": 7}
    assert (tmp_path / "out" / "patients-0001.yaml").read_text(encoding="utf-8").count('"key"') == 3


def test_patients_into_a_mock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert run("data", "patients", "--count", 20, "--into", data, "--lang", "fr") == 0
    assert "20 patients ajoutés sur 20" in capsys.readouterr().out
    assert run("data", "patients", "--count", 25, "--into", data, "--lang", "fr") == 0
    assert "5 patients ajoutés sur 25" in capsys.readouterr().out
    assert run("data", "patients", "--count", 1, "--into", data, "--session", "autre") == 64
    store = Store(data_dir=data)
    with store.read() as db:
        assert patients.by_key(db, sessions.DEFAULT, "g1-25") is not None
    store.close()


@pytest.mark.parametrize("where", [(), ("--out", "a", "--into", "b")])
def test_one_place_is_needed(where: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("data", "patients", "--count", 1, *where) == 64
    assert "GEN-003" in capsys.readouterr().err


def test_a_card_made_on_demand_opens_the_mock(tmp_path: Path) -> None:
    """From the command line to an answer over mutual TLS, in a direct call of a dentist."""
    place = tmp_path / "pki"
    assert run("pki", "init", place, "--cards", "cps:dentiste") == 0
    identity = Keyring(place).identity("cps:dentiste")
    lps = Lps("LPS-TEST", "1.0.0", directory.numbers()["TEST-OK-1"].value)
    message = build(
        "TD0.2", {"patient": "equipe-de-soins"}, identity, lps, clock=SystemClock(), ids=RandomIds()
    )
    with MockServer(pki_folder=place, data_dir=tmp_path / "data") as mock:
        exchange = send(message, mock.url, tls_of(identity))
    assert exchange.response is not None
    assert b'code="VALIDE"' in exchange.response.body
