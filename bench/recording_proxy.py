"""What the recording proxy costs: time added to a call, and memory while 120 MB pass through it each way.

Existence tests (TD0.2) over mutual TLS with a new connection each, to a mock of its own process, directly then through
`dmpcompat proxy`; then 120 MB posted to, and 120 MB read from, a platform of bytes. Linux only (/proc) for memory.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.served import ROOT, served
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Identity, Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from mock_dmp import pki

MB: Final = 1024 * 1024
SIZE: Final = 120 * MB
LIMIT: Final = 40 * MB
CALLS: Final = 60


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        place, folder = Path(scratch), Path(scratch) / "pki"
        pki.init(folder)
        identity = Keyring(folder).identity("cps")
        with served(folder, place / "mock") as mock:
            direct = _each(identity, mock.url)
            with _proxied(folder, mock.url, place / "calls") as (url, _):
                through = _each(identity, url)
        lines = [
            f"one call, mutual TLS, new connection: {direct * 1000:.0f} ms directly, {through * 1000:.0f} ms through "
            f"the proxy (a second handshake, and the frame on the disk before the answer)"
        ]
        with _platform(folder) as to, _proxied(folder, to, place / "big") as (url, pid):
            send(_post(b"x" * MB), url, tls_of(identity), timeout=120)
            before = _peak(pid)
            got = send(_post(b"x" * SIZE), url, tls_of(identity), timeout=120)
            assert got.response is not None
            assert len(got.response.body) == SIZE, got.failure
            grown = _peak(pid) - before
        assert grown < LIMIT, grown
        lines.append(f"120 MB each way in one call: peak of resident memory +{grown / MB:.0f} MB (limit +40)")
    return lines


def _post(body: bytes) -> OutgoingMessage:
    return OutgoingMessage("POST", "/x", (("Content-Type", "application/octet-stream"),), body, {})


def _each(identity: Identity, url: str) -> float:
    """Seconds of one call: the median of CALLS."""
    lps, times = Lps("LPS-TEST", "1.0.0", "TEST-OK-1"), []
    for _ in range(CALLS):
        message = build(
            "TD0.2", {"patient": "actif-autorise"}, identity, lps, clock=SystemClock(), ids=RandomIds()
        )
        start = time.perf_counter()
        got = send(message, url, tls_of(identity))
        times.append(time.perf_counter() - start)
        assert got.response is not None
        assert got.response.status == 200
    return sorted(times)[CALLS // 2]


@contextmanager
def _proxied(folder: Path, to: str, record: Path) -> Iterator[tuple[str, int]]:
    ready = record.with_suffix(".ready")
    command = [sys.executable, ROOT / "cli.py", "proxy", "--to", to, "--pki", folder, "--record", record]
    command += ["--port", "0", "--ready-file", ready]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            while not ready.exists():
                assert process.poll() is None
                time.sleep(0.05)
            told = json.loads(ready.read_text())
            yield told["url"], told["pid"]
        finally:
            process.terminate()


@contextmanager
def _platform(folder: Path) -> Iterator[str]:
    """Answers each POST with as many bytes as it got."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")

    def serve() -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True) as line:
                stream = line.makefile("rb")
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += stream.readline()
                found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                assert found is not None
                left = size = int(found[1])
                while left:
                    left -= len(stream.read(min(left, MB)))
                line.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
                for _ in range(size // MB):
                    line.sendall(b"y" * MB)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://localhost:{listening.getsockname()[1]}"
        thread.join(10)


def _peak(pid: int) -> int:
    """Peak of resident memory, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    print("\n".join(run()))
