"""Binder: values are values, never markup."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from harness.drive import bind
from protocol import safexml
from protocol.errors import ToolError, UsageError

XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff", min_codepoint=32)
)
TEMPLATE = """<a xmlns:b="urn:dmpcompat:bind" kind="{kind}" maybe="{maybe?}">
  <!-- told to readers -->
  <one b:if="wanted">{text}</one>
  <many b:each="items" n="{n}"><v b:each="values">{.}</v></many>
  <hole b:insert="nodes"/>
</a>"""


def filled(**scope: Any) -> etree._Element:
    usual: dict[str, Any] = {
        "kind": "k",
        "maybe": None,
        "wanted": True,
        "text": "t",
        "items": [],
        "nodes": [],
    }
    return bind.fill_tree(safexml.parse(TEMPLATE.encode()), usual | scope)


@given(text=XML_TEXT, kind=XML_TEXT)
def test_any_text_comes_back_and_never_becomes_markup(text: str, kind: str) -> None:
    read = safexml.parse(safexml.serialize(filled(text=text, kind=kind)))
    assert read.findtext("one", "") == text
    assert read.get("kind") == kind
    assert [child.tag for child in read] == ["one"]


def test_an_optional_node_and_an_optional_attribute_go_away() -> None:
    made = filled(wanted=False)
    assert made.find("one") is None
    assert "maybe" not in made.attrib
    assert filled(maybe="x").get("maybe") == "x"


def test_a_list_repeats_its_node_in_order_and_nests() -> None:
    made = filled(items=[{"n": 1, "values": ["a", "b"]}, {"n": 2, "values": []}])
    assert [node.get("n") for node in made.findall("many")] == ["1", "2"]
    assert [node.text for node in made.findall("many/v")] == ["a", "b"]


def test_inserted_elements_take_the_place_and_are_not_filled_again() -> None:
    inserted = etree.Element("x")
    inserted.text = "{secret}"
    made = filled(nodes=[inserted, etree.Element("y")])
    assert [child.tag for child in made] == ["one", "x", "y"]
    assert made.findtext("x") == "{secret}"


def test_braces_in_a_value_are_not_read_again() -> None:
    assert filled(text="{kind}").findtext("one") == "{kind}"


def test_nothing_of_the_template_shows_through() -> None:
    written = safexml.serialize(filled())
    assert b"urn:dmpcompat:bind" not in written
    assert b"readers" not in written


def test_a_missing_value_is_a_mistake_of_ours() -> None:
    with pytest.raises(ToolError, match="BIND-002"):
        bind.fill_tree(safexml.parse(b"<a>{absent}</a>"), {})


def test_a_list_that_is_none_is_refused() -> None:
    with pytest.raises(ToolError, match="BIND-004"):
        filled(items="abc")


def test_a_character_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(UsageError, match="BIND-001"):
        filled(text="a\x00b")
