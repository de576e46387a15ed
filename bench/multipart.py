"""Reading an MTOM message: our streaming reader against the standard library's email parser.

Both read the same 32 MiB attachment and give its SHA-256; memory is what tracemalloc saw at the peak.
"""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import io
import os
import time
import tracemalloc
from collections.abc import Callable
from typing import Final

from protocol.mime import read_multipart

SIZE: Final = 32 * 1024 * 1024
BOUNDARY: Final = "b0undary"
CONTENT_TYPE: Final = f'multipart/related; boundary="{BOUNDARY}"; type="application/xop+xml"; start="<root>"'


def run() -> list[str]:
    content = os.urandom(SIZE)
    body = _message(content)
    expected = hashlib.sha256(content).hexdigest()
    ours, ours_peak = _measure(lambda: _streaming(body), expected)
    theirs, theirs_peak = _measure(lambda: _standard(body), expected)
    return [
        f"time, email / ours: {theirs / ours:.1f}",
        f"peak memory beyond the message, ours: {ours_peak / SIZE:.2f} x the attachment",
        f"peak memory beyond the message, email: {theirs_peak / SIZE:.2f} x the attachment",
    ]


def _message(content: bytes) -> bytes:
    return b"".join(
        (
            f"--{BOUNDARY}\r\nContent-Type: application/xop+xml\r\nContent-ID: <root>\r\n\r\n<a/>\r\n".encode(),
            f"--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-ID: <doc>\r\n"
            "Content-Transfer-Encoding: binary\r\n\r\n".encode(),
            content,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        )
    )


def _streaming(body: bytes) -> str:
    with read_multipart(io.BytesIO(body), CONTENT_TYPE) as message:
        return message.parts[0].sha256


def _standard(body: bytes) -> str:
    head = f"Content-Type: {CONTENT_TYPE}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    parser = email.parser.BytesFeedParser(policy=email.policy.HTTP)
    parser.feed(head)
    stream = io.BytesIO(body)
    while piece := stream.read(65536):
        parser.feed(piece)
    part = parser.close().get_payload(1)
    return hashlib.sha256(part.get_payload(decode=True)).hexdigest()  # type: ignore[union-attr,arg-type]  # a part with bytes


def _measure(act: Callable[[], str], expected: str) -> tuple[float, int]:
    """Seconds of the best of three runs, and the peak of allocated bytes of a fourth."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        found = act()
        times.append(time.perf_counter() - start)
        assert found == expected
    tracemalloc.start()
    act()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(times), peak
