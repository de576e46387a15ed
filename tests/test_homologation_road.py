"""The road of an agency, by its commands alone: a campaign, a number on the public list, a refusal after withdrawal."""

from __future__ import annotations

import copy
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
from mock_dmp.acceptance.official import Official
from mock_dmp.server import MockServer
from protocol import facts
from reports.issue import issue
from reports.paper.layout import available
from tests.selfplay import CASES, campaign
from tests.software import answer_of


@pytest.fixture
def lodged(mock: MockServer, pki_folder: Path, tmp_path: Path) -> Path:
    """A conform run of one case with its signed report, by a software that says its name."""
    case = copy.deepcopy(CASES["CT-0.2-010"])
    campaign(tmp_path, [case], mock, pki_folder)
    issue(tmp_path / "out")
    return tmp_path / "out"


class Office:
    """The agency's hands: every act is a command."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def act(self, *words: str, who: str = "", code: int = 0) -> None:
        given = ["homologate", *words, "--register", str(self.place), "--reason", "test"]
        assert cli.run_command([*given, *(["--as", who] if who else [])]) == code, words

    def told(self, *words: str) -> None:
        assert cli.run_command([*words, "--register", str(self.place)]) == 0, words


def test_from_a_campaign_to_a_number_to_a_refusal(
    lodged: Path, pki_folder: Path, keyring: Keyring, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office(tmp_path / "registre")
    assert cli.run_command(["register", "init", str(office.place)]) == 0
    for name, role in (("editeur", "editor"), ("relectrice", "reviewer"), ("relecteur", "reviewer")):
        office.told("homologate", "person", name, "--role", role)
    (tmp_path / "convention.pdf").write_bytes(b"%PDF-1.7 convention")
    office.act("open", "lps-test", str(tmp_path / "campagne.yaml"), who="editeur")
    office.act("move", "lps-test", "declare", who="editeur")
    office.act("move", "lps-test", "send-convention")
    office.act("move", "lps-test", "sign-convention", code=64)  # the piece is missing
    office.act("submit", "lps-test", str(tmp_path / "convention.pdf"), "--what", "convention", who="editeur")
    office.act("move", "lps-test", "sign-convention")
    office.act("move", "lps-test", "open-sandbox")
    office.act("submit", "lps-test", str(lodged), "--what", "results", who="editeur")
    office.act("submit", "lps-test", str(tmp_path / "convention.pdf"), "--what", "attestation", who="editeur")
    office.act("move", "lps-test", "attest", who="editeur")
    office.act("move", "lps-test", "open-tests")
    office.act("submit", "lps-test", str(lodged), who="editeur", code=1)  # our own driver is no software
    office.act("submit", "lps-test", str(lodged), "--test-driver", who="editeur")
    office.act("move", "lps-test", "lodge", who="editeur")
    office.act("move", "lps-test", "examine", who="relectrice")
    office.act("review", "lps-test", "--case", "CT-0.2-010", "--verdict", "PASS", who="relectrice")
    office.act("issue", "lps-test", code=64)  # nobody approved
    office.act("review", "lps-test", "--approve", who="relectrice")
    office.act("review", "lps-test", "--approve", who="relecteur")
    office.act("issue", "lps-test", "--number-file", str(tmp_path / "numero.txt"))
    number = (tmp_path / "numero.txt").read_text().split()[0]
    if available() is None:
        office.told("homologate", "attestation", "lps-test", str(tmp_path / "attestation.pdf"))
        assert number.encode() not in (tmp_path / "attestation.pdf").read_bytes()
    public = tmp_path / "public"
    office.told("register", "export", str(public))
    office.told("register", "tag-key", str(tmp_path / "numeros.key"))
    listed = json.loads((public / "list.json").read_text())["homologations"]
    assert [(row["software"], row["state"]) for row in listed] == [("LPS-TEST", "ACTIVE")]
    assert not any(number.encode() in path.read_bytes() for path in public.rglob("*") if path.is_file())
    official = Official.open(public / "status.json", public / "trust.json", tmp_path / "numeros.key")
    with MockServer(pki_folder=pki_folder, data_dir=tmp_path / "mock-data", official=official) as platform:
        assert asked(platform, keyring, number) == "AA"
        office.act("withdraw", "lps-test")
        office.told("register", "export", str(public))
        assert "HomologationRevoked" in asked(platform, keyring, number)
    office.told("register", "audit")
    key = (public / "log" / "key.txt").read_text().strip()
    assert cli.run_command(["register", "audit", str(public / "log"), "--key", key]) == 0
    capsys.readouterr()
    assert (
        cli.run_command(["homologate", "status", "lps-test", "--register", str(office.place), "--json"]) == 0
    )
    told = capsys.readouterr().out
    assert json.loads(told)["state"] == "RETIRE"
    assert number not in told


def asked(platform: MockServer, keyring: Keyring, number: str) -> str:
    """TD0.2 under the number: AA, or the code of the refusal."""
    identity, lps = keyring.identity("cps"), Lps("LPS-TEST", "1.0.0", number)
    message = build(
        "TD0.2", {"patient": "actif-autorise"}, identity, lps, clock=SystemClock(), ids=RandomIds()
    )
    with answer_of(send(message, platform.url, tls_of(identity))) as body:
        found = body.xpath("//soap:Subcode/soap:Value/text()", namespaces=facts.NS) or body.xpath(
            "//hl7:acknowledgement/@typeCode | //hl7:acknowledgement/hl7:typeCode/@code", namespaces=facts.NS
        )
        return str(found[0])
