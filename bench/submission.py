"""What judging one submission costs, against serving it: TD2.1 of about 30 KB, whole, over mutual TLS.

The mock is a process of its own; one client sends requests made beforehand over one connection that stays open. The
exchanges judged were captured against the same mock; both sides are judged by every rule, signatures included, and
so is the CDA document that they carry. Ratios of one run: below 1, judging is the quicker.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from bench.requests import Sender, http
from bench.served import Served, served
from harness.checks import api
from harness.drive.client import send, tls_of
from mock_dmp import pki
from protocol import transactions
from protocol.exchange import Exchange

CALLS: Final = 300
WARMING: Final = 50
CAPTURED: Final = 5


@dataclass(frozen=True)
class Cost:
    """Seconds of one call or of one judgement: of processor, and by the clock."""

    cpu: float
    wall: float

    def told(self, floor: Cost) -> str:
        return (
            f"{self.cpu / floor.cpu:.2f} of the processor ({self.cpu * 1000:.1f} and {floor.cpu * 1000:.1f} ms here), "
            f"{self.wall / floor.wall:.2f} of the time ({self.wall * 1000:.1f} and {floor.wall * 1000:.1f} ms here)"
        )


def run(calls: int = CALLS) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pki.init(folder / "pki")
        sender = Sender.of(folder / "pki")
        with served(folder / "pki", folder / "data") as mock:
            tls = tls_of(sender.identity)
            captured = [send(sender.submission(), mock.url, tls) for _ in range(CAPTURED)]
            before = _judged(captured, calls // 2)
            serving = _served(sender, mock, folder, calls)
            after = _judged(captured, calls // 2)
    judging = Cost((before.cpu + after.cpu) / 2, (before.wall + after.wall) / 2)
    size = len(captured[0].request.body)
    return [
        f"a request of {size / 1000:.0f} KB, judged against served by a mock: {judging.told(serving)}",
        f"findings of one judgement: {len(_judge(captured[0]))}",
    ]


def _served(sender: Sender, mock: Served, folder: Path, calls: int) -> Cost:
    """Mean processor of the mock, median time of its client."""
    requests = [http(sender.submission()) for _ in range(WARMING + calls)]
    warm = sender.load(mock.url, requests[:WARMING], folder, 1)
    before = mock.cpu()
    load = sender.load(mock.url, requests[WARMING:], folder, 1)
    cpu = mock.cpu() - before
    assert not warm.failed and not load.failed, warm.first_failure or load.first_failure
    return Cost(cpu / calls, load.quantile(0.5))


def _judged(exchanges: list[Exchange], calls: int) -> Cost:
    """Mean processor, median time."""
    for exchange in exchanges:
        assert exchange.response is not None and exchange.response.status == 200, exchange.failure
        assert all(one.status in ("PASS", "VACUOUS") for one in _judge(exchange))
    times = []
    cpu = time.process_time()
    for exchange in islice(cycle(exchanges), calls):
        start = time.perf_counter()
        _judge(exchange)
        times.append(time.perf_counter() - start)
    return Cost((time.process_time() - cpu) / calls, sorted(times)[calls // 2])


def _judge(exchange: Exchange) -> list[api.Finding]:
    return api.judge(exchange, transactions.load().by_id("TD2.1"))
