"""Events: one JSON line each, told as they happen, without secrets on disk."""

from __future__ import annotations

import json
from pathlib import Path

from harness.events import Event, Journal
from harness.masking import Masker


def test_lines_and_listener(tmp_path: Path) -> None:
    told: list[Event] = []
    journal = Journal(tmp_path / "events.ndjson", told.append, Masker("SECRET-4711", public=()).text)
    journal.tell("run-started", target="https://x")
    journal.tell("case-started", "CT-0.2-010", note="SECRET-4711\nété")
    lines = (tmp_path / "events.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["run-started", "case-started"]
    assert "SECRET-4711" not in lines[1]
    assert "été" in lines[1]
    assert json.loads(lines[0])["at"].endswith("Z")
    assert [event.case for event in told] == ["", "CT-0.2-010"]
