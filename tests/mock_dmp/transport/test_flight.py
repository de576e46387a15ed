"""The certificate of a TLS 1.2 flight is found in its bytes, whatever the records; nothing else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mock_dmp.transport import flight


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def records(stream: bytes, size: int) -> bytes:
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    return b"".join(b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece for piece in pieces)


@given(st.binary(min_size=1, max_size=400), st.binary(max_size=50), st.integers(5, 200))
def test_found_across_records(der: bytes, before: bytes, size: int) -> None:
    chain = len(der).to_bytes(3, "big") + der
    stream = message(1, before) + message(11, len(chain).to_bytes(3, "big") + chain) + message(16, b"key")
    whole = records(stream, size)
    assert flight.certificate(whole) == der
    assert flight.certificate(whole + b"\x14\x03\x03\x00\x01\x01") == der


@given(st.binary(max_size=300))
def test_anything_else_gives_nothing_or_a_part_of_it(noise: bytes) -> None:
    assert flight.certificate(noise) in noise or flight.certificate(noise) == b""


def test_a_cut_certificate_is_not_told() -> None:
    chain = (9).to_bytes(3, "big") + b"123456789"
    whole = records(message(11, len(chain).to_bytes(3, "big") + chain), 1000)
    assert flight.certificate(whole[:-3]) == b""


def test_an_alert_is_a_fatal_record() -> None:
    assert flight.alert(49) == bytes((21, 3, 3, 0, 2, 2, 49))
