"""The body leaves at its pace, or not at all, and what it comes from is closed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_dmp import conduct
from mock_dmp.conduct import Conduct


class Pieces(io.BytesIO):
    """Two pieces of a body."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self._pieces = iter(pieces)

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)


@given(st.lists(st.binary(max_size=50), max_size=4), st.integers(1, 500))
def test_a_slow_body_is_whole(pieces: list[bytes], rate: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        waited: list[float] = []
        patch.setattr(conduct.time, "sleep", waited.append)
        body = Pieces(*pieces)
        assert b"".join(Conduct(rate=rate).body(body)) == b"".join(pieces)
        assert body.closed
        assert sum(waited) >= len(b"".join(pieces)) / rate * 0.99


def test_a_late_answer_waits_first(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(conduct.time, "sleep", waited.append)
    assert list(Conduct(delay=3).body(Pieces(b"a"))) == [b"a"]
    assert waited == [3]


def test_a_silent_answer_says_nothing_and_closes() -> None:
    body = Pieces(b"a")
    assert list(Conduct(silent=True).body(body)) == []
    assert body.closed
