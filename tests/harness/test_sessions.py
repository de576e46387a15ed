"""The session of a case: a name of its own, or one per seed that replaces what an interrupted run left."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.campaign import load_campaign
from harness.control import Control, ControlRefused, TlsFiles
from harness.drive.clock import SetClock, SystemClock
from harness.drive.identity import Keyring
from harness.sessions import open_session, session_name
from mock_dmp.server import MockServer
from protocol.datafolders import folder


def test_names() -> None:
    assert session_name("CT-2.1-010", None) != session_name("CT-2.1-010", None)
    assert session_name("CT-2.1-010", 7) == session_name("CT-2.1-010", 7) != session_name("CT-2.1-010", 8)
    assert session_name("CT-2.1-010", 7).startswith("ct-2-1-010-")


def test_a_seeded_session_takes_the_place_of_the_one_that_was_left(
    mock: MockServer, keyring: Keyring
) -> None:
    pair = keyring.identity("hopital")
    control = Control(mock.url, TlsFiles(pair.ca_file, pair.tls.certificate_file, pair.tls.key_file))
    campaign = load_campaign(folder("test_plans") / "campagne-demo.yaml")
    at = SetClock(datetime(2026, 6, 1, tzinfo=UTC))
    try:
        open_session(control, "left", campaign, SystemClock(), None)
        with pytest.raises(ControlRefused, match="SES-002"):
            open_session(control, "left", campaign, SystemClock(), None)
        open_session(control, "left", campaign, at, 7)
        assert control.clock("left", {"move": 0})["now"] == "2026-06-01T00:00:00.000Z"
    finally:
        control.close()
