"""Whatever is wrong with JSON is a ValueError; signed JSON is stricter still."""

from __future__ import annotations

import pytest

from protocol import canonical, jsonread
from protocol.errors import EvidenceError


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", nested(300), nested(100_000), b'{"a":' * 5000, b"1" * 10_000]
)
def test_one_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        jsonread.loads(data)


def test_what_is_read() -> None:
    assert jsonread.loads(b'{"a": [1.5, null, "\\ud83d\\ude00"]}') == {"a": [1.5, None, "\U0001f600"]}
    assert jsonread.loads(nested(jsonread.MAX_DEPTH)) is not None


def test_depth_is_told_without_going_down() -> None:
    assert not jsonread.deeper([[1], {"a": [2]}], 3)
    assert jsonread.deeper([[1], {"a": [2]}], 2)
    assert not jsonread.deeper("x" * 1000, 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'"\\ud800"', "JSON-001"),
        (b'{"\\uDC00":1}', "JSON-001"),
        (b"9007199254740992", "JSON-001"),
        (b"-9007199254740992", "JSON-001"),
        (b"1" * 5000, "JSON-001"),
        (b"NaN", "JSON-001"),
        (b"1e400", "JSON-001"),
        (nested(100), "JSON-004"),
        (nested(100_000), "JSON-001"),
    ],
)
def test_signed_json_has_one_meaning(data: bytes, code: str) -> None:
    with pytest.raises(EvidenceError, match=code) as told:
        canonical.loads(data)
    assert len(told.value.message("en")) < 1000
    told.value.message("fr").encode()


def test_pairs_of_surrogates_and_large_integers_are_read() -> None:
    assert canonical.loads(b'["\\ud83d\\ude00",9007199254740991]') == ["\U0001f600", 2**53 - 1]


def test_what_is_too_deep_is_not_written_either() -> None:
    value: list[object] = []
    for _ in range(2000):
        value = [value]
    with pytest.raises(EvidenceError, match="JSON-004"):
        canonical.dumps(value)


def test_a_key_that_no_encoding_holds_is_not_written() -> None:
    with pytest.raises(EvidenceError, match="JSON-002"):
        canonical.dumps({"\ud800": 1})
