"""The session of a case: a name of its own, or one per seed that replaces what an interrupted run left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.campaign import load_campaign
from harness.control import Control, ControlRefused, TlsFiles
from harness.drive.clock import SetClock, SystemClock
from harness.drive.identity import Keyring
from harness.sessions import number_key, open_session, session_name
from harness.statuslists import StatusListSeed, given
from harness.steps.api import Unmet
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


def test_the_number_of_a_campaign_is_bent_by_its_key(mock: MockServer, keyring: Keyring) -> None:
    """Its own number is not told in an address; a test number is its own key."""
    pair = keyring.identity("hopital")
    control = Control(mock.url, TlsFiles(pair.ca_file, pair.tls.certificate_file, pair.tls.key_file))
    shipped = load_campaign(folder("test_plans") / "campagne-demo.yaml")
    own = replace(shipped, number="SECRET-2026-1")
    assert (number_key(shipped), number_key(own)) == ("TEST-OK-1", "campagne")
    try:
        open_session(control, "own", own, SystemClock(), 7)
        control.number("own", number_key(own), "suspended")
        with pytest.raises(Unmet, match="STEP-014"):
            control.number("own", "SECRET-2026-1", "suspended")
        body, told = given(StatusListSeed(state="notice"), own, control.moment("own"))
        control.status_list("own", body)
        assert told["state"] == "notice"
        control.forget_status_list("own")
        control.forget_status_list("own")  # none is there: nothing to do
        with pytest.raises(Unmet, match="STEP-015"):
            control.status_list("nobody", body)
    finally:
        control.close()
