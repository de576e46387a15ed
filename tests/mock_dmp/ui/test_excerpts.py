"""Bytes to look at: bounded, nothing hidden, whatever they are."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from mock_dmp.ui.excerpts import HEX_BYTES, TEXT_BYTES, excerpt
from mock_dmp.ui.masking import Masker
from mock_dmp.ui.visible import visible

NOBODY = Masker(())


@given(data=st.binary(max_size=400))
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    shown = excerpt(data, len(data), NOBODY)
    assert shown.kind in ("text", "hex", "empty")
    assert (shown.kind == "empty") is (not data)
    visible(shown.text).encode("utf-8")  # a page can hold it


@given(text=st.text(max_size=200))
def test_what_is_visible_hides_nothing(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c)[0] == "C" and c not in "\n\t"]
    assert visible(shown) == shown


def test_right_to_left_overrides_and_separators_are_shown() -> None:
    assert visible("a\u202eb\u2028c\u200bd\x00e\ud800") == "a\\u202eb\\u2028c\\u200bd\\u0000e\\ud800"


def test_invalid_utf8_is_told_from_valid() -> None:
    shown = excerpt(b"<a>caf\xe9 and caf\xc3\xa9</a>", 22, NOBODY)
    assert (shown.kind, shown.text) == ("text", "<a>caf\\xe9 and café</a>")


def test_binary_is_dumped() -> None:
    shown = excerpt(bytes(range(32)) * 8, 256, NOBODY)
    assert shown.kind == "hex"
    assert shown.text.splitlines()[1].startswith("00000010  10 11 12")


def test_a_long_body_is_cut_between_signs_and_told() -> None:
    data = "é".encode() * TEXT_BYTES
    shown = excerpt(b"x" + data, 1 + len(data), NOBODY)
    assert shown.text == "x" + "é" * ((TEXT_BYTES - 1) // 2)
    assert shown.shown < shown.total == 1 + len(data)
    noise = b"\x00\x01\x02\x03" * HEX_BYTES
    assert excerpt(noise, len(noise), NOBODY).shown == HEX_BYTES


def test_a_secret_across_the_cut_is_masked_too() -> None:
    secret = "SECRET-NUMBER"
    data = b"a" * (TEXT_BYTES - 5) + secret.encode() + b"b" * 50_000
    assert "SECRE" not in excerpt(data, len(data), Masker([secret])).text


def test_utf16_is_read_by_its_mark() -> None:
    shown = excerpt("\ufeff<à/>".encode("utf-16-le"), 10, NOBODY)
    assert shown.kind == "text"
    assert "<à/>" in shown.text
