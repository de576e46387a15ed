"""The fixtures of pytest in the hands of another test-suite: one run of it, with tests that pass and that fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.testing import make_pki, served, session_of
from mock_dmp.server import MockServer
from protocol.errors import ToolError

pytest_plugins = ["pytester"]

_LPS = '''
import pytest

from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps


@pytest.fixture
def lps(dmp_session):
    """A software that asks for the rights on a patient."""
    dmp_session.declare("MINE-0001", "MINE", "1.0")
    identity = Keyring(dmp_session.mock.pki).identity("cps")

    def ask(*alter, patient=None):
        number = patient or dmp_session.patient(KEY)["ins"]["number"]
        message = build(
            "TD0.2", {"patient": KEY}, identity, Lps("MINE", "1.0", "MINE-0001"), clock=SystemClock(),
            ids=RandomIds(), alterations=alter,
        )
        return send(message, dmp_session.url, tls_of(identity)).response

    return ask


def test_right(lps, dmp_journal):
    assert lps().status == 200
    (frame,) = dmp_journal.assert_received("TD0.2", patient=KEY, count=1)
    assert frame.exchange.request.body
    dmp_journal.assert_not_received("TD2.1")
    dmp_journal.assert_accepted()
    assert any(one.status == "PASS" for one in dmp_journal.assert_conform("TD0.2", software="MINE"))


def test_sessions_are_apart(dmp_session, dmp_journal):
    assert dmp_journal.frames() == []
    assert dmp_session.services.startswith(dmp_session.url)


def test_clock_and_faults(lps, dmp_session):
    assert dmp_session.clock(set="2026-01-15T10:00:00Z", freeze=True)["frozen"] is True
    dmp_session.clock(set="real", release=True)
    dmp_session.arm("reset", {"transaction": "TD0.2"})
    assert lps() is None
    assert lps().status == 200


def test_nothing_came(dmp_journal):
    dmp_journal.assert_received("TD0.2")


def test_near_miss(lps, dmp_journal):
    lps()
    dmp_journal.assert_received("TD2.1", patient=KEY)


def test_breach(lps, dmp_journal):
    lps("ALTERATION")
    dmp_journal.assert_conform()


def test_refused(lps, dmp_journal):
    lps("ALTERATION")
    dmp_journal.assert_accepted()


def test_nothing_to_judge(dmp_journal):
    dmp_journal.assert_conform()


def test_unknown_transaction(dmp_journal):
    dmp_journal.assert_received("TD9.9")
'''


def test_a_suite_of_an_editor(pytester: pytest.Pytester, mock: MockServer, pki_folder: Path) -> None:
    key, wrong = "actif-autorise", "stale-vihf"
    pytester.makepyfile(test_lps=_LPS.replace("KEY", f'"{key}"').replace("ALTERATION", wrong))
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    result = pytester.runpytest_subprocess(
        *("-p", "pytest_dmpcompat", "-p", "no:cacheprovider", "-q"),
        *("--dmp-url", f"{mock.url}/", "--dmp-pki", str(pki_folder)),
    )
    said = result.stdout.str()
    result.assert_outcomes(passed=3, failed=6)
    for words in (
        "attendu TD0.2, reçu 0 fois",
        "Aucun appel dans la session",
        f"attendu TD2.1 / {key}, reçu 0 fois",
        "TD0.2 [",
        "HTTP 200",
        "écarts :",
        "la plateforme a refusé",
        "rien à juger",
        "TD-001",
    ):
        assert words in said, words


def test_a_mock_of_our_own(tmp_path: Path, pki_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cli.py").write_text("raise RuntimeError('the editor has a module of that name')")
    monkeypatch.chdir(tmp_path)
    with served(pki_folder, tmp_path) as own, session_of(own, "tests/test_x.py::test[a]", "en") as session:
        assert session.url.startswith(f"{own.url}/s/tests-test-x-py--test-a-")
        with pytest.raises(AssertionError, match="unknown patient: nobody"):
            session.patient("nobody")


def test_a_command_that_fails_tells_why(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(ToolError, match=r"TEST-001.*PKI"):
        make_pki(tmp_path / "mine")


def test_nothing_heavy_is_loaded_for_those_who_do_not_use_it() -> None:
    program = (
        "import sys, pytest_dmpcompat; "
        "print([name for name in ('lxml', 'requests', 'harness', 'pydantic', 'click') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
