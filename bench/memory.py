"""What the mock holds in memory while it receives: a body of 200 MB, in both ways HTTP has, is refused with 413.

The growth of the resident memory of the `serve` process, at its peak, must stay below 100 MB; so must it for a body
that HTTP takes and SOAP refuses. Linux only (/proc).
"""

from __future__ import annotations

import http.client
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.served import Served, served
from mock_dmp import pki
from mock_dmp.pki import PkiIndex

MB: Final = 1024 * 1024
SIZE: Final = 200 * MB
RECEIVED: Final = 120 * MB  # within the limit of HTTP: what refuses it has read it
LIMIT: Final = 100 * MB
_PIECE: Final = b"x" * (256 * 1024)
_PATH: Final = "/si-dmp-server/v2/services/repository"


def run() -> list[str]:
    if not Path("/proc/self/status").exists():
        return ["no /proc here: not measured"]
    with tempfile.TemporaryDirectory() as scratch:
        certificates = pki.init(Path(scratch) / "pki")
        lines = []
        for name, size, chunked in (
            ("200 MB announced", SIZE, False),
            ("200 MB in chunks", SIZE, True),
            ("120 MB, received whole", RECEIVED, False),
        ):
            with served(certificates.folder, Path(scratch) / name.replace(" ", "-")) as mock:
                _post(certificates, mock, 1024, chunked=False)  # what the first request loads is not counted
                status, growth = _grown(mock, partial(_post, certificates, mock, size, chunked=chunked))
            assert status == 413, (name, status)
            assert growth < LIMIT, (name, growth)
            lines.append(f"{name}: HTTP {status}, peak of resident memory +{growth / MB:.0f} MB (limit +100)")
    return lines


def _grown(mock: Served, act: Callable[[], int]) -> tuple[int, int]:
    """The status, and how far the peak of the process went beyond what it held before, in bytes."""
    Path(f"/proc/{mock.pid}/clear_refs").write_text("5")  # the peak starts again from here
    before = _memory(mock.pid, "VmRSS")
    status = act()
    return status, _memory(mock.pid, "VmHWM") - before


def _memory(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


def _post(certificates: PkiIndex, mock: Served, size: int, *, chunked: bool) -> int:
    """Send the body to its end, or until the mock hangs up; the status of the answer."""
    address = urlsplit(mock.url)
    context = ssl.create_default_context(cafile=str(certificates.ca))
    context.load_cert_chain(certificates.certificate("org-auth-cli"), certificates.key("org-auth-cli"))
    assert address.hostname
    connection = http.client.HTTPSConnection(address.hostname, address.port, timeout=60, context=context)
    connection.putrequest("POST", _PATH)
    connection.putheader("Content-Type", "application/soap+xml")
    connection.putheader(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(size))))
    connection.endheaders()
    with suppress(OSError):  # a refusal may come before the end
        for piece in _pieces(size):
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            connection.send(b"0\r\n\r\n")
    status = connection.getresponse().status
    connection.close()
    return status


def _pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, len(_PIECE)):
        yield _PIECE[: size - start]
