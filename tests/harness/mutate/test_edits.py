"""Changes of a tree: what each does, and that it says when there was nothing to change."""

from __future__ import annotations

from random import Random

import pytest
from lxml import etree

from harness.mutate import edits
from harness.mutate.registry import Change

CHANCE = Random(1)  # noqa: S311 - the same changes each time
XML = '<r xmlns="urn:hl7-org:v3"><a v="1">one</a>tail<b/><a v="2"><c/></a></r>'


def changed(change: Change) -> tuple[bool, str]:
    root = etree.fromstring(XML)
    done = change(root, CHANCE)
    return bool(done), etree.tostring(root).decode().replace(' xmlns="urn:hl7-org:v3"', "")


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (edits.drop("hl7:a"), '<r>tail<b/><a v="2"><c/></a></r>'),
        (edits.drop("hl7:a", every=True), "<r>tail<b/></r>"),
        (edits.drop("hl7:a[2]/@v"), '<r><a v="1">one</a>tail<b/><a><c/></a></r>'),
        (edits.put("hl7:b", "x"), '<r><a v="1">one</a>tail<b>x</b><a v="2"><c/></a></r>'),
        (edits.put("hl7:b/@n", "x"), '<r><a v="1">one</a>tail<b n="x"/><a v="2"><c/></a></r>'),
        (edits.put("hl7:a[@v='2']/@v", "3"), '<r><a v="1">one</a>tail<b/><a v="3"><c/></a></r>'),
        (edits.shape("hl7:a/@v", lambda text: text * 2), '<r><a v="11">one</a>tail<b/><a v="2"><c/></a></r>'),
        (edits.replace("hl7:a", "n", "x"), '<r><a v="1">oxe</a>tail<b/><a v="2"><c/></a></r>'),
        (
            edits.after("hl7:b", "<hl7:d/><hl7:e/>"),
            '<r><a v="1">one</a>tail<b/><d/><e/><a v="2"><c/></a></r>',
        ),
        (edits.twin("hl7:b"), '<r><a v="1">one</a>tail<b/><b/><a v="2"><c/></a></r>'),
        (edits.rename("hl7:b", "d"), '<r><a v="1">one</a>tail<d/><a v="2"><c/></a></r>'),
        (edits.first_of("hl7:b"), '<r><b/><a v="1">one</a>tail<a v="2"><c/></a></r>'),
        (
            edits.each(edits.drop("hl7:z"), edits.drop("hl7:b")),
            '<r><a v="1">one</a>tail<a v="2"><c/></a></r>',
        ),
    ],
)
def test_a_change_does_what_it_says(change: Change, after: str) -> None:
    assert changed(change) == (True, after)


@pytest.mark.parametrize(
    "change",
    [
        edits.drop("hl7:z"),
        edits.drop("hl7:b/@v"),
        edits.put("hl7:z", "x"),
        edits.put("hl7:a[1]", "one"),
        edits.shape("hl7:b/@v", str.upper),
        edits.replace("hl7:a[1]", "z", "x"),
        edits.twin("hl7:z"),
        edits.rename("hl7:z", "d"),
        edits.first_of("hl7:a[1]"),
        edits.add("hl7:z", "<hl7:x/>"),
        edits.after("hl7:z", "<hl7:x/>"),
        edits.comment_in("hl7:b"),
        edits.each(edits.drop("hl7:z")),
    ],
)
def test_a_change_of_nothing_says_so(change: Change) -> None:
    assert changed(change) == (False, XML.replace(' xmlns="urn:hl7-org:v3"', ""))


def test_a_fragment_is_added_last_or_first() -> None:
    for first, place in ((False, -1), (True, 0)):
        root = etree.fromstring(XML)
        assert edits.add(".", '<hl7:x k="1"/>', first=first)(root, CHANCE)
        assert root[place].tag == "{urn:hl7-org:v3}x"


def test_a_comment_cuts_a_text_and_keeps_it_whole() -> None:
    root = etree.fromstring(XML)
    assert edits.comment_in("hl7:a")(root, CHANCE)
    [first] = edits.select(root, "hl7:a[1]")
    assert first.text != "one"
    assert str(first.xpath("string()")) == "one"
