"""The notation of the tables: what it says, what it refuses."""

from __future__ import annotations

import pytest

from harness.xsd.notation import MANY, Attribute, Child, Group, Occurs, Other, Several, attributes, content
from protocol.errors import ToolError


def test_a_sequence_with_its_numbers() -> None:
    found = content("id II+, code CE?, effectiveTime SXCM_TS*, comp SXCM_TS{2,}, low TS{0,0}")
    assert not found.either
    assert [(item.name, item.type) for item in found.items if isinstance(item, Child)] == [
        ("id", "II"),
        ("code", "CE"),
        ("effectiveTime", "SXCM_TS"),
        ("comp", "SXCM_TS"),
        ("low", "TS"),
    ]
    assert [item.occurs for item in found.items] == [
        Occurs(1, MANY),
        Occurs(0, 1),
        Occurs(0, MANY),
        Occurs(2, MANY),
        Occurs(0, 0),
    ]


def test_choices_groups_references_and_others() -> None:
    found = content("<People>, (act Act | supply Supply~)?, sdtc:id*, [other]?")
    people, choice, reference, other = found.items
    assert people == Group("People", Occurs())
    assert isinstance(choice, Several)
    assert choice.either
    assert [item.nillable for item in choice.items if isinstance(item, Child)] == [False, True]
    assert reference == Child("sdtc:id", "", False, Occurs(0, MANY))
    assert other == Other(Occurs(0, 1))


def test_one_thing_alone_is_a_sequence_of_one() -> None:
    assert content("<Statement>") == Several((Group("Statement", Occurs()),), False, Occurs())
    assert content("(<Inline>)*") == Several((Group("Inline", Occurs()),), False, Occurs(0, MANY))


def test_attributes() -> None:
    found = attributes(
        "<Marked>, classCode ActClass!, typeCode=AUT, code Word-, mediaType Word=text/plain, sdtc:valueSet"
    )
    assert found == (
        Group("Marked", Occurs()),
        Attribute("classCode", "ActClass", "", "required"),
        Attribute("typeCode", "", "AUT", ""),
        Attribute("code", "Word", "", "prohibited"),
        Attribute("mediaType", "Word", "text/plain", ""),
        Attribute("sdtc:valueSet", "", "", ""),
    )
    assert attributes("") == ()


@pytest.mark.parametrize("notation", ["", "id II,", "a A | b B, c C", "id II)", "(id II", "§", "id II II"])
def test_what_cannot_be_read_is_refused(notation: str) -> None:
    with pytest.raises(ToolError, match="SCHEMA-001"):
        content(notation)


def test_an_attribute_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ToolError, match="SCHEMA-001"):
        attributes("classCode ActClass ActMood")
