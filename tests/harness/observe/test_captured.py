"""From the software to the verdict by the two roads of a capture: the proxy on the wire, the log that is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.capture.importing import import_into
from harness.capture.recording import Recorder, Recording
from harness.capture.serving import Asked, ProxyServer
from harness.observe.operator import Nobody
from harness.rejudge import rejudge
from mock_dmp.server import MockServer
from protocol.exchange import Exchange
from tests.harness.capture import writers
from tests.harness.observe.conftest import EXISTS, FEED, Bench, case
from tests.observing import Script

Make = Callable[..., Bench]
FEEDING = {**FEED, "rules": ["A-NUM", "MTOM", "XDS-HASH", "COHERENCE"]}
CASES = (case("CT-0.2-010", EXISTS), case("CT-2.1-010", FEEDING))
OFFLINE: dict[str, Any] = {"live": False}


@pytest.fixture(scope="module")
def recorded(mock: MockServer, pki_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the proxy kept of the cases, while the software believed that it talked to the platform."""
    place = tmp_path_factory.mktemp("proxied")
    one = Bench(place, mock, pki_folder, "proxied")
    one.write(*CASES)
    software = one.software()
    session = f"{mock.url}/s/proxied"
    with ProxyServer(Asked(to=session, pki=pki_folder, record=place / "r")) as proxy:
        software.url = proxy.url
        one.run(Script(acts=software.act))
    assert len(Recording(place / "r").frames()) == 2
    return place / "r"


def imported(place: Path, write: writers.Write, frames: list[Exchange]) -> Path:
    with Recorder(place / "frames", origin="import", source="a log") as recorder:
        done = import_into(recorder, [write(place, frames)])
    assert not done.unread
    return place / "frames"


def test_what_the_proxy_kept_is_judged(bench: Make, recorded: Path) -> None:
    one = bench(*CASES)
    result = one.run(Nobody(), frames=recorded, **OFFLINE)  # type: ignore[arg-type]
    assert result.counts() == {"PASS": 2}
    assert rejudge(result.evidence).holds


@pytest.mark.parametrize("write", [writers.har, writers.http_log, writers.cxf_blocks])
def test_what_was_imported_whole_is_judged_as_well(bench: Make, recorded: Path, write: writers.Write) -> None:
    one = bench(*CASES)
    frames = [frame for _, frame in Recording(recorded).frames()]
    place = imported(one.place, write, frames)
    assert one.run(Nobody(), frames=place, **OFFLINE).counts() == {"PASS": 2}  # type: ignore[arg-type]


def test_a_log_that_spoilt_bytes_accuses_nobody(bench: Make, recorded: Path) -> None:
    """Its MTOM does not conclude, and says why; what it did not touch is judged."""
    one = bench(*CASES)
    frames = [frame for _, frame in Recording(recorded).frames()]
    spoilt = [
        replace(frame, request=replace(frame.request, body=frame.request.body.replace(b"\r\n", b"\n")))
        for frame in frames
    ]
    place = imported(one.place, writers.cxf_events, spoilt)
    result = one.run(Nobody(), frames=place, **OFFLINE)  # type: ignore[arg-type]
    assert [str(found.verdict) for found in result.verdicts] == ["PASS", "INCONCLUSIVE"]
    assert "journal" in result.case("CT-2.1-010").reason.fr
    assert rejudge(result.evidence).holds
