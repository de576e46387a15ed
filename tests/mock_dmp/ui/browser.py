"""A real headless browser, spoken to in the DevTools protocol over two pipes: no port, no library."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 30.0
_ELSEWHERE = ("navigated or closed", "Cannot find context", "Execution context was destroyed")
#: The protocol wants descriptors 3 and 4. Copied out of the way first: ours may be just these.
_LAUNCHER = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 64) for one in sys.argv[1:3]]
for pipe, place in zip(pipes, (3, 4)):
    os.dup2(pipe, place)
    os.close(pipe)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program() -> str:
    """Path of a Chromium, of the environment (DMPCOMPAT_BROWSER) or of the PATH. Skips the test without any."""
    found = os.environ.get("DMPCOMPAT_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), "")
    if not found:
        pytest.skip(f"no browser: none of {', '.join(_NAMES)} is installed (set DMPCOMPAT_BROWSER)")
    return found


class Elsewhere(AssertionError):
    """The page went elsewhere, or loads anew, while it was asked."""


class Browser:
    """One page of one headless Chromium with a profile of its own. `errors`: what the page complained of."""

    def __init__(self, profile: Path) -> None:
        to_child, ours_out = os.pipe()
        ours_in, from_child = os.pipe()
        options = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-proxy-server",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(to_child), str(from_child), program(), *options],
            pass_fds=(to_child, from_child),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        self._out, self._in = ours_out, ours_in
        self._buffer = b""
        self._count = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._attach()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _attach(self) -> None:
        target = next(one for one in self.send("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session = ""
        try:
            self.send("Browser.close")
            self._process.wait(10)
        except (OSError, EOFError, subprocess.TimeoutExpired, TimeoutError):
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; its result. Raises AssertionError when the browser refuses, Elsewhere when the
        page went away meanwhile.
        """
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            told = self._receive(_PATIENCE)
            if told.get("id") == self._count:
                problem = told.get("error", {}).get("message", "")
                if any(sign in problem for sign in _ELSEWHERE):
                    raise Elsewhere(method, problem)
                assert "error" not in told, (method, told["error"])
                result: dict[str, Any] = told["result"]
                return result

    def goto(self, url: str) -> None:
        """Open a page and wait until it has loaded."""
        self.events.clear()
        told = self.send("Page.navigate", url=url)
        assert not told.get("errorText"), told
        self.until(
            lambda: any(one["method"] == "Page.loadEventFired" for one in self.events), f"{url} to load"
        )

    def value(self, expression: str) -> Any:
        """What an expression is worth in the page, as JSON."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Wait until an expression is true in the page; what it is worth then. The page may load anew meanwhile."""

        def look() -> Any:
            try:
                return self.value(expression)
            except Elsewhere:
                return None

        return self.until(look, expression)

    def key(self, key: str, *, shift: bool = False) -> None:
        """Press a key, as somebody would."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}
        common = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": codes[key],
            "modifiers": 8 if shift else 0,
        }
        text = {"Enter": "\r", " ": " "}.get(key)
        self.send("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    def scheme(self, name: str) -> None:
        """Prefer `light` or `dark`."""
        feature = {"name": "prefers-color-scheme", "value": name}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """Look again at each event, and every little while, until it is true."""
        end = time.monotonic() + _PATIENCE
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < end, f"waited in vain for {what}"
            try:
                self._receive(0.1)
            except TimeoutError:
                continue

    def _receive(self, seconds: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], seconds)
            if not ready:
                raise TimeoutError("the browser says nothing")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise EOFError("the browser is gone")
            self._buffer += data
        raw, self._buffer = self._buffer.split(b"\0", 1)
        told: dict[str, Any] = json.loads(raw)
        self._note(told)
        return told

    def _note(self, told: dict[str, Any]) -> None:
        method = told.get("method")
        if method is None:
            return
        self.events.append(told)
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["params"]["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
            self.errors.append(told["params"]["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.errors.append("dialog: " + told["params"]["message"])
