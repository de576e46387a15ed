"""What an error shows of data from outside commands nothing, can be written anywhere, and ends."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.errors import EvidenceError, Text

ERROR = Text("refusé", "refused")


@pytest.mark.parametrize("found", ["\x1b[2J", "\ud800", "\u202egnp", "a\0b", "\udcff.json"])
def test_nothing_commands_or_can_not_be_written(found: str) -> None:
    said = EvidenceError("X-001", ERROR, field=found, found=found, expected=found).message("fr")
    assert found not in said
    assert said.encode().decode().isprintable()


def test_it_ends() -> None:
    error = EvidenceError("X-001", ERROR, found="x" * 10_000_000)
    assert len(error.message("en")) < 5_000
    assert error.found == "x" * 10_000_000


@pytest.mark.parametrize("found", [None, 0, ["x"], {"a": 1}, b"\xff", True])
def test_what_is_no_text_is_shown_too(found: Any) -> None:
    error = EvidenceError("X-001", ERROR, found=found, expected="text")
    assert "text" in error.message("en")


def test_lines_stay() -> None:
    assert EvidenceError("X-001", ERROR, found="a\nb").message("en").endswith("found: a\nb")
