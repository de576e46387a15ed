"""Every rule of documents and of XDS has a good and a bad sample, short, that differ."""

from __future__ import annotations

import pytest

from harness import rule_examples
from harness.checks import api
from harness.rule_examples import Change
from protocol.errors import ToolError

#: Official artefacts speak for themselves; the others have theirs.
GROUPS = ("CDA-HEADER", "CDA-BODY", "CDA-MODEL", "COHERENCE", "XADES")
RULES = [rule.id for rule in api.rules() if rule.group in GROUPS or rule.group.startswith("XDS-")]


def test_there_are_rules_to_show() -> None:
    assert len(RULES) > 200


@pytest.mark.parametrize("name", RULES)
def test_a_rule_shows_what_it_takes_and_what_it_refuses(name: str) -> None:
    found = rule_examples.example(name)
    assert found is not None
    assert found.good
    assert found.bad
    assert found.good != found.bad
    assert max(len(found.good), len(found.bad)) < 800


def test_examples_name_rules_that_exist() -> None:
    named = {
        *rule_examples.excerpts(),
        *rule_examples.fields(),
        *(one.rule for one in (*rule_examples.broken(), *rule_examples.right())),
    }
    assert named <= {rule.id for rule in api.rules()}


def test_pieces_of_frames_are_of_rules_without_another_example_and_differ() -> None:
    found = rule_examples.fields()
    assert not set(found) & set(rule_examples.excerpts())
    assert [rule for rule, one in found.items() if one.good == one.bad or not (one.good and one.bad)] == []
    assert "TEST-OK-1" not in str(found)


def test_explain_shows_both_in_both_languages() -> None:
    assert '<realmCode code="BE"/>' in api.explain("CDA-REALM")
    assert "accepté :" in api.explain("CDA-REALM")
    assert "refused :" in api.explain("CDA-REALM", "en")


def test_a_change_that_has_no_place_is_the_tool_s_fault() -> None:
    with pytest.raises(ToolError, match="CHECK-010"):
        rule_examples.document(Change("CDA-REALM", "n1-texte", "h:nulle-part", "-"))
