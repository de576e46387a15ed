"""One form only: duplicate keys, floats and odd constants are refused; equal values are equal bytes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import canonical
from protocol.errors import EvidenceError

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_round_trip_and_fixed_point(value: object) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.is_canonical(data)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_a_value_or_a_typed_error(data: bytes) -> None:
    with contextlib.suppress(EvidenceError):
        assert canonical.loads(canonical.dumps(canonical.loads(data))) == canonical.loads(data)


@pytest.mark.parametrize("data", [b'{"a":1,"a":2}', b'{"a":1.0}', b"NaN", b"\xff", b'{"a":', b"[" * 100_000])
def test_ambiguous_or_broken_json_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        canonical.loads(data)


def test_key_order_and_spacing_are_seen() -> None:
    assert not canonical.is_canonical(b'{"b":1,"a":2}')
    assert not canonical.is_canonical(b'{"a": 2}')


def test_a_float_is_not_written() -> None:
    with pytest.raises(EvidenceError):
        canonical.dumps({"duration": 1.5})
