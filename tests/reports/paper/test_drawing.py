"""Bars in which no count vanishes and nothing is left over."""

from __future__ import annotations

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from reports.paper.layout import available

if missing := available():
    pytest.skip(missing.en, allow_module_level=True)

from reports.paper.drawing import bar

COLOURS = dict.fromkeys("abcdefgh", "#000")


def widths(counts: dict[str, int]) -> list[tuple[int, int]]:
    root = etree.fromstring(base64.b64decode(bar(counts, COLOURS).rpartition(",")[2]))
    return [(int(one.get("x", "")), int(one.get("width", ""))) for one in root]


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 100_000), max_size=8))
def test_each_count_is_seen_and_the_bar_is_full(counts: dict[str, int]) -> None:
    seen = widths(counts)
    assert len(seen) == len(counts)
    assert all(width >= 4 for _, width in seen)
    assert all(x + width < after for (x, width), (after, _) in pairwise(seen))
    assert not seen or sum(seen[-1]) == 1000


def test_one_failure_among_hundreds_is_seen() -> None:
    assert widths({"a": 1, "b": 999})[0] == (0, 5)
