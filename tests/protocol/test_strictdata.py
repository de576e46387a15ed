from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from protocol.errors import Text, ToolError, UsageError
from protocol.strictdata import Fields, plain
from protocol.yamlread import parse_yaml


def fields(text: str) -> Fields:
    document = parse_yaml(text.encode(), "d.yaml")
    return Fields(document.data, document)


def test_each_kind_of_field_is_read() -> None:
    read = fields("t: x\nn: 3\nf: true\nl: [a, b]\nw: {fr: oui, en: yes}\nr: 1.5\n")
    assert (read.text("t"), read.number("n"), read.flag("f")) == ("x", 3, True)
    assert (read.texts("l"), read.words("w"), read.raw("r")) == (("a", "b"), Text("oui", "yes"), 1.5)
    read.done()


def test_defaults_stand_for_what_is_absent_or_null() -> None:
    read = fields("t: null\n")
    assert (read.text("t", ""), read.text("u", "d"), read.number("n", 4)) == ("", "d", 4)
    assert (read.flag("f", False), read.texts("l", ()), read.one_of("o", ("a", "b"), "a")) == (False, (), "a")
    assert read.optional("m", lambda inner: inner.text("x")) is None
    assert read.each("e", lambda inner: inner.text("x")) == ()


def test_inner_values_are_read_with_their_path() -> None:
    read = fields("a:\n  - {x: 1}\n  - {x: deux}\n")
    with pytest.raises(ToolError) as caught:
        read.each("a", lambda one: one.number("x"))
    assert caught.value.field == "d.yaml:3 a.1.x"
    assert caught.value.found == "deux"


@pytest.mark.parametrize(
    ("text", "use", "code"),
    [
        ("a: 1\n", lambda read: read.text("a"), "DATA-014"),
        ('a: ""\n', lambda read: read.text("a"), "DATA-014"),
        ("a: x\n", lambda read: read.number("a"), "DATA-014"),
        ("a: true\n", lambda read: read.number("a"), "DATA-014"),
        ("a: 1\n", lambda read: read.flag("a"), "DATA-014"),
        ("a: [1]\n", lambda read: read.texts("a"), "DATA-014"),
        ("a: x\n", lambda read: read.texts("a"), "DATA-014"),
        ("a: x\n", lambda read: read.each("a", lambda one: one), "DATA-014"),
        ("a: x\n", lambda read: read.inner("a"), "DATA-011"),
        ("a: x\n", lambda read: read.one_of("a", ("y", "z")), "DATA-014"),
        ("a: null\n", lambda read: read.text("a"), "DATA-014"),
        ("b: 1\n", lambda read: read.text("a"), "DATA-012"),
        ("[]\n", lambda read: read, "DATA-011"),
        ("a: {fr: x}\n", lambda read: read.words("a"), "DATA-012"),
        ("a: {fr: x, en: y, es: z}\n", lambda read: read.words("a"), "DATA-013"),
    ],
)
def test_what_is_wrong_is_refused(text: str, use: Callable[[Fields], Any], code: str) -> None:
    with pytest.raises(ToolError) as caught:
        use(fields(text))
    assert caught.value.code == code


def test_an_unknown_field_is_refused_with_the_known_ones() -> None:
    read = fields("a: x\nbb: y\n")
    read.text("a")
    with pytest.raises(ToolError) as caught:
        read.done()
    assert (caught.value.code, caught.value.found, caught.value.expected) == ("DATA-013", "bb", "a")
    assert caught.value.field == "d.yaml:2 bb"


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(ToolError) as caught:
        fields("a: refus\n").one_of("a", ("refuse", "warn"))
    assert "refuse" in caught.value.mend.fr


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(ToolError) as caught:
        fields("a: " + "x" * 300).number("a")
    assert len(caught.value.found) == 80


def test_plain_data_use_the_caller_s_error_class() -> None:
    with pytest.raises(UsageError) as caught:
        Fields({"a": {"b": 1}}, plain({}, "corps"), error=UsageError).inner("a").text("b")
    assert caught.value.field == "corps:1 a.b"
