"""Tasks, near misses and findings as the runner would show them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.checks.rule import Finding
from harness.observe.operator import Difference, NearMiss, Task
from protocol.errors import Text

NOW = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
FACTS = {
    "kind": "drive",
    "rank": 1,
    "transaction": "TD0.2",
    "url": "http://127.0.0.1:1/s/x/si-dmp-server/v2/services/patients",
    "session": "x",
    "patient": {"key": "actif-autorise", "ins": "280056399910181"},
    "parameters": {"query": "FindDocuments"},
}


def _task(**changes: Any) -> Task:
    usual: dict[str, Any] = {
        "case": "CT-0.2-010",
        "step": 1,
        "total": 2,
        "title": Text("Existence d'un DMP", "Existence of a DMP"),
        "instruction": Text("Demandez si le patient a un DMP.", "Ask whether the patient has a DMP."),
        "data": ((Text("INS", "INS"), "280056399910181"),),
        "wants": "frame",
        "deadline": None,
        "facts": FACTS,
    }
    return Task(**(usual | changes))


@pytest.fixture
def task() -> Callable[..., Task]:
    return _task


@pytest.fixture
def near() -> NearMiss:
    difference = Difference(Text("patient", "patient"), "280056399910181", "175116399910283")
    return NearMiss("7", "TD0.2", (difference,), Text("un autre patient", "another patient"))


@pytest.fixture
def findings() -> list[Finding]:
    return [
        Finding("SOAP-SECURITY", "FAIL", "request:wsse:Security", "0", "1"),
        Finding("SOAP-SECURITY", "PASS", "request:wsse:Security", "1", "1"),
        Finding("WSA-REPLY-TO", "WARN", "request:wsa:ReplyTo", "\x1b[2Jabsent", "…/anonymous"),
        Finding("EXPECT-SUCCESS", "FAIL", "response:", "MockInvalidVihf", "success"),
    ]


@pytest.fixture
def soon() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=30)


@pytest.fixture
def png() -> bytes:
    """The smallest picture: one grey pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"\0\x80")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
