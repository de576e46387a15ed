"""What mutual TLS, journal and judgement cost: existence tests (TD0.2) played against one mock in this process.

Three figures of one run, as ratios to the first: a call with a new TLS connection, the same over plain HTTP,
and the judgement of the captured exchange by every rule that concerns it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from harness.checks import api
from harness.drive.build import build
from harness.drive.client import TlsClient, send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from mock_dmp import pki
from mock_dmp.server import MockServer
from protocol import transactions
from protocol.exchange import Exchange

CALLS: Final = 60


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pki"
        pki.init(folder)
        identity = Keyring(folder).identity("cps")

        def call(url: str, tls: TlsClient | None) -> Exchange:
            lps = Lps("LPS-TEST", "1.0.0", "TEST-OK-1")
            params = {"patient": "actif-autorise"}
            message = build("TD0.2", params, identity, lps, clock=SystemClock(), ids=RandomIds())
            return send(message, url, tls)

        with MockServer(pki_folder=folder) as mock:
            exchange = call(mock.url, tls_of(identity))
            secure = _each(lambda: call(mock.url, tls_of(identity)))
        with MockServer(plain_http=True) as mock:
            plain = _each(lambda: call(mock.url, None))
        transaction = transactions.load().by_id("TD0.2")
        judged = _each(lambda: api.judge(exchange, transaction))
    return [
        f"one call, mutual TLS, new connection: 1.00 ({secure * 1000:.0f} ms here)",
        f"the same call over plain HTTP: {plain / secure:.2f}",
        f"judging the exchange with every rule: {judged / secure:.2f}",
    ]


def _each(act: Callable[[], object]) -> float:
    """Seconds of one act: the median of CALLS."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return sorted(times)[CALLS // 2]
