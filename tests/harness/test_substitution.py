"""Captured values in the texts of a step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.substitution import names_in, substitute
from protocol.errors import ToolError


def test_replaces_at_any_depth_and_leaves_the_rest() -> None:
    data = {"a": ["${x}", 3, {"b": "-${y}-"}], "c": True}
    assert names_in(data) == {"x", "y"}
    assert substitute(data, {"x": "1", "y": "2"}) == {"a": ["1", 3, {"b": "-2-"}], "c": True}


def test_a_value_is_not_looked_into_again() -> None:
    assert substitute("${x}", {"x": "${y}", "y": "no"}) == "${y}"


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ToolError) as caught:
        substitute("${entry}", {"entri": "1"})
    assert caught.value.field == "entry"


@given(st.text().filter(lambda text: "${" not in text))
def test_texts_without_names_stay(text: str) -> None:
    assert substitute(text, {}) == text
