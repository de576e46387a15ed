"""The hook of an editor: told by JSON and variables, bounded, its end is the answer, what it wrote is kept."""

from __future__ import annotations

import http.server
import json
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.desk import acts
from harness.desk.acts import Command, act_of
from harness.desk.hook import Hook, environment
from harness.desk.records import keeper
from harness.masking import Masker
from harness.observe.operator import Answer, Task
from protocol.errors import UsageError
from tests.harness.desk.conftest import NOW

Kept = list[dict[str, Any]]


def hook(code: str, kept: Kept, **settings: Any) -> Hook:
    """A hook whose command is a few words of shell, or of Python."""
    words = ["/bin/sh", "-c", code]
    return Hook(Command(words, "crochet", environment), _keeping(kept), **settings)


def _keeping(kept: Kept) -> Callable[[str, int, int, Mapping[str, Any]], None]:
    def keep(case: str, step: int, attempt: int, told: Mapping[str, Any]) -> None:
        kept.append({**told, "attempt": attempt})

    return keep


def begin(one: Hook, task: Task) -> None:
    """As the runner does: the task, then a first look that finds nothing."""
    one.begin(task)
    one.waiting(NOW, (), False)


def answered(one: Hook, kept: Kept, records: int = 1) -> Answer | None:
    """Its answer once so many acts have ended."""
    end = time.monotonic() + 10
    found = None
    while time.monotonic() < end:
        one.waiting(NOW, (), False)
        found = found or one.answer()
        if len(kept) >= records and (found or one.idle()):
            one.waiting(NOW, (), False)
            return found or one.answer()
        time.sleep(0.01)
    raise AssertionError("the hook never ended")


def test_a_command_is_told_by_json_and_by_variables(task: Callable[..., Task], soon: datetime) -> None:
    kept: Kept = []
    code = "cat; echo; echo $DMPCOMPAT_CASE $DMPCOMPAT_STEP $DMPCOMPAT_PATIENT_INS $DMPCOMPAT_PARAMETERS"
    one = hook(code, kept)
    begin(one, task(deadline=soon))
    assert answered(one, kept) is None
    said, shown, _ = kept[0]["out"].split("\n")
    told = json.loads(said)
    assert told["schema"] == "dmpcompat-hook/1"
    assert told["patient"]["ins"] == "280056399910181"
    assert told["instruction"]["en"] == "Ask whether the patient has a DMP."
    assert told["deadline"] == soon.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert shown == 'CT-0.2-010 1 280056399910181 {"query": "FindDocuments"}'
    assert (kept[0]["status"], kept[0]["failed"]) == ("0", "")


def test_a_failure_says_that_the_act_was_not_done(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = hook("echo fait; echo 'pas de patient' >&2; exit 3", kept, lang="en")
    begin(one, task())
    assert answered(one, kept) == Answer("skip", "the hook did not do the act: exit 3: pas de patient")
    assert kept[0]["err"] == "pas de patient\n"
    assert kept[0]["failed"] == "exit 3: pas de patient"


def test_an_act_that_never_ends_is_ended_with_its_children(task: Callable[..., Task], tmp_path: Path) -> None:
    kept: Kept = []
    one = hook(f"sleep 60 & echo $! > {tmp_path}/child; wait", kept, seconds=0.3)
    begin(one, task())
    found = answered(one, kept)
    assert found is not None
    assert found.kind == "skip"
    assert "pas fini" in found.reason
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_the_deadline_of_the_task_bounds_the_act(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = hook("sleep 60", kept)
    begin(one, task(deadline=datetime.now(UTC) + timedelta(seconds=0.2)))
    found = answered(one, kept)
    assert found is not None
    assert "pas fini" in found.reason


def test_what_it_writes_is_kept_by_its_end(
    task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "KEPT", 100)
    kept: Kept = []
    one = hook("printf '%0500d' 7; printf fin", kept)
    begin(one, task())
    answered(one, kept)
    assert kept[0]["out"].startswith("[… 403]\n")
    assert kept[0]["out"].endswith("7fin")


def test_a_hook_that_fills_the_disk_is_ended(
    task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "_FULL", 10_000)
    kept: Kept = []
    one = hook("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", kept, lang="en")
    begin(one, task())
    found = answered(one, kept)
    assert found is not None
    assert "writes without end" in found.reason


def test_the_end_of_an_act_whose_task_is_over_answers_nothing(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = hook('test "$DMPCOMPAT_STEP" = 2 || exit 3', kept)
    first, second = task(), task(step=2)
    begin(one, first)
    one.done(first, ())
    begin(one, second)
    assert answered(one, kept, records=2) is None
    assert [told["status"] for told in kept] == ["3", "0"]


def test_an_act_is_started_once_the_runner_has_looked(task: Callable[..., Task]) -> None:
    """After a restart the frame may have come already: then nothing is started."""
    kept: Kept = []
    one = hook("true", kept)
    one.begin(task())
    one.done(task(), ())
    one.waiting(NOW, (), False)
    assert one.idle()
    one.begin(task())
    one.waiting(NOW, (), True)  # the platform is away: nobody knows
    assert one.idle()
    one.waiting(NOW, (), False)
    one.waiting(NOW, (), False)
    answered(one, kept)
    one.close()
    assert len(kept) == 1


def test_a_failure_is_told_once_the_runner_has_looked_again(task: Callable[..., Task]) -> None:
    """The software may have sent its message, then failed on what was answered."""
    kept: Kept = []
    one = hook("exit 1", kept)
    begin(one, task())
    end = time.monotonic() + 10
    while not kept and time.monotonic() < end:
        time.sleep(0.01)
    one.close()
    assert one.answer() is None
    one.waiting(NOW, (), False)
    assert one.answer() is not None


def test_an_act_that_failed_while_the_platform_was_away_is_started_again(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = hook('test "$DMPCOMPAT_ATTEMPT" = 2', kept)
    begin(one, task())
    one.waiting(NOW, (), True)
    assert answered(one, kept, records=2) is None
    assert [told["status"] for told in kept] == ["1", "0"]


def test_a_second_attempt_is_told(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = hook("echo $DMPCOMPAT_ATTEMPT", kept)
    begin(one, task())
    begin(one, task())
    answered(one, kept, records=2)
    assert [told["out"] for told in kept] == ["1\n", "2\n"]


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        ("echo le nom est en gras", "declare", "le nom est en gras"),
        ("true", "declare", None),
        ("true", "instruct", "acte fait par le crochet (crochet)"),
    ],
)
def test_what_it_writes_is_the_declaration(
    task: Callable[..., Task], code: str, kind: str, expected: str | None
) -> None:
    kept: Kept = []
    one = hook(code, kept)
    begin(one, task(wants="declaration", facts={"kind": kind}))
    found = answered(one, kept)
    assert (found and (found.kind, found.reason)) == (expected and ("declaration", expected))


def test_closing_waits_for_the_last_act(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = hook("sleep 0.1; echo fini", kept)
    begin(one, task())
    one.close()
    assert kept[0]["out"] == "fini\n"


def test_closing_ends_what_does_not_end(task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.desk.hook._PARTING", 0.2)
    kept: Kept = []
    one = hook("sleep 60", kept)
    begin(one, task())
    one.close()
    assert kept[0]["failed"] == "still going on at the end"
    assert len(kept) == 1


def test_no_shell_unless_asked(task: Callable[..., Task]) -> None:
    kept: Kept = []
    echo = shlex.join([sys.executable, "-S", "-c", "import sys; print(sys.argv[1:])"])
    one = Hook(act_of(f"{echo} '$HOME' ; ls", environment), _keeping(kept))
    begin(one, task())
    answered(one, kept)
    assert kept[0]["out"] == "['$HOME', ';', 'ls']\n"


@pytest.mark.parametrize(
    "bad", ["", "   ", "une-commande-qui-nexiste-pas", "'sans fin", "http://", "http://h:99999/"]
)
def test_a_hook_that_cant_be_started_is_refused_before_the_run(bad: str) -> None:
    with pytest.raises(UsageError) as caught:
        act_of(bad, environment)
    assert caught.value.code == "DESK-010"


class _Handler(http.server.BaseHTTPRequestHandler):
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(json.loads(body))
        status = {"/ok": 202, "/text": 200, "/moved": 307}.get(self.path.partition("?")[0], 503)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8" if self.path == "/text" else "text/html")
        if status == 307:
            self.send_header("Location", "/ok")
        self.end_headers()
        self.wfile.write(b"vu" if status != 503 else b"<p>no patient</p>")

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def editor_server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: list[dict[str, Any]] = []
    handler = type("Handler", (_Handler,), {"asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/ok", None),
        ("/moved", "le crochet n'a pas fait l'acte : HTTP 307"),
        ("/down?token=secret", "le crochet n'a pas fait l'acte : HTTP 503 : <p>no patient</p>"),
    ],
)
def test_a_call_back(
    task: Callable[..., Task],
    editor_server: tuple[str, list[dict[str, Any]]],
    path: str,
    expected: str | None,
) -> None:
    url, asked = editor_server
    kept: Kept = []
    one = Hook(act_of(url + path, environment), _keeping(kept))
    begin(one, task())
    found = answered(one, kept)
    assert (found and found.reason) == expected
    assert asked[0]["transaction"] == "TD0.2"
    assert len(asked) == 1
    assert "secret" not in kept[0]["hook"]


def test_a_call_back_declares_in_plain_text(
    task: Callable[..., Task], editor_server: tuple[str, list[dict[str, Any]]]
) -> None:
    kept: Kept = []
    one = Hook(act_of(editor_server[0] + "/text", environment), _keeping(kept))
    begin(one, task(wants="declaration", facts={"kind": "declare"}))
    assert answered(one, kept) == Answer("declaration", "vu")


def test_nobody_at_the_address(task: Callable[..., Task]) -> None:
    kept: Kept = []
    one = Hook(act_of("http://127.0.0.1:1/", environment), _keeping(kept))
    begin(one, task())
    found = answered(one, kept)
    assert found is not None
    assert "ne répond pas" in found.reason


def test_records_hold_no_secret_and_replace_none(tmp_path: Path) -> None:
    keep = keeper(tmp_path, Masker("NUMERO-SECRET-9", public=()))
    key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
    told = {"out": f"n=NUMERO-SECRET-9\n{key}\nfin <password>abcd</password>", "step": 1}
    keep("CT-1", 1, 1, told)
    keep("CT-1", 1, 1, told)
    assert [path.name for path in sorted((tmp_path / "crochet" / "CT-1").iterdir())] == [
        "01-01.json",
        "01-02.json",
    ]
    kept = json.loads((tmp_path / "crochet" / "CT-1" / "01-02.json").read_text())
    assert kept["out"] == "n=XXXXXXXXXXXXXXX\n[private key]\nfin <password>XXXX</password>"
    assert kept["attempt"] == 2
    Masker("NUMERO-SECRET-9", public=()).refuse_leaks(tmp_path)
