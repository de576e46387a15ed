"""The road of an agency, by its commands alone: a campaign, a number on the public list, a refusal after withdrawal."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import shutil
import zipfile
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
    lodged: Path,
    pki_folder: Path,
    keyring: Keyring,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
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
    forged(lodged, tmp_path / "retouché")
    office.act("submit", "lps-test", str(tmp_path / "retouché"), "--test-driver", who="editeur", code=1)
    assert (
        "CT-0.2-010" in capsys.readouterr().err
    )  # the frames give another verdict than the one that was signed
    office.act("submit", "lps-test", str(lodged), "--test-driver", who="editeur")
    office.act("move", "lps-test", "lodge", who="editeur")
    office.act("move", "lps-test", "examine", who="relectrice")
    office.act("review", "lps-test", "--case", "CT-0.2-010", "--verdict", "PASS", who="relectrice")
    office.act("issue", "lps-test", code=64)  # nobody approved
    office.act("review", "lps-test", "--approve", who="relectrice")
    office.act("review", "lps-test", "--approve", who="relecteur")
    office.act("issue", "lps-test", "--number-file", str(tmp_path / "numero.txt"))
    number, proof = (tmp_path / "numero.txt").read_text().split()
    office.act(
        "issue", "lps-test", "--number-file", str(tmp_path / "numero.txt"), code=64
    )  # told once, kept once
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
    office.told("homologate", "bundle", "lps-test", str(tmp_path / "avant.dmpbundle"))
    asked_for = ["--trust", str(public / "trust.json"), "--status", str(public / "status.json")]
    capsys.readouterr()
    code = cli.run_command(["verify", str(tmp_path / "avant.dmpbundle"), *asked_for, "--json"])
    steps = json.loads(capsys.readouterr().out)["steps"]
    wrong = [(one["number"], one["detail"]["en"]) for one in steps if one["outcome"] == "KO"]
    assert (code, wrong) == (2, [])  # what an authority publishes is enough to believe it
    with MockServer(pki_folder=pki_folder, data_dir=tmp_path / "mock-data", official=official) as platform:
        assert asked(platform, keyring, number) == "AA"
        office.act("withdraw", "lps-test")
        office.told("register", "export", str(public))
        assert "HomologationRevoked" in asked(platform, keyring, number)
    office.told("register", "audit")
    key = (public / "log" / "key.txt").read_text().strip()
    assert cli.run_command(["register", "audit", str(public / "log"), "--key", key]) == 0
    looked_at_in_every_way(office, lodged, tmp_path)
    said = "".join(capsys.readouterr())
    assert (
        cli.run_command(["homologate", "status", "lps-test", "--register", str(office.place), "--json"]) == 0
    )
    told = capsys.readouterr().out
    assert json.loads(told)["state"] == "RETIRE"
    for secret in (number, proof):
        assert secret not in told + said + caplog.text
        assert places_of(secret, tmp_path) == []


def forged(run: Path, place: Path) -> None:
    """A vendor's own run: other frames under the same verdicts, sealed and signed again with its own key."""
    shutil.copytree(run, place)
    shutil.rmtree(place / "rapport")
    evidence = place / "preuves"
    frame = evidence / "CT-0.2-010" / "01_requete.xml"
    frame.write_bytes(frame.read_bytes().replace(b"TEST_EXST", b"TEST_ZZZZ"))
    manifest = evidence / "manifest-sha256.txt"
    names = [line.partition("  ")[2] for line in manifest.read_text().splitlines()]
    digests = [hashlib.sha256((evidence / name).read_bytes()).hexdigest() for name in names]
    manifest.write_text("".join(f"{digest}  {name}\n" for digest, name in zip(digests, names, strict=True)))
    issue(place)


def looked_at_in_every_way(office: Office, run: Path, tmp_path: Path) -> None:
    """All that shows or packs a homologation, right and wrong."""
    paths = {
        name: str(tmp_path / name) for name in ("h.dmpbundle", "sauvegarde.zip", "numero.txt", "faux.txt")
    }
    office.told("homologate", "bundle", "lps-test", paths["h.dmpbundle"])
    (tmp_path / "faux.txt").write_text(f"TST-00000000\n{'00' * 32}\n")
    trust, status = str(tmp_path / "public" / "trust.json"), str(tmp_path / "public" / "status.json")
    for secret, code in (("numero.txt", 1), ("faux.txt", 1)):  # withdrawn: step 9 says so
        for form in ([], ["--json"]):
            asked = ["--trust", trust, "--status", status, "--number-file", paths[secret], *form]
            assert cli.run_command(["verify", paths["h.dmpbundle"], "--evidence", str(run), *asked]) == code
    for words in (["register", "list"], ["register", "list", "--json"], ["homologate", "status", "lps-test"]):
        office.told(*words)
    office.told("register", "backup", paths["sauvegarde.zip"])
    # A secret goes into a new file of its owner's, and a name leads nowhere else.
    taken = ["register", "tag-key", paths["faux.txt"], "--register", str(office.place)]
    assert cli.run_command(taken) == 64
    assert (tmp_path / "numeros.key").stat().st_mode & 0o077 == 0
    office.act("open", "../../ailleurs", str(tmp_path / "campagne.yaml"), code=64)
    assert not (tmp_path / "ailleurs").exists()
    (tmp_path / "faux.txt").write_text("illisible")
    assert cli.run_command(["verify", paths["h.dmpbundle"], "--number-file", paths["faux.txt"]]) == 64


def places_of(secret: str, folder: Path) -> list[str]:
    """Files that hold a secret, as it is or packed, save the one that it was written to."""
    forms = (secret.encode(), secret.encode("utf-16-le"), base64.b64encode(secret.encode())[:-4])
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in ("numero.txt", "mock.db"):
            continue  # a platform keeps what it received, in a folder of its owner's
        data = [path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                data += [archive.read(name) for name in archive.namelist()]
        if any(form in one for form in forms for one in data):
            found.append(path.relative_to(folder).as_posix())
    return found


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
