"""A fault plan given when the mock starts: in the default session only, once, and errors that say where."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from mock_dmp.faults import arming
from mock_dmp.pki import PkiIndex
from mock_dmp.server import MockServer
from mock_dmp.state import faults, sessions
from mock_dmp.state.engine import Store
from protocol import directory
from protocol.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]
BUSY = "schema: dmpcompat-faults/1\nfaults:\n  - {fault: http-status, with: {status: 503}, when: {call: 2}}\n"


def test_the_plan_strikes_in_the_default_session_only(
    serve: Callable[..., MockServer], test_pki: PkiIndex, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(BUSY, encoding="utf-8")
    server = serve(faults=arming.read_file(tmp_path / "plan.yaml"))
    sessions.create(server.store, "alice")
    number = directory.numbers()["TEST-OK-1"]
    lps = Lps(number.products[0].name, number.products[0].versions[0], number.value)
    identity = Keyring(test_pki.folder).identity("cps")

    def status(prefix: str = "") -> int:
        message = build(
            "TD0.2", {"patient": "actif-autorise"}, identity, lps, clock=SystemClock(), ids=RandomIds()
        )
        answer = send(message, server.url + prefix, tls_of(identity)).response
        return answer.status if answer else 0

    assert [status("/s/alice") for _ in range(3)] == [200, 200, 200]
    assert [status() for _ in range(3)] == [200, 503, 200]


def test_a_start_takes_the_place_of_what_was_left(store: Store, tmp_path: Path) -> None:
    sessions.ensure_default(store)
    sessions.create(store, "alice")
    (tmp_path / "plan.yaml").write_text(BUSY, encoding="utf-8")
    planned = arming.read_file(tmp_path / "plan.yaml")
    arming.arm(store, "alice", planned)
    for _ in range(2):
        arming.start_with(store, planned)
    with store.read() as db:
        assert [len(faults.listing(db, name)) for name in ("default", "alice")] == [1, 1]
    assert sessions.find(store, "default").settings.switch("faults_armed") == 1


@pytest.mark.parametrize(
    ("text", "code", "field", "found", "expected"),
    [
        ("faults:\n  - {fault: resett}", "FLT-001", "plan.yaml:2 faults.0.fault", "resett", "reset"),
        (
            "faults:\n  - fault: reset\n    with:\n      octets: 3",
            "FLT-002",
            "plan.yaml:4 faults.0.with.octets",
            "octets",
            "bytes",
        ),
        ("fault: reset\nwith: {bytes: many}", "FLT-003", "plan.yaml:2 with.bytes", "'many'", "0"),
        ("faults:\n  - {fault: reset, quand: 3}", "DATA-013", "plan.yaml:2 faults.0.quand", "quand", "when"),
        ("faults: [", "YAML", "plan.yaml:1", "", ""),
        ("schema: autre\nfaults: []", "FLT-005", "plan.yaml:1 schema", "autre", "dmpcompat-faults/1"),
    ],
)
def test_a_mistake_says_where(
    text: str,
    code: str,
    field: str,
    found: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as told:
        arming.read_file(Path("plan.yaml"))
    assert told.value.code.startswith(code)
    assert (told.value.field, told.value.found) == (field, found) or code == "YAML"
    assert expected in told.value.expected


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        arming.read_file(tmp_path / "absent.yaml")
    assert "absent.yaml" in told.value.field


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
def test_several_processes_arm_it_once(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(BUSY, encoding="utf-8")
    ready = tmp_path / "ready.json"
    options = ["--plain-http", "--port", "0", "--workers", "2", "--lang", "en"]
    process = subprocess.Popen(
        [
            sys.executable,
            ROOT / "cli.py",
            "serve",
            *options,
            "--ready-file",
            ready,
            "--faults",
            tmp_path / "plan.yaml",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end
            time.sleep(0.05)
        url = json.loads(ready.read_text(encoding="utf-8"))["url"]
        answer = requests.get(f"{url}/control/v1/sessions/default/faults", timeout=30)
        assert [one["fault"] for one in answer.json()] == ["http-status"]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "faults armed: 1" in out
