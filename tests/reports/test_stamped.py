"""The time stamp of a run's own statement: made with it or later, and what of it a verification refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from commands.stamp import stamp as command
from protocol.errors import EvidenceError, ToolError, UsageError
from protocol.trust import load_trust, trust_document
from reports import stamped
from reports.issue import issue
from reports.paper.layout import available
from reports.verification.steps import stamped as steps
from reports.verify import Step, verify
from tests.reports.made import build_run

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

from reports.sealing import documents, stamping, testauthority
from reports.sealing.unit import Unit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DMPCOMPAT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = build_run(tmp_path / "run")
    assert issue(folder).unstamped is None
    return folder


def response(run: Path) -> Path:
    return run / "rapport" / stamped.FILE


def said(run: Path, **brought: Any) -> Step:
    found = verify(run, **brought).step("stamp")
    assert found is not None
    return found


def envelope(run: Path) -> bytes:
    return (run / "rapport" / stamped.STATEMENT).read_bytes()


def test_it_is_made_with_the_report_and_checked(run: Path) -> None:
    checked = verify(run)
    assert checked.exit_code == 0
    assert [one.name for one in checked.steps][-2:] == ["journal", "stamp"]
    told = said(run)
    at = stamping.verify(response(run).read_bytes(), envelope(run), documents.installation().roots)
    assert (told.outcome, told.detail.en) == ("OK", f"{at:%Y-%m-%d %H:%M:%S} UTC")


def test_a_report_without_one_says_how_to_have_one(run: Path) -> None:
    response(run).unlink()
    assert verify(run).exit_code == 2
    assert said(run).outcome == "SKIPPED"
    assert "dmpcompat stamp" in said(run).detail.en
    assert stamped.add(run / "rapport") is True
    assert verify(run).exit_code == 0
    before = response(run).read_bytes()
    assert stamped.add(run / "rapport") is False
    assert response(run).read_bytes() == before
    with pytest.raises(UsageError, match="ISSUE-006"):
        stamped.add(run)


def test_by_the_command(run: Path) -> None:
    response(run).unlink()
    for words in ("horodatée :", "déjà"):
        told = CliRunner().invoke(command, [str(run), "--lang", "fr"], catch_exceptions=False)
        assert words in told.output
    assert verify(run).exit_code == 0


def test_of_another_statement_or_authority_it_is_refused(run: Path, tmp_path: Path) -> None:
    other = build_run(tmp_path / "other", found="autre")
    issue(other)
    kept = response(run).read_bytes()
    shutil.copy(response(other), response(run))
    assert (said(run).outcome, "messageImprint" in said(run).detail.en) == ("KO", True)
    response(run).write_bytes(kept)
    testauthority.make(tmp_path / "x509")
    assert said(run, authority=tmp_path / "x509").outcome == "KO"
    response(run).write_bytes(documents.of_folder(tmp_path / "x509").stamper.stamp(envelope(run)))
    assert said(run, authority=tmp_path / "x509").outcome == "OK"
    assert said(run).outcome == "SKIPPED"  # whole, and of an authority that this installation does not know
    assert "--authority" in said(run).detail.fr
    data = bytearray(response(run).read_bytes())
    data[-1] ^= 1
    response(run).write_bytes(bytes(data))
    assert said(run).outcome == "KO"  # altered is never taken for unknown


def test_a_configuration_that_is_wrong_here_says_nothing_of_the_report(run: Path) -> None:
    (testauthority.folder() / documents.CONFIG).write_text("{", encoding="utf-8")
    assert (said(run).outcome, "SEAL-015" in said(run).detail.en) == ("SKIPPED", True)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"0\x80\0\0", bytes(300_000)], ids=["empty", "text", "open", "long"]
)
def test_what_is_no_stamp_is_refused(run: Path, data: bytes) -> None:
    response(run).write_bytes(data)
    assert said(run).outcome == "KO"


def test_a_stamp_covers_the_very_signature(run: Path) -> None:
    """Signed again, the same statement is another file: its stamp is worth nothing for it."""
    from protocol import dsse
    from reports.keys import installation_seal

    path = run / "rapport" / stamped.STATEMENT
    path.write_bytes(dsse.sign(dsse.read(path.read_bytes()).payload, [installation_seal()]))
    assert verify(run).step("signature").outcome == "OK"  # type: ignore[union-attr]
    assert said(run).outcome == "KO"


def test_a_unit_whose_key_was_stolen_proves_nothing(run: Path, tmp_path: Path) -> None:
    """What the folder of the authority revokes, for a run as for a bundle."""
    place = Path(shutil.copytree(testauthority.folder(), tmp_path / "x509"))
    root = x509.load_pem_x509_certificate((place / "authority.pem").read_bytes())
    unit = x509.load_pem_x509_certificate((place / "timestamp.pem").read_bytes())
    key = serialization.load_pem_private_key((place / "authority.key").read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    now = datetime.now(UTC)
    stolen = (
        x509.RevokedCertificateBuilder()
        .serial_number(unit.serial_number)
        .revocation_date(now)
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .build()
    )
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.subject)
        .last_update(now)
        .next_update(now + timedelta(days=9))
        .add_revoked_certificate(stolen)
        .sign(key, hashes.SHA256())
    )
    assert said(run, authority=place).outcome == "OK"
    (place / "authority.crl").write_bytes(listed.public_bytes(serialization.Encoding.DER))
    assert (said(run, authority=place).outcome, "revoked" in said(run, authority=place).detail.en) == (
        "KO",
        True,
    )


def stamped_at(run: Path, moment: datetime) -> None:
    folder = documents.installation()
    source = folder.stamper.source
    assert isinstance(source, Unit)
    token = stamping.Stamper(replace(source, at=moment), folder.roots).stamp(envelope(run))
    response(run).write_bytes(token)


def test_the_key_must_have_been_in_force(run: Path, home: Path, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    (key,) = load_trust(home / "keys" / "trust.json").values()
    ended = tmp_path / "trust.json"
    ended.write_bytes(trust_document([replace(key, not_after=now + timedelta(hours=1))]))
    stamped_at(run, now + timedelta(minutes=30))
    assert said(run, trust=ended).outcome == "OK"
    stamped_at(run, now + timedelta(hours=2))
    assert (said(run, trust=ended).outcome, "VERIFY-018" in said(run, trust=ended).detail.en) == ("KO", True)
    assert said(run).outcome == "OK"  # whose trust file knows no end


def test_it_can_t_be_older_than_what_it_covers(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for what two clocks may differ; a report that is stamped before its date was postdated."""
    stamped_at(run, datetime.now(UTC) - timedelta(minutes=4))
    assert said(run).outcome == "OK"
    monkeypatch.setattr(steps, "SKEW", timedelta(minutes=1))
    assert (said(run).outcome, "VERIFY-019" in said(run).detail.en) == ("KO", True)


def test_without_the_key_its_dates_are_not_known(run: Path, home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "x509", tmp_path / "x509")
    shutil.rmtree(home)
    told = said(run, authority=tmp_path / "x509")
    assert (told.outcome, "--trust" in told.detail.en) == ("SKIPPED", True)
    assert said(run).outcome == "SKIPPED"
    assert "--authority" in said(run).detail.en
    assert not home.exists()  # a verification makes no authority


Failure = Callable[[pytest.MonkeyPatch], None]


def _unreachable(patch: pytest.MonkeyPatch) -> None:
    place = testauthority.folder() / documents.CONFIG
    told = {"stamps": {"provider": "service", "url": "http://127.0.0.1:1/", "timeout": 1}}
    place.write_text(json.dumps(told), encoding="utf-8")
    del patch


def _misconfigured(patch: pytest.MonkeyPatch) -> None:
    (testauthority.folder() / documents.CONFIG).write_text("{", encoding="utf-8")
    del patch


def _other_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stamped, "SKEW", timedelta(seconds=-1))


@pytest.mark.parametrize(
    ("failure", "code"),
    [(_unreachable, "STAMP-002"), (_misconfigured, "SEAL-015"), (_other_hour, "STAMP-004")],
    ids=["nobody answers", "misconfigured", "another hour"],
)
def test_a_run_loses_no_report_for_want_of_a_stamp(
    tmp_path: Path, failure: Failure, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = build_run(tmp_path / "run")
    with monkeypatch.context() as patch:
        failure(patch)
        issued = issue(folder)
        assert issued.unstamped is not None
        assert issued.unstamped.code == code
        with pytest.raises(type(issued.unstamped), match=code):
            stamped.add(folder / "rapport")
    assert not response(folder).exists()
    assert {one.name[0] for one in folder.iterdir()} & {"."} == set()  # nothing half-written beside
    (testauthority.folder() / documents.CONFIG).unlink(missing_ok=True)
    assert stamped.add(folder / "rapport") is True
    assert verify(folder).exit_code == 0


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    folder = build_run(tmp_path / "run")
    issue(folder)
    kept = response(folder).read_bytes()
    for name in [name for name in sys.modules if name.startswith("reports.sealing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    assert "`sign`" in said(folder).detail.en
    response(folder).unlink()
    with pytest.raises(UsageError, match="STAMP-005"):
        stamped.add(folder / "rapport")
    other = build_run(tmp_path / "other")
    assert issue(other).unstamped is None
    assert not response(other).exists()
    monkeypatch.undo()
    with pytest.raises((EvidenceError, ToolError)):
        stamping.verify(kept, b"x", [])
