"""How a hook starts one act: a command without a shell, or an HTTP POST. Bounded in time and in what it may write.

It never raises for what the hook does: a hook that can't be started, fails, or lasts too long is an act not done.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, Protocol
from urllib.parse import urlsplit

import requests

from protocol.errors import Text, UsageError

#: Bytes kept of what a hook writes on each stream, its end rather than its beginning.
KEPT: Final = 64 * 1024
#: Bytes past which a hook is ended: it can't fill the disk.
_FULL: Final = 64 * 1024 * 1024
_LOOK: Final = 0.05
_GRACE: Final = 2.0
_HTTP: Final = ("http://", "https://")

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """One act that ended. `failed`: why it was not done, None when it was; `status`: exit code or HTTP status."""

    status: str
    out: str = ""
    err: str = ""
    failed: Text | None = None


class Act(Protocol):
    """A way to start acts. `name`: what the evidence calls it."""

    name: str

    def start(self, told: Told, seconds: float, parting: threading.Event) -> Done:
        """Start one act and wait for its end, `seconds` at most, or little more once `parting` is set."""


def act_of(hook: str, environment: Callable[[Told], Mapping[str, str]], *, shell: bool = False) -> Act:
    """What `--hook` names. Raises UsageError for an empty one, an address without host, a command that isn't there."""
    if hook.startswith(_HTTP):
        return CallBack(hook)
    try:
        words = ["/bin/sh", "-c", hook] if shell else shlex.split(hook)
    except ValueError as problem:
        raise _unusable(hook, str(problem)) from problem
    if not words:
        raise _unusable(hook, "")
    if shutil.which(words[0]) is None:
        raise _unusable(hook, words[0])
    return Command(words, hook, environment)


def _unusable(hook: str, found: str) -> UsageError:
    return UsageError(
        "DESK-010",
        Text("le crochet ne peut pas être lancé", "the hook can't be started"),
        field="--hook",
        found=found or hook,
        expected="COMMAND … | http://127.0.0.1:…",
    )


class Command:
    """A command of the machine: JSON on standard input, the same in DMPCOMPAT_… variables. Exit 0: done."""

    def __init__(
        self, words: Sequence[str], name: str, environment: Callable[[Told], Mapping[str, str]]
    ) -> None:
        self.name = name
        self._words = list(words)
        self._environment = environment

    def start(self, told: Told, seconds: float, parting: threading.Event) -> Done:
        with (
            tempfile.TemporaryFile() as asked,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            asked.write(json.dumps(told, ensure_ascii=False).encode())
            asked.seek(0)
            try:
                # Words of the command line of our user, no shell between.
                process = subprocess.Popen(  # noqa: S603 - words of our user
                    self._words,
                    stdin=asked,
                    stdout=out,
                    stderr=err,
                    env={**os.environ, **self._environment(told)},
                    start_new_session=True,
                )
            except OSError as problem:
                why = problem.strerror or type(problem).__name__
                return Done("", failed=Text(f"elle ne se lance pas ({why})", f"it can't be started ({why})"))
            failed = _followed(process, (out, err), seconds, parting)
            said, complained = _end_of(out), _end_of(err)
        if failed is None and process.returncode:
            last = (complained.strip() or said.strip()).rpartition("\n")[2][:300]
            failed = Text(f"code {process.returncode} : {last}", f"exit {process.returncode}: {last}")
        return Done(str(process.returncode), said, complained, failed)


def _followed(
    process: subprocess.Popen[bytes],
    streams: Sequence[IO[bytes]],
    seconds: float,
    parting: threading.Event,
) -> Text | None:
    """Wait for the end of a command; why it was ended when it did not end by itself. Its children end with it."""
    end = time.monotonic() + seconds
    try:
        while True:
            try:
                process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                if any(os.fstat(one.fileno()).st_size > _FULL for one in streams):
                    return Text("il écrit sans fin", "it writes without end")
                if time.monotonic() > end:
                    return Text(f"pas fini en {seconds:.0f} s", f"not finished in {seconds:.0f} s")
                if parting.is_set():
                    return Text("encore en cours à la fin", "still going on at the end")
            else:
                return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the command: politely, then not. A command that ended may have left nothing to end."""
    if process.poll() is not None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(_GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        else:
            return


def _end_of(stream: IO[bytes]) -> str:
    """The last bytes of what was written, as text."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - KEPT))
    text = stream.read(KEPT).decode("utf-8", "replace")
    return text if size <= KEPT else f"[… {size - KEPT}]\n{text}"


class CallBack:
    """An address of the editor's: POST of the same JSON. 2xx: started. No redirection is followed, no proxy used."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for what is no address."""
        try:
            parts = urlsplit(url)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise _unusable(url, url)
        self.name = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
        self._url = url

    def start(self, told: Told, seconds: float, parting: threading.Event) -> Done:  # noqa: ARG002 - protocol
        body = json.dumps(told, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        try:
            with requests.Session() as http:
                http.trust_env = False
                answer = http.post(
                    self._url, body, headers=headers, timeout=seconds, allow_redirects=False, stream=True
                )
                said = answer.raw.read(KEPT, decode_content=True).decode("utf-8", "replace")
        except requests.Timeout:
            why = Text(f"pas de réponse en {seconds:.0f} s", f"no answer in {seconds:.0f} s")
            return Done("", failed=why)
        except (requests.RequestException, OSError) as problem:
            kind = type(problem).__name__
            return Done("", failed=Text(f"il ne répond pas ({kind})", f"it does not answer ({kind})"))
        status = str(answer.status_code)
        if answer.status_code // 100 != 2:
            more = said.strip()[:300]
            why = (
                Text(f"HTTP {status} : {more}", f"HTTP {status}: {more}")
                if more
                else Text(f"HTTP {status}", f"HTTP {status}")
            )
            return Done(status, said, failed=why)
        text = answer.headers.get("Content-Type", "").startswith("text/plain")
        return Done(status, said if text else "", "" if text else said)
