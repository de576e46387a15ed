"""Faults over the wire: counted in their session and nowhere else, kept across a restart, gone on reset."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.checks.judged import Declared, Judged
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.feeding import Fed, Feeder
from harness.reception import reception
from mock_dmp.faults import api
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from protocol import directory, transactions
from tests.conftest import Answer, Editor

PATIENT = directory.patients()["recherche"]
OTHER = directory.patients()["actif-autorise"]


@pytest.fixture(scope="module")
def keys(test_pki: PkiIndex) -> Keyring:
    return Keyring(test_pki.folder)


@pytest.fixture
def software(mock: MockServer, keys: Keyring) -> Iterator[Callable[[], Editor]]:
    """Editors, each in a session of its own."""
    made: list[Editor] = []

    def make() -> Editor:
        one = Editor(keys, mock.url, f"f-{uuid.uuid4().hex[:8]}")
        one.control.create(one.session, {})
        made.append(one)
        return one

    yield make
    for one in made:
        one.control.close()


def arm(editor: Editor, fault: str, **more: Any) -> dict[str, Any]:
    given = more.pop("given", {})
    return dict(editor.control.arm(editor.session, {"fault": fault, "with": given, **more}))


def exists(editor: Editor, patient: Any = PATIENT, actor: str = "cps") -> Answer:
    return editor.call("TD0.2", {"patient": patient}, actor)


def feed(editor: Editor, keys: Keyring) -> Answer:
    feeder = Feeder(
        identity=keys.identity("cps"),
        patient=PATIENT,
        ids=RandomIds(),
        clock=SystemClock(),
        oid_root="1.2.250.1.999",
        sent={},
    )
    return editor.call("TD2.1", {"patient": PATIENT, "documents": [feeder.parameter(Fed())]})


def seen(answer: Answer, transaction: str = "TD0.2") -> str:
    view = Judged(answer.exchange, "response", transactions.load().by_id(transaction), Declared())
    return reception(view).word


def marks(editor: Editor) -> list[list[str]]:
    """Names of the faults of each exchange, by the journal."""
    return [[one["fault"] for one in line["faults"]] for line in editor.control.exchanges(editor.session)]


def test_the_nth_call_of_a_transaction_for_a_patient(software: Callable[[], Editor]) -> None:
    editor = software()
    arm(editor, "http-status", when={"transaction": "TD0.2", "patient": PATIENT.ins.number, "call": 2})
    editor.call("TD3.1", {"patient": PATIENT})
    told = [seen(exists(editor, one)) for one in (PATIENT, OTHER, PATIENT, PATIENT)]
    assert told == ["answered", "answered", "http-error", "answered"]
    assert marks(editor) == [[], [], [], ["http-status"], []]
    [kept] = editor.control.faults(editor.session)
    assert (kept["calls"], kept["hits"], kept["armed"]) == (2, 1, False)


def test_never_outside_its_session(software: Callable[[], Editor]) -> None:
    one, other = software(), software()
    arm(one, "reset", when={"times": 0})
    assert seen(exists(other)) == "answered"
    assert seen(exists(one)) == "reset"
    assert marks(other) == [[]]


def test_until_disarmed(software: Callable[[], Editor]) -> None:
    editor = software()
    arm(editor, "soap-fault", when={"times": 0})
    assert [exists(editor).codes for _ in range(3)] == [{"DMPAccessDeniedByRightsService"}] * 3
    editor.control.disarm(editor.session)
    assert seen(exists(editor)) == "answered"
    assert editor.control.faults(editor.session)[0]["hits"] == 3


def test_one_fault_is_disarmed_alone(software: Callable[[], Editor]) -> None:
    editor = software()
    first, second = (arm(editor, name, when={"times": 0}) for name in ("wrong-action", "relates-to-missing"))
    editor.control._call("DELETE", f"/sessions/{editor.session}/faults/{first['id']}")
    exists(editor)
    assert marks(editor) == [["relates-to-missing"]]
    assert second["id"] == 2


def test_a_reset_session_has_no_fault(software: Callable[[], Editor]) -> None:
    editor = software()
    arm(editor, "reset", when={"times": 0})
    editor.control._call("POST", f"/sessions/{editor.session}/reset")
    assert seen(exists(editor)) == "answered"
    assert editor.control.faults(editor.session) == []


def test_it_survives_a_restart(serve: Callable[..., MockServer], tmp_path: Path, keys: Keyring) -> None:
    first = serve(data_dir=tmp_path / "data")
    editor = Editor(keys, first.url, "durable")
    editor.control.create("durable", {})
    arm(editor, "http-status", when={"transaction": "TD0.2", "call": 2})
    assert seen(exists(editor)) == "answered"
    editor.control.close()
    first.stop()
    again = Editor(keys, serve(data_dir=tmp_path / "data").url, "durable")
    assert seen(exists(again)) == "http-error"
    again.control.close()


@pytest.mark.parametrize(("moment", "kept"), [("after", 1), ("before", 0)])
@pytest.mark.parametrize("fault", ["reset", "close-without-answer", "http-status", "ebxml-failure"])
def test_what_the_answer_hides_was_done_or_not(
    software: Callable[[], Editor], keys: Keyring, fault: str, moment: str, kept: int
) -> None:
    editor = software()
    before = len(editor.documents())
    arm(editor, fault, when={"transaction": "TD2.1"}, when_done=moment)
    assert feed(editor, keys).exchange.failure or fault in ("http-status", "ebxml-failure")
    assert len(editor.documents()) - before == kept
    [line] = [one for one in editor.control.exchanges(editor.session) if one["transaction"] == "TD2.1"]
    assert line["faults"][0]["when_done"] == moment
    silent = fault in ("reset", "close-without-answer")
    assert (line["response"] is None) == silent
    assert (fault in line["failure"]) == silent


def test_a_reset_inside_the_body_keeps_what_left(software: Callable[[], Editor]) -> None:
    editor = software()
    arm(editor, "reset", given={"bytes": 100})
    answer = exists(editor)
    assert seen(answer) == "reset"
    assert answer.exchange.response is not None
    [line] = editor.control.exchanges(editor.session)
    kept = editor.control.exchange(editor.session, line)
    assert kept.response is not None
    assert kept.response.body == answer.exchange.response.body
    assert len(kept.response.body) == 100


def test_two_faults_strike_one_call(software: Callable[[], Editor]) -> None:
    editor = software()
    arm(editor, "wrong-action")
    arm(editor, "truncated-body")
    assert seen(exists(editor)) == "truncated"
    assert marks(editor) == [["wrong-action", "truncated-body"]]


def test_the_bits_that_are_flipped_are_the_same(software: Callable[[], Editor], keys: Keyring) -> None:
    editor = software()
    unique_id = feed(editor, keys).message.fact("document_unique_ids")
    arm(editor, "corrupt-part", given={"flips": 5, "seed": 3}, when={"times": 0})
    bodies = [
        editor.call("TD3.2", {"patient": PATIENT, "unique_ids": [unique_id]}).exchange.response
        for _ in range(2)
    ]
    parts = [b"" if one is None else one.body.partition(b"<ClinicalDocument")[2][:2000] for one in bodies]
    assert parts[0] == parts[1] != b""


def test_a_refused_certificate_gets_an_alert_and_others_do_not(software: Callable[[], Editor]) -> None:
    editor = software()
    arm(
        editor,
        "tls-refusal",
        given={"certificate": fingerprint(editor, "cps"), "alert": "certificate_revoked"},
    )
    assert seen(exists(editor, actor="hopital")) == "answered"
    refused = exists(editor)
    assert seen(refused) == "refused-tls"
    assert "REVOKED" in refused.exchange.failure
    assert seen(exists(editor)) == "answered"
    [line] = [one for one in editor.control.exchanges(editor.session) if one["outcome"] == "handshake"]
    assert [one["fault"] for one in line["faults"]] == ["tls-refusal"]


def fingerprint(editor: Editor, actor: str) -> str:
    import hashlib
    import ssl

    path = editor.keyring.identity(actor).tls.certificate_file
    assert path is not None
    pem = path.read_text(encoding="ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN") :])).hexdigest()


def test_the_catalogue_is_told(software: Callable[[], Editor]) -> None:
    editor = software()
    told = {one["name"]: one for one in editor.control._call("GET", "/faults")}
    assert set(told) == set(api.kinds())
    assert told["reset"]["when_done"] == ["after", "before"]
    assert told["reset"]["parameters"]["bytes"]["type"] == "integer"


def test_a_session_without_fault_looks_at_nothing(software: Callable[[], Editor]) -> None:
    """What a call pays: a setting that was loaded with its session."""
    editor = software()
    arm(editor, "reset")
    editor.control.disarm(editor.session)
    assert editor.control._call("GET", f"/sessions/{editor.session}/settings")["faults_armed"] == 0
