"""The value grammar of stored queries, codes inside it, and LIKE."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.coded import Coded
from protocol.errors import MetadataError
from protocol.storedquery import Values, join_values, like, parse_code, parse_values, write_values


@pytest.mark.parametrize(
    ("raw", "items", "is_list"),
    [
        ("123", (123,), False),
        ("-1", (-1,), False),
        ("20240315103000", (20240315103000,), False),
        ("'abc'", ("abc",), False),
        ("''", ("",), False),
        ("''''", ("'",), False),
        ("'O''Neil'", ("O'Neil",), False),
        ("('a','b')", ("a", "b"), True),
        ("('a')", ("a",), True),
        ("(1,2)", (1, 2), True),
        (" \n( 'a' ,\t'b' ) ", ("a", "b"), True),
        ("  'a b'  ", ("a b",), False),
        ("('a,b','(c)')", ("a,b", "(c)"), True),
        ("'207^^^&1.2.250.1.213.1.4.10&ISO^NH'", ("207^^^&1.2.250.1.213.1.4.10&ISO^NH",), False),
    ],
)
def test_values(raw: str, items: tuple[str | int, ...], is_list: bool) -> None:
    assert parse_values(raw) == Values(items, is_list)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "abc",
        "'abc",
        "abc'",
        "'a'b'",
        "'a''",
        "()",
        "('a'",
        "'a')",
        "('a' 'b')",
        "('a',)",
        "(,'a')",
        "('a'),",
        "'a','b'",
        "1.5",
        "--1",
        "1 2",
        "(('a'))",
        "٣",
        "9" * 19,
        "9" * 5000,
    ],
)
def test_broken(raw: str) -> None:
    with pytest.raises(MetadataError) as caught:
        parse_values(raw)
    assert caught.value.code == "QUERY-001"


def test_several_elements_are_one_list() -> None:
    assert join_values(["('a','b')", "('c')"]) == parse_values("('a','b','c')")
    assert join_values(["'a'"]) == Values(("a",), False)
    assert join_values([]) == Values((), False)


def test_bare_values_side_by_side_are_not_a_list() -> None:
    """So that whoever counts values can refuse them."""
    assert join_values(["'a'", "'b'"]) == Values(("a", "b"), False)
    assert join_values(["('a')", "'b'"]) == Values(("a", "b"), False)


items = st.one_of(st.text(max_size=20), st.integers(-(10**16), 10**17))


@given(
    st.one_of(
        st.tuples(items).map(lambda one: Values(one, False)),
        st.lists(items, min_size=1).map(lambda many: Values(tuple(many), True)),
    )
)
def test_round_trip(values: Values) -> None:
    assert parse_values(write_values(values)) == values


@given(st.one_of(st.text(max_size=40), st.text("'(), a1-", max_size=40)))
def test_any_text_gives_values_or_a_metadata_error(raw: str) -> None:
    try:
        values = parse_values(raw)
    except MetadataError:
        return
    assert parse_values(write_values(values)) == values


def test_a_long_hostile_value_is_refused_at_once() -> None:
    with pytest.raises(MetadataError):
        parse_values("(" + "''," * 200_000 + "'")


def test_codes() -> None:
    assert parse_code("11488-4^^2.16.840.1.113883.6.1") == Coded("11488-4", "2.16.840.1.113883.6.1", "")
    assert parse_code("a^Libellé^1.2") == Coded("a", "1.2", "Libellé")


@pytest.mark.parametrize("item", ["", "a", "a^^", "a^1.2", "^^1.2", "a^^1.2^x", 12])
def test_broken_codes(item: str | int) -> None:
    with pytest.raises(MetadataError):
        parse_code(item)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("%LIBRE%", "899900063480^LIBRE^MAX", True),
        ("%libre%", "899900063480^LIBRE^MAX", True),
        ("LIBRE", "899900063480^LIBRE^MAX", False),
        ("89990006348_^%", "899900063480^LIBRE^MAX", True),
        ("a_c", "abc", True),
        ("a_c", "ac", False),
        ("%", "", True),
        ("", "", True),
        ("", "a", False),
        ("_", "", False),
        ("%ab", "aab", True),
        ("a.c", "abc", False),
    ],
)
def test_like(pattern: str, value: str, expected: bool) -> None:
    assert like(pattern, value) is expected


@given(st.text("ab%_", max_size=8), st.text("ab", max_size=10))
def test_like_agrees_with_a_regular_expression(pattern: str, value: str) -> None:
    regex = "".join({"%": ".*", "_": "."}.get(character, character) for character in pattern)
    assert like(pattern, value) is (re.fullmatch(regex, value) is not None)
