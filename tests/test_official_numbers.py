"""From the register to the entry of a platform: a number is accepted, suspended, given back, withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import cli
from harness.control import Control, TlsFiles
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SetClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from mock_dmp.acceptance.official import Official
from mock_dmp.server import MockServer
from protocol import facts
from protocol.errors import ConfigError
from protocol.trust import stamp
from reports.register.numbering import WireNumber
from reports.register.opening import Configuration, Office, init, open_office
from tests.reports.register.drafts import draft, issue
from tests.software import answer_of

Ask = Callable[..., str]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    init(tmp_path / "registre", Configuration())
    made = open_office(tmp_path / "registre")
    yield made
    made.close()


@pytest.fixture
def number(office: Office) -> WireNumber:
    reference = office.numbering.reserve("L")
    given = office.numbering.give(reference)
    office.register.append([issue(reference, given.commitment)])
    return given


def published(tmp_path: Path) -> Path:
    """What the authority publishes, by its command."""
    place, out = str(tmp_path / "registre"), tmp_path / "public"
    assert cli.run_command(["register", "export", str(out), "--register", place]) == 0
    if not (tmp_path / "numbers.key").exists():
        assert (
            cli.run_command(["register", "tag-key", str(tmp_path / "numbers.key"), "--register", place]) == 0
        )
    return out


@pytest.fixture
def mock(office: Office, number: WireNumber, pki_folder: Path, tmp_path: Path) -> Iterator[MockServer]:
    out = published(tmp_path)
    official = Official.open(out / "status.json", out / "trust.json", tmp_path / "numbers.key")
    with MockServer(pki_folder=pki_folder, data_dir=tmp_path / "mock", official=official) as server:
        yield server


@pytest.fixture
def ask(mock: MockServer, keyring: Keyring, number: WireNumber) -> Ask:
    """TD0.2 under the number: AA, or the code of the refusal."""

    def asked(
        wire: str = number.number, session: str = "", at: datetime | None = None, name: str = "LPS-TEST"
    ) -> str:
        identity = keyring.identity("cps")
        message = build(
            "TD0.2",
            {"patient": "actif-autorise"},
            identity,
            Lps(name, "1.0.0", wire),
            clock=SetClock(at or datetime.now(UTC)),
            ids=RandomIds(),
        )
        url = mock.url + (f"/s/{session}" if session else "")
        with answer_of(send(message, url, tls_of(identity))) as body:
            told = body.xpath("//soap:Subcode/soap:Value/text()", namespaces=facts.NS) or body.xpath(
                "//hl7:acknowledgement/@typeCode | //hl7:acknowledgement/hl7:typeCode/@code",
                namespaces=facts.NS,
            )
            return str(told[0])

    return asked


def test_the_entry_follows_the_register(ask: Ask, office: Office, number: WireNumber, tmp_path: Path) -> None:
    assert ask() == "AA"
    assert "HomologationUnknown" in ask("TST-00000000")
    assert "HomologationOtherFamily" in ask(name="AUTRE-LPS")
    assert ask("TEST-OK-1") == "AA"  # the session's own numbers are still known
    office.register.append([draft("SUSPEND", number.reference, "faille")])
    assert ask() == "AA"  # not published yet
    published(tmp_path)
    assert "HomologationSuspended" in ask()
    office.register.append([draft("REINSTATE", number.reference, "corrigée")])
    published(tmp_path)
    assert ask() == "AA"


def test_a_deferred_withdrawal_is_enforced_at_the_clock_of_the_session(
    ask: Ask, office: Office, number: WireNumber, mock: MockServer, pki_folder: Path, tmp_path: Path
) -> None:
    day = (datetime.now(UTC) + timedelta(days=5)).replace(microsecond=0)
    office.register.append([draft("WITHDRAW", number.reference, "fin de service", effectiveAt=stamp(day))])
    published(tmp_path)
    assert ask() == "AA"
    files = TlsFiles(pki_folder / "ca.pem", pki_folder / "org-auth-cli.pem", pki_folder / "org-auth-cli.key")
    control = Control(mock.url, files)
    control.create("plus-tard", {})
    before, after = day - timedelta(minutes=1), day + timedelta(minutes=1)
    control.clock("plus-tard", {"set": before.isoformat()})
    assert ask(session="plus-tard", at=before) == "AA"
    control.clock("plus-tard", {"set": after.isoformat()})
    assert "HomologationRevoked" in ask(session="plus-tard", at=after)
    # The list promised its successor long before that day: said, and a session may refuse it.
    lines = control.exchanges("plus-tard")
    assert [warning["rule"] for warning in lines[-2]["warnings"]] == ["HN-STALE"]
    control.set("plus-tard", {"HN-STALE": "refuse"})
    control.clock("plus-tard", {"set": before.isoformat()})
    assert "HomologationStale" in ask(session="plus-tard", at=before)
    control.close()


def test_a_damaged_list_changes_nothing(ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert ask() == "AA"
    (tmp_path / "public" / "status.json").write_text("{", encoding="utf-8")
    assert ask() == "AA"
    assert "STATUS-010" in caplog.text


def test_a_list_that_cannot_be_used_is_refused_at_the_start(mock: MockServer, tmp_path: Path) -> None:
    out, key = tmp_path / "public", tmp_path / "numbers.key"
    (tmp_path / "no.key").write_text("zz")
    for wrong in (
        (out / "list.json", out / "trust.json", key),
        (out / "status.json", out / "list.json", key),
    ):
        with pytest.raises(ConfigError, match="STATUS-010"):
            Official.open(*wrong)
    with pytest.raises(ConfigError, match="STATUS-010"):
        Official.open(out / "status.json", out / "trust.json", tmp_path / "no.key")
    assert cli.run_command(["serve", "--status", str(out / "status.json")]) == 64
