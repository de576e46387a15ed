"""Sends prepared requests over connections that stay open, and says how long each answer took.

A process of its own (`python -m bench.load PLAN`), so that what the client costs is told apart; it prints one line of
JSON. It does next to nothing: bytes out, bytes in, one search for the word that tells success.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[1]
_LENGTH: Final = b"content-length:"
_PIECE: Final = 256 * 1024


@dataclass(frozen=True)
class Plan:
    """What to send: `requests` is a file of whole HTTP requests (`write`), `clients` connections share them.

    `success` is what an answer that counts holds. Without `ca` the requests go in the clear.
    """

    url: str
    requests: str
    clients: int
    success: str
    ca: str = ""
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True)
class Load:
    """What came of it. Times in seconds; `cpu` is what this client consumed; `failed` are the ranks of the rest."""

    times: tuple[float, ...]
    taken: float
    cpu: float
    failed: tuple[int, ...]
    first_failure: str

    @property
    def rate(self) -> float:
        """Answers that count, a second."""
        return len(self.times) / self.taken

    def quantile(self, share: float) -> float:
        """Seconds within which that share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def write(path: Path, requests: Iterable[bytes]) -> int:
    """Write requests for a Plan; returns their number."""
    count = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(struct.pack(">I", len(request)) + request)
            count += 1
    return count


def run(plan: Plan) -> Load:
    """Run it in another process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(plan)).encode(),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
    )
    told = json.loads(done.stdout)
    return Load(
        tuple(told["times"]), told["taken"], told["cpu"], tuple(told["failed"]), told["first_failure"]
    )


class _Client:
    """One connection, opened again when the server closes it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> bytes:
        """The whole answer."""
        if self._socket is None:
            self._socket = _connected(self._plan)
        self._socket.sendall(request)
        return self._answer(self._socket)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _answer(self, connection: socket.socket) -> bytes:
        data = bytearray()
        length = -1
        while length < 0 or len(data) < length:
            piece = connection.recv(_PIECE)
            if not piece:
                raise OSError(f"closed after {len(data)} bytes")
            data += piece
            if length < 0:
                length = _whole(data)
        if b"\r\nconnection: close\r\n" in bytes(data[:2000]).lower():
            self.close()
        return bytes(data)


def _whole(data: bytearray) -> int:
    """Length of head and body together, -1 while the head is not whole."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return -1
    head = bytes(data[:end]).lower()
    at = head.index(_LENGTH) + len(_LENGTH)
    return end + 4 + int(head[at:].split(b"\r\n", 1)[0])


def _connected(plan: Plan) -> socket.socket:
    address = urlsplit(plan.url)
    raw = socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not plan.ca:
        return raw
    context = ssl.create_default_context(cafile=plan.ca)
    context.load_cert_chain(plan.certificate, plan.key)
    return context.wrap_socket(raw, server_hostname=address.hostname)


def _requests(path: str) -> Iterator[tuple[int, bytes]]:
    data = Path(path).read_bytes()
    at = rank = 0
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield rank, data[at + 4 : at + 4 + length]
        at, rank = at + 4 + length, rank + 1


def _drive(plan: Plan) -> Load:
    waiting = _requests(plan.requests)
    lock = threading.Lock()
    times: list[float] = []
    failed: list[int] = []
    failures: list[str] = []
    ready = threading.Barrier(plan.clients + 1)
    success = plan.success.encode()

    def work() -> None:
        client = _Client(plan)
        ready.wait()
        while True:
            with lock:
                rank, request = next(waiting, (-1, b""))
            if rank < 0:
                break
            start = time.perf_counter()
            try:
                answer = client.send(request)
            except OSError as problem:
                answer = str(problem).encode()
                client.close()
            if success in answer:
                times.append(time.perf_counter() - start)
            else:
                failed.append(rank)
                failures.append(answer[:2000].decode("utf-8", "replace"))
        client.close()

    threads = [threading.Thread(target=work) for _ in range(plan.clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    start, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - start
    return Load(
        tuple(times), taken, time.process_time() - cpu, tuple(sorted(failed)), failures[0] if failures else ""
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_drive(Plan(**json.load(sys.stdin))))))
