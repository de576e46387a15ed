"""Faults of the handshake strike the certificate or the address that they name, and no other session's traffic."""

from __future__ import annotations

import socket
import ssl
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.drive.identity import Keyring
from mock_dmp.faults import arming, plan
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from mock_dmp.state import faults, sessions
from mock_dmp.state.engine import Store
from protocol.errors import UsageError
from tests.conftest import Editor
from tests.mock_dmp.conftest import address
from tests.mock_dmp.faults.test_striking import exists, fingerprint, marks, seen

HERE, THERE = "127.0.0.1", "127.0.0.2"
elsewhere = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")


@pytest.fixture
def software(mock: MockServer, test_pki: PkiIndex) -> Iterator[Callable[[], Editor]]:
    """Editors, each in a session of its own; what they armed goes away with it."""
    made: list[Editor] = []

    def make() -> Editor:
        one = Editor(Keyring(test_pki.folder), mock.url, f"g-{uuid.uuid4().hex[:8]}")
        one.control.create(one.session, {})
        made.append(one)
        return one

    yield make
    for one in made:
        one.control.delete(one.session)
        one.control.close()


@pytest.fixture
def shown(mock: MockServer, client_context: Callable[..., ssl.SSLContext]) -> Callable[..., str]:
    """What a handshake from that address gives: the digest of the server's certificate, or the error."""

    def shake(source: str, certificate: str = "cps-auth") -> str:
        context = client_context(certificate)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(address(mock), timeout=10, source_address=(source, 0))
        try:
            with context.wrap_socket(raw) as secured:
                return str(hash(secured.getpeercert(binary_form=True)))
        except (ssl.SSLError, ConnectionError) as problem:
            return f"refused: {problem}"
        finally:
            raw.close()

    return shake


def arm(editor: Editor, fault: str, **given: Any) -> None:
    when = {"times": 0}
    editor.control.arm(editor.session, {"fault": fault, "with": given, "when": when})


def counted(editor: Editor) -> tuple[int, int]:
    [one] = editor.control.faults(editor.session)
    return one["calls"], one["hits"]


def test_a_named_certificate_leaves_the_others_alone(software: Callable[[], Editor]) -> None:
    one, other = software(), software()
    arm(one, "tls-refusal", certificate=fingerprint(one, "cps"))
    assert [seen(exists(other, actor="hopital")) for _ in range(3)] == ["answered"] * 3
    assert counted(one) == (0, 0)
    assert seen(exists(one)) == "refused-tls"
    assert counted(one) == (1, 1)
    assert marks(other) == [[], [], []]
    assert [line["outcome"] for line in other.control.exchanges(other.session)] == ["answered"] * 3


@elsewhere
def test_a_named_address_leaves_the_others_alone(
    software: Callable[[], Editor], shown: Callable[..., str]
) -> None:
    one, other = software(), software()
    arm(one, "tls-refusal", address=THERE)
    assert shown(THERE).startswith("refused")
    assert seen(exists(other)) == "answered"
    assert counted(one) == (1, 1)
    assert marks(other) == [[]]


@elsewhere
def test_a_bad_server_certificate_is_shown_to_its_address_only(
    software: Callable[[], Editor], shown: Callable[..., str]
) -> None:
    good = shown(HERE)
    one, other = software(), software()
    arm(one, "stale-certificate", address=THERE)
    assert shown(THERE) != good
    assert shown(HERE) == good
    assert seen(exists(other)) == "answered"
    assert counted(one) == (1, 1)
    assert marks(other) == [[]]


def test_a_certificate_bound_to_a_session_is_spared_by_the_others(software: Callable[[], Editor]) -> None:
    one, other = software(), software()
    other.control._call(
        "POST", f"/sessions/{other.session}/certificates", {"sha256": fingerprint(other, "cps")}
    )
    for given in ({"certificate": fingerprint(one, "cps")}, {"address": HERE}):
        arm(one, "tls-refusal", **given)
        assert seen(exists(other)) == "answered"
        assert counted(one) == (0, 0)
        one.control._call("POST", f"/sessions/{one.session}/reset")
    arm(other, "tls-refusal", certificate=fingerprint(other, "cps"))
    assert seen(exists(other)) == "refused-tls"


@pytest.mark.parametrize("kind", ["tls-refusal", "stale-certificate"])
def test_a_fault_that_names_nobody_is_refused(store: Store, kind: str) -> None:
    sessions.ensure_default(store)
    for act in (arming.start_with, lambda held, planned: arming.arm(held, "default", planned)):
        with pytest.raises(UsageError) as told:
            act(store, [plan.read({"fault": "reset"}), plan.read({"fault": kind})])
        assert told.value.code == "FLT-010"
        assert "address" in told.value.expected
        with store.read() as db:
            assert faults.listing(db, "default") == []
