"""Nothing from outside hides, turns around or commands what is shown."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from protocol.visible import visible


def test_escapes() -> None:
    assert visible("é\x1b[2J\u202egnp.exe\n") == "é\\u001b[2J\\u202egnp.exe\n"


@given(st.text())
def test_only_what_can_be_seen_is_left(text: str) -> None:
    assert all(c == "\n" or unicodedata.category(c)[0] != "C" for c in visible(text))
