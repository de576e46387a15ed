"""Feeding (TD2.1) over mutual TLS, a new connection a call: how it grows with clients, and what syncing costs.

One `serve` process, messages made beforehand, clients as threads here. Figures of one run, as ratios to one client;
"share of syncing" is what the same run saves on a mock that syncs nothing (and so would lose what it acknowledged).
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from bench.served import served
from harness.drive.build import build
from harness.drive.client import send, tls_of
from harness.drive.clock import SystemClock
from harness.drive.identity import Identity, Keyring
from harness.drive.ids import RandomIds
from harness.drive.lps import Lps
from harness.drive.message import OutgoingMessage
from mock_dmp import pki
from protocol.exchange import Exchange

CALLS: Final = 80
CLIENTS: Final = (1, 2, 4)


def run() -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "pki"
        pki.init(folder)
        identity = Keyring(folder).identity("cps")
        with served(folder, Path(scratch) / "synced") as mock:
            rates = {clients: _rate(mock.url, identity, clients) for clients in CLIENTS}
        with served(folder, Path(scratch) / "unsynced", synced=False) as mock:
            unsynced = {clients: _rate(mock.url, identity, clients) for clients in CLIENTS}
    alone = rates[1]
    return [
        f"{clients} client(s): {rates[clients] / alone:.2f} ({rates[clients]:.0f}/s here); "
        f"share of syncing {1 - rates[clients] / unsynced[clients]:.0%}"
        for clients in CLIENTS
    ]


def _rate(url: str, identity: Identity, clients: int) -> float:
    """Acknowledged submissions a second."""
    messages = [_message(identity) for _ in range(CALLS)]

    def feed(message: OutgoingMessage) -> Exchange:
        return send(message, url, tls_of(identity))

    feed(_message(identity))
    with ThreadPoolExecutor(clients) as pool:
        start = time.perf_counter()
        answers = list(pool.map(feed, messages))
        taken = time.perf_counter() - start
    assert all(
        answer.response and b"ResponseStatusType:Success" in answer.response.body for answer in answers
    )
    return CALLS / taken


def _message(identity: Identity) -> OutgoingMessage:
    lps = Lps("LPS-TEST", "1.0.0", "TEST-OK-1")
    params = {"patient": "actif-autorise", "documents": [{"level1": {}}]}
    return build("TD2.1", params, identity, lps, clock=SystemClock(), ids=RandomIds())
