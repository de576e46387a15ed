"""The table of fields: whole, about rules and mutators that exist; each rule concerns what it is said to look at."""

from __future__ import annotations

import pytest

from harness.checks import api
from harness.fields import Table, tables
from harness.mutate.registry import mutator_named, mutators
from protocol.transactions import load

#: Groups whose every rule looks at a field of the table.
GROUPS = (
    *("A-TLS", "A-SOAP", "A-VIHF", "A-NUM", "A-INS", "HTTP", "FAULT", "HL7V3", "PDQ", "MTOM"),
    *(
        "GDP-REQUEST",
        "GDP-PERSON",
        "GDP-ANSWER",
        "HABILITATIONS",
        "PATIENT-LIST",
        "INTERNET-ACCESS",
        "CERT",
    ),
)
#: Rules of these groups that look at no field: at what the bytes are, or at what two readings say.
ELSEWHERE = {"SOAP-READABLE", "SOAP-UTF8"}


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.id)
def test_a_field_has_rules_and_a_proof_or_says_why_not(table: Table) -> None:
    for field in table.fields:
        assert field.why.en or field.rules, field.name
        assert field.why.en or field.breaks or field.proved, field.name
        assert bool(field.why.fr) == bool(field.why.en), field.name
        assert field.asks or not field.rules, field.name


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.id)
def test_the_rules_of_a_field_run_on_each_transaction_that_carries_it(table: Table) -> None:
    """Sequences and documents are judged whatever the transaction."""
    known = {one.id for one in load()}
    assert set(table.on) <= known
    for field in table.fields:
        rules = [api.rule(name) for name in (*field.rules, *field.also)]
        for transaction in table.on if rules else ():
            assert any(rule.concerns(transaction) for rule in rules), (field.name, transaction)


def test_mutators_written_elsewhere_aim_at_the_rules_they_prove() -> None:
    requirements = {rule.id: set(rule.requirements) for rule in api.rules()}
    for table in tables():
        for field in table.fields:
            for name in field.proved:
                aimed = set(mutator_named(name).breaks)
                assert any(rule in aimed or requirements[rule] & aimed for rule in field.rules), name


def test_names_of_tables_and_of_their_mutators_are_unique() -> None:
    assert len({table.id for table in tables()}) == len(tables())
    names = [name for table in tables() for name, _, _ in table.mutations()]
    assert len(set(names)) == len(names)
    assert set(names) <= {one.name for one in mutators()}


def test_every_rule_of_the_wire_looks_at_a_field() -> None:
    told = {rule for table in tables() for field in table.fields for rule in (*field.rules, *field.also)}
    found = {name for group in GROUPS for name in api.groups()[group]}
    assert found - told - ELSEWHERE == set()
