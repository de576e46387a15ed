"""Nothing from outside hides, turns around or commands what is shown."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from protocol.visible import one_line, shown, visible


def test_escapes() -> None:
    assert visible("é\x1b[2J\u202egnp.exe\n") == "é\\u001b[2J\\u202egnp.exe\n"


@given(st.text())
def test_only_what_can_be_seen_is_left(text: str) -> None:
    assert all(c == "\n" or unicodedata.category(c)[0] != "C" for c in visible(text))


def test_what_is_quoted_makes_no_line_and_templates_print_what_can_be_seen() -> None:
    assert one_line("vu\n  9  APPROVE\u202e") == "vu\\n  9  APPROVE\\u202e"
    assert shown("\u202egnp\x9b2J") == "\\u202egnp\\u009b2J"
    assert (shown(7), shown(None), shown("É\u202fx")) == (7, None, "É\u202fx")
