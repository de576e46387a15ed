"""Each rule on metadata updates (TD3.3) passes on the driver's messages and fails on the defect it is there for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.checks import api
from harness.checks.judged import Declared
from protocol.exchange import Exchange
from protocol.transactions import load

Make = Callable[..., Exchange]
Failing = Callable[..., set[str]]
Edited = Callable[[Exchange, bytes, bytes], Exchange]
Answered = Callable[..., Exchange]

UPDATES = ("TD3.3a", "TD3.3b", "TD3.3c", "TD3.3d")
RS = b"urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
STATUS = b"urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
ANSWER = b'<rs:RegistryResponse xmlns:rs="' + RS + b'" status="' + STATUS + b'Success"/>'

#: rule, transaction, name of the driver's alteration
ALTERED = [
    ("UPD-OPERATION", "TD3.3a", "update-without-operation"),
    ("UPD-OPERATION", "TD3.3c", "update-without-operation"),
    ("UPD-OPERATION", "TD3.3d", "update-signed"),
    ("UPD-UNSIGNED", "TD3.3b", "update-signed"),
    ("UPD-LOGICAL-ID", "TD3.3a", "no-logical-id"),
    ("UPD-PREVIOUS-VERSION", "TD3.3a", "no-previous-version"),
    ("UPD-COPY", "TD3.3b", "without-hash"),
    ("UPD-CODES", "TD3.3a", "visibility-twice"),
    ("UPD-STATUS", "TD3.3c", "wrong-original-status"),
    ("UPD-STATUS", "TD3.3d", "unknown-new-status"),
    ("UPD-STATUS", "TD3.3d", "no-original-status"),
    ("UPD-TARGET", "TD3.3c", "unique-id-as-target"),
    ("SS-ONE", "TD3.3c", "update-without-set"),
]
#: rule, transaction, what is changed in the bytes of a good request, by what
CHANGED = [
    (
        "UPD-LOGICAL-ID",
        "TD3.3b",
        rb' id="NewVersion01"',
        rb' id="urn:uuid:0f1e2d3c-4b5a-4697-8888-00000000000a"',
    ),
    ("UPD-PREVIOUS-VERSION", "TD3.3b", rb'(PreviousVersion"><[^>]+><[^>]+>)1<', rb"\g<1>un<"),
    ("UPD-TARGET", "TD3.3d", rb'sourceObject="SubmissionSet01"', rb'sourceObject="Ailleurs"'),
    ("UPD-STATUS", "TD3.3c", rb"urn:asip:ci-sis:2010:StatusType:Deleted", b"Deleted"),
    ("INS-RESOURCE", "TD3.3a", rb'(resource-id"><[^>]+>)[^<]+', rb"\g<1>185106399920556"),
    ("XDS-PATIENT-ID", "TD3.3a", rb'(58a6f841-87b3-4a3e-92fd-a8ffeff98427" value=")1', rb"\g<1>2"),
    ("DE-CONFIDENTIALITY", "TD3.3a", rb'nodeRepresentation="N"', b'nodeRepresentation="MASQUE_PS"'),
    ("CODE-TYPE", "TD3.3b", rb'nodeRepresentation="11488-4"', b'nodeRepresentation="0-0"'),
]
ANSWERS = [
    (ANSWER.replace(b"Success", b"Parfait"), "UPD-ANSWER"),
    (ANSWER.replace(b"ResponseStatusType:Success", b"ResponseStatusType:PartialSuccess"), "UPD-ANSWER"),
    (ANSWER.replace(b"RegistryResponse", b"AdhocQueryResponse"), "UPD-ANSWER"),
    (ANSWER.replace(b"Success", b"Failure"), "RS-ERRORS"),
]
BROKEN = {row[0] for row in (*ALTERED, *CHANGED)} | {rule for _, rule in ANSWERS}


@pytest.mark.parametrize("transaction", [*UPDATES, "TD2.2"])
def test_the_driver_s_messages_break_no_rule(make: Make, failing: Failing, transaction: str) -> None:
    exchange = make(transaction, identity="cpe" if transaction == "TD2.2" else "cps")
    assert failing(exchange, transaction, sides=("request",)) == set()


@pytest.mark.parametrize(("rule", "transaction", "alteration"), ALTERED)
def test_a_defect_breaks_its_rule(make: Make, rule: str, transaction: str, alteration: str) -> None:
    assert rule in _broken(make(transaction, alteration), transaction, "request")


@pytest.mark.parametrize(("rule", "transaction", "pattern", "by"), CHANGED)
def test_a_changed_byte_breaks_its_rule(
    make: Make, edited: Edited, rule: str, transaction: str, pattern: bytes, by: bytes
) -> None:
    assert rule in _broken(edited(make(transaction), pattern, by), transaction, "request")


@pytest.mark.parametrize("transaction", UPDATES)
def test_a_good_answer_breaks_no_rule(make: Make, answered: Answered, transaction: str) -> None:
    assert _broken(answered(make(transaction), ANSWER), transaction, "response") == set()


@pytest.mark.parametrize(("payload", "rule"), ANSWERS)
def test_a_wrong_answer_breaks_its_rule(make: Make, answered: Answered, payload: bytes, rule: str) -> None:
    assert rule in _broken(answered(make("TD3.3c"), payload), "TD3.3c", "response")


def test_what_was_not_looked_at_is_vacuous(make: Make) -> None:
    findings = api.judge(make("TD3.3c"), load().by_id("TD3.3c"), sides=("request",), only=["UPD-STATUS"])
    assert {item.status for item in findings} == {"PASS"}
    nothing = api.judge(
        make("TD3.3c", "update-without-operation"),
        load().by_id("TD3.3c"),
        sides=("request",),
        only=["UPD-STATUS"],
    )
    assert {item.status for item in nothing} == {"VACUOUS"}


def _broken(exchange: Exchange, transaction: str, side: str) -> set[str]:
    """Rules that fail or warn."""
    findings = api.judge(exchange, load().by_id(transaction), Declared(), sides=(side,))
    assert [item for item in findings if item.status == "ERROR"] == []
    return {item.rule for item in findings if item.status in ("FAIL", "WARN")} - _DECLARED


#: Nothing is declared in these tests.
_DECLARED = {"NUM-DECLARED", "NUM-NAME", "NUM-VERSION"}
