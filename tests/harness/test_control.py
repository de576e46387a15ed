"""The client of the control API: what fails is an error of the tool, or a precondition that is not met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from harness.control import Control, ControlRefused, Platform, TlsFiles
from harness.drive.identity import Keyring
from harness.steps.api import Unmet
from mock_dmp.server import MockServer
from protocol import directory
from protocol.errors import ToolError


@pytest.fixture
def control(mock: MockServer, keyring: Keyring) -> Iterator[Control]:
    identity = keyring.identity("hopital")
    one = Control(mock.url, TlsFiles(identity.ca_file, identity.tls.certificate_file, identity.tls.key_file))
    yield one
    one.close()


def test_a_session_lives_and_dies(control: Control) -> None:
    control.create("one", {"HN-PROFILE": "refuse"})
    control.set("one", {"VIHF-FRESHNESS": "off"})
    control.number("one", "TEST-OK-1", "suspended")
    seeded = {key: len(one.documents) for key, one in directory.patients().items() if one.documents}
    assert Counter(document["patient"] for document in control.documents("one")) == seeded
    control.delete("one")
    with pytest.raises(ControlRefused) as caught:
        control.documents("one")
    assert caught.value.status == 404


def test_a_session_starts_again_and_keeps_its_exchanges(control: Control) -> None:
    assert not control.exists("again")
    control.create("again", {"VIHF-FRESHNESS": "off"})
    assert control.exists("again")
    control.arm("again", {"fault": "reset", "when": {"transaction": "TD0.2"}})
    second = control.arm("again", {"fault": "reset", "when": {"transaction": "TD2.1"}})
    control.disarm_one("again", int(second["id"]))
    assert [one["armed"] for one in control.faults("again")] == [True, False]
    _insi(control, "again")
    before = control.exchanges("again")
    control.restart("again")
    assert control.exchanges("again") == before and len(before) == 1
    assert control.faults("again") == []
    assert control.exchanges("again", after=int(before[0]["seq"])) == []
    assert control.last("again") == before[0]["seq"] and control.last("default") >= 0
    control.delete("again")


def _insi(control: Control, session: str) -> None:
    """One exchange, whatever it is."""
    control._http.get(control._base.partition("/control")[0] + f"/s/{session}/param-lps/", timeout=10)


def test_a_name_taken_and_a_setting_unknown_are_refused(control: Control) -> None:
    control.create("two", {})
    with pytest.raises(ControlRefused) as caught:
        control.create("two", {})
    assert caught.value.status == 409
    with pytest.raises(ControlRefused):
        control.set("two", {"NO-SUCH-RULE": "off"})
    control.delete("two")


def test_an_unknown_number_is_a_precondition_that_is_not_met_and_is_not_shown(control: Control) -> None:
    control.create("three", {})
    with pytest.raises(Unmet) as caught:
        control.number("three", "SECRET-4711", "revoked")
    assert "SECRET-4711" not in caught.value.message("fr")
    control.delete("three")


def test_nobody_there() -> None:
    control = Control("http://127.0.0.1:9", None)
    with pytest.raises(ToolError) as caught:
        control.create("x", {})
    assert caught.value.code == "CTRL-001"
    control.close()


def test_a_platform_without_control_is_not_prepared() -> None:
    with pytest.raises(Unmet):
        Platform("https://elsewhere").need()
