"""A shape says what fits, and names the place of what does not."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.shape import ANY, Each, Members, Named, Shape, fit

PERSON = Members({"name": str, "age": int}, {"tags": Each(str)})


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("x", str),
        (3, int),
        (None, None),
        (None, (str, None)),
        ([1, {}], ANY),
        ([], Each(int)),
        ({"a": 1, "b": 2}, Named(int)),
        ({"name": "x", "age": 3}, PERSON),
        ({"name": "x", "age": 3, "tags": ["a"]}, PERSON),
        ({"name": "x", "more": 3}, Members({"name": str}, open=True)),
    ],
)
def test_what_fits(value: Any, shape: Shape) -> None:
    fit(value, shape)


@pytest.mark.parametrize(
    ("value", "shape", "said"),
    [
        (3, str, r"\$: int, not str"),
        (True, int, r"\$: bool, not int"),
        (0, bool, r"\$: int, not bool"),
        ({}, None, r"\$: dict, not NoneType"),
        ([1], (str, None), r"\$: list"),
        ([1, "x"], Each(int), r"\$\[1\]: str, not int"),
        ({"a": "x"}, Named(int), r"\$\.a: str"),
        ([], Named(int), r"\$: list, not dict"),
        ("name", PERSON, r"\$: str, not dict"),
        ({"name": "x"}, PERSON, r"\$: lacks age"),
        ({"name": "x", "age": 3, "boss": 1}, PERSON, r"\$: unknown boss"),
        ({"name": "x", "age": 3, "tags": [None]}, PERSON, r"\$\.tags\[0\]: NoneType, not str"),
        ({"more": 3}, Members({"name": str}, open=True), r"\$: lacks name"),
    ],
)
def test_what_does_not_is_named(value: Any, shape: Shape, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit(value, shape)
